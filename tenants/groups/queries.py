"""Groups and who is in them, as lists show them."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Exists,
    Integer,
    Row,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    null,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from tenants.cohorts.covered import granted
from tenants.cohorts.models import Cohort, Participant, Program
from tenants.groups.models import Group, GroupMember
from tenants.groups.presence import is_paused
from tenants.kernel.errors import Conflict, NotFound
from tenants.kernel.rows import one, only
from tenants.kernel.session import Session
from tenants.people.models import Membership
from tenants.people.queries import EMAIL, NAME


def groups(
    cohort_id: UUID | None = None,
    state: str | None = None,
    format: str | None = None,  # noqa: A002 - as the column, and the filter, are called
    needs_repair: bool | None = None,
    origin: str | None = None,
) -> Select[Any]:
    """The tenant's groups with the number of members who have not left; by cohort, state, format, need of repair and
    origin.
    """
    members = (
        select(func.count())
        .where(
            GroupMember.tenant_id == Group.tenant_id,
            GroupMember.group_id == Group.id,
            GroupMember.left_at.is_(None),
        )
        .scalar_subquery()
    )
    broken = Group.repair_since.is_not(None) & (Group.state != "ended")
    rows: Select[Any] = select(
        *Group.__table__.columns, members.label("member_count"), broken.label("needs_repair")
    )
    rows = only(rows, cohort_id=cohort_id, state=state, format=format, origin=origin)
    return rows if needs_repair is None else rows.where(broken == needs_repair)


def group(session: Session, *, group_id: UUID) -> Row[Any]:
    """One group as lists show it. Raises NotFound."""
    return one(session, groups().where(Group.id == group_id), "group")


def groups_of_member(membership_id: UUID, group_url: str) -> Select[Any]:
    """The groups that somebody is in and was told of: how many they are, where to find them, whether its members have
    let her in, and whether she is away.
    """
    place = aliased(GroupMember)
    url = (literal(group_url) + cast(Group.id, Text)).label("url")
    away = is_paused(place)
    told = (
        url,
        place.admitted_at,
        place.left_at,
        away.label("paused"),
        case((away, place.paused_until)).label("paused_until"),
    )
    return (
        groups()
        .add_columns(*told)
        .join(place, _is_of_group(place))
        .where(place.membership_id == membership_id, place.left_at.is_(None), Group.state != "formed")
    )


def groups_left_by(membership_id: UUID) -> Select[Any]:
    """The groups in which somebody was once, and is no more: what they are, and nothing of how they fare without her.
    In these are the words that she wrote there.
    """
    place, later = aliased(GroupMember), aliased(GroupMember)
    # Of several times the last; and none where she is in it again.
    again = exists().where(
        _is_of_group(later),
        later.membership_id == membership_id,
        later.left_at.is_(None) | (later.left_at > place.left_at),
    )
    columns: tuple[Any, ...] = (
        *Group.__table__.columns,
        cast(null(), Integer).label("member_count"),
        cast(null(), Text).label("url"),
        place.admitted_at,
        place.left_at,
        false().label("paused"),
        cast(null(), Date).label("paused_until"),
    )
    # Whoever left before it was announced never heard that she was in it.
    return (
        select(*columns)
        .join(place, _is_of_group(place))
        .where(
            place.membership_id == membership_id,
            place.admitted_at.is_not(None),
            place.left_at >= Group.announced_at,
            ~again,
        )
    )


def _is_of_group(place: Any) -> ColumnElement[bool]:
    return and_(place.tenant_id == Group.tenant_id, place.group_id == Group.id)


def roster(group_id: UUID) -> Select[Any]:
    """Who is in a group, and who waits to be let in, as its members see them: an address where its owner has said that
    it may be shown to them (the purpose `contact`).
    """
    shown: ColumnElement[bool] = literal_column(granted("contact", "participant", "cohort"))
    columns: tuple[Any, ...] = (
        GroupMember.id,
        GroupMember.membership_id,
        NAME,
        case((shown, EMAIL.element)).label("email"),
        GroupMember.admitted_at,
        is_paused().label("paused"),
    )
    return (
        select(*columns)
        .join(
            Membership,
            (Membership.tenant_id == GroupMember.tenant_id) & (Membership.id == GroupMember.membership_id),
        )
        .join(
            Participant,
            (Participant.tenant_id == GroupMember.tenant_id) & (Participant.id == GroupMember.participant_id),
        )
        .join(Cohort, (Cohort.tenant_id == Participant.tenant_id) & (Cohort.id == Participant.cohort_id))
        .where(GroupMember.group_id == group_id, GroupMember.left_at.is_(None))
    )


def members_of_group(group_id: UUID) -> Select[Any]:
    """Everybody who is or was in a group."""
    columns: tuple[Any, ...] = (
        GroupMember.id,
        GroupMember.participant_id,
        GroupMember.membership_id,
        Membership.external_id,
        NAME,
        GroupMember.admitted_at,
        GroupMember.left_at,
    )
    same = (Membership.tenant_id == GroupMember.tenant_id) & (Membership.id == GroupMember.membership_id)
    return select(*columns).join(Membership, same).where(GroupMember.group_id == group_id)


def refuse_strangers(session: Session, group_id: UUID) -> None:
    """Raise NotFound unless the session is a member's: admitted, not gone, of a group that was announced, and signed
    in as its program and she herself want it.

    The group wall says the same, and refuses in any case; here it is said in words for whoever calls.
    """
    own_place(session, group_id)


def refuse_ended(session: Session, group_id: UUID) -> None:
    """Raise Conflict "group_ended" to a member of a group that has ended: words are read, taken back and removed there,
    and nothing new is written. Strangers are told nothing here.

    Asked before whatever writes in a group. What is on its way while the group ends may still come in, as if before.
    """
    ended = _own_place(session, group_id, admitted=True).where(Group.state == "ended")
    if session.scalar(ended) is not None:
        raise Conflict("This group has ended.", code="group_ended")


def own_place(session: Session, group_id: UUID, *, admitted: bool = True) -> GroupMember:
    """The session's place in a group. Raises NotFound as `refuse_strangers`; whoever waits to be admitted has one too
    if not `admitted`.
    """
    found = session.scalar(_own_place(session, group_id, admitted=admitted))
    if found is None:
        raise NotFound("group")
    return found


def _own_place(session: Session, group_id: UUID, *, admitted: bool) -> Select[GroupMember]:
    place = select(GroupMember).where(
        GroupMember.group_id == group_id,
        GroupMember.membership_id == session.membership_id,
        GroupMember.left_at.is_(None),
        Group.tenant_id == GroupMember.tenant_id,
        Group.id == GroupMember.group_id,
        Group.state != "formed",
        Cohort.id == Group.cohort_id,
        Program.id == Cohort.program_id,
        Membership.id == GroupMember.membership_id,
    )
    if admitted:
        place = place.where(GroupMember.admitted_at.is_not(None))
    if session.info.get("person_id") is None:
        place = place.where(
            Program.group_sign_in == "any",
            Group.group_sign_in == "any",
            Membership.groups_locked.is_(False),
        )
    return place


def untold(participant: str) -> str:
    """SQL: whether the participant of this name is placed in a group that is yet to be announced, and in no other."""
    return f"""({participant}.state = 'placed' AND coalesce((
        SELECT bool_and(ug.state = 'formed') FROM group_member um
          JOIN peer_group ug ON ug.tenant_id = um.tenant_id AND ug.id = um.group_id
         WHERE um.tenant_id = {participant}.tenant_id AND um.participant_id = {participant}.id
           AND um.left_at IS NULL AND ug.state <> 'ended'), false))"""  # noqa: S608 - a name of ours is put in


def is_in_a_living_group(participant_id: InstrumentedAttribute[UUID] | UUID) -> Exists:
    """Whether this participant is in a group that has not ended, and has not left it; as SQL."""
    return exists().where(
        GroupMember.participant_id == participant_id,
        GroupMember.left_at.is_(None),
        Group.tenant_id == GroupMember.tenant_id,
        Group.id == GroupMember.group_id,
        Group.state != "ended",
    )


def has_been_in_a_group_since(
    participant_id: InstrumentedAttribute[UUID], moment: InstrumentedAttribute[Any]
) -> Any:
    """Whether this participant came into a group at this moment or later, whatever became of it; as SQL."""
    since = (GroupMember.participant_id == participant_id) & (GroupMember.created_at >= moment)
    return exists().where(since).correlate_except(GroupMember)
