"""Looking back together: members propose what to keep, change and stop, rate it, and agree.

A phase goes on by a member's act, and what belongs to an earlier one is closed for good: entries once rating has
begun, ratings once the group talks about them, and all of it once it is agreed.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Integer, Select, Text, column, func, select
from sqlalchemy import delete as delete_rows
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from tenants.groups.agreement_models import PHASES, Retrospective, RetrospectiveEntry, RetrospectiveRating
from tenants.groups.places import group_of_member
from tenants.groups.private import Words
from tenants.groups.pulse import stir
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Forbidden, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one
from tenants.kernel.session import Session

SHOWN_FROM = 5
"""Members who have rated an entry before the group is told how; the door holds to it."""
MOST_CHARACTERS = 2_000
_WHAT = "retrospective"


def retrospectives(group_id: UUID) -> Select[Any]:
    """Those of a group."""
    return select(*Retrospective.__table__.columns).where(Retrospective.group_id == group_id)


def retrospective(session: Session, *, group_id: UUID, retrospective_id: UUID) -> Retrospective:
    """One of them. Raises NotFound to all but members."""
    refuse_strangers(session, group_id)
    return _one(session, group_id, retrospective_id)


def open_retrospective(session: Session, *, group_id: UUID) -> Retrospective:
    """Begin to look back. Raises NotFound to all but members, and Conflict "retrospective_open" while another is."""
    group_of_member(session, group_id, shared=True)
    opened = Retrospective(id=new_id(), group_id=group_id, author_id=session.membership_id)
    try:
        with session.begin_nested():
            session.add(opened)
    except IntegrityError:
        raise Conflict("This group is looking back already.", code="retrospective_open") from None
    session.refresh(opened)
    _record(session, "retrospective.opened", opened)
    return opened


def advance(session: Session, *, group_id: UUID, retrospective_id: UUID, phase: str) -> Retrospective:
    """Go on to the next phase. Of several who do so at once, one does.

    Raises NotFound to all but members, and Conflict "not_next_phase".
    """
    group_of_member(session, group_id, shared=True)
    found = _one(session, group_id, retrospective_id, {"key_share": True})
    if phase not in PHASES[PHASES.index(found.phase) + 1 :][:1]:
        raise Conflict(
            f"This retrospective is {found.phase}; {phase} does not follow.", code="not_next_phase"
        )
    found.phase, found.phase_since = phase, now()
    session.flush()
    _record(session, f"retrospective.{phase}", found)
    return found


def entries(session: Session, *, group_id: UUID, retrospective_id: UUID) -> Select[Any]:
    """What was proposed, one's own rating, and the group's once nobody rates any more.

    Raises NotFound to all but members.
    """
    retrospective(session, group_id=group_id, retrospective_id=retrospective_id)
    told = func.door.ratings(retrospective_id).table_valued(
        column("entry_id"), column("raters", Integer), column("band", Text), name="told"
    )
    own = RetrospectiveRating
    mine = (own.retrospective_entry_id == RetrospectiveEntry.id) & (own.author_id == session.membership_id)
    columns: tuple[Any, ...] = (own.rating.label("own_rating"), told.c.raters, told.c.band)
    return (
        select(*RetrospectiveEntry.__table__.columns, *columns)
        .outerjoin(own, (own.tenant_id == RetrospectiveEntry.tenant_id) & mine)
        .outerjoin(told, told.c.entry_id == RetrospectiveEntry.id)
        .where(RetrospectiveEntry.retrospective_id == retrospective_id)
    )


def entry(session: Session, *, group_id: UUID, retrospective_id: UUID, entry_id: UUID) -> Any:
    """One of them, in its words. Raises NotFound, also to all but members."""
    rows = entries(session, group_id=group_id, retrospective_id=retrospective_id)
    found = one(session, rows.where(RetrospectiveEntry.id == entry_id), "entry")
    return Words(session, RetrospectiveEntry.__tablename__).opened(found)


def propose(
    session: Session, *, group_id: UUID, retrospective_id: UUID, kind: str, text: str
) -> RetrospectiveEntry:
    """Say what to keep, change or stop. Its words are given back to nobody here.

    Raises NotFound to all but members, and Conflict "wrong_phase".
    """
    _while(session, group_id, retrospective_id, "proposing")
    entry_id = new_id()
    closed = Words(session, "retrospective_entry").closed(group_id=group_id, row_id=entry_id, text=text)
    row = {"tenant_id": session.tenant_id, "id": entry_id, "group_id": group_id, "kind": kind, **closed}
    row |= {"author_id": session.membership_id, "retrospective_id": retrospective_id}
    session.execute(
        insert(RetrospectiveEntry).values(**row)
    )  # names no agreed_at, which nobody may begin with
    stir(session, group_id)
    return session.get_one(RetrospectiveEntry, (session.tenant_id, entry_id))


def withdraw_entry(session: Session, *, group_id: UUID, retrospective_id: UUID, entry_id: UUID) -> None:
    """Take back what one proposed.

    Raises NotFound to all but members, Forbidden "not_the_author" for another's, and Conflict "wrong_phase".
    """
    _while(session, group_id, retrospective_id, "proposing")
    if _entry(session, retrospective_id, entry_id).author_id != session.membership_id:
        raise Forbidden("Only whoever wrote it takes it back.", code="not_the_author")
    session.execute(delete_rows(RetrospectiveEntry).where(RetrospectiveEntry.id == entry_id))


def rate(session: Session, *, group_id: UUID, retrospective_id: UUID, entry_id: UUID, rating: int) -> None:
    """Say how far one agrees with an entry, from 1 to 5, in place of what one said before.

    Raises NotFound to all but members, and Conflict "wrong_phase".
    """
    _while(session, group_id, retrospective_id, "rating")
    _entry(session, retrospective_id, entry_id)
    row = {"tenant_id": session.tenant_id, "id": new_id(), "group_id": group_id, "rating": rating}
    row |= {"author_id": session.membership_id, "retrospective_entry_id": entry_id}
    session.execute(
        insert(RetrospectiveRating)
        .values(**row)
        .on_conflict_do_update(
            index_elements=["tenant_id", "retrospective_entry_id", "author_id"], set_={"rating": rating}
        )
    )


def agree(session: Session, *, group_id: UUID, retrospective_id: UUID, entry_id: UUID, agreed: bool) -> None:
    """Note that the group agrees to an entry, or does not after all.

    Raises NotFound to all but members, and Conflict "wrong_phase".
    """
    _while(session, group_id, retrospective_id, "agreeing")
    entry = _entry(session, retrospective_id, entry_id)
    if (entry.agreed_at is not None) != agreed:
        entry.agreed_at = now() if agreed else None
        session.flush()


def _one(
    session: Session, group_id: UUID, retrospective_id: UUID, how: dict[str, bool] | None = None
) -> Retrospective:
    found = session.get(Retrospective, (session.tenant_id, retrospective_id), with_for_update=how)
    if found is None or found.group_id != group_id:
        raise NotFound(_WHAT)
    return found


def _while(session: Session, group_id: UUID, retrospective_id: UUID, phase: str) -> None:
    """Hold the retrospective in this phase, so that it does not go on before what is done in it is there."""
    group_of_member(session, group_id, shared=True)
    found = _one(session, group_id, retrospective_id, {"read": True})
    if found.phase != phase:
        raise Conflict(
            f"This retrospective is {found.phase}; this is done while it is {phase}.", code="wrong_phase"
        )


def _entry(session: Session, retrospective_id: UUID, entry_id: UUID) -> RetrospectiveEntry:
    entry = session.get(RetrospectiveEntry, (session.tenant_id, entry_id))
    if entry is None or entry.retrospective_id != retrospective_id:
        raise NotFound("entry")
    return entry


def _record(session: Session, type_: str, found: Retrospective) -> None:
    events.record(session, type_, subject_type="peer_group", subject_id=found.group_id, names_actor=False)
