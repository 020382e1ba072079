"""What a matching run does in the background: read the pool, solve, write the proposal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.cohorts.models import Attribute, Cohort
from tenants.kernel.claims import Claim, JobFailed
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching import solver
from tenants.matching.models import MatchingRun
from tenants.matching.options import RunOptions, options_of
from tenants.matching.proposals import write_clash, write_proposal
from tenants.matching.queries import pool
from tenants.matching.separations import separations_to_keep
from tenants.matching.solver.hours import START
from tenants.matching.solver.model import Apart

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Question:
    """What a run asks the solver. `people` are in the order of the pool, whose ids are external ids.

    The recipe's own `rules` come first; after them the cohort's separations, those that are private last.
    """

    people: list[UUID]
    pool: solver.Pool
    recipe: solver.Recipe
    seed: int
    start: date
    options: RunOptions


def form_proposal(claim: Claim) -> None:
    """Solve the claimed run and write what it proposes, or why nothing can be proposed.

    Raises JobFailed when the recipe no longer fits the program or a value no longer fits its attribute.
    """
    with claim.session() as session:
        asked = question(session, row_of(session, MatchingRun, claim.subject_id))
    try:
        found = solver.solve(
            asked.pool,
            asked.recipe,
            seed=asked.seed,
            budget=asked.options.budget,
            seconds=asked.options.time_limit,
            progress=claim.progress,
            start=asked.start,
        )
    except solver.Infeasible as none:
        with claim.effect() as session:
            write_clash(session, claim.subject_id, pool=asked.pool, recipe=asked.recipe, clash=none.clash)
    except solver.InvalidRecipe as fault:
        raise JobFailed("invalid_recipe", f"The recipe can be used no longer: {fault.message}") from fault
    except solver.InvalidPool as fault:
        raise JobFailed("invalid_value", _fault_of_value(asked, fault)) from fault
    else:
        with claim.effect() as session:
            write_proposal(
                session,
                claim.subject_id,
                people=asked.people,
                pool=asked.pool,
                recipe=asked.recipe,
                found=found,
            )


def as_attribute(attribute: Attribute, values: Sequence[Any]) -> solver.Attribute:
    """An attribute and everybody's value of it as the solver knows them."""
    return solver.Attribute(
        attribute.kind,
        values,
        [level["key"] for level in attribute.levels] or None,
        {level["key"]: level["parent"] for level in attribute.levels if level.get("parent")},
        attribute.sensitive,
    )


def question(session: Session, run: MatchingRun) -> Question:
    """Read the pool, the recipe and the separations of a run."""
    cohort = row_of(session, Cohort, run.cohort_id)
    keys = sorted(solver.attributes_of(solver.recipe_of(run.recipe)))
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
    kept = _separations(session, run.cohort_id, dict(zip(ids, external_ids, strict=True)))
    return Question(
        people=ids,
        pool=solver.Pool(tuple(external_ids), attributes),
        recipe=solver.recipe_of(run.recipe, kept),
        seed=run.seed,
        start=cohort.kick_off_on or START,
        options=options_of(run.options),
    )


def _separations(session: Session, cohort_id: UUID, external_ids: Mapping[UUID, str]) -> list[Apart]:
    kept = separations_to_keep(session, cohort_id)
    rules = []
    for private in (False, True):
        lists = tuple(
            tuple(external_ids[each] for each in separated.participants if each in external_ids)
            for separated in kept
            if separated.private is private
        )
        if any(len(each) > 1 for each in lists):
            rules.append(Apart(lists=tuple(each for each in lists if len(each) > 1), private=private))
    return rules


def _fault_of_value(asked: Question, fault: solver.InvalidPool) -> str:
    """The solver's "attributes/rank/values/3" in words that name the attribute and the participant."""
    _, key, what, *place = fault.field.split("/")
    if what == "values" and place:
        of = asked.pool.ids[int(place[0])]
        return f"The value of {key} of participant {of} does not fit the attribute. Correct it and run again."
    return f"The attribute {key} can be used no longer: {fault.message}"
