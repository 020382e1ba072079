"""Roles that go round: who convenes, who takes notes. No role outranks another, and any member passes one on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select

from tenants.groups.agreement_models import Turn
from tenants.groups.models import GroupMember
from tenants.groups.places import group_of_member
from tenants.groups.presence import is_present, is_there
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.errors import Invalid
from tenants.kernel.session import Session

TOLD = 24
"""How many of the last turns are told."""


@dataclass(frozen=True, slots=True)
class Rota:
    """Who has a role (None: nobody yet, or nobody who is still there), whose turn is next, and past turns, last first.

    All are memberships.
    """

    role: str
    membership_id: UUID | None
    next_membership_id: UUID | None
    turns: Sequence[Row[Any]]


def rota(session: Session, *, group_id: UUID, role: str) -> Rota:
    """Who has a role and who follows: of those whose turn it may be, whoever had it least recently.

    Of several who never had it, whoever was let in first. Raises NotFound to all but members.
    """
    refuse_strangers(session, group_id)
    past = session.execute(_past(group_id, role).limit(TOLD)).all()
    present = session.scalars(select(GroupMember.membership_id).where(is_present(group_id))).all()
    holder = past[0].membership_id if past and past[0].membership_id in present else None
    order = [each for each in session.scalars(_order(group_id, role)) if each != holder]
    return Rota(role, holder, order[0] if order else holder, past)


def pass_turn(session: Session, *, group_id: UUID, role: str, membership_id: UUID) -> Rota:
    """Give a role to a member, or take it. Of two who do so at once the later one counts, and both are on record.

    Raises NotFound to all but members, and Invalid for somebody who is none, or whose turn it may not be.
    """
    group_of_member(session, group_id)
    mine = is_there(group_id) & (GroupMember.membership_id == membership_id)
    member_id = session.scalar(select(GroupMember.id).where(mine))
    if member_id is None:
        raise Invalid.field(
            "/membership_id", "unknown", "No member of this group who can take a turn has this id."
        )
    if session.scalars(_last(group_id, role)).first() != member_id:
        author = session.membership_id
        session.add(Turn(group_id=group_id, author_id=author, role=role, member_id=member_id))
        session.flush()
        events.record(
            session, "group.turn_passed", subject_type="peer_group", subject_id=group_id, names_actor=False
        )
    return rota(session, group_id=group_id, role=role)


def _past(group_id: UUID, role: str) -> Select[Any]:
    same = (GroupMember.tenant_id == Turn.tenant_id) & (GroupMember.id == Turn.member_id)
    columns: tuple[Any, ...] = (GroupMember.membership_id, Turn.written_at.label("since"))
    past = select(*columns).join_from(Turn, GroupMember, same)
    return past.where(Turn.group_id == group_id, Turn.role == role).order_by(Turn.id.desc())


def _last(group_id: UUID, role: str) -> Select[Any]:
    turns = select(Turn.member_id).where(Turn.group_id == group_id, Turn.role == role)
    return turns.order_by(Turn.id.desc()).limit(1)


def _order(group_id: UUID, role: str) -> Select[Any]:
    """Those whose turn it may be, whoever comes next first. What she did before she left and came back counts."""
    before = (
        select(GroupMember.membership_id, func.max(Turn.written_at).label("last"))
        .join(Turn, (Turn.tenant_id == GroupMember.tenant_id) & (Turn.member_id == GroupMember.id))
        .where(Turn.group_id == group_id, Turn.role == role)
        .group_by(GroupMember.membership_id)
        .subquery()
    )
    order: Select[Any] = select(GroupMember.membership_id)
    return (
        order.outerjoin(before, before.c.membership_id == GroupMember.membership_id)
        .where(is_there(group_id))
        .order_by(before.c.last.asc().nulls_first(), GroupMember.admitted_at, GroupMember.id)
    )
