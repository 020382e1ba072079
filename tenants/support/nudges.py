"""Silence is noticed in the group before anybody else hears of it: a job of each group, about once a week."""

from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from tenants.groups.models import Group
from tenants.groups.pulse import Nudge, stir
from tenants.groups.queries import refuse_strangers
from tenants.groups.repair import ask_for_repair
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.mail import post
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.support.care_models import RepairWish
from tenants.support.health import JUDGED, band_of, signs_of

AGAIN_AFTER = timedelta(days=7)
_TAKE_OVER = text(
    "UPDATE job SET state = 'cancelled', finished_at = now()"
    " WHERE kind = 'group_health' AND subject_id = :group AND state = 'queued'"
)
_PRESENT = text(
    "SELECT m.participant_id FROM group_member m WHERE m.group_id = :group AND m.left_at IS NULL"
    " AND m.admitted_at IS NOT NULL ORDER BY 1"
)


def look_after(claim: Claim) -> None:
    """The job of one group: mark it where somebody wished that it be mended, and nudge it if it is silent.

    It sees dates and counts, and none of what anybody wrote.
    """
    with claim.effect() as session:
        session.execute(_TAKE_OVER, {"group": claim.subject_id})
        group = session.get(Group, (session.tenant_id, claim.subject_id), with_for_update={"key_share": True})
        if group is None or group.state == "ended":
            return
        taken = delete(RepairWish).where(RepairWish.group_id == group.id).returning(RepairWish.id)
        if session.scalars(taken).all():
            ask_for_repair(session, group_id=group.id)
        if group.state in JUDGED:
            _nudge_if_silent(session, group)
        else:
            # To pause is an answer too.
            session.execute(_unanswered(group.id).values(answered_at=func.now()))
        claim.go_on(now() + AGAIN_AFTER)


def _nudge_if_silent(session: Session, group: Group) -> None:
    signs = signs_of(session, group)
    if band_of(signs, now().astimezone(UTC).date()) != "silent":
        return
    reason = "meetings_missed" if signs.missed else "nothing_for_long"
    row = insert(Nudge).values(tenant_id=session.tenant_id, id=new_id(), group_id=group.id, reason=reason)
    made = row.on_conflict_do_nothing().returning(Nudge.id)
    if session.scalar(made) is not None:
        present = session.scalars(_PRESENT, {"group": group.id}).all()
        post(session, "nudge", subject_ids=present)


def nudges(session: Session, *, group_id: UUID) -> Select[Any]:
    """When a group was asked whether all is well, for its members. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    return select(*Nudge.__table__.columns).where(Nudge.group_id == group_id)


def nudge(session: Session, *, group_id: UUID, nudge_id: UUID) -> Any:
    """One of them. Raises NotFound, also to strangers."""
    return one(session, nudges(session, group_id=group_id).where(Nudge.id == nudge_id), "nudge")


def answer_nudge(session: Session, *, group_id: UUID, nudge_id: UUID) -> None:
    """Say that the group is there; nobody is told who said so. Raises NotFound."""
    nudge(session, group_id=group_id, nudge_id=nudge_id)
    session.execute(_unanswered(group_id).values(answered_at=func.now()))
    stir(session, group_id)


def _unanswered(group_id: UUID) -> Any:
    rows = update(Nudge).where(Nudge.group_id == group_id, Nudge.answered_at.is_(None))
    return rows.execution_options(synchronize_session=False)
