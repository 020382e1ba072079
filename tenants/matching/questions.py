"""What a run asks the solver: its pool, recipe and separations, read in a fixed order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from tenants.cohorts.models import Attribute, Cohort, Participant
from tenants.kernel.claims import JobFailed
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session, expect_many_rows
from tenants.matching import solver
from tenants.matching.lots import Lots, Roster, draw_lots
from tenants.matching.models import LEFT_OVER_BY_HAND, MatchingRun, Placement
from tenants.matching.options import Adjust, KeepGroups, RunOptions, options_of
from tenants.matching.pools import (
    left_out,
    may_be_matched,
    members_to_keep,
    pool,
    still_in_pool_of,
    with_values,
)
from tenants.matching.queries import number_waiting, proposed_places
from tenants.matching.separations import separations_to_keep
from tenants.matching.solver.hours import START
from tenants.matching.solver.model import Apart, Group, Keep, Locked, Rule
from tenants.people.consent import STATES

ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class Standing:
    """The groups that a run goes on from, by id, and in which of them each of their members is."""

    group_ids: list[UUID] = field(default_factory=list)
    group_of: Mapping[UUID, UUID] = field(default_factory=dict)

    def lists(self, roster: Roster) -> tuple[tuple[str, ...], ...]:
        """Their members on the roster by external id, in the order of the groups."""
        members: dict[UUID, list[str]] = {group_id: [] for group_id in self.group_ids}
        for person, external_id in zip(roster.people, roster.external_ids, strict=True):
            if person in self.group_of:
                members[self.group_of[person]].append(external_id)
        return tuple(tuple(each) for each in members.values())


@dataclass(frozen=True)
class Question:
    """What a run asks the solver. `people` are in the order of the pool, whose ids are external ids.

    The recipe's own `rules` come first; after them what the run's options add and the cohort's separations, those
    that are private last. `groups` are given, by index, where none are to be found. `lots` are what a randomised
    run drew, of whom the solver gets the first arm. `left_out` tells how many matching may not look at, by why, and
    `notes` are sentences on who is not in the pool.
    """

    people: list[UUID]
    pool: solver.Pool
    recipe: solver.Recipe
    seed: int
    start: date
    options: RunOptions
    standing: Standing = field(default_factory=Standing)
    groups: Sequence[Group] | None = None
    by_hand: frozenset[UUID] = frozenset()
    lots: Lots | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def question(session: Session, run: MatchingRun) -> Question:
    """Read what a run asks, and draw lots where it is asked to.

    Raises JobFailed where an attribute that the draw is to be balanced by is gone, or the run that is adjusted.
    """
    expect_many_rows(session)
    cohort, options = row_of(session, Cohort, run.cohort_id), options_of(run.options)
    recipe = solver.recipe_of(run.recipe)
    known = _attributes(session, cohort, recipe, options)
    roster = _roster(session, pool(cohort.id, options), sorted(known))
    standing, lots, given, rules = _standing(session, cohort, options), None, _Given(), list[Rule]()
    if options.keep_groups is not None:
        rules.append(_keep(options.keep_groups, standing.lists(roster)))
    if options.adjust is not None:
        given = _given(session, roster, options, options.adjust)
        rules += given.rules
        lots = given.lots
    elif options.randomise is not None:
        if gone := [key for key in options.randomise.strata if key not in known]:
            raise JobFailed("invalid_strata", f"The program has no attribute {gone[0]} any longer.")
        lots = draw_lots(roster, options.randomise, recipe, run.seed)
        roster = roster.only([at for at, each in enumerate(roster.people) if lots.arm_of[each] == 1])
    return Question(
        people=roster.people,
        pool=_pool(roster, known, recipe),
        recipe=_with(session, run, rules, roster),
        seed=run.seed,
        start=cohort.kick_off_on or START,
        options=options,
        standing=standing,
        groups=given.groups,
        by_hand=given.by_hand,
        lots=lots,
        left_out=(left := _left_out(session, cohort, options)),
        notes=[*_said_of(sum(left.values())), *([] if options.arm else _who_waits(session, run.cohort_id))],
    )


@dataclass(frozen=True)
class _Given:
    """What an adjustment takes from the run that it adjusts."""

    groups: Sequence[Group] | None = None
    by_hand: frozenset[UUID] = frozenset()
    lots: Lots | None = None
    rules: Sequence[Rule] = ()


def _given(session: Session, roster: Roster, options: RunOptions, adjust: Adjust) -> _Given:
    adjusted = session.get(MatchingRun, (session.tenant_id, adjust.matching_run_id))
    if adjusted is None:
        raise JobFailed("gone", "The run that this one adjusts was deleted before.")
    people = select(Participant.id).where(may_be_matched(adjusted.cohort_id))
    found = proposed_places(adjusted.id).where(Placement.participant_id.in_(people))
    rows = {each.participant_id: each for each in session.execute(found)}
    lots = None
    if options.randomise is not None:
        lots = Lots(
            options.randomise.arms,
            {person: row.arm for person, row in rows.items()},
            {person: row.stratum for person, row in rows.items()},
            adjusted.draw or {},
        )
    places = {person: row.position for person, row in rows.items()}
    places |= {move.participant_id: move.position for move in adjust.moves}
    if adjust.locked:
        return _Given(lots=lots, rules=[_locked(roster, places, adjust.locked)])
    left = {person for person, row in rows.items() if row.code == LEFT_OVER_BY_HAND}
    left |= {move.participant_id for move in adjust.moves}
    by_hand = frozenset(person for person in left if places[person] is None)
    return _Given(_groups(roster, places), by_hand, lots)


def question_of_proposal(session: Session, run: MatchingRun) -> Question:
    """What a run asked, with the groups that it proposes, by the values that people have now.

    Raises JobFailed "changed_since" where matching may look at some of them no longer.
    """
    expect_many_rows(session)
    cohort, options = row_of(session, Cohort, run.cohort_id), options_of(run.options)
    recipe = solver.recipe_of(run.recipe)
    known = _attributes(session, cohort, recipe, options)
    roster = _roster(session, still_in_pool_of(run.id, cohort.id), sorted(known))
    rows = list(session.execute(proposed_places(run.id)))
    if lost := sum((row.arm or 1) == 1 for row in rows) - len(roster.people):
        raise JobFailed(
            "changed_since", f"Since this run, the basis of matching covers {lost:,} of its people no longer."
        )
    group_of = {row.participant_id: row.from_group_id for row in rows if row.from_group_id}
    standing, rules = Standing(sorted(set(group_of.values())), group_of), list[Rule]()
    if options.keep_groups is not None:
        rules.append(_keep(options.keep_groups, standing.lists(roster)))
    return Question(
        people=roster.people,
        pool=_pool(roster, known, recipe),
        recipe=_with(session, run, rules, roster),
        seed=run.seed,
        start=cohort.kick_off_on or START,
        options=options,
        standing=standing,
        groups=_groups(roster, {row.participant_id: row.position for row in rows}),
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


def _attributes(
    session: Session, cohort: Cohort, recipe: solver.Recipe, options: RunOptions
) -> dict[str, Attribute]:
    strata = options.randomise.strata if options.randomise else ()
    wanted = {*solver.attributes_of(recipe), *strata}
    rows = session.scalars(
        select(Attribute).where(Attribute.program_id == cohort.program_id, Attribute.key.in_(wanted))
    )
    return {attribute.key: attribute for attribute in rows}


def _roster(session: Session, people: Select[Any], keys: list[str]) -> Roster:
    ids: list[UUID] = []
    external_ids: list[str] = []
    columns: list[list[Any]] = [[] for _ in keys]
    rows = session.execute(with_values(people, keys).execution_options(yield_per=ROWS_AT_A_TIME))
    for participant_id, external_id, *values in rows:
        ids.append(participant_id)
        external_ids.append(external_id)
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return Roster(ids, external_ids, dict(zip(keys, columns, strict=True)))


def _pool(roster: Roster, known: Mapping[str, Attribute], recipe: solver.Recipe) -> solver.Pool:
    needed = solver.attributes_of(recipe)
    attributes = {key: as_attribute(each, roster.values[key]) for key, each in known.items() if key in needed}
    return solver.Pool(tuple(roster.external_ids), attributes)


def _with(session: Session, run: MatchingRun, rules: Sequence[Rule], roster: Roster) -> solver.Recipe:
    """The recipe with the rules that a run's options add, and the cohort's separations after them."""
    external_ids = dict(zip(roster.people, roster.external_ids, strict=True))
    return solver.recipe_of(run.recipe, [*rules, *_separations(session, run.cohort_id, external_ids)])


def _standing(session: Session, cohort: Cohort, options: RunOptions) -> Standing:
    if options.keep_groups is None:
        return Standing()
    rows = session.execute(members_to_keep(cohort.id, options.keep_groups))
    group_of = {row.participant_id: row.group_id for row in rows}
    return Standing(sorted(set(group_of.values())), group_of)


def _keep(asked: KeepGroups, lists: tuple[tuple[str, ...], ...]) -> Keep:
    return Keep(lists=lists, max=asked.max_moves, price=asked.price, called="the groups that go on")


def _groups(roster: Roster, places: Mapping[UUID, int | None]) -> list[Group]:
    """The groups by position, of those on the roster."""
    found: dict[int, list[int]] = {}
    for at, person in enumerate(roster.people):
        position = places.get(person)
        if position is not None:
            found.setdefault(position, []).append(at)
    return [tuple(members) for _, members in sorted(found.items())]


def _locked(roster: Roster, places: Mapping[UUID, int | None], locked: Sequence[UUID]) -> Locked:
    """Those who are locked, each list in a group of its own."""
    lists: dict[int | None, list[str]] = {}
    for person, external_id in zip(roster.people, roster.external_ids, strict=True):
        if person in locked:
            lists.setdefault(places[person], []).append(external_id)
    return Locked(lists=tuple(tuple(each) for each in lists.values()), called="those who are locked")


def _left_out(session: Session, cohort: Cohort, options: RunOptions) -> dict[str, int]:
    counted = {row.state: row.number for row in session.execute(left_out(cohort.id, options))}
    return {state: counted.get(state, 0) for state in STATES if state != "granted"}


def _said_of(left: int) -> list[str]:
    who = f"{left:,} people are" if left > 1 else "1 person is"
    return [f"{who} left out: the basis of matching does not cover them."] if left else []


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
            told = tuple(each for each in lists if len(each) > 1)
            rules.append(Apart(lists=told, private=private, called="those who must be kept apart"))
    return rules
