"""Groups that people form themselves, beside those of matching."""

from uuid import UUID

from sqlalchemy import insert, select, text

from tenants.cohorts.answers import own_participation
from tenants.cohorts.models import Cohort, Participant, Program
from tenants.groups.actions import FIRST_LOOK
from tenants.groups.models import Group, GroupMember
from tenants.groups.places import become, hold_participant, is_elsewhere
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session

MAY_BE_PLACED = ("eligible", "invited", "applied", "waitlisted", "placed")
"""States in which somebody may form a group or come into one by invitation; the last, where hers has ended."""
_DRAWN_LATER = text(
    "SELECT EXISTS (SELECT FROM placement q JOIN matching_run r ON r.tenant_id = q.tenant_id"
    "   AND r.id = q.matching_run_id WHERE q.participant_id = :participant AND q.arm > 1"
    "   AND r.accepted_at IS NOT NULL AND NOT EXISTS (SELECT FROM group_member m WHERE m.tenant_id = q.tenant_id"
    "     AND m.participant_id = q.participant_id AND m.created_at >= r.accepted_at))"
)
_FOUND = text("SELECT door.found_group(:group)")


def form_group(
    session: Session,
    *,
    application_id: UUID,
    name: str,
    format: str = "small_group",  # noqa: A002 - as the column is called
) -> Group:
    """Form a group of one's cohort and be its first member. It is active at once; the tenant sees that it is, and who
    is in it. Its years begin on this day.

    Raises Invalid for an application that is not hers, Forbidden "not_personal" where she has not signed in as herself
    and the program wants that, and Conflict as `check_free`.
    """
    me = session.membership_id
    try:
        if me is None:
            raise NotFound("application")
        participant = own_participation(session, me, application_id)
    except NotFound as missing:
        raise Invalid.field("/application_id", "unknown", missing.detail) from None
    participant = hold_participant(session, participant.id)
    check_free(session, participant)
    group_id = new_id()
    sign_in = (
        select(Program.group_sign_in)
        .join(Cohort, (Cohort.tenant_id == Program.tenant_id) & (Cohort.program_id == Program.id))
        .where(Cohort.id == participant.cohort_id)
        .scalar_subquery()
    )
    # By columns: those that only doors write are named in no statement of the app's.
    made = {"tenant_id": session.tenant_id, "id": group_id, "cohort_id": participant.cohort_id, "name": name}
    moment = now()
    known = {"state": "active", "origin": "self_formed", "group_sign_in": sign_in, "format": format}
    since = {"announced_at": moment, "active_on": moment.date()}
    session.execute(insert(Group).values(**made, **known, **since))
    add_member(session, group_id=group_id, participant=participant)
    if not session.scalar(_FOUND, {"group": group_id}):
        raise Forbidden("Sign in as yourself to form a group.", code="not_personal")
    become(session, participant.id, "placed")
    group = session.get_one(Group, (session.tenant_id, group_id))
    jobs.enqueue(session, "group_health", subject_id=group_id, not_before=moment + FIRST_LOOK)
    events.record(session, "group.formed", subject=group, counts={"members": 1}, names_actor=False)
    return group


def add_member(session: Session, *, group_id: UUID, participant: Participant) -> UUID:
    """A place in a group for a participant, who is not let in by that; its id."""
    place = {"id": new_id(), "group_id": group_id, "participant_id": participant.id}
    place |= {"tenant_id": session.tenant_id, "membership_id": participant.membership_id}
    session.execute(insert(GroupMember).values(**place))
    return place["id"]


def check_free(session: Session, participant: Participant) -> None:
    """Raise Conflict unless a participant, who is held, can come into a group of her cohort by her own will.

    "already_in_a_group"; "not_taking_part" in states like withdrawn or paused; or "drawn_to_start_later", as a draw
    would be worth nothing if people went round it.
    """
    if is_elsewhere(session, participant.id):
        raise Conflict("You are in a group of this cohort already.", code="already_in_a_group")
    if participant.state not in MAY_BE_PLACED:
        raise Conflict(f"You cannot be in a group while you are {participant.state}.", code="not_taking_part")
    if session.scalar(_DRAWN_LATER, {"participant": participant.id}):
        raise Conflict("You were drawn to start later, and are in a group then.", code="drawn_to_start_later")
