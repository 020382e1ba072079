"""Places in groups: held while somebody comes or goes, and what they make of their holders' participation."""

from uuid import UUID

from sqlalchemy import func, select, text

from tenants.cohorts.models import Participant
from tenants.cohorts.notices import tell
from tenants.cohorts.participants import append_change
from tenants.groups.models import Group, GroupMember
from tenants.groups.presence import group_held, is_present
from tenants.groups.queries import is_in_a_living_group, refuse_strangers
from tenants.kernel.clock import now
from tenants.kernel.errors import NotFound
from tenants.kernel.session import Session

DYAD = 2
"""How many a dyad is of at most."""
_HOLD = text(
    "SELECT count(*) FROM (SELECT FROM participant p WHERE p.id = :also OR p.id IN (SELECT m.participant_id"
    "   FROM group_member m WHERE m.group_id = :group AND m.left_at IS NULL) ORDER BY p.id FOR UPDATE) held"
)


def hold_group(session: Session, group_id: UUID, *, also: UUID | None = None) -> Group:
    """A group, which until the transaction ends nobody else comes into, leaves or decides about.

    The participants in it, and `also` one more, are held before it, in the order of an acceptance, so that the two
    never wait for each other. Raises NotFound.
    """
    session.execute(_HOLD, {"group": group_id, "also": also})
    key = (session.tenant_id, group_id)
    group = session.get(Group, key, with_for_update=True, populate_existing=True)
    if group is None:
        raise NotFound("group")
    return group


def hold_group_of_member(session: Session, group_id: UUID) -> Group:
    """A group held, as by `hold_group`, for one of its members. Raises NotFound to strangers.

    She is asked for once it is held: while she waited for it she may have left by another request.
    """
    group = hold_group(session, group_id)
    refuse_strangers(session, group_id)
    return group


def group_of_member(session: Session, group_id: UUID, *, shared: bool = False) -> Group:
    """As `hold_group_of_member`, the group alone held, as by `presence.group_held`."""
    group = group_held(session, group_id, shared=shared)
    refuse_strangers(session, group_id)
    return group


def members_present(session: Session, group_id: UUID) -> int:
    """How many members a group has who were let in and have not left."""
    present = select(func.count()).select_from(GroupMember).where(is_present(group_id))
    return session.scalar(present) or 0


def hold_participant(session: Session, participant_id: UUID) -> Participant:
    """A participant as she is now, whom nobody else places until the transaction ends."""
    key = (session.tenant_id, participant_id)
    return session.get_one(Participant, key, with_for_update=True, populate_existing=True)


def is_elsewhere(session: Session, participant_id: UUID, *, but: UUID | None = None) -> bool:
    """Whether a participant is in a living group of her cohort, `but` that one aside."""
    place = is_in_a_living_group(participant_id)
    if but is not None:
        place = place.where(Group.id != but)
    return bool(session.scalar(select(place)))


def become(
    session: Session, participant_id: UUID, state: str, *, reason: str | None = None, source: str = "person"
) -> None:
    """Bring a participant into a state, note it in her history and have her told; nothing where she is in it."""
    participant = hold_participant(session, participant_id)
    if participant.state != state:
        participant.state, participant.state_since, participant.state_reason = state, now(), reason
        append_change(session, participant, {}, state=state, source=source)
        session.flush()
        tell(session, participant_ids=[participant_id])


def state_of(session: Session, participant_id: UUID) -> str:
    """The state of a participant as it is now."""
    state: str = session.scalars(select(Participant.state).where(Participant.id == participant_id)).one()
    return state
