"""Changing what a run proposes before it is accepted: by another run, so that nothing that was proposed is ever
overwritten."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching.actions import ordered
from tenants.matching.analyses import check_proposes
from tenants.matching.models import MatchingRun, Placement
from tenants.matching.options import Adjust, Move, options_of
from tenants.matching.pools import pool
from tenants.matching.queries import proposed_places

GONE = "This run has no such participant, or they can be placed no longer."


def adjust_run(
    session: Session,
    *,
    matching_run_id: UUID,
    moves: Sequence[dict[str, Any]] = (),
    locked: Sequence[UUID] = (),
) -> MatchingRun:
    """Order another run that proposes the groups of this one after `moves`, or new ones around who is `locked`.

    `moves` are {participant_id, position}: the position of a proposed group, one more than there are for a new one,
    None for none. A comparison of the two runs tells what changes; the one that is wanted is accepted.

    Raises NotFound, Conflict "not_ready" and "already_accepted", and Invalid at each move and each of `locked` that
    cannot be.
    """
    run = row_of(session, MatchingRun, matching_run_id)
    if run.accepted_at is not None:
        raise Conflict(
            "This run has been accepted; start a run that keeps its groups.", code="already_accepted"
        )
    check_proposes(run)
    asked = Adjust(run.id, tuple(Move(**each) for each in moves), tuple(locked))
    options = replace(options_of(run.options), adjust=asked)
    free = pool(run.cohort_id, options)
    movable = proposed_places(run.id).where(_can_move(), Placement.participant_id.in_(free))
    rows = session.execute(movable).all()
    places = {row.participant_id: row.position for row in rows}
    broken = [*_broken_moves(asked, places, run.group_count or 0), *_broken_locks(asked, places)]
    if not asked.moves and not asked.locked:
        broken.append(FieldError("/moves", "required", "Say whom to move, or whom to lock."))
    if broken:
        raise Invalid(*broken)
    adjusted = MatchingRun(
        id=new_id(),
        cohort_id=run.cohort_id,
        recipe_id=run.recipe_id,
        seed=run.seed,
        simulation=run.simulation,
        recipe=run.recipe,
        options=options.words,
    )
    return ordered(session, adjusted)


def _can_move() -> Any:
    """Nobody who was drawn to start later."""
    return Placement.arm.is_(None) | (Placement.arm == 1)


def _broken_moves(asked: Adjust, places: Mapping[UUID, int | None], groups: int) -> Iterator[FieldError]:
    seen: set[UUID] = set()
    for at, move in enumerate(asked.moves):
        if move.participant_id not in places:
            yield FieldError(f"/moves/{at}/participant_id", "unknown", GONE)
        elif move.participant_id in seen:
            yield FieldError(f"/moves/{at}/participant_id", "duplicate", "This participant is moved twice.")
        seen.add(move.participant_id)
        if move.position is not None and not 1 <= move.position <= groups + 1:
            message = f"This run proposes {groups} groups; {groups + 1} is a new one."
            yield FieldError(f"/moves/{at}/position", "unknown", message)


def _broken_locks(asked: Adjust, places: Mapping[UUID, int | None]) -> Iterator[FieldError]:
    after = {**places, **{move.participant_id: move.position for move in asked.moves}}
    for at, participant_id in enumerate(asked.locked):
        if participant_id not in places:
            yield FieldError(f"/locked/{at}", "unknown", GONE)
        elif after[participant_id] is None:
            yield FieldError(
                f"/locked/{at}", "not_placed", "This participant is in no group to be locked in."
            )
        elif participant_id in asked.locked[:at]:
            yield FieldError(f"/locked/{at}", "duplicate", "This participant is named twice.")
