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
from tenants.kernel.session import Session, expect_many_rows
from tenants.matching import solver
from tenants.matching.lots import Lots, Roster, draw_lots
from tenants.matching.models import MatchingRun
from tenants.matching.options import RunOptions, options_of
from tenants.matching.proposals import write_clash, write_proposal
from tenants.matching.queries import number_waiting, pool
from tenants.matching.separations import separations_to_keep
from tenants.matching.solver.hours import START
from tenants.matching.solver.model import Apart

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Question:
    """What a run asks the solver. `people` are in the order of the pool, whose ids are external ids.

    The recipe's own `rules` come first; after them the cohort's separations, those that are private last.
    `lots` are what a randomised run drew, of whom the solver gets the first arm. `notes` are sentences on who
    else is not in the pool.
    """

    people: list[UUID]
    pool: solver.Pool
    recipe: solver.Recipe
    seed: int
    start: date
    options: RunOptions
    lots: Lots | None
    notes: list[str]


def form_proposal(claim: Claim) -> None:
    """Solve the claimed run and write what it proposes, or why nothing can be proposed.

    Raises JobFailed when the recipe or a stratum no longer fits the program, or a value its attribute.
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
            write_clash(
                session,
                claim.subject_id,
                pool=asked.pool,
                recipe=asked.recipe,
                clash=none.clash,
                notes=asked.notes,
            )
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
                lots=asked.lots,
                notes=asked.notes,
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
    """Read the pool, the recipe and the separations of a run, and draw lots where it is asked to.

    Raises JobFailed where an attribute that the draw is to be balanced by is gone.
    """
    expect_many_rows(session)
    cohort, options = row_of(session, Cohort, run.cohort_id), options_of(run.options)
    recipe = solver.recipe_of(run.recipe)
    needed = set(solver.attributes_of(recipe))
    strata = options.randomise.strata if options.randomise else ()
    known = {
        attribute.key: attribute
        for attribute in session.scalars(
            select(Attribute).where(
                Attribute.program_id == cohort.program_id, Attribute.key.in_({*needed, *strata})
            )
        )
    }
    roster, lots = _roster(session, run, sorted({*needed, *strata})), None
    if options.randomise is not None:
        if gone := [key for key in strata if key not in known]:
            raise JobFailed("invalid_strata", f"The program has no attribute {gone[0]} any longer.")
        lots = draw_lots(roster, options.randomise, recipe, run.seed)
        roster = roster.only([at for at, each in enumerate(roster.people) if lots.arm_of[each] == 1])
    attributes = {
        key: as_attribute(attribute, roster.values[key]) for key, attribute in known.items() if key in needed
    }
    kept = _separations(session, run.cohort_id, dict(zip(roster.people, roster.external_ids, strict=True)))
    return Question(
        people=roster.people,
        pool=solver.Pool(tuple(roster.external_ids), attributes),
        recipe=solver.recipe_of(run.recipe, kept),
        seed=run.seed,
        start=cohort.kick_off_on or START,
        options=options,
        lots=lots,
        notes=[] if options.arm else _who_waits(session, run.cohort_id),
    )


def _roster(session: Session, run: MatchingRun, keys: list[str]) -> Roster:
    people: list[UUID] = []
    external_ids: list[str] = []
    columns: list[list[Any]] = [[] for _ in keys]
    wanted = pool(run.cohort_id, keys, later=options_of(run.options).arm)
    for participant_id, external_id, *values in session.execute(
        wanted.execution_options(yield_per=ROWS_AT_A_TIME)
    ):
        people.append(participant_id)
        external_ids.append(external_id)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return Roster(people, external_ids, dict(zip(keys, columns, strict=True)))


def _who_waits(session: Session, cohort_id: UUID) -> list[str]:
    number = session.execute(number_waiting(cohort_id)).scalar_one()
    who = f"{number:,} people wait" if number > 1 else "1 person waits"
    return [f"{who} for their randomised start."] if number else []


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
