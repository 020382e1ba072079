"""Changing what a run proposes before it is accepted, and asking what its rules cost: each is a run, or an analysis,
of its own, so that nothing that was proposed is ever overwritten."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select

from tenants.kernel import events, jobs
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.kernel.rows import one, row_held, row_of
from tenants.kernel.session import Session
from tenants.matching.models import MatchingAnalysis, MatchingRun, Placement
from tenants.matching.options import Adjust, Move, options_of
from tenants.matching.queries import pool, proposed_places

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
    _check_proposes(run)
    free = pool(run.cohort_id, options_of(run.options))
    movable = proposed_places(run.id).where(_can_move(), Placement.participant_id.in_(free))
    rows = session.execute(movable).all()
    places = {row.participant_id: row.position for row in rows}
    asked = Adjust(run.id, tuple(Move(**each) for each in moves), tuple(locked))
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
        options=replace(options_of(run.options), adjust=asked).words,
    )
    job = jobs.enqueue(session, "matching_run", subject_id=adjusted.id)
    session.flush()
    adjusted.job_id = job.id
    session.add(adjusted)
    session.flush()
    events.record(session, "matching_run.started", subject=adjusted)
    return adjusted


def order_analysis(session: Session, *, matching_run_id: UUID) -> MatchingAnalysis:
    """Order what each rule costs a run's proposal and what plain ways reach. Raises NotFound, Conflict "not_ready"."""
    run = row_held(session, MatchingRun, matching_run_id)
    _check_proposes(run)
    analysis_id = new_id()
    job = jobs.enqueue(session, "matching_analysis", subject_id=analysis_id)
    session.flush()
    analysis = MatchingAnalysis(id=analysis_id, matching_run_id=run.id, job_id=job.id)
    session.add(analysis)
    session.flush()
    events.record(session, "matching_analysis.ordered", subject=analysis)
    return analysis


def analyses(matching_run_id: UUID) -> Select[Any]:
    """The analyses of a run, each with the `state`, `progress` and `error` of its job."""
    return (
        select(*MatchingAnalysis.__table__.columns, Job.state, Job.progress, Job.error)
        .join(Job, (Job.tenant_id == MatchingAnalysis.tenant_id) & (Job.id == MatchingAnalysis.job_id))
        .where(MatchingAnalysis.matching_run_id == matching_run_id)
    )


def analysis(session: Session, *, matching_run_id: UUID, analysis_id: UUID) -> Row[Any]:
    """One analysis as lists show it. Raises NotFound."""
    return one(session, analyses(matching_run_id).where(MatchingAnalysis.id == analysis_id), "analysis")


def _check_proposes(run: MatchingRun) -> None:
    if run.group_count is None:
        raise Conflict("This run proposes no groups.", code="not_ready")


def _can_move() -> Any:
    """Nobody who was drawn to start later."""
    return Placement.arm.is_(None) | (Placement.arm == 1)


def _broken_moves(asked: Adjust, places: Mapping[UUID, int | None], groups: int) -> Iterator[FieldError]:
    seen: set[UUID] = set()
    for at, move in enumerate(asked.moves):
        if move.participant_id not in places:
            yield FieldError(
                f"/moves/{at}/participant_id",
                "unknown",
                GONE,
            )
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
            yield FieldError(
                f"/locked/{at}",
                "unknown",
                GONE,
            )
        elif after[participant_id] is None:
            yield FieldError(
                f"/locked/{at}", "not_placed", "This participant is in no group to be locked in."
            )
        elif participant_id in asked.locked[:at]:
            yield FieldError(f"/locked/{at}", "duplicate", "This participant is named twice.")
