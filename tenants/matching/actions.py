"""Writing recipes and starting runs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from tenants.cohorts.models import Cohort, Program
from tenants.cohorts.templates import template
from tenants.kernel import events, jobs
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, row_held, row_named, row_of
from tenants.kernel.session import Session
from tenants.matching.models import MatchingRun, Recipe
from tenants.matching.option_checks import check_options
from tenants.matching.options import options_of
from tenants.matching.recipe_checks import check_recipe
from tenants.matching.solver.model import EMPHASIS

DEFAULT_SIZE = {"min": 5, "max": 7}
_UNLESS_SAID: dict[str, Any] = {
    "size": DEFAULT_SIZE,
    "rules": [],
    "emphasis": EMPHASIS,
    "waitlist": False,
    "priority": None,
}


def create_recipe(
    session: Session,
    *,
    program_id: UUID,
    name: str,
    terms: list[dict[str, Any]],
    size: dict[str, Any] | None = None,
    rules: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> Recipe:
    """How to form groups of a program; `more` may hold emphasis, waitlist and priority.

    Raises Invalid at each field that breaks a rule.
    """
    row_named(session, Program, program_id, pointer="/program_id")
    recipe = Recipe(
        program_id=program_id, name=name, size=size or DEFAULT_SIZE, terms=terms, rules=list(rules), **more
    )
    check_recipe(session, recipe)
    session.add(recipe)
    session.flush()
    events.record(session, "recipe.created", subject=recipe)
    return recipe


def create_recipe_of_template(session: Session, *, program: Program) -> Recipe | None:
    """The recipe that comes with a program's template; none for a program without one."""
    if program.template is None:
        return None
    recipe = template(program.template).recipe
    size = {name: number for name, number in asdict(recipe.size).items() if number is not None}
    return create_recipe(
        session,
        program_id=program.id,
        name=recipe.name,
        size=size,
        terms=[asdict(term) for term in recipe.terms],
        rules=[dict(rule) for rule in recipe.rules],
    )


def edit_recipe(session: Session, *, recipe_id: UUID, changes: dict[str, Any], if_match: Version) -> Recipe:
    """Change a recipe; runs keep the one they started with. Raises NotFound, Invalid and StaleVersion."""
    recipe = row_of(session, Recipe, recipe_id)
    changed = edited(recipe, changes, if_match=if_match)
    if changed:
        with session.no_autoflush:
            check_recipe(session, recipe)
        events.record(session, "recipe.updated", subject=recipe, changed=changed)
    return recipe


def delete_recipe(session: Session, *, recipe_id: UUID, if_match: Version) -> None:
    """Remove a recipe that no run but simulations has followed. Conflict "in_use" otherwise."""
    recipe = row_held(session, Recipe, recipe_id)
    if_match.check(recipe.version)
    followed = select(MatchingRun.id).where(MatchingRun.recipe_id == recipe_id, ~MatchingRun.simulation)
    if session.scalar(followed.limit(1)):
        raise Conflict("Matching runs have followed this recipe; it stays on record.", code="in_use")
    simulations = update(MatchingRun).where(MatchingRun.recipe_id == recipe_id, MatchingRun.simulation)
    session.execute(simulations.values(recipe_id=None))
    session.delete(recipe)
    events.record(session, "recipe.deleted", subject=recipe)


def start_run(
    session: Session,
    *,
    cohort_id: UUID,
    recipe_id: UUID | None = None,
    recipe: dict[str, Any] | None = None,
    simulation: bool = False,
    seed: int,
    **options: Any,
) -> MatchingRun:
    """Order groups for a cohort by a recipe that is kept or, to simulate, by one that is not.

    `options` are the fields of `RunOptions`. Raises Invalid at each field that breaks a rule, those of
    `recipe` below /recipe, and Conflict "already_randomised" as `check_options`.
    """
    cohort = row_named(session, Cohort, cohort_id, pointer="/cohort_id")
    _check_which_recipe(recipe_id, recipe, simulation)
    asked = options_of(options)
    check_options(session, cohort, asked, simulation=simulation)
    run = MatchingRun(
        id=new_id(),
        cohort_id=cohort_id,
        recipe_id=recipe_id,
        seed=seed,
        simulation=simulation,
        recipe=_words_to_follow(session, cohort, recipe_id, recipe),
        options=asked.words,
    )
    return ordered(session, run)


def ordered(session: Session, run: MatchingRun) -> MatchingRun:
    """Have a run carried out in the background."""
    job = jobs.enqueue(session, "matching_run", subject_id=run.id)
    session.flush()
    run.job_id = job.id
    session.add(run)
    session.flush()
    events.record(session, "matching_run.started", subject=run)
    return run


def _check_which_recipe(recipe_id: UUID | None, recipe: dict[str, Any] | None, simulation: bool) -> None:
    if recipe_id is None and recipe is None:
        raise Invalid.field("/recipe_id", "required", "Name the recipe to follow.")
    if recipe_id is not None and recipe is not None:
        raise Invalid.field("/recipe", "one_of_two", "Give recipe_id or recipe, not both.")
    if recipe is not None and not simulation:
        raise Invalid.field(
            "/recipe", "only_in_simulation", "Only a simulation follows a recipe that is not kept."
        )


def _words_to_follow(
    session: Session, cohort: Cohort, recipe_id: UUID | None, given: dict[str, Any] | None
) -> dict[str, Any]:
    if given is not None:
        recipe = Recipe(program_id=cohort.program_id, **{**_UNLESS_SAID, **given})
        check_recipe(session, recipe, under="/recipe")
        return {name: value for name, value in recipe.words.items() if name != "name"}
    # Shared lock: the recipe cannot be deleted before the run refers to it.
    key = (session.tenant_id, recipe_id)
    kept = session.get(Recipe, key, with_for_update={"read": True, "key_share": True})
    if kept is None:
        raise Invalid.field("/recipe_id", "unknown", "There is no such recipe.")
    if kept.program_id != cohort.program_id:
        raise Invalid.field(
            "/recipe_id", "other_program", "This recipe is of another program than the cohort."
        )
    return kept.words
