"""Pair scores are what their definition says, term by term and pair by pair, for attributes of every kind."""

import math
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver.affinity import Affinity
from tenants.matching.solver.model import Attribute, Pool, Recipe, Size, Term

PARENTS = {"mice": "animals", "rats": "animals", "trials": "people", "cohorts": "people"}
LEVELS = ("fellow", "assistant", "associate")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AHEAD = {"UTC": 0, "Asia/Kathmandu": 345}
TITLES = [
    "heart failure in mice",
    "The sepsis trial",
    "Heart and kidney: failure",
    "of the",
    "",
    "sepsis, sepsis",
]

KINDS = {
    "place": Attribute("categorical", (), parents=PARENTS),
    "clinician": Attribute("boolean", ()),
    "rank": Attribute("ordinal", (), LEVELS),
    "effort": Attribute("number", ()),
    "start": Attribute("date", ()),
    "methods": Attribute("set", (), parents=PARENTS),
    "mentors": Attribute("reference", ()),
    "title": Attribute("text", ()),
    "free": Attribute("availability", ()),
}
slots = st.builds(
    lambda day, start, length: {"day": day, "start": f"{start:02}:00", "end": f"{start + length:02}:30"},
    st.sampled_from(DAYS),
    st.integers(0, 20),
    st.integers(0, 3),
)
VALUES = {
    "place": st.sampled_from([*PARENTS, "elsewhere"]),
    "clinician": st.booleans(),
    "rank": st.sampled_from(LEVELS),
    "effort": st.floats(0, 100) | st.integers(0, 100),
    "start": st.dates(date(2020, 1, 1), date(2026, 1, 1)).map(date.isoformat),
    "methods": st.lists(st.sampled_from([*PARENTS, "elsewhere", "animals"]), max_size=4),
    "mentors": st.lists(st.sampled_from(["p1", "p2", "p3", "p4"]), max_size=2),
    "title": st.sampled_from(TITLES),
    "free": st.fixed_dictionaries(
        {"time_zone": st.sampled_from(list(AHEAD)), "slots": st.lists(slots, max_size=4)}
    ),
}
PREFERENCES = ("similar", "different", "near")


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


terms = st.builds(Term, st.sampled_from(sorted(KINDS)), st.sampled_from(PREFERENCES), st.floats(0.1, 5))
recipes = st.builds(Recipe, st.just(Size(2, 4)), st.lists(terms, min_size=1, max_size=9).map(tuple))


def one_term(kind: str, values: list[Any], prefer: str = "similar", **details: Any) -> Affinity:
    pool = Pool(tuple(map(str, range(len(values)))), {"it": Attribute(kind, values, **details)})
    return Affinity(pool, Recipe(Size(2, 4), (Term("it", prefer, 2.0),)))


def words(text: str) -> Counter[str]:
    return Counter(
        word for word in re.findall(r"\w\w+", text.lower()) if word not in {"the", "of", "in", "and"}
    )


def vector(text: str, texts: list[str]) -> dict[str, float]:
    held = [words(text or "").keys() for text in texts]
    weights = {
        word: count * (math.log((1 + len(held)) / (1 + sum(word in others for others in held))) + 1)
        for word, count in words(text).items()
    }
    length = math.sqrt(sum(weight**2 for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()}


def minutes(value: dict[str, Any]) -> set[int]:
    found = set()
    for slot in value["slots"]:
        begin, end = (int(slot[key][:2]) * 60 + int(slot[key][3:]) for key in ("start", "end"))
        midnight = DAYS.index(slot["day"]) * 1440 - AHEAD[value["time_zone"]]
        found.update(minute % 10080 for minute in range(midnight + begin, midnight + end))
    return found


def distance(attribute: Attribute, a: Any, b: Any) -> float:
    number = {"ordinal": LEVELS.index, "date": lambda v: date.fromisoformat(v).toordinal(), "number": float}
    x, y, *known = (number[attribute.kind](v) for v in (a, b, *attribute.values) if v is not None)
    length = len(LEVELS) - 1 if attribute.kind == "ordinal" else max(known) - min(known)
    return abs(x - y) / length if length else 0.0


def alike(attribute: Attribute, a: Any, b: Any) -> float | None:
    """The similarity of two values by its definition; None if there is nothing to compare."""
    if a is None or b is None:
        return None
    if attribute.kind in ("categorical", "boolean"):
        parents = {attribute.parents.get(a, "one"), attribute.parents.get(b, "another")}
        return 1.0 if a == b else 0.5 if len(parents) == 1 else 0.0
    if attribute.kind in ("set", "reference"):
        left, right = ({*v, *(attribute.parents[e] for e in v if e in attribute.parents)} for v in (a, b))
        return len(left & right) / len(left | right) if left | right else 1.0
    if attribute.kind == "text":
        left, right = vector(a, attribute.values), vector(b, attribute.values)
        return (
            sum(left[word] * right[word] for word in left.keys() & right.keys()) if left and right else None
        )
    if attribute.kind == "availability":
        left, right = minutes(a), minutes(b)
        return len(left & right) / min(len(left), len(right)) if left and right else 0.0
    return 1 - distance(attribute, a, b)


def term_score(pool: Pool, term: Term, i: int, j: int) -> float:
    attribute = pool.attributes[term.attribute]
    similarity = alike(attribute, attribute.values[i], attribute.values[j])
    if similarity is None:
        return 0.5
    near = 1 - abs(2 * similarity - 1)
    return {"similar": similarity, "different": 1 - similarity, "near": near}[term.prefer]


def pair_score(pool: Pool, recipe: Recipe, i: int, j: int) -> float:
    weights = sum(term.weight for term in recipe.terms)
    return sum(term.weight * term_score(pool, term, i, j) for term in recipe.terms) / weights


@settings(max_examples=60, deadline=None)
@given(pools(1, 7), recipes, st.data())
def test_a_block_holds_the_weighted_mean_of_the_terms_of_each_pair(pool, recipe, data):
    people = st.lists(st.integers(0, len(pool.ids) - 1), min_size=1, max_size=6)
    left, right = data.draw(people), data.draw(people)
    block = Affinity(pool, recipe).block(np.array(left), np.array(right))
    expected = [[0.0 if i == j else pair_score(pool, recipe, i, j) for j in right] for i in left]
    assert block.dtype == np.float32
    np.testing.assert_allclose(block, expected, atol=2e-6)


@settings(max_examples=60, deadline=None)
@given(pools(1, 7), st.sampled_from(sorted(KINDS)))
def test_every_kind_is_symmetric_within_0_and_1_and_its_three_preferences_belong_together(pool, key):
    affinity = Affinity(pool, Recipe(Size(2, 4), tuple(Term(key, prefer, 1) for prefer in PREFERENCES)))
    everybody = np.arange(len(pool.ids))
    similar, different, near = (affinity.term(t, everybody, everybody) for t in range(3))
    for score in (similar, different, near):
        assert (score == score.T).all()
        assert score.min() >= 0
        assert score.max() <= 1
    missing = affinity.missing[0][:, None] | affinity.missing[0]
    np.testing.assert_allclose(different, 1 - similar, atol=1e-6)
    np.testing.assert_allclose(near, np.where(missing, 0.5, 1 - np.abs(2 * similar - 1)), atol=1e-6)
    assert (similar[missing] == 0.5).all()


@settings(max_examples=40, deadline=None)
@given(pools(2, 7), recipes, st.data())
def test_the_value_of_a_group_is_the_mean_of_its_pairs(pool, recipe, data):
    affinity = Affinity(pool, recipe)
    members = st.lists(st.integers(0, len(pool.ids) - 1), min_size=2, unique=True)
    group = sorted(data.draw(members))
    pairs = list(combinations(group, 2))
    expected = sum(pair_score(pool, recipe, i, j) for i, j in pairs) / len(pairs)
    contributions = affinity.contributions(group)
    assert affinity.value(contributions) == pytest.approx(expected, abs=2e-6)
    assert sum(affinity.shares) == pytest.approx(1)
    for term, part in zip(recipe.terms, contributions, strict=True):
        mean = sum(term_score(pool, term, i, j) for i, j in pairs) / len(pairs)
        assert part == pytest.approx(mean, abs=2e-6)


def test_a_matrix_that_is_built_in_parts_is_the_block_of_all_people():
    effort = np.random.default_rng(1).random(1500).tolist()
    affinity = one_term("number", effort, "near")
    everybody = np.arange(1500)
    matrix = affinity.matrix()
    assert (matrix == affinity.block(everybody, everybody)).all()
    assert (matrix == matrix.T).all()


def test_the_matrix_of_some_people_has_their_rows_and_columns_in_the_order_given():
    affinity = one_term("number", [0, 1, 4, 10])
    people = np.array([3, 0, 2])
    assert (affinity.matrix(people) == affinity.matrix()[np.ix_(people, people)]).all()


def test_near_in_a_taxonomy_is_best_for_siblings():
    affinity = one_term(
        "categorical", ["mice", "mice", "rats", "trials", "elsewhere"], "near", parents=PARENTS
    )
    assert affinity.matrix()[0].tolist() == [0, 0, 1, 0, 0]


def test_two_levels_without_parents_are_not_siblings():
    affinity = one_term("categorical", ["here", "there", "animals", "mice"], parents=PARENTS)
    assert not affinity.matrix().any()


def test_an_element_of_a_list_counts_as_its_parent_too():
    affinity = one_term("set", [["mice"], ["rats"], ["mice", "trials"], ["animals"]], parents=PARENTS)
    assert affinity.matrix()[0].tolist() == pytest.approx([0, 1 / 3, 1 / 2, 1 / 2])


def test_who_does_not_differ_on_a_scale_of_no_length_is_the_same():
    assert one_term("number", [7, 7]).matrix()[0, 1] == 1
    assert one_term("ordinal", ["only", "only"], levels=("only",)).matrix()[0, 1] == 1


def test_an_attribute_that_nobody_has_is_neutral():
    for kind in ("categorical", "set", "number", "date", "text", "availability"):
        assert one_term(kind, [None, None]).matrix()[0, 1] == 0.5
