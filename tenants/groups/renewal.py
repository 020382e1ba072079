"""Each year the members of a group say whether they go on. Nobody's silence ends a group, and no answer does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, cast, exists, func, select

from tenants.groups.agreement_models import MemberAnswer, Retrospective
from tenants.groups.answers import renewal_number, renews_on, said, say
from tenants.groups.models import Group, GroupMember
from tenants.groups.places import group_of_member
from tenants.groups.presence import is_present
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import one
from tenants.kernel.session import Session

ABOUT = "renewal"
ANSWERS = ("go_on", "stop")


@dataclass(frozen=True, slots=True)
class Renewal:
    """The renewal that is asked about now. `look_back_by` is the day by which the yearly retrospective is due."""

    number: int
    renews_on: date | None
    look_back_by: date | None
    answers: Sequence[Row[Any]]


def renewal(session: Session, *, group_id: UUID) -> Renewal:
    """What members said about going on. Raises NotFound to all but members."""
    refuse_strangers(session, group_id)
    asked = _asked(session, group_id)
    answers = said(session, group_id=group_id, about=ABOUT, number=asked.number)
    return Renewal(asked.number, asked.renews_on, asked.look_back_by, answers)


def renew(session: Session, *, group_id: UUID, answer: str) -> Renewal:
    """Say whether one goes on; it can be said anew until the next renewal is asked about.

    Raises NotFound to all but members, and Conflict "not_active" unless the group is active or paused.
    """
    # Either the group ends by what was said until now, or by what is said now it does not.
    group_of_member(session, group_id, shared=True)
    asked = _asked(session, group_id)
    if asked.renews_on is None:
        raise Conflict("Only a group that is active or paused is renewed.", code="not_active")
    if say(session, group_id=group_id, about=ABOUT, number=asked.number, answer=answer):
        events.record(
            session,
            "group.renewal_answered",
            subject_type="peer_group",
            subject_id=group_id,
            counts={"renewal": asked.number},
            names_actor=False,
        )
    return renewal(session, group_id=group_id)


def others_stop(session: Session, *, group_id: UUID) -> bool:
    """Whether of those who are in a group all but the session's member have said `stop`, in the round that is asked
    about now; whoever is away is waited for too.
    """
    stops = exists().where(
        MemberAnswer.tenant_id == GroupMember.tenant_id,
        MemberAnswer.group_id == GroupMember.group_id,
        MemberAnswer.author_id == GroupMember.membership_id,
        MemberAnswer.about == ABOUT,
        MemberAnswer.number == _asked(session, group_id).number,
        MemberAnswer.answer == "stop",
    )
    goes_on = exists().where(is_present(group_id), GroupMember.membership_id != session.membership_id, ~stops)
    return not session.scalar(select(goes_on))


def _asked(session: Session, group_id: UUID) -> Row[Any]:
    last = select(func.max(Retrospective.phase_since)).where(
        Retrospective.group_id == group_id, Retrospective.phase == "agreed"
    )
    year_after = cast(last.scalar_subquery() + func.make_interval(1), Date)
    columns: tuple[Any, ...] = (
        renewal_number().label("number"),
        renews_on().label("renews_on"),
        func.coalesce(year_after, renews_on(), type_=Date()).label("look_back_by"),
    )
    return one(session, select(*columns).where(Group.id == group_id), "group")
