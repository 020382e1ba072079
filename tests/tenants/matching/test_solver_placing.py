"""How many people find a place, in which sizes, what the others are told, and how a search reports and ends."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver import Attribute, Cap, Infeasible, Pool, Recipe, Size, Term, solve

sizes = st.tuples(st.integers(2, 4), st.integers(0, 2)).map(lambda pair: Size(pair[0], sum(pair)))


def people(count: int, **attributes: Attribute) -> Pool:
    return Pool(tuple(f"p{number}" for number in range(count)), attributes)


def of_places(places: str) -> Pool:
    return people(len(places), place=Attribute("categorical", list(places)))


BY_PLACE = Recipe(Size(3, 4), (Term("place", "similar", 1),))


@settings(max_examples=60, deadline=None)
@given(st.integers(9, 60), sizes)
def test_without_caps_as_many_as_possible_are_placed_in_near_equal_groups(count, size):
    pool = people(count, effort=Attribute("number", list(range(count))))
    partition = solve(pool, Recipe(size, (Term("effort", "similar", 1),)), seed=1, budget=12)
    lengths = [len(group) for group in partition.groups]
    most = max(min(count, groups * size.max) for groups in range(1, count // size.min + 1))
    assert sum(lengths) == most
    assert max(lengths) - min(lengths) <= 1
    distances = {
        groups: abs(most / groups - (size.min + size.max) / 2)
        for groups in range(1, count // size.min + 1)
        if min(count, groups * size.max) == most
    }
    assert distances[len(lengths)] == min(distances.values())


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from("AABCDEFG"), min_size=12, max_size=60), st.integers(1, 2))
def test_with_one_cap_as_many_as_counting_allows_are_placed(places, limit):
    pool = people(len(places), place=Attribute("categorical", places))
    recipe = Recipe(Size(2, 4), (Term("place", "different", 1),), (Cap("place", limit),))
    counts = Counter(places).values()
    bounds = [
        min(groups * 4, sum(min(count, limit * groups) for count in counts))
        for groups in range(1, len(places) // 2 + 1)
        if sum(min(count, limit * groups) for count in counts) >= 2 * groups
    ]
    if bounds:
        assert sum(map(len, solve(pool, recipe, seed=1, budget=12).groups)) == max(bounds)
    else:
        with pytest.raises(Infeasible):
            solve(pool, recipe, seed=1)


def test_people_whom_a_cap_keeps_out_are_named_with_the_cap_and_the_others_placed():
    recipe = Recipe(Size(3, 4), (Term("place", "different", 1),), (Cap("place", 1),))
    partition = solve(of_places("AAAAAABCDBCD"), recipe, seed=1)
    assert [len(group) for group in partition.groups] == [3, 3, 3]
    assert [person.code for person in partition.unplaced] == ["cap"] * 3
    assert {person.index for person in partition.unplaced} <= set(range(6))
    assert "1 with the same place" in partition.unplaced[0].reason


def test_people_left_over_by_the_sizes_are_told_so():
    partition = solve(of_places("A" * 11), Recipe(Size(5, 5), (Term("place", "similar", 1),)), seed=1)
    assert [(person.code, person.reason) for person in partition.unplaced] == [
        ("size", "All groups are full at 5 and too few people are left for another.")
    ]


def test_missing_values_never_count_towards_a_cap():
    pool = people(8, place=Attribute("categorical", [None] * 8))
    recipe = Recipe(Size(4, 4), (Term("place", "similar", 1),), (Cap("place", 1),))
    partition = solve(pool, recipe, seed=1)
    assert [len(group) for group in partition.groups] == [4, 4]
    assert partition.value == 0.5


def test_a_cap_on_a_list_counts_every_element():
    mentors = [["a", "b"], ["b", "c"], ["c", "a"], ["d"], ["e"], []] * 2
    pool = people(12, mentors=Attribute("reference", mentors))
    recipe = Recipe(Size(4, 4), (Term("mentors", "similar", 1),), (Cap("mentors", 1),))
    for group in solve(pool, recipe, seed=1, budget=50).groups:
        held = Counter(mentor for person in group for mentor in mentors[person])
        assert max(held.values()) == 1


def test_identical_people_are_grouped_at_full_value():
    partition = solve(of_places("A" * 24), BY_PLACE, seed=1, budget=50)
    assert partition.value == 1.0
    assert not partition.unplaced


def test_people_who_belong_together_are_found():
    partition = solve(of_places("ABCDEFGH" * 4), Recipe(Size(4, 4), (Term("place", "similar", 1),)), seed=3)
    assert partition.value == 1.0


def test_the_result_is_made_of_plain_python_values():
    partition = solve(of_places("AABBCCDDAABB"), BY_PLACE, seed=1, budget=5)
    assert {type(person) for group in partition.groups for person in group} == {int}
    assert type(partition.value) is float
    assert {type(value) for value in partition.group_values} == {float}
    assert {type(part) for parts in partition.contributions for part in parts} == {float}


# -- progress


def test_progress_rises_from_zero_to_one():
    seen = []
    solve(of_places("ABCD" * 5), BY_PLACE, seed=1, budget=200, progress=seen.append)
    assert seen[0] == 0.0
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    assert len(seen) > 50


def test_what_progress_raises_ends_the_search():
    class CancelledError(Exception):
        pass

    def cancel(fraction: float) -> None:
        if fraction > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        solve(of_places("ABCD" * 5), BY_PLACE, seed=1, budget=200, progress=cancel)
