"""Writing down what a run proposes, and what it could not do."""

from collections.abc import Iterator, Sequence
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
from tenants.matching.lots import Lots
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
    " (tenant_id, id, matching_run_id, participant_id, proposed_group_id, code, reason, explanation, arm, stratum)"
    " SELECT :tenant, uuidv7(), :run, p.participant_id, p.proposed_group_id, p.code, p.reason, p.explanation,"
    "        p.arm, p.stratum"
    "   FROM unnest(CAST(:people AS uuid[]), CAST(:groups AS uuid[]), CAST(:codes AS text[]),"
    "               CAST(:reasons AS text[]), CAST(:explanations AS jsonb[]), CAST(:arms AS int[]),"
    "               CAST(:strata AS text[]))"
    "        AS p(participant_id, proposed_group_id, code, reason, explanation, arm, stratum)"
)


def write_clash(
    session: Session,
    run_id: UUID,
    *,
    pool: solver.Pool,
    recipe: solver.Recipe,
    clash: solver.Clash,
    notes: Sequence[str] = (),
) -> None:
    """Note that a run found no groups, and why. What it drew is not kept."""
    run = row_of(session, MatchingRun, run_id)
    run.outcome, run.reasons = "infeasible", [clash.said, *notes]
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
    lots: Lots | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Note a run's groups, numbered from 1 in the solver's order, who is in none, and the certificate.

    Of the `lots` all are written, those who start later as placed in no group.
    """
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
    rows = [*_placed(people, ids, pool, recipe, found), *_left(people, found), *_later(lots)]
    session.execute(_INSERT_PLACEMENTS, {**known, **_columns(rows, lots)})
    run = row_of(session, MatchingRun, run_id)
    run.outcome = "partial" if found.unplaced else "formed"
    run.value, run.bound, run.bound_by = found.value, found.bound.value, found.bound.name
    run.gap, run.stopped_by = found.gap, found.stopped_by
    run.terms = [asdict(term) for term in told.terms]
    run.group_count, run.placed_count = len(ids), sum(map(len, found.groups))
    run.unplaced_count = len(rows) - run.placed_count
    run.reasons = list(notes)
    if found.clash is not None:
        run.reasons = [found.clash.said, *notes]
        run.clash = clash_told(found.clash, pool, _own_rules(run, recipe))
    _tell(session, run, lots)


def _tell(session: Session, run: MatchingRun, lots: Lots | None) -> None:
    """Of a simulation, that it ran, and nothing about people."""
    counts = {
        "groups": run.group_count or 0,
        "placed": run.placed_count or 0,
        "unplaced": run.unplaced_count or 0,
    }
    if lots is not None:
        events.record(session, "matching_run.randomised", subject=run, counts=lots.counts)
    events.record(session, "matching_run.succeeded", subject=run, counts={} if run.simulation else counts)


Row = tuple[UUID, UUID | None, str | None, str | None, str | None]
"""A participant, the group, a code and a reason for none, the explanation of the place."""


def _placed(
    people: Sequence[UUID],
    ids: Sequence[UUID],
    pool: solver.Pool,
    recipe: solver.Recipe,
    found: solver.Partition,
) -> Iterator[Row]:
    for group_id, members, said in zip(ids, found.groups, found.certificate.members, strict=True):
        for person, member in zip(members, said, strict=True):
            yield people[person], group_id, None, None, _json(member_told(member, recipe, pool))


def _left(people: Sequence[UUID], found: solver.Partition) -> Iterator[Row]:
    for each in found.unplaced:
        yield people[each.index], None, each.code, each.reason, None


def _later(lots: Lots | None) -> Iterator[Row]:
    if lots is not None:
        for person in lots.later:
            said = f"Drawn by lot to start later, in arm {lots.arm_of[person]} of {lots.arms}."
            yield person, None, "randomised", said, None


def _columns(rows: Sequence[Row], lots: Lots | None) -> dict[str, list[Any]]:
    names = ("people", "groups", "codes", "reasons", "explanations")
    columns: dict[str, list[Any]] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    columns["arms"] = [lots and lots.arm_of[person] for person in columns["people"]]
    columns["strata"] = [lots and lots.stratum_of[person] for person in columns["people"]]
    return columns


def _own_rules(run: MatchingRun, recipe: solver.Recipe) -> int:
    """How many of the rules are the recipe's own; what follows are separations."""
    return min(len(run.recipe.get("rules", ())), len(recipe.rules))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
