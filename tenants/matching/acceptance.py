"""Accepting what a run proposes: its groups, all or none."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from tenants.cohorts.models import Cohort, Program
from tenants.groups.models import Group
from tenants.groups.notices import tell_changed
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_held, row_of
from tenants.kernel.session import Session, expect_many_rows
from tenants.matching import acceptance_sql as sql
from tenants.matching.models import POOL_STATES, MatchingRun
from tenants.matching.options import options_of
from tenants.matching.pools import groups_to_keep, number_lost
from tenants.matching.queries import drawn_elsewhere, number_placed_too_early, number_started_before


def accept_run(session: Session, *, matching_run_id: UUID) -> Row[Any]:
    """Form the groups that a run proposes, all or none: matching_run_id, accepted_at, group_count, member_count.

    New groups keep the ids of their proposals and open at once. In a group that goes on, whoever moves leaves,
    and whoever joins waits to be let in by its members: nobody whom an organiser adds gets in without that, unless
    nobody is left who could let them in. Groups that nobody goes on in end, also those that the run was asked to
    go on from and found without anybody. Who was drawn to start later, or has lost a place, becomes waitlisted.

    Raises NotFound and Conflict: "simulation", "already_accepted", "infeasible", "not_ready",
    "already_randomised" when an accepted run has drawn somebody of this one, or "stale_run" when somebody can
    no longer be as it says.
    """
    run = row_held(session, MatchingRun, matching_run_id)
    _check_acceptable(run)
    expect_many_rows(session)
    empty = _held(session, run)
    _check_still_true(session, run, empty)
    cohort = row_of(session, Cohort, run.cohort_id)
    program = row_of(session, Program, cohort.program_id)
    label = str(program.labels.get("group") or "group")
    run.accepted_at = now()
    session.flush()
    known = {
        "run": run.id,
        "empty": empty,
        "cohort": run.cohort_id,
        "label": label[:1].upper() + label[1:],
        "moment": run.accepted_at,
    }
    counts = {name: session.execute(text(said), known).scalar_one() for name, said in sql.STEPS.items()}
    accepted = session.execute(text(sql.OPEN), known).one()
    ended = (Group.state == "ended", Group.updated_at == run.accepted_at, Group.cohort_id == run.cohort_id)
    for group_id in session.scalars(select(Group.id).where(*ended)) if counts.get("ended") else ():
        jobs.enqueue(session, "meetings", subject_id=group_id)  # which are off
    tell_changed(session, cohort_id=run.cohort_id, moment=run.accepted_at)
    told = {"groups": accepted.group_count, "members": accepted.member_count}
    told |= {name: counts[name] for name in _worth_telling(run) if name in counts}
    events.record(session, "matching_run.accepted", subject=run, counts=told)
    return accepted


def _worth_telling(run: MatchingRun) -> Iterator[str]:
    options = options_of(run.options)
    if options.keep_groups is not None:
        yield from ("left", "joined", "ended")
    if options.keep_groups is not None or options.randomise is not None:
        yield "waitlisted"


def _check_acceptable(run: MatchingRun) -> None:
    if run.simulation:
        raise Conflict("A simulation is only to see; start a run to form groups.", code="simulation")
    if run.accepted_at is not None:
        raise Conflict("This run has been accepted already; its groups exist.", code="already_accepted")
    if run.outcome == "infeasible":
        raise Conflict("This run found no groups that keep the recipe's rules.", code="infeasible")
    if run.outcome is None:
        raise Conflict("This run has not succeeded, so it proposes no groups to accept.", code="not_ready")


def _held(session: Session, run: MatchingRun) -> list[UUID]:
    """Hold the participants and groups, so that no other run places, draws or ends them meanwhile.

    Returns the groups that the run was asked to go on from and that have nobody left; what was formed since it was
    ordered is not its business.
    """
    known: dict[str, Any] = {"run": run.id, "empty": []}
    session.execute(text(sql.HOLD_PARTICIPANTS), known)
    if (keep := options_of(run.options).keep_groups) is not None:
        asked = session.scalars(groups_to_keep(run.cohort_id, keep).where(Group.created_at < run.created_at))
        known["empty"] = session.scalars(text(sql.EMPTY), {"run": run.id, "asked": asked.all()}).all()
    session.execute(text(sql.HOLD_GROUPS), known)
    return list(known["empty"])


def _check_still_true(session: Session, run: MatchingRun, empty: list[UUID]) -> None:
    """See that everybody still is and may be as the run says."""
    known = {"run": run.id, "empty": empty, "pool_states": list(POOL_STATES)}
    options = options_of(run.options)
    if options.randomise and session.scalar(drawn_elsewhere(run.id).limit(1)):
        raise Conflict(
            "An accepted run has drawn people of this one already; its draw stands.",
            code="already_randomised",
        )
    if session.execute(number_lost(run.id, run.cohort_id)).scalar_one():
        raise Conflict(
            "Since this run, somebody of it has objected to being matched, or the basis of matching has changed. "
            "Start a new run.",
            code="stale_run",
        )
    if options.keep_groups is not None and session.execute(text(sql.COUNT_CHANGED), known).scalar_one():
        raise Conflict(
            "Since this run, somebody has left or joined one of the groups that it goes on from. Start a new run.",
            code="stale_run",
        )
    free = session.execute(text(sql.COUNT_FREE), known).scalar_one()
    if gone := (run.placed_count or 0) - free:
        raise Conflict(
            f"Since this run, {gone} of the {run.placed_count} participants it placed have been placed in another "
            "group or can no longer be placed. Start a new run.",
            code="stale_run",
        )
    drawn = 0
    if options.randomise:
        drawn = session.execute(number_started_before(run.id)).scalar_one()
    elif options.arm is None:
        drawn = session.execute(number_placed_too_early(run.id)).scalar_one()
    if drawn:
        raise Conflict(
            f"Since this run, {drawn} of its participants have been drawn to start later, or were but have been "
            "placed in a group. Start a new run.",
            code="stale_run",
        )
