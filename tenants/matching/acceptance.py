"""Accepting what a run proposes: its groups, all or none."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenants.cohorts.models import Cohort, Program
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_held, row_of
from tenants.kernel.session import Session, expect_many_rows
from tenants.matching.models import POOL_STATES, MatchingRun
from tenants.matching.options import options_of
from tenants.matching.queries import drawn_elsewhere, number_placed_too_early, number_started_before


def accept_run(session: Session, *, matching_run_id: UUID) -> Row[Any]:
    """Form the groups that a run proposes, all or none: matching_run_id, accepted_at, group_count, member_count.

    Groups keep the ids of their proposals. Who was drawn to start later becomes waitlisted. Raises NotFound
    and Conflict: "simulation", "already_accepted", "infeasible", "not_ready", "already_randomised" when an
    accepted run has drawn somebody of this one, or "stale_run" when somebody can no longer be as it says.
    """
    run = row_held(session, MatchingRun, matching_run_id)
    _check_acceptable(run)
    expect_many_rows(session)
    _check_still_true(session, run)
    cohort = row_of(session, Cohort, run.cohort_id)
    program = row_of(session, Program, cohort.program_id)
    label = str(program.labels.get("group") or "group")
    run.accepted_at = now()
    session.flush()
    known = {
        "run": run.id,
        "cohort": run.cohort_id,
        "label": label[:1].upper() + label[1:],
        "moment": run.accepted_at,
    }
    for statement in (_FORM_GROUPS, _ADD_MEMBERS, _PLACE):
        session.execute(statement, known)
    accepted = session.execute(_OPEN, known).one()
    counts = {"groups": accepted.group_count, "members": accepted.member_count}
    if options_of(run.options).randomise:
        counts["waitlisted"] = session.execute(_WAITLIST, known).scalar_one()
    events.record(session, "matching_run.accepted", subject=run, counts=counts)
    return accepted


_LOCK_PLACED = text(
    "SELECT count(*) FROM (SELECT FROM placement q"
    " JOIN participant p ON p.tenant_id = q.tenant_id AND p.id = q.participant_id"
    " WHERE q.matching_run_id = :run AND (q.proposed_group_id IS NOT NULL OR q.arm IS NOT NULL)"
    " ORDER BY p.id FOR UPDATE OF p) locked"
)
_COUNT_FREE = text(
    "SELECT count(*) FROM placement q"
    " JOIN participant p ON p.tenant_id = q.tenant_id AND p.id = q.participant_id"
    " WHERE q.matching_run_id = :run AND q.proposed_group_id IS NOT NULL AND p.state = ANY (:pool_states)"
    "   AND NOT EXISTS (SELECT FROM group_member m"
    "     JOIN peer_group g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    "     WHERE m.participant_id = p.id AND m.left_at IS NULL AND g.state <> 'ended')"
)
_FORM_GROUPS = text(
    "INSERT INTO peer_group (tenant_id, id, cohort_id, matching_run_id, name, state)"
    " SELECT f.tenant_id, f.id, :cohort, f.matching_run_id, CAST(:label AS text) || ' ' || f.position +"
    "        (SELECT count(*) FROM peer_group WHERE cohort_id = :cohort), 'formed'"
    "   FROM proposed_group f WHERE f.matching_run_id = :run"
)
_ADD_MEMBERS = text(
    "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id)"
    " SELECT q.tenant_id, uuidv7(), q.proposed_group_id, q.participant_id, p.membership_id"
    "   FROM placement q JOIN participant p ON p.tenant_id = q.tenant_id AND p.id = q.participant_id"
    "  WHERE q.matching_run_id = :run AND q.proposed_group_id IS NOT NULL ORDER BY q.id"
)
_PLACE = text(
    "WITH placed AS (UPDATE participant p"
    "   SET state = 'placed', state_since = :moment, state_reason = NULL, updated_at = :moment, version = version + 1"
    "   FROM placement q WHERE q.tenant_id = p.tenant_id AND q.participant_id = p.id"
    "    AND q.matching_run_id = :run AND q.proposed_group_id IS NOT NULL RETURNING p.tenant_id, p.id)"
    " INSERT INTO participant_change (tenant_id, id, participant_id, source, state, attributes, created_at)"
    " SELECT tenant_id, uuidv7(), id, 'matching', 'placed', '{}', :moment FROM placed"
)
_WAITLIST = text(
    "WITH later AS (UPDATE participant p SET state = 'waitlisted', state_since = :moment, state_reason = q.reason,"
    "   updated_at = :moment, version = version + 1 FROM placement q"
    "   WHERE q.tenant_id = p.tenant_id AND q.participant_id = p.id AND q.matching_run_id = :run AND q.arm > 1"
    "    AND p.state IN ('eligible', 'applied') RETURNING p.tenant_id, p.id, q.reason),"
    " noted AS (INSERT INTO participant_change"
    "   (tenant_id, id, participant_id, source, state, reason, attributes, created_at)"
    "   SELECT tenant_id, uuidv7(), id, 'matching', 'waitlisted', reason, '{}', :moment FROM later RETURNING id)"
    " SELECT count(*) FROM noted"
)
_OPEN = text(
    "SELECT r.id AS matching_run_id, r.accepted_at, r.group_count, door.open_groups(r.id) AS member_count"
    " FROM matching_run r WHERE r.id = :run"
)


def _check_acceptable(run: MatchingRun) -> None:
    if run.simulation:
        raise Conflict("A simulation is only to see; start a run to form groups.", code="simulation")
    if run.accepted_at is not None:
        raise Conflict("This run has been accepted already; its groups exist.", code="already_accepted")
    if run.outcome == "infeasible":
        raise Conflict("This run found no groups that keep the recipe's rules.", code="infeasible")
    if run.outcome is None:
        raise Conflict("This run has not succeeded, so it proposes no groups to accept.", code="not_ready")


def _check_still_true(session: Session, run: MatchingRun) -> None:
    """Hold the participants, so that no other run places or draws them meanwhile, and see that this one still may."""
    session.execute(_LOCK_PLACED, {"run": run.id})
    options = options_of(run.options)
    if options.randomise and session.scalar(drawn_elsewhere(run.id).limit(1)):
        raise Conflict(
            "An accepted run has drawn people of this one already; its draw stands.",
            code="already_randomised",
        )
    free = session.execute(_COUNT_FREE, {"run": run.id, "pool_states": list(POOL_STATES)}).scalar_one()
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
