"""Facilitators of groups: never above or below a member, and only once they have said what they must report.

Being attached opens nothing that a group writes: one who is to read it is let in as a member, or was placed there on a
seat that its recipe keeps.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, Row, Select, insert, literal_column, select, text

from tenants.cohorts.models import Cohort
from tenants.cohorts.references import is_among, names_given_by
from tenants.groups.models import Group
from tenants.groups.presence import group_held
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.mail import post
from tenants.kernel.rows import one, row_named
from tenants.kernel.session import Session
from tenants.people.models import Membership
from tenants.people.queries import NAME
from tenants.people.roles import roles_of
from tenants.support.care_models import Facilitation

# As the rule "hierarchy" of a recipe: whom somebody names and she herself are not in one group.
_CLASH = f"""EXISTS (SELECT FROM group_member gm
      JOIN membership mm ON mm.tenant_id = gm.tenant_id AND mm.id = gm.membership_id
      JOIN membership fm ON fm.tenant_id = facilitation.tenant_id AND fm.id = facilitation.membership_id
     WHERE gm.group_id = facilitation.group_id AND gm.left_at IS NULL
       AND mm.id <> fm.id
       AND ({is_among("fm", names_given_by("mm.id"))} OR {is_among("mm", names_given_by("fm.id"))}))"""
CLASH: ColumnElement[bool] = literal_column(_CLASH, Boolean()).label("clash")
_CLASHES = text(
    f"SELECT {_CLASH} FROM (VALUES (CAST(:tenant AS uuid), CAST(:group AS uuid), CAST(:member AS uuid)))"  # noqa: S608 - as above
    " AS facilitation (tenant_id, group_id, membership_id)"
)


def attach_facilitator(session: Session, *, group_id: UUID, membership_id: UUID) -> Facilitation:
    """Ask somebody to facilitate a group, in place of whoever does; she is attached once she has accepted. A
    letter tells her that she is asked.

    Raises NotFound, Invalid for somebody without the role in this place, and Conflict "hierarchy".
    """
    group = group_held(session, group_id)
    row_named(session, Membership, membership_id, pointer="/membership_id")
    _refuse_without_role(session, group, membership_id)
    _refuse_clash(session, group_id, membership_id)
    before = _current(session, group_id)
    if before is not None and before.membership_id == membership_id:
        return before
    if before is not None:
        before.ended_at = now()
        session.flush()
    # By columns: nobody begins with what she has yet to say.
    made = {
        "tenant_id": session.tenant_id,
        "id": new_id(),
        "group_id": group_id,
        "membership_id": membership_id,
    }
    session.execute(insert(Facilitation).values(**made))
    post(session, "facilitation", subject_ids=[made["id"]])
    events.record(session, "facilitator.asked", subject=group)
    return session.get_one(Facilitation, (session.tenant_id, made["id"]))


def detach_facilitator(session: Session, *, group_id: UUID) -> None:
    """Let a group have no facilitator any more. Raises NotFound where it has none."""
    group = group_held(session, group_id)
    found = _current(session, group_id)
    if found is None:
        raise NotFound("facilitator")
    found.ended_at = now()
    events.record(session, "facilitator.detached", subject=group)


def accept_facilitation(session: Session, *, facilitation_id: UUID, duties: str) -> Facilitation:
    """Facilitate a group from now on, whose members read what one would have to report, in one's own words.

    Said again, the words change. Raises NotFound, and Conflict "facilitation_ended" or "hierarchy".
    """
    found, group = _own(session, facilitation_id)
    _refuse_clash(session, found.group_id, found.membership_id)
    found.duties, attached = duties, found.accepted_at is not None
    found.accepted_at = found.accepted_at or now()
    session.flush()
    if not attached:
        events.record(session, "facilitator.attached", subject=group)
    return found


def give_up_facilitation(session: Session, *, facilitation_id: UUID) -> None:
    """Decline to facilitate a group, or stop; no reason is asked.

    Raises NotFound, and Conflict "facilitation_ended".
    """
    found, group = _own(session, facilitation_id)
    found.ended_at = now()
    session.flush()
    said = "facilitator.declined" if found.accepted_at is None else "facilitator.stopped"
    events.record(session, said, subject=group)


def _own(session: Session, facilitation_id: UUID) -> tuple[Facilitation, Group]:
    """A facilitation of the session's member that goes on, and its group, held."""
    found = session.get(Facilitation, (session.tenant_id, facilitation_id))
    if found is None or found.membership_id != session.membership_id:
        raise NotFound("facilitation")
    group = group_held(session, found.group_id)
    session.refresh(found)
    if found.ended_at is not None:
        raise Conflict("It has ended.", code="facilitation_ended")
    return found, group


def facilitations(group_id: UUID, *, accepted: bool) -> Select[Any]:
    """Who facilitates a group or did, latest last; those who were asked too, unless only who has `accepted`."""
    rows = _shown().where(Facilitation.group_id == group_id)
    return rows.where(Facilitation.accepted_at.is_not(None)) if accepted else rows


def facilitations_of(membership_id: UUID) -> Select[Any]:
    """Which groups somebody facilitates, did, or is asked to."""
    return _shown().where(Facilitation.membership_id == membership_id)


def facilitation_of(session: Session, *, membership_id: UUID, facilitation_id: UUID) -> Row[Any]:
    """One of them. Raises NotFound."""
    return one(
        session, facilitations_of(membership_id).where(Facilitation.id == facilitation_id), "facilitation"
    )


def _shown() -> Select[Any]:
    named = NAME.label("name")
    return (
        select(*Facilitation.__table__.columns, named, Group.name.label("group_name"), CLASH)
        .join(Group, (Group.tenant_id == Facilitation.tenant_id) & (Group.id == Facilitation.group_id))
        .outerjoin(
            Membership,
            (Membership.tenant_id == Facilitation.tenant_id) & (Membership.id == Facilitation.membership_id),
        )
    )


def _current(session: Session, group_id: UUID) -> Facilitation | None:
    now_there = (Facilitation.group_id == group_id, Facilitation.ended_at.is_(None))
    found: Facilitation | None = session.scalar(select(Facilitation).where(*now_there))
    return found


def _refuse_clash(session: Session, group_id: UUID, membership_id: UUID) -> None:
    known = {"tenant": session.tenant_id, "group": group_id, "member": membership_id}
    if session.scalar(_CLASHES, known):
        raise Conflict(
            "A member of the group names her as having power over her, or is named so by her.",
            code="hierarchy",
        )


def _refuse_without_role(session: Session, group: Group, membership_id: UUID) -> None:
    cohort = session.get_one(Cohort, (session.tenant_id, group.cohort_id))
    held = [each for each in roles_of(session, membership_id) if each.role == "facilitator"]
    here = (None, None), (cohort.program_id, None), (None, cohort.id)
    if not any((each.program_id, each.cohort_id) in here for each in held):
        raise Invalid.field(
            "/membership_id", "not_a_facilitator", "She holds the role of a facilitator nowhere here."
        )
