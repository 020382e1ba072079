"""What a matching run does in the background: read the pool, solve, write the proposal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text

from tenants.cohorts.models import Attribute, Cohort
from tenants.kernel import events
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import solver
from tenants.matching.models import MatchingRun
from tenants.matching.queries import pool

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Question:
    """What a run asks the solver. `people` and `external_ids` are in the order of the pool."""

    people: list[UUID]
    external_ids: list[str]
    pool: solver.Pool
    recipe: solver.Recipe
    seed: int


def form_proposal(claim: Claim) -> None:
    """Solve the claimed run and write what it proposes, or why nothing can be proposed.

    Raises JobFailed when the recipe no longer fits the program or a value no longer fits its attribute.
    """
    with claim.session() as session:
        asked = _question(session, row_of(session, MatchingRun, claim.subject_id))
    try:
        found = solver.solve(asked.pool, asked.recipe, seed=asked.seed, progress=claim.progress)
    except solver.Infeasible as none:
        with claim.effect() as session:
            _write_reasons(session, claim.subject_id, none.reasons)
    except solver.InvalidRecipe as fault:
        raise JobFailed("invalid_recipe", f"The recipe can be used no longer: {fault.message}") from fault
    except solver.InvalidPool as fault:
        raise JobFailed("invalid_value", _fault_of_value(asked, fault)) from fault
    else:
        with claim.effect() as session:
            _write_proposal(session, claim.subject_id, asked, found)


def as_recipe(
    size: Mapping[str, int], terms: Sequence[Mapping[str, Any]], rules: Sequence[Mapping[str, Any]]
) -> solver.Recipe:
    """A recipe as the solver knows it."""
    return solver.Recipe(
        solver.Size(size["min"], size["max"]),
        tuple(solver.Term(term["attribute"], term["prefer"], term["weight"]) for term in terms),
        tuple(solver.Cap(rule["attribute"], rule["max"]) for rule in rules),
    )


def as_attribute(attribute: Attribute, values: Sequence[Any]) -> solver.Attribute:
    """An attribute and everybody's value of it as the solver knows them."""
    return solver.Attribute(attribute.kind, values, [level["key"] for level in attribute.levels] or None)


def _question(session: Session, run: MatchingRun) -> Question:
    cohort = row_of(session, Cohort, run.cohort_id)
    asked = run.recipe
    keys = sorted({entry["attribute"] for entry in (*asked["terms"], *asked["rules"])})
    known = {
        attribute.key: attribute
        for attribute in session.scalars(
            select(Attribute).where(Attribute.program_id == cohort.program_id, Attribute.key.in_(keys))
        )
    }
    ids: list[UUID] = []
    external_ids: list[str] = []
    columns: list[list[Any]] = [[] for _ in keys]
    rows = session.execute(pool(run.cohort_id, keys).execution_options(yield_per=ROWS_AT_A_TIME))
    for participant_id, external_id, *values in rows:
        ids.append(participant_id)
        external_ids.append(external_id)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    values_of = dict(zip(keys, columns, strict=True))
    attributes = {key: as_attribute(attribute, values_of[key]) for key, attribute in known.items()}
    return Question(
        people=ids,
        external_ids=external_ids,
        pool=solver.Pool(tuple(str(each) for each in ids), attributes),
        recipe=as_recipe(asked["size"], asked["terms"], asked["rules"]),
        seed=run.seed,
    )


def _fault_of_value(asked: Question, fault: solver.InvalidPool) -> str:
    """The solver's "attributes/rank/values/3" in words that name the attribute and the participant."""
    _, key, what, *place = fault.field.split("/")
    if what == "values" and place:
        of = asked.external_ids[int(place[0])]
        return f"The value of {key} of participant {of} does not fit the attribute. Correct it and run again."
    return f"The attribute {key} can be used no longer: {fault.message}"


def _write_reasons(session: Session, run_id: UUID, reasons: Sequence[str]) -> None:
    run = row_of(session, MatchingRun, run_id)
    run.outcome, run.reasons = "infeasible", list(reasons)
    events.record(session, "matching_run.infeasible", subject=run)


_INSERT_GROUPS = text(
    "INSERT INTO proposed_group (tenant_id, id, matching_run_id, position, score, contributions)"
    " SELECT :tenant, g.id, :run, g.position, g.score, g.contributions"
    "   FROM unnest(CAST(:ids AS uuid[]), CAST(:scores AS float8[]), CAST(:contributions AS jsonb[]))"
    "        WITH ORDINALITY AS g(id, score, contributions, position)"
)
_INSERT_PLACEMENTS = text(
    "INSERT INTO placement (tenant_id, id, matching_run_id, participant_id, proposed_group_id, code, reason)"
    " SELECT :tenant, uuidv7(), :run, p.participant_id, p.proposed_group_id, p.code, p.reason"
    "   FROM unnest(CAST(:people AS uuid[]), CAST(:groups AS uuid[]), CAST(:codes AS text[]), CAST(:reasons AS text[]))"
    "        AS p(participant_id, proposed_group_id, code, reason)"
)


def _write_proposal(session: Session, run_id: UUID, asked: Question, found: solver.Partition) -> None:
    """Groups are numbered from 1 in the solver's order."""
    ids = [new_id() for _ in found.groups]
    placed = [
        (asked.people[member], group_id)
        for group_id, members in zip(ids, found.groups, strict=True)
        for member in members
    ]
    left = found.unplaced
    known = {"tenant": session.tenant_id, "run": run_id}
    session.execute(
        _INSERT_GROUPS,
        {
            **known,
            "ids": ids,
            "scores": list(found.group_values),
            "contributions": [_said_of(asked.recipe, values) for values in found.contributions],
        },
    )
    session.execute(
        _INSERT_PLACEMENTS,
        {
            **known,
            "people": [person for person, _ in placed] + [asked.people[each.index] for each in left],
            "groups": [group_id for _, group_id in placed] + [None] * len(left),
            "codes": [None] * len(placed) + [each.code for each in left],
            "reasons": [None] * len(placed) + [each.reason for each in left],
        },
    )
    run = row_of(session, MatchingRun, run_id)
    run.outcome, run.score = "formed", found.value
    run.group_count, run.placed_count, run.unplaced_count = len(ids), len(placed), len(left)
    counts = {"groups": len(ids), "placed": len(placed), "unplaced": len(left)}
    events.record(session, "matching_run.succeeded", subject=run, counts=counts)


def _said_of(recipe: solver.Recipe, values: Sequence[float]) -> str:
    """A group's contributions as JSON."""
    said = [
        {"attribute": term.attribute, "prefer": term.prefer, "weight": term.weight, "value": value}
        for term, value in zip(recipe.terms, values, strict=True)
    ]
    return orjson.dumps(said).decode()
