"""Writing recipes, starting runs and accepting what they propose."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text

from tenants.cohorts.actions import HAS_LEVELS
from tenants.cohorts.models import Attribute, Cohort, Program
from tenants.cohorts.templates import template
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, row_held, row_named, row_of
from tenants.kernel.session import Session, expect_many_rows
from tenants.matching import solver
from tenants.matching.models import POOL_STATES, MatchingRun, Recipe
from tenants.matching.runs import as_attribute

DEFAULT_SIZE = {"min": 5, "max": 7}


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
    _check_recipe(session, recipe)
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
            _check_recipe(session, recipe)
        events.record(session, "recipe.updated", subject=recipe, changed=changed)
    return recipe


def delete_recipe(session: Session, *, recipe_id: UUID, if_match: Version) -> None:
    """Remove a recipe that no run has followed. Conflict "in_use" otherwise."""
    recipe = row_held(session, Recipe, recipe_id)
    if_match.check(recipe.version)
    if session.scalar(select(MatchingRun.id).where(MatchingRun.recipe_id == recipe_id).limit(1)):
        raise Conflict("Matching runs have followed this recipe; it stays on record.", code="in_use")
    session.delete(recipe)
    events.record(session, "recipe.deleted", subject=recipe)


def start_run(session: Session, *, cohort_id: UUID, recipe_id: UUID, seed: int) -> MatchingRun:
    """Order groups for a cohort. Raises Invalid at /cohort_id or /recipe_id."""
    cohort = row_named(session, Cohort, cohort_id, pointer="/cohort_id")
    # Shared lock: the recipe cannot be deleted before this run refers to it.
    key = (session.tenant_id, recipe_id)
    recipe = session.get(Recipe, key, with_for_update={"read": True, "key_share": True})
    if recipe is None:
        raise Invalid.field("/recipe_id", "unknown", "There is no such recipe.")
    if recipe.program_id != cohort.program_id:
        raise Invalid.field(
            "/recipe_id", "other_program", "This recipe is of another program than the cohort."
        )
    run_id = new_id()
    job = jobs.enqueue(session, "matching_run", subject_id=run_id)
    session.flush()
    run = MatchingRun(
        id=run_id, cohort_id=cohort_id, recipe_id=recipe_id, job_id=job.id, seed=seed, recipe=recipe.words
    )
    session.add(run)
    session.flush()
    events.record(session, "matching_run.started", subject=run)
    return run


def accept_run(session: Session, *, matching_run_id: UUID) -> Row[Any]:
    """Form the groups that a run proposes, all or none: matching_run_id, accepted_at, group_count, member_count.

    Groups keep the ids of their proposals. Raises NotFound and Conflict: "already_accepted", "infeasible",
    "not_ready", or "stale_run" when somebody it placed can be placed no longer.
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
    events.record(session, "matching_run.accepted", subject=run, counts=counts)
    return accepted


_LOCK_PLACED = text(
    "SELECT count(*) FROM (SELECT FROM placement q"
    " JOIN participant p ON p.tenant_id = q.tenant_id AND p.id = q.participant_id"
    " WHERE q.matching_run_id = :run AND q.proposed_group_id IS NOT NULL ORDER BY p.id FOR UPDATE OF p) locked"
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
_OPEN = text(
    "SELECT r.id AS matching_run_id, r.accepted_at, r.group_count, door.open_groups(r.id) AS member_count"
    " FROM matching_run r WHERE r.id = :run"
)


def _check_acceptable(run: MatchingRun) -> None:
    if run.accepted_at is not None:
        raise Conflict("This run has been accepted already; its groups exist.", code="already_accepted")
    if run.outcome == "infeasible":
        raise Conflict("This run found no groups that keep the recipe's rules.", code="infeasible")
    if run.outcome is None:
        raise Conflict("This run has not succeeded, so it proposes no groups to accept.", code="not_ready")


def _check_still_true(session: Session, run: MatchingRun) -> None:
    """Hold the participants, so that no other run places them meanwhile, and see that they can be placed."""
    session.execute(_LOCK_PLACED, {"run": run.id})
    free = session.execute(_COUNT_FREE, {"run": run.id, "pool_states": list(POOL_STATES)}).scalar_one()
    gone = (run.placed_count or 0) - free
    if gone:
        raise Conflict(
            f"Since this run, {gone} of the {run.placed_count} participants it placed have been placed in another "
            "group or can no longer be placed. Start a new run.",
            code="stale_run",
        )


def _check_recipe(session: Session, recipe: Recipe) -> None:
    """See that every attribute can serve as the recipe asks, then have the solver judge the rest."""
    rows = session.scalars(select(Attribute).where(Attribute.program_id == recipe.program_id))
    known = {attribute.key: attribute for attribute in rows}
    broken = [*_misused(recipe, known), *_repeated(recipe), *_untakable(recipe, known)]
    if broken:
        raise Invalid(*broken)
    attributes = {key: as_attribute(attribute, ()) for key, attribute in known.items()}
    try:
        solver.validate_recipe(solver.recipe_of(recipe.words), attributes)
    except solver.InvalidRecipe as fault:
        raise Invalid.field(f"/{fault.field}", "invalid", fault.message) from fault


def _named(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Where the recipe names an attribute, and which."""
    for place, term in enumerate(recipe.terms):
        yield f"/terms/{place}/attribute", term["attribute"]
    for place, rule in enumerate(recipe.rules):
        if "attribute" in rule:
            yield f"/rules/{place}/attribute", rule["attribute"]
        for at, key in enumerate(rule.get("attributes", ())):
            yield f"/rules/{place}/attributes/{at}", key
    if recipe.priority is not None:
        yield "/priority", recipe.priority


def _misused(recipe: Recipe, known: Mapping[str, Attribute]) -> Iterator[FieldError]:
    for pointer, key in _named(recipe):
        if fault := _unfit(key, known.get(key)):
            yield FieldError(pointer, *fault)


def _repeated(recipe: Recipe) -> Iterator[FieldError]:
    """A second term, or a second cap, on one attribute."""
    named = [("terms", place, term["attribute"]) for place, term in enumerate(recipe.terms)]
    named += [
        ("rules", place, rule["attribute"])
        for place, rule in enumerate(recipe.rules)
        if rule["rule"] == "cap"
    ]
    seen: set[tuple[str, str]] = set()
    for field, place, key in named:
        if (field, key) in seen:
            yield FieldError(f"/{field}/{place}/attribute", "duplicate", f"{key} is named twice.")
        seen.add((field, key))


def _untakable(recipe: Recipe, known: Mapping[str, Attribute]) -> Iterator[FieldError]:
    """Values that a rule asks for and nobody can have."""
    for place, rule in enumerate(recipe.rules):
        attribute = known.get(rule.get("attribute", ""))
        values = [(f"values/{at}", value) for at, value in enumerate(rule.get("values", ()))]
        values += [("value", rule["value"])] if "value" in rule else []
        for at, value in values:
            if attribute is not None and not _takes(attribute, value):
                shown = ("false", "true")[value] if isinstance(value, bool) else value
                yield FieldError(f"/rules/{place}/{at}", "unknown", f"{attribute.label} cannot be {shown}.")


def _takes(attribute: Attribute, value: str | bool) -> bool:
    if attribute.kind == "boolean" or isinstance(value, bool):
        return attribute.kind == "boolean" and isinstance(value, bool)
    closed = attribute.kind in HAS_LEVELS and not attribute.open
    return not closed or value in [level["key"] for level in attribute.levels]


def _unfit(key: str, attribute: Attribute | None) -> tuple[str, str] | None:
    if attribute is None:
        return "unknown", f"This program has no attribute {key}."
    if "matching" not in attribute.uses:
        return "not_for_matching", f"{attribute.label} is not known for the use of matching."
    if attribute.kind == "ordinal" and not attribute.levels:
        return "no_levels", f"{attribute.label} has no levels yet, so nothing is known of their order."
    return None
