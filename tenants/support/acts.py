"""Who did what for whom in a group: each member's own balance, and for the group whether it goes one way.

The tenant sees none of it. What the group sees of the balance names nobody.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, literal_column, select

from tenants.groups.evenness import gini
from tenants.groups.models import GroupMember
from tenants.groups.presence import is_present
from tenants.groups.private import Words, own_row_in, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel.clock import latest_today
from tenants.kernel.errors import FieldError, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.support.models import ACT_KINDS, Act

TABLE = Act.__tablename__
ONE_WAY_FROM = 3
"""So many acts make a pattern: with fewer, nobody counts as only giving or only receiving."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What a member gave and received, by kind."""

    given: dict[str, int]
    received: dict[str, int]


@dataclass(frozen=True, slots=True)
class Flow:
    """How a group's help is spread, without names.

    `only_giving` and `only_receiving` count members with at least `ONE_WAY_FROM` acts, all in one direction.
    `inequality` is the Gini coefficient of what the present members gave, 0 (all the same) to 1; None without acts.
    """

    acts: int
    only_giving: int
    only_receiving: int
    inequality: float | None


def note_act(
    session: Session,
    *,
    group_id: UUID,
    kind: str,
    giver_id: UUID,
    receiver_id: UUID,
    happened_on: date,
    note: str | None = None,
) -> Any:
    """Note that one member did something for another; either of the two may. No event tells of it.

    Raises NotFound to strangers, and Invalid unless both are members, one of them is oneself, and it has happened.
    """
    refuse_strangers(session, group_id)
    _check(session, group_id, giver_id=giver_id, receiver_id=receiver_id)
    if happened_on > latest_today():
        raise Invalid.field("/happened_on", "in_the_future", "Note what has happened.")
    words, act_id = Words(session, TABLE), new_id()
    row = Act(
        id=act_id,
        group_id=group_id,
        author_id=session.membership_id,
        kind=kind,
        giver_id=giver_id,
        receiver_id=receiver_id,
        happened_on=happened_on,
        **words.closed(group_id=group_id, row_id=act_id, note=note),
    )
    session.add(row)
    session.flush()
    return words.opened(row)


def remove_act(session: Session, *, group_id: UUID, act_id: UUID) -> None:
    """Take back what one noted. Raises NotFound and Forbidden."""
    session.delete(own_row_in(session, Act, group_id=group_id, row_id=act_id))


def act_of(session: Session, *, group_id: UUID, act_id: UUID) -> Any:
    """One of them. Raises NotFound."""
    return Words(session, TABLE).opened(row_in(session, Act, group_id=group_id, row_id=act_id))


def acts(group_id: UUID, member_id: UUID | None) -> Select[Any]:
    """What was done in a group, as far as the session may read it; of one member, or all."""
    rows = select(*Act.__table__.columns).where(Act.group_id == group_id)
    return (
        rows
        if member_id is None
        else rows.where((Act.giver_id == member_id) | (Act.receiver_id == member_id))
    )


def own_balance(session: Session, *, group_id: UUID) -> Balance:
    """What the session's member gave and received in a group. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    me = session.membership_id
    counted = (
        select(Act.kind, (Act.giver_id == me).label("gave"), func.count().label("acts"))
        .where(Act.group_id == group_id, (Act.giver_id == me) | (Act.receiver_id == me))
        .group_by(Act.kind, literal_column("gave"))
    )
    given, received = dict.fromkeys(ACT_KINDS, 0), dict.fromkeys(ACT_KINDS, 0)
    for row in session.execute(counted):
        (given if row.gave else received)[row.kind] = row.acts
    return Balance(given, received)


def flow(session: Session, *, group_id: UUID) -> Flow:
    """How a group's help is spread, over the acts that the session may read. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    pairs = session.execute(select(Act.giver_id, Act.receiver_id).where(Act.group_id == group_id)).all()
    present = session.scalars(_present(group_id)).all()
    gave, received = dict.fromkeys(present, 0), dict.fromkeys(present, 0)
    for giver, receiver in pairs:
        gave[giver] = gave.get(giver, 0) + 1
        received[receiver] = received.get(receiver, 0) + 1
    return Flow(
        acts=len(pairs),
        only_giving=sum(gave[who] >= ONE_WAY_FROM and not received[who] for who in present),
        only_receiving=sum(received[who] >= ONE_WAY_FROM and not gave[who] for who in present),
        inequality=gini([gave[who] for who in present]),
    )


def _present(group_id: UUID) -> Select[Any]:
    return select(GroupMember.membership_id).where(is_present(group_id))


def _check(session: Session, group_id: UUID, **two: UUID) -> None:
    present = set(session.scalars(_present(group_id)))
    broken = [
        FieldError(f"/{name}", "not_a_member", "This is no member of the group.")
        for name, who in two.items()
        if who not in present
    ]
    if two["giver_id"] == two["receiver_id"]:
        broken.append(FieldError("/receiver_id", "same", "Somebody else received it."))
    elif session.membership_id not in two.values():
        broken.append(FieldError("/giver_id", "not_yours", "Note what you gave or received."))
    if broken:
        raise Invalid(*broken)
