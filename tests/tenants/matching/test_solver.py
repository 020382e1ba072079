"""Group formation: rules hold whatever the pool, the value is what its definition says, and equal input gives
equal output."""

import csv
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver import (
    DEFAULT_BUDGET,
    EMPHASIS,
    Attribute,
    Cap,
    Infeasible,
    Partition,
    Pool,
    Recipe,
    Size,
    Term,
    solve,
)

KINDS = {
    "place": Attribute("categorical", ()),
    "clinician": Attribute("boolean", ()),
    "rank": Attribute("ordinal", (), ("fellow", "assistant", "associate")),
    "effort": Attribute("number", ()),
    "start": Attribute("date", ()),
    "methods": Attribute("set", ()),
    "mentors": Attribute("reference", ()),
}
VALUES = {
    "place": st.sampled_from("ABC"),
    "clinician": st.booleans(),
    "rank": st.sampled_from(["fellow", "assistant", "associate"]),
    "effort": st.floats(0, 100) | st.integers(0, 100),
    "start": st.dates(date(2020, 1, 1), date(2026, 1, 1)).map(date.isoformat),
    "methods": st.lists(st.sampled_from("mnop"), max_size=3),
    "mentors": st.lists(st.sampled_from(["p1", "p2", "p3", "p4"]), max_size=2),
}
CAPPABLE = ("place", "clinician", "rank", "methods", "mentors")


def pools(fewest: int, most: int) -> st.SearchStrategy[Pool]:
    def of(people: int) -> st.SearchStrategy[Pool]:
        columns = {
            key: st.lists(st.none() | values, min_size=people, max_size=people)
            for key, values in VALUES.items()
        }
        ids = tuple(f"person-{number}" for number in range(people))
        return st.fixed_dictionaries(columns).map(
            lambda drawn: Pool(ids, {key: replace(KINDS[key], values=drawn[key]) for key in KINDS})
        )

    return st.integers(fewest, most).flatmap(of)


sizes = st.tuples(st.integers(2, 4), st.integers(0, 2)).map(lambda pair: Size(pair[0], sum(pair)))
terms = st.builds(
    Term, st.sampled_from(sorted(KINDS)), st.sampled_from(["similar", "different"]), st.floats(0.1, 5)
)
caps = st.builds(Cap, st.sampled_from(CAPPABLE), st.integers(1, 3))
recipes = st.builds(
    Recipe,
    sizes,
    st.lists(terms, min_size=1, max_size=4).map(tuple),
    st.lists(caps, max_size=2).map(tuple),
)


def term_score(pool: Pool, term: Term, i: int, j: int) -> float:
    attribute = pool.attributes[term.attribute]
    a, b = attribute.values[i], attribute.values[j]
    if a is None or b is None:
        return 0.5
    if attribute.kind in ("categorical", "boolean"):
        similarity = float(a == b)
    elif attribute.kind in ("set", "reference"):
        similarity = len(set(a) & set(b)) / len(set(a) | set(b)) if a or b else 1.0
    else:
        number = {
            "ordinal": list(attribute.levels or ()).index,
            "date": lambda value: date.fromisoformat(value).toordinal(),
            "number": float,
        }[attribute.kind]
        known = [number(value) for value in attribute.values if value is not None]
        span = len(attribute.levels) - 1 if attribute.kind == "ordinal" else max(known) - min(known)
        similarity = 1 - abs(number(a) - number(b)) / span if span else 1.0
    return similarity if term.prefer == "similar" else 1 - similarity


def group_value(pool: Pool, recipe: Recipe, group: tuple[int, ...]) -> float:
    weights = sum(term.weight for term in recipe.terms)
    affinities = []
    for i in group:
        scores = [
            sum(term.weight * term_score(pool, term, i, j) for term in recipe.terms) / weights
            for j in group
            if j != i
        ]
        affinities.append(sum(scores) / len(scores))
    return sum(affinities) / len(affinities)


def partition_value(pool: Pool, recipe: Recipe, groups: tuple[tuple[int, ...], ...]) -> float:
    values = [group_value(pool, recipe, group) for group in groups]
    people = sum(map(len, groups))
    mean = sum(len(group) * value for group, value in zip(groups, values, strict=True)) / people
    return (1 - EMPHASIS) * mean + EMPHASIS * min(values)


def keeps_rules(pool: Pool, recipe: Recipe, group: tuple[int, ...]) -> bool:
    if not recipe.size.min <= len(group) <= recipe.size.max:
        return False
    for cap in recipe.rules:
        attribute = pool.attributes[cap.attribute]
        held = Counter()
        for value in (attribute.values[person] for person in group):
            if value is not None:
                held.update(set(value) if attribute.kind in ("set", "reference") else [value])
        if held and max(held.values()) > cap.max:
            return False
    return True


def solved(pool: Pool, recipe: Recipe, *, seed: int = 1, budget: int = 12) -> Partition | None:
    try:
        return solve(pool, recipe, seed=seed, budget=budget)
    except Infeasible:
        return None


@settings(max_examples=150, deadline=None)
@given(pools(2, 26), recipes)
def test_sizes_and_caps_hold_and_everybody_is_in_one_group_or_unplaced_with_a_reason(pool, recipe):
    partition = solved(pool, recipe)
    if partition is None:
        return
    assert all(keeps_rules(pool, recipe, group) for group in partition.groups)
    everybody = [person for group in partition.groups for person in group]
    everybody += [person.index for person in partition.unplaced]
    assert sorted(everybody) == list(range(len(pool.ids)))
    for person in partition.unplaced:
        assert person.code in ("cap", "size")
        assert person.reason.endswith(".")
        assert person.code != "cap" or any(cap.attribute in person.reason for cap in recipe.rules)
        joined = [tuple(sorted((*group, person.index))) for group in partition.groups]
        assert not any(keeps_rules(pool, recipe, group) for group in joined), "there was room"


@settings(max_examples=100, deadline=None)
@given(pools(2, 20), recipes)
def test_values_and_contributions_are_what_the_definition_says(pool, recipe):
    partition = solved(pool, recipe)
    if partition is None:
        return
    assert partition.value == pytest.approx(partition_value(pool, recipe, partition.groups), abs=1e-9)
    assert 0 <= partition.value <= 1
    for group, value, parts in zip(
        partition.groups, partition.group_values, partition.contributions, strict=True
    ):
        assert value == pytest.approx(group_value(pool, recipe, group), abs=1e-9)
        pairs = list(combinations(group, 2))
        for term, part in zip(recipe.terms, parts, strict=True):
            assert part == pytest.approx(
                sum(term_score(pool, term, i, j) for i, j in pairs) / len(pairs), abs=1e-9
            )


@settings(max_examples=60, deadline=None)
@given(pools(9, 26), recipes, st.integers(0, 2**32))
def test_searching_never_ends_below_its_start(pool, recipe, seed):
    start, end = solved(pool, recipe, seed=seed, budget=0), solved(pool, recipe, seed=seed, budget=30)
    assert (start is None) == (end is None)
    if start and end:
        placed_at_start, placed = sum(map(len, start.groups)), sum(map(len, end.groups))
        assert placed >= placed_at_start
        assert placed > placed_at_start or end.value >= start.value - 1e-9


@settings(max_examples=60, deadline=None)
@given(pools(5, 20), recipes, st.integers(0, 2**32))
def test_the_same_seed_gives_an_equal_result_in_canonical_order(pool, recipe, seed):
    first, second = solved(pool, recipe, seed=seed), solved(pool, recipe, seed=seed)
    assert first == second
    if first:
        assert first == first.to_canonical()
        assert list(first.groups) == sorted(tuple(sorted(group)) for group in first.groups)


def partitions(rest: tuple[int, ...]) -> list[tuple[tuple[int, ...], ...]]:
    """All partitions of all subsets into groups of two and more."""
    if not rest:
        return [()]
    first, others = rest[0], rest[1:]
    found = list(partitions(others))
    for count in range(1, len(others) + 1):
        for mates in combinations(others, count):
            remaining = tuple(person for person in others if person not in mates)
            found += [((first, *mates), *more) for more in partitions(remaining)]
    return found


@settings(max_examples=60, deadline=None)
@given(pools(2, 7), recipes)
def test_a_handful_of_people_get_the_best_partition_there_is(pool, recipe):
    middle = (recipe.size.min + recipe.size.max) / 2

    def key(groups):
        lengths = [len(group) for group in groups]
        near = -abs(sum(lengths) / len(lengths) - middle)
        return (sum(lengths), near, len(lengths), min(lengths) - max(lengths))

    possible = [
        groups
        for groups in partitions(tuple(range(len(pool.ids))))
        if groups and all(keeps_rules(pool, recipe, group) for group in groups)
    ]
    partition = solved(pool, recipe)
    assert (partition is None) == (not possible)
    if partition:
        best = max(map(key, possible))
        assert key(partition.groups) == best
        value = max(partition_value(pool, recipe, groups) for groups in possible if key(groups) == best)
        assert partition.value == pytest.approx(value, abs=1e-9)


AWARDEES = Path(__file__).parents[4] / "shared" / "data" / "k_awardees.csv"


@pytest.mark.skipif(not AWARDEES.exists(), reason="shared/data/k_awardees.csv is absent")
def test_thousands_of_awardees_all_find_a_group_with_nobody_of_their_institution():
    with AWARDEES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = ("institution", "activity_code", "ic", "institution_state")
    attributes = {key: Attribute("categorical", [row[key] or None for row in rows]) for key in keys}
    attributes["year"] = Attribute("number", [int(row["first_fiscal_year"]) for row in rows])
    pool = Pool(tuple(row["person_id"] for row in rows), attributes)
    recipe = Recipe(
        Size(5, 7),
        (
            Term("activity_code", "similar", 3),
            Term("year", "similar", 3),
            Term("ic", "different", 2),
            Term("institution_state", "different", 1),
        ),
        (Cap("institution", 1),),
    )
    partition = solve(pool, recipe, seed=1, budget=DEFAULT_BUDGET // 30)
    assert not partition.unplaced
    assert all(keeps_rules(pool, recipe, group) for group in partition.groups)
    assert partition.value > 0.75
