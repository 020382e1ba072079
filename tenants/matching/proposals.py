"""Writing down what a run proposes, and what it could not do."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from tenants.kernel import events
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import solver
from tenants.matching.models import MatchingRun
from tenants.matching.solver.telling import clash_told, member_told

_INSERT_GROUPS = text(
    "INSERT INTO proposed_group (tenant_id, id, matching_run_id, position, value, owed, common_hours, terms)"
    " SELECT :tenant, g.id, :run, g.position, g.value, g.owed, g.hours, g.terms"
    "   FROM unnest(CAST(:ids AS uuid[]), CAST(:values AS float8[]), CAST(:owed AS float8[]),"
    "               CAST(:hours AS float8[]), CAST(:terms AS jsonb[]))"
    "        WITH ORDINALITY AS g(id, value, owed, hours, terms, position)"
)
_INSERT_PLACEMENTS = text(
    "INSERT INTO placement"
    " (tenant_id, id, matching_run_id, participant_id, proposed_group_id, code, reason, explanation)"
    " SELECT :tenant, uuidv7(), :run, p.participant_id, p.proposed_group_id, p.code, p.reason, p.explanation"
    "   FROM unnest(CAST(:people AS uuid[]), CAST(:groups AS uuid[]), CAST(:codes AS text[]),"
    "               CAST(:reasons AS text[]), CAST(:explanations AS jsonb[]))"
    "        AS p(participant_id, proposed_group_id, code, reason, explanation)"
)


def write_clash(
    session: Session, run_id: UUID, *, pool: solver.Pool, recipe: solver.Recipe, clash: solver.Clash
) -> None:
    """Note that a run found no groups, and why."""
    run = row_of(session, MatchingRun, run_id)
    run.outcome, run.reasons = "infeasible", [clash.said]
    run.clash = clash_told(clash, pool, _own_rules(run, recipe))
    events.record(session, "matching_run.infeasible", subject=run)


def write_proposal(
    session: Session,
    run_id: UUID,
    *,
    people: Sequence[UUID],
    pool: solver.Pool,
    recipe: solver.Recipe,
    found: solver.Partition,
) -> None:
    """Note a run's groups, numbered from 1 in the solver's order, who is in none, and the certificate."""
    ids = [new_id() for _ in found.groups]
    known = {"tenant": session.tenant_id, "run": run_id}
    told = found.certificate
    session.execute(
        _INSERT_GROUPS,
        {
            **known,
            "ids": ids,
            "values": list(found.group_values),
            "owed": list(found.owed),
            "hours": [group.common_hours for group in told.groups],
            "terms": [_json([asdict(term) for term in group.terms]) for group in told.groups],
        },
    )
    placed = _placements(people, ids, pool, recipe, found)
    session.execute(_INSERT_PLACEMENTS, {**known, **placed})
    run = row_of(session, MatchingRun, run_id)
    run.outcome = "partial" if found.unplaced else "formed"
    run.value, run.bound, run.bound_by = found.value, found.bound.value, found.bound.name
    run.gap, run.stopped_by = found.gap, found.stopped_by
    run.terms = [asdict(term) for term in told.terms]
    run.group_count, run.unplaced_count = len(ids), len(found.unplaced)
    run.placed_count = sum(map(len, found.groups))
    if found.clash is not None:
        run.reasons = [found.clash.said]
        run.clash = clash_told(found.clash, pool, _own_rules(run, recipe))
    counts = {"groups": len(ids), "placed": run.placed_count, "unplaced": run.unplaced_count}
    events.record(session, "matching_run.succeeded", subject=run, counts={} if run.simulation else counts)


def _placements(
    people: Sequence[UUID],
    ids: Sequence[UUID],
    pool: solver.Pool,
    recipe: solver.Recipe,
    found: solver.Partition,
) -> dict[str, list[Any]]:
    """The columns of all placements, members of groups before those in none."""
    placed = [
        (people[person], group_id, _json(member_told(member, recipe, pool)))
        for group_id, members, said in zip(ids, found.groups, found.certificate.members, strict=True)
        for person, member in zip(members, said, strict=True)
    ]
    left = found.unplaced
    return {
        "people": [person for person, *_ in placed] + [people[each.index] for each in left],
        "groups": [group_id for _, group_id, _ in placed] + [None] * len(left),
        "codes": [None] * len(placed) + [each.code for each in left],
        "reasons": [None] * len(placed) + [each.reason for each in left],
        "explanations": [explanation for *_, explanation in placed] + [None] * len(left),
    }


def _own_rules(run: MatchingRun, recipe: solver.Recipe) -> int:
    """How many of the rules are the recipe's own; what follows are separations."""
    return min(len(run.recipe.get("rules", ())), len(recipe.rules))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
