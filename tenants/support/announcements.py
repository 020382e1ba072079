"""What organisers tell the people of a cohort, at once or from a moment on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text

from tenants.cohorts.models import Cohort, Participant
from tenants.kernel import events, jobs
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.errors import NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.mail import post
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.support.care_models import Announcement

TOLD_NOTHING = ("ineligible", "declined", "withdrawn")
"""States of those who are not addressed."""
_ADDRESSED = text(
    "SELECT p.id FROM participant p WHERE p.cohort_id = :cohort AND p.state <> ALL (:told_nothing)"
    " AND NOT EXISTS (SELECT FROM notice_preference n WHERE n.tenant_id = p.tenant_id"
    "   AND n.membership_id = p.membership_id AND NOT n.announcements) ORDER BY p.id"
)


def announce(
    session: Session, *, cohort_id: UUID, title: str, text: str, publish_at: datetime | None = None
) -> Announcement:
    """Tell the people of a cohort something, now or from a moment on; a letter says that there is something, and
    nothing of what. Raises NotFound.
    """
    row_of(session, Cohort, cohort_id)
    due = max(publish_at or now(), now())
    made = Announcement(id=new_id(), cohort_id=cohort_id, title=title, text=text, publish_at=due)
    session.add(made)
    session.flush()
    # A job of its own, so that the letters of one never take the place of another's.
    jobs.enqueue(session, "announcement", subject_id=made.id, not_before=due)
    events.record(session, "announcement.made", subject=made)
    return made


def take_announcement_back(session: Session, *, cohort_id: UUID, announcement_id: UUID) -> None:
    """Remove an announcement; what is on its way just now arrives. Raises NotFound."""
    found = announcement(session, cohort_id=cohort_id, announcement_id=announcement_id)
    events.record(session, "announcement.taken_back", subject=found)
    session.delete(found)


def announcement(session: Session, *, cohort_id: UUID, announcement_id: UUID) -> Announcement:
    """One of a cohort. Raises NotFound."""
    found = session.get(Announcement, (session.tenant_id, announcement_id))
    if found is None or found.cohort_id != cohort_id:
        raise NotFound("announcement")
    return found


def announcements(cohort_id: UUID) -> Select[Any]:
    """All that was or will be told to a cohort."""
    return select(*Announcement.__table__.columns).where(Announcement.cohort_id == cohort_id)


def announcements_to(membership_id: UUID, *, since: datetime | None = None) -> Select[Any]:
    """What somebody is told in the cohorts in which she takes part; that which was published after a moment."""
    hers = select(Participant.cohort_id).where(
        Participant.membership_id == membership_id, Participant.state.not_in(TOLD_NOTHING)
    )
    rows = (
        select(*Announcement.__table__.columns, Cohort.name.label("cohort_name"))
        .join(Cohort, (Cohort.tenant_id == Announcement.tenant_id) & (Cohort.id == Announcement.cohort_id))
        .where(Announcement.cohort_id.in_(hers), Announcement.publish_at <= func.now())
    )
    return rows if since is None else rows.where(Announcement.publish_at > since)


def tell_of_announcement(claim: Claim) -> None:
    """The job of an announcement that is published now."""
    with claim.effect() as session:
        found = session.get(Announcement, (session.tenant_id, claim.subject_id))
        if found is not None:
            known = {"cohort": found.cohort_id, "told_nothing": list(TOLD_NOTHING)}
            post(session, "announcement", subject_ids=session.scalars(_ADDRESSED, known).all())
