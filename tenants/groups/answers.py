"""What members say, each for herself, of one thing that all are asked. The group sees who; the tenant counts only."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Integer, Row, Select, Text, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, insert

from tenants.cohorts.models import Cohort
from tenants.groups.agreement_models import MemberAnswer
from tenants.groups.models import Group, GroupMember
from tenants.groups.places import members_present
from tenants.groups.presence import is_present
from tenants.groups.program_documents import version_for_group
from tenants.kernel import events
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session

ROUND_OPENS = 30
"""Days before the day of a renewal from which answers are for it, and no longer for the one before."""


def say(session: Session, *, group_id: UUID, about: str, number: int, answer: str) -> bool:
    """Note what the session's member says; whether it is new. Said again, it keeps the moment of the first time."""
    given = {
        "tenant_id": session.tenant_id,
        "id": new_id(),
        "group_id": group_id,
        "author_id": session.membership_id,
        "about": about,
        "number": number,
        "answer": answer,
    }
    said = insert(MemberAnswer).values(**given)
    said = said.on_conflict_do_update(
        index_elements=["tenant_id", "group_id", "author_id", "about", "number"],
        set_={"answer": answer, "said_at": func.now()},
        where=MemberAnswer.answer != answer,
    )
    return session.scalar(said.returning(MemberAnswer.id)) is not None


def said(session: Session, *, group_id: UUID, about: str, number: int) -> Sequence[Row[Any]]:
    """What the present members of a group have said: membership_id, answer and said_at, first come first."""
    present = select(GroupMember.membership_id).where(is_present(group_id))
    return session.execute(_said(group_id, about, number).where(MemberAnswer.author_id.in_(present))).all()


def said_ever(session: Session, *, group_id: UUID, about: str, number: int) -> Sequence[Row[Any]]:
    """The same of everybody who was a member when she said it."""
    return session.execute(_said(group_id, about, number)).all()


def _said(group_id: UUID, about: str, number: int) -> Select[Any]:
    columns: tuple[Any, ...] = (
        MemberAnswer.author_id.label("membership_id"),
        MemberAnswer.answer,
        MemberAnswer.said_at,
    )
    rows = select(*columns).where(
        MemberAnswer.group_id == group_id,
        MemberAnswer.about == about,
        MemberAnswer.number == number,
    )
    return rows.order_by(MemberAnswer.said_at, MemberAnswer.id)


def renewal_number() -> Any:
    """SQL: which renewal of a group it is that members are asked about now, from 1."""
    years = func.extract("year", func.age(func.current_date() + ROUND_OPENS, _active_on()))
    return func.greatest(1, cast(years, Integer))


def renews_on() -> Any:
    """SQL: the day of that renewal, for a group that is active or paused."""
    day = cast(_active_on() + func.make_interval(renewal_number()), Date)
    return case((Group.state.in_(("active", "paused")), day))


def agreements(cohort_id: UUID | None = None) -> Select[Any]:
    """What groups have agreed on, as far as the tenant is told: counts and days."""
    overdue = (Cohort.confirm_by < func.current_date()) & (Group.state == "announced")
    charter = func.door.charter_in_force(Group.id, type_=Integer())
    listed = version_for_group("responsibilities")
    counts = func.door.agreement_counts(
        Group.id, charter, listed, func.coalesce(overdue, literal(False)), type_=JSONB()
    )
    columns: tuple[Any, ...] = (
        Group.id,
        Group.cohort_id,
        Group.name,
        Group.state,
        Cohort.confirm_by,
        open_places().label("open_places"),
        charter.label("charter_version"),
        listed.label("responsibilities_version"),
        renews_on().label("renews_on"),
        _last_renewal().label("last_renewal"),
        counts.label("counts"),
    )
    rows = select(*columns).join(
        Cohort, (Cohort.tenant_id == Group.tenant_id) & (Cohort.id == Group.cohort_id)
    )
    return rows if cohort_id is None else rows.where(Group.cohort_id == cohort_id)


def agreements_of_group(session: Session, *, group_id: UUID) -> Row[Any]:
    """The same of one group. Raises NotFound."""
    row_of(session, Group, group_id, "group")
    return one(session, agreements().where(Group.id == group_id), "group")


def confirm_where_all_have(session: Session, group: Group) -> None:
    """Confirm an announced group once all who are there have confirmed, and two or more have: one alone is no group.

    The group must be held, so that of those who answer or go last one finds that all have.
    """
    if group.state != "announced":
        return
    session.flush()
    if session.scalars(select(func.door.all_have_confirmed(group.id))).one():
        group.state = "confirmed"
        session.flush()
        events.record(
            session,
            "group.confirmed",
            subject=group,
            changed=("state",),
            counts={"members": members_present(session, group.id)},
            names_actor=False,
        )


def open_places() -> Any:
    """SQL: how many of the places with which a group was formed nobody holds."""
    first = GroupMember.created_at <= func.coalesce(Group.opened_at, Group.created_at)
    held = GroupMember.left_at.is_(None)
    number = func.greatest(0, func.count().filter(first) - func.count().filter(held))
    places = select(number).where(GroupMember.tenant_id == Group.tenant_id, GroupMember.group_id == Group.id)
    return places.correlate(Group).scalar_subquery()


def _last_renewal() -> Any:
    """SQL: how the last round ended that has ended, for groups of five and more: "most_go_on" or "not_most"."""
    return func.door.last_renewal(Group.id, type_=Text())


def _active_on() -> Any:
    since = func.coalesce(Group.opened_at, Group.created_at)
    return func.coalesce(Group.active_on, cast(func.timezone("UTC", since), Date))
