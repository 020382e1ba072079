"""Whether what a run is asked fits its cohort."""

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from tenants.cohorts.models import Attribute, Cohort
from tenants.groups.models import Group
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.session import Session, expect_many_rows
from tenants.matching.models import MatchingRun
from tenants.matching.options import LaterStart, Randomise, RunOptions, options_of
from tenants.matching.queries import drawn_before
from tenants.matching.recipe_checks import unfit

STRATA_KINDS = ("boolean", "categorical", "ordinal")
"""Kinds of attributes within whose values arms can be balanced."""


def check_options(session: Session, cohort: Cohort, options: RunOptions, *, simulation: bool) -> None:
    """See that a run of this cohort can be asked these.

    Raises Invalid at /keep_groups, /randomise and /arm, and Conflict "already_randomised" where an accepted run has
    drawn somebody of the pool: nobody draws again until it pleases.
    """
    if options.randomise is not None and options.arm is not None:
        raise Invalid.field("/arm", "one_of_two", "A run draws arms or places one that was drawn, not both.")
    if options.keep_groups is not None:
        _check_groups_to_keep(session, cohort, options)
    if options.randomise is not None:
        _check_draw(session, cohort, options.randomise, simulation)
    if options.arm is not None:
        _check_later_start(session, cohort, options.arm)


def _check_groups_to_keep(session: Session, cohort: Cohort, options: RunOptions) -> None:
    if options.randomise is not None:
        raise Invalid.field(
            "/keep_groups", "one_of_two", "A run draws arms or goes on from groups, not both."
        )
    asked = options.keep_groups.group_ids if options.keep_groups else None
    if asked is None:
        return
    if not asked:
        message = "Name the groups to go on from; without group_ids the run goes on from all of the cohort."
        raise Invalid.field("/keep_groups/group_ids", "required", message)
    living = select(Group.id).where(Group.cohort_id == cohort.id, Group.state != "ended", Group.id.in_(asked))
    known = set(session.scalars(living))
    broken = [
        FieldError(f"/keep_groups/group_ids/{at}", "unknown", "The cohort has no such living group.")
        for at, group_id in enumerate(asked)
        if group_id not in known
    ]
    if broken:
        raise Invalid(*broken)


def _check_draw(session: Session, cohort: Cohort, asked: Randomise, simulation: bool) -> None:
    if simulation:
        raise Invalid.field(
            "/randomise", "not_in_simulation", "A draw stays on record, which a simulation does not."
        )
    rows = session.scalars(select(Attribute).where(Attribute.program_id == cohort.program_id))
    broken = [*_broken_design(asked), *_broken_strata(asked, {each.key: each for each in rows})]
    if broken:
        raise Invalid(*broken)
    expect_many_rows(session)
    if session.scalar(drawn_before(cohort.id).limit(1)):
        raise Conflict(
            "An accepted run has drawn people of this pool already; its draw stands.",
            code="already_randomised",
        )


def _broken_design(asked: Randomise) -> Iterator[FieldError]:
    if asked.design == "waitlist" and asked.arms != 2:
        yield FieldError("/randomise/arms", "invalid", "A waitlist has 2 arms: now and later.")
    if asked.design == "staggered" and asked.share is not None:
        yield FieldError(
            "/randomise/share", "only_waitlist", "The arms of a staggered start have equal shares."
        )


def _broken_strata(asked: Randomise, known: Mapping[str, Attribute]) -> Iterator[FieldError]:
    for place, key in enumerate(asked.strata):
        pointer, attribute = f"/randomise/strata/{place}", known.get(key)
        if key in asked.strata[:place]:
            yield FieldError(pointer, "duplicate", f"{key} is named twice.")
        elif attribute is None or "matching" not in attribute.uses:
            yield FieldError(pointer, *(unfit(key, attribute) or ("", "")))
        elif attribute.kind not in STRATA_KINDS:
            kinds = ", ".join(STRATA_KINDS)
            yield FieldError(pointer, "wrong_kind", f"Strata are of attributes of these kinds: {kinds}.")


def _check_later_start(session: Session, cohort: Cohort, asked: LaterStart) -> None:
    run = session.get(MatchingRun, (session.tenant_id, asked.matching_run_id))
    drawn = None if run is None else options_of(run.options).randomise
    pointer = "/arm/matching_run_id"
    if run is None:
        raise Invalid.field(pointer, "unknown", "There is no such matching run.")
    if run.cohort_id != cohort.id:
        raise Invalid.field(pointer, "other_cohort", "That matching run is of another cohort.")
    if drawn is None:
        raise Invalid.field(pointer, "not_randomised", "That matching run has drawn no arms.")
    if run.accepted_at is None:
        raise Invalid.field(
            pointer, "not_accepted", "That matching run was not accepted, so its draw is none."
        )
    if asked.arm > drawn.arms:
        raise Invalid.field("/arm/arm", "unknown", f"That matching run drew {drawn.arms} arms.")
