"""Who must not be in one group: what the roster and admins say of a cohort, and what a person wishes.

No reason is asked and none is kept. A person's own wish (`wishes`) is behind a wall in the database. Matching keeps it
nevertheless, through the door `separations`, which tells nothing while no run or analysis of the cohort is at work. The
door is no secret from the role that serves, which could make such a job: that no route asks at it is a rule of the
code, and tested.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, select, text, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert

from tenants.cohorts.models import Cohort, Participant
from tenants.kernel import events
from tenants.kernel.errors import FieldError, Invalid, NotFound
from tenants.kernel.keys import Safe
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.matching import wishes
from tenants.matching.models import Separation, SeparationMember
from tenants.people.models import Membership

MOST_IN_A_LIST = 200
"""Participants in one separation."""


@dataclass(frozen=True, slots=True)
class Separated:
    """Participants no two of whom may be in one group, by id; `private` is told to nobody."""

    participants: tuple[UUID, ...]
    private: bool


def natural_key(participants: Collection[UUID]) -> str:
    """SHA-256, in hexadecimal, of the ids in ascending order with spaces between them."""
    return sha256(" ".join(map(str, sorted(participants))).encode()).hexdigest()


def separations(cohort_id: UUID) -> Select[Any]:
    """The separations of a cohort that the session may see, each with its `participants`.

    Where participants are deleted, what is left of fewer than two separates nobody and is left out.
    """
    member = func.json_build_object("participant_id", Participant.id, "external_id", Membership.external_id)
    apart = (
        select(
            func.json_agg(aggregate_order_by(member, Participant.id)).label("participants"),
            func.count().label("number"),
        )
        .select_from(SeparationMember)
        .join(
            Participant,
            (Participant.tenant_id == SeparationMember.tenant_id)
            & (Participant.id == SeparationMember.participant_id),
        )
        .join(
            Membership,
            (Membership.tenant_id == Participant.tenant_id) & (Membership.id == Participant.membership_id),
        )
        .where(
            SeparationMember.tenant_id == Separation.tenant_id,
            SeparationMember.separation_id == Separation.id,
        )
        .lateral()
    )
    return (
        select(
            Separation.id,
            Separation.cohort_id,
            Separation.source,
            Separation.created_at,
            apart.c.participants,
        )
        .join(apart, true())
        .where(Separation.cohort_id == cohort_id, apart.c.number > 1)
    )


def separation(session: Session, *, cohort_id: UUID, separation_id: UUID) -> Row[Any]:
    """One separation as lists show it. Raises NotFound."""
    return one(session, separations(cohort_id).where(Separation.id == separation_id), "separation")


def create_separation(
    session: Session, *, cohort_id: UUID, participants: Sequence[UUID]
) -> tuple[UUID, bool]:
    """Keep participants of a cohort apart: the separation's id, and whether it is new.

    Raises NotFound for the cohort, and Invalid at each participant who is unknown or named twice.
    """
    row_of(session, Cohort, cohort_id)
    _check_participants(session, cohort_id, participants, "/participants")
    key = natural_key(participants)
    made = insert(Separation).values(
        tenant_id=session.tenant_id, cohort_id=cohort_id, source="admin", natural_key=key
    )
    created = session.scalar(made.on_conflict_do_nothing().returning(Separation.id))
    if created is None:
        known = select(Separation.id).where(
            Separation.cohort_id == cohort_id,
            Separation.natural_key == key,
            Separation.membership_id.is_(None),
        )
        return one(session, known, "separation").id, False
    session.execute(insert(SeparationMember), _members(session, created, participants))
    events.record(session, "separation.created", subject_type="separation", subject_id=created)
    return created, True


def delete_separation(session: Session, *, cohort_id: UUID, separation_id: UUID) -> None:
    """Let participants be in one group again. Raises NotFound."""
    gone = delete(Separation).where(Separation.cohort_id == cohort_id, Separation.id == separation_id)
    if session.scalar(gone.returning(Separation.id)) is None:
        raise NotFound("separation")
    events.record(session, "separation.deleted", subject_type="separation", subject_id=separation_id)


_KEPT = text("SELECT separation_id, participant_id, names FROM door.separations(:cohort) ORDER BY 1, 2")


def separations_to_keep(session: Session, cohort_id: UUID) -> list[Separated]:
    """All separations of a cohort, private ones too, in a fixed order: for matching alone, never for an answer.

    Of a wish, whoever is in the cohort by now and goes by one of its names. None unless a run or analysis of the cohort
    is at work. Raises CannotDecrypt.
    """
    shown: dict[UUID, list[UUID]] = {}
    found: set[Separated] = set()
    avoided: list[tuple[UUID, list[str]]] = []
    safe = Safe(session)
    for row in session.execute(_KEPT, {"cohort": cohort_id}):
        if row.names is None:
            shown.setdefault(row.separation_id, []).append(row.participant_id)
        else:
            avoided.append((row.participant_id, wishes.read(safe, row.separation_id, row.names)))
    found.update(Separated(tuple(people), False) for people in shown.values() if len(people) > 1)
    called = wishes.called(session, cohort_id) if avoided else {}
    for author, names in avoided:
        for name in names:
            for other in called.get(wishes.plain(name), ()):
                if other != author:
                    found.add(Separated((min(author, other), max(author, other)), True))
    return sorted(found, key=lambda each: (each.participants, each.private))


def _check_participants(
    session: Session, cohort_id: UUID, participants: Sequence[UUID], pointer: str
) -> None:
    known = set(
        session.scalars(
            select(Participant.id).where(Participant.cohort_id == cohort_id, Participant.id.in_(participants))
        )
    )
    broken = []
    for place, participant_id in enumerate(participants):
        at = f"{pointer}/{place}"
        if participant_id not in known:
            broken.append(FieldError(at, "unknown", "The cohort has no such participant."))
        elif participant_id in participants[:place]:
            broken.append(FieldError(at, "duplicate", "This participant is named twice."))
    if broken:
        raise Invalid(*broken)


def _members(session: Session, separation_id: UUID, participants: Collection[UUID]) -> list[dict[str, Any]]:
    return [
        {
            "tenant_id": session.tenant_id,
            "separation_id": separation_id,
            "participant_id": participant_id,
        }
        for participant_id in participants
    ]
