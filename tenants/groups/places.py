"""Places in groups: held while somebody comes or goes, and what they make of their holders' participation."""

from uuid import UUID

from sqlalchemy import exists, func, select, text

from tenants.cohorts.models import Participant
from tenants.cohorts.notices import tell
from tenants.cohorts.participants import append_change
from tenants.groups.models import Group, GroupMember
from tenants.groups.presence import is_present
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
    place = exists().where(
        GroupMember.participant_id == participant_id,
        GroupMember.left_at.is_(None),
        Group.tenant_id == GroupMember.tenant_id,
        Group.id == GroupMember.group_id,
        Group.state != "ended",
    )
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
