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
from tenants.matching.leftover import for_member, later, left_over
from tenants.matching.lots import Lots
from tenants.matching.models import MatchingRun
from tenants.matching.questions import Question
from tenants.matching.solver.telling import clash_told, member_told

_INSERT_GROUPS = text(
    "INSERT INTO proposed_group"
    " (tenant_id, id, matching_run_id, position, group_id, value, owed, common_hours, terms)"
    " SELECT :tenant, g.id, :run, g.position, g.group_id, g.value, g.owed, g.hours, g.terms"
    "   FROM unnest(CAST(:ids AS uuid[]), CAST(:continued AS uuid[]), CAST(:values AS float8[]),"
    "               CAST(:owed AS float8[]), CAST(:hours AS float8[]), CAST(:terms AS jsonb[]))"
    "        WITH ORDINALITY AS g(id, group_id, value, owed, hours, terms, position)"
)
_INSERT_PLACEMENTS = text(
    "INSERT INTO placement (tenant_id, id, matching_run_id, participant_id, proposed_group_id, code, reason,"
    "   explanation, from_group_id, arm, stratum)"
    " SELECT :tenant, uuidv7(), :run, p.participant_id, p.proposed_group_id, p.code, p.reason, p.explanation,"
    "        p.from_group_id, p.arm, p.stratum"
    "   FROM unnest(CAST(:people AS uuid[]), CAST(:groups AS uuid[]), CAST(:codes AS text[]),"
    "               CAST(:reasons AS text[]), CAST(:explanations AS jsonb[]), CAST(:from_groups AS uuid[]),"
    "               CAST(:arms AS int[]), CAST(:strata AS text[]))"
    "        AS p(participant_id, proposed_group_id, code, reason, explanation, from_group_id, arm, stratum)"
)


def write_clash(session: Session, run_id: UUID, *, asked: Question, clash: solver.Clash) -> None:
    """Note that a run found no groups, and why. What it drew is not kept."""
    run = row_of(session, MatchingRun, run_id)
    run.outcome, run.reasons = "infeasible", [clash.said, *asked.notes]
    run.left_out = dict(asked.left_out)
    run.clash = clash_told(clash, asked.pool, own_rules(run))
    events.record(session, "matching_run.infeasible", subject=run)


def write_proposal(session: Session, run_id: UUID, *, asked: Question, found: solver.Partition) -> None:
    """Note a run's groups, numbered from 1 in the solver's order, who is in none, and the certificate.

    Of the lots all are written, those who start later as placed in no group.
    """
    ids = [new_id() for _ in found.groups]
    known = {"tenant": session.tenant_id, "run": run_id}
    session.execute(_INSERT_GROUPS, {**known, **_group_columns(ids, asked, found)})
    run = row_of(session, MatchingRun, run_id)
    rows = [*_placed(ids, asked, found), *_nowhere(asked, found)]
    session.execute(_INSERT_PLACEMENTS, {**known, **_columns(rows, asked)})
    run.outcome = "partial" if found.unplaced else "formed"
    run.value, run.bound, run.bound_by = found.value, found.bound.value, found.bound.name
    run.gap, run.stopped_by = found.gap, found.stopped_by
    run.terms = [asdict(term) for term in found.certificate.terms]
    run.group_count, run.placed_count = len(ids), sum(map(len, found.groups))
    run.unplaced_count = len(rows) - run.placed_count
    run.moved_count = len(found.moved) if asked.options.keep_groups else None
    run.draw = dict(asked.lots.made) or None if asked.lots else None
    run.left_out, run.reasons = dict(asked.left_out), list(asked.notes)
    if found.clash is not None:
        run.reasons = [found.clash.said, *asked.notes]
        run.clash = clash_told(found.clash, asked.pool, own_rules(run))
    _tell(session, run, asked.lots)


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
"""A participant, the group, a code and a reason for none, the explanation of the place or of none."""


def _group_columns(ids: Sequence[UUID], asked: Question, found: solver.Partition) -> dict[str, list[Any]]:
    told, standing = found.certificate.groups, asked.standing.group_ids
    return {
        "ids": list(ids),
        "continued": [None if number is None else standing[number] for number in found.continues],
        "values": list(found.group_values),
        "owed": list(found.owed),
        "hours": [group.common_hours for group in told],
        "terms": [_json([asdict(term) for term in group.terms]) for group in told],
    }


def _placed(ids: Sequence[UUID], asked: Question, found: solver.Partition) -> Iterator[Row]:
    for group_id, members, said in zip(ids, found.groups, found.certificate.members, strict=True):
        for person, member in zip(members, said, strict=True):
            explanation = _json(member_told(member, asked.recipe, asked.pool))
            yield asked.people[person], group_id, None, None, explanation


def _nowhere(asked: Question, found: solver.Partition) -> Iterator[Row]:
    for person, code, reason in (*left_over(asked, found), *later(asked)):
        yield person, None, code, reason, _json(for_member(code))


def _columns(rows: Sequence[Row], asked: Question) -> dict[str, list[Any]]:
    names = ("people", "groups", "codes", "reasons", "explanations")
    columns: dict[str, list[Any]] = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    people, lots = columns["people"], asked.lots
    columns["from_groups"] = [asked.standing.group_of.get(person) for person in people]
    columns["arms"] = [lots and lots.arm_of[person] for person in people]
    columns["strata"] = [lots and lots.stratum_of[person] for person in people]
    return columns


def own_rules(run: MatchingRun) -> int:
    """How many rules the recipe has itself; those that follow it are of the run's options, and separations."""
    return len(run.recipe.get("rules", ()))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
