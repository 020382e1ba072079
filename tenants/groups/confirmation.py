"""Members confirm or decline their places in a group that is announced; once all have, it is confirmed by itself."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.cohorts.models import Cohort
from tenants.groups.agreement_models import MemberAnswer
from tenants.groups.answers import agreements_of_group, confirm_where_all_have, say
from tenants.groups.departures import go
from tenants.groups.models import Group
from tenants.groups.places import group_of_member, hold_group_of_member
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

ABOUT, NUMBER = "confirmation", 0
CONFIRMED, DECLINED = "confirmed", "declined"
AFTERWARDS = {"waitlisted": "wait", "withdrawn": "stop"}
"""What somebody can be who has declined her place, and what she says by that as one who leaves."""
DECLINED_REASON = "Declined the place that was offered."


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What one said of one's place, and how far the others are."""

    group_state: str
    answer: str | None
    said_at: datetime | None
    confirm_by: date | None
    counts: dict[str, Any]

    @property
    def confirmed(self) -> int:
        """How many of those present have confirmed."""
        return int(self.counts["confirmed"])

    @property
    def members(self) -> int:
        """How many are present."""
        return int(self.counts["members"])


def confirmation(session: Session, *, group_id: UUID) -> Confirmation:
    """One's own answer. Raises NotFound to all but members."""
    refuse_strangers(session, group_id)
    return _shown(session, row_of(session, Group, group_id, "group"))


def answer(session: Session, *, group_id: UUID, answer: str, then: str = "waitlisted") -> Confirmation:
    """Confirm one's place or decline it; no reason is asked. Whoever declines leaves, as by
    `departures.leave`, and becomes what `then` says.

    When all who are there have confirmed, and two or more have, the group is confirmed. Raises NotFound to all but
    members, and Conflict "not_asked" unless the group is announced; what one has said already may be said again.
    """
    hold = hold_group_of_member if answer == DECLINED else group_of_member
    group = hold(session, group_id)
    if group.state != "announced":
        shown = _shown(session, group)
        if shown.answer == answer:
            return shown
        raise Conflict(
            f"This group is {group.state}; places are confirmed while it is announced.", code="not_asked"
        )
    if say(session, group_id=group_id, about=ABOUT, number=NUMBER, answer=answer):
        events.record(session, f"group.place_{answer}", subject=group, names_actor=False)
    shown = _shown(session, group)
    if answer == DECLINED:
        go(session, group, then=AFTERWARDS[then], reason=DECLINED_REASON)
    else:
        confirm_where_all_have(session, group)
    counts = agreements_of_group(session, group_id=group_id).counts
    return Confirmation(group.state, answer, shown.said_at, shown.confirm_by, counts)


def _shown(session: Session, group: Group) -> Confirmation:
    hers = select(MemberAnswer.answer, MemberAnswer.said_at).where(
        MemberAnswer.group_id == group.id,
        MemberAnswer.author_id == session.membership_id,
        MemberAnswer.about == ABOUT,
    )
    own = session.execute(hers).one_or_none()
    confirm_by = row_of(session, Cohort, group.cohort_id).confirm_by
    counts = agreements_of_group(session, group_id=group.id).counts
    return Confirmation(group.state, own and own.answer, own and own.said_at, confirm_by, counts)
