"""Letters that there is an announcement, which say nothing of what: to the people of its cohort but those who want no
such letters, which can be stopped from within.
"""

from uuid import UUID

from sqlalchemy import exists, select, text

from tenants.cohorts.models import Participant
from tenants.kernel.claims import Claim
from tenants.kernel.mail import Letter, post
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.notices.models import NoticePreference
from tenants.notices.preferences import OF_MEMBER
from tenants.notices.sending import ADDRESSEE, Addressee, letter_to
from tenants.people.invitations import REACHABLE
from tenants.support.announcements import TOLD_NOTHING
from tenants.support.care_models import Announcement

_WHOM = text(f"""
    SELECT {ADDRESSEE}, t.name AS tenant FROM participant p
      JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id {OF_MEMBER}
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
      JOIN program r ON r.tenant_id = c.tenant_id AND r.id = c.program_id
      JOIN tenant t ON t.id = p.tenant_id AND t.state = 'open'
     WHERE p.id = :participant AND r.notices AND coalesce(n.announcements, true)
       AND coalesce(m.chosen_email, m.email) IS NOT NULL AND {REACHABLE}
""")  # noqa: S608 - SQL of ours is put in


def tell_of_announcement(claim: Claim) -> None:
    """The job of an announcement that is published now."""
    with claim.effect() as session:
        found = session.get(Announcement, (session.tenant_id, claim.subject_id))
        if found is None:
            return
        wants_none = exists().where(
            NoticePreference.tenant_id == Participant.tenant_id,
            NoticePreference.membership_id == Participant.membership_id,
            ~NoticePreference.announcements,
        )
        addressed = select(Participant.id).where(
            Participant.cohort_id == found.cohort_id, Participant.state.not_in(TOLD_NOTHING), ~wants_none
        )
        post(session, "announcement", subject_ids=session.scalars(addressed.order_by(Participant.id)).all())


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """To a participant that there is an announcement; None where she wants none, or is not to be written to."""
    found = session.execute(_WHOM, {"participant": subject_id}).one_or_none()
    if found is None:
        return None
    return letter_to(
        session,
        Addressee.of(found),
        settings,
        called="announcement",
        kind="announcements",
        tenant=found.tenant,
    )
