"""Whoever cannot all be placed is told the few parts that clash, in words, and what would help."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver.feasibility import arithmetic_clash, clash, placing
from tenants.matching.solver.feasibility.demands import Block, Case, Common, Count, Sizes
from tenants.matching.solver.feasibility.judging import Exact
from tenants.matching.solver.feasibility.reading import read
from tenants.matching.solver.hours import Hours
from tenants.matching.solver.model import (
    Apart,
    Attribute,
    Cap,
    CommonSlots,
    Hierarchy,
    Locked,
    NoIsolate,
    Pool,
    Recipe,
    Seats,
    Shared,
    SimilarText,
    Size,
    Together,
)


def people(count, **attributes):
    return Pool(tuple(f"p{number}" for number in range(count)), attributes)


def of(size, *rules):
    return Recipe(Size(*size), (), rules)


def first(count, total, value="X"):
    """A categorical attribute whose first holders share a value."""
    return Attribute("categorical", [value] * count + [f"o{number}" for number in range(total - count)])


PERHAPS = ", which may leave other clashes"


def names(*numbers):
    return tuple(f"p{number}" for number in numbers)


def free(*days):
    slots = [{"day": day, "start": "09:00", "end": "11:00"} for day in days]
    return {"time_zone": "UTC", "slots": slots}


def keeps(demand, groups, everybody):
    """Whether groups keep a demand, said plainly."""
    if isinstance(demand, Sizes):
        return all(demand.size.min <= len(group) <= demand.size.max for group in groups)
    if isinstance(demand, Count):
        held = [len(set(group) & set(demand.holders)) for group in groups]
        most = everybody if demand.most is None else demand.most
        return all(demand.least <= number <= most and not (demand.lone and number == 1) for number in held)
    if isinstance(demand, Block):
        return any(set(demand.members) <= set(group) for group in groups)
    assert isinstance(demand, Common)
    return all(demand.fits({demand.token[person] for person in group}) for group in groups)


def all_keep(demands, groups, everybody):
    own = [demand for demand in demands if isinstance(demand, Block) and demand.own]
    starts = Counter(
        (place, demand.part.rule)
        for demand in own
        for place, group in enumerate(groups)
        if demand.members[0] in group
    )
    return max(starts.values(), default=0) <= 1 and all(
        keeps(demand, groups, everybody) for demand in demands
    )


def assert_smallest(pool, recipe, found):
    """All parts together cannot be kept; without any one of them the others can, in groups that are checked."""
    case = read(pool, recipe)
    parts = [demand for demand in case.demands if demand.part in found.parts]
    assert len(parts) == len(found.parts)
    assert Exact(1).refutes(case.of(parts))
    for part in parts:
        rest = [demand for demand in parts if demand is not part]
        kept = Exact(1).placing(case.of(rest))
        assert kept is not None, part.part.said
        assert sorted(person for group in kept for person in group) == list(range(case.people))
        assert all_keep(rest, kept, case.people), part.part.said


TEN_GROUPS = Attribute("categorical", ["X"] * 7 + ["Y"] * 53)
PLANTED = {
    "a cap and the number of groups": (
        people(60, institution=first(12, 60, "University X")),
        of((6, 7), Cap("institution", 1)),
        {None, 0},
        2,
    ),
    "the sizes alone": (people(9), of((5, 7)), {None}, 1),
    "too few for one group": (people(2), of((3, 4)), {None}, 1),
    "a list apart that is longer than the groups": (
        people(60),
        of((6, 7), Apart(lists=(names(*range(11)),))),
        {None, 0},
        2,
    ),
    "a web of pairs apart": (
        people(12),
        of((4, 4), Apart(pairs=tuple(combinations(names(0, 1, 2, 3), 2)))),
        {None, 0},
        7,
    ),
    "a pair together and apart": (
        people(12),
        of((3, 4), Together(pairs=(names(0, 1),)), Apart(pairs=(names(1, 0),))),
        {0, 1},
        2,
    ),
    "a list together that is too long": (
        people(24),
        of((5, 7), Together(lists=(names(*range(8)),))),
        {None, 0},
        2,
    ),
    "a chain together whose ends are apart": (
        people(12),
        of(
            (3, 4),
            Together(pairs=(names(0, 1), names(1, 2), names(2, 3))),
            Apart((names(0, 2),)),
        ),
        {0, 1},
        3,
    ),
    "two lists together over a cap": (
        people(12, place=first(3, 12)),
        of((3, 4), Cap("place", 2), Together(pairs=(names(0, 1), names(1, 2)))),
        {0, 1},
        3,
    ),
    "more locked lists than groups": (
        people(12),
        of((4, 6), Locked(tuple(names(number) for number in range(5)))),
        {None, 0},
        5,
    ),
    "two locked lists joined by a pair": (
        people(12),
        of((4, 6), Locked((names(0, 1), names(2, 3))), Together((names(1, 2),))),
        {0, 1},
        3,
    ),
    "somebody apart from everyone": (
        people(8),
        of((3, 4), Apart(pairs=tuple((f"p{0}", f"p{other}") for other in range(1, 8)))),
        {None, 0},
        6,
    ),
    "too few facilitators": (
        people(60, role=TEN_GROUPS),
        of((6, 6), Seats("role", "X")),
        {None, 0},
        2,
    ),
    "nobody to take a seat": (people(9, role=first(0, 9)), of((3, 4), Seats("role", "X")), {0}, 1),
    "too many for the seats": (
        people(12, role=first(7, 12)),
        of((4, 6), Seats("role", "X", 0, 2)),
        {None, 0},
        2,
    ),
    "seats for few groups and a cap for many": (
        people(12, role=first(3, 12), place=Attribute("categorical", ["a"] * 8 + ["b"] * 4)),
        of((2, 6), Seats("role", "X"), Cap("place", 2)),
        {0, 1},
        2,
    ),
    "a language that nobody else speaks": (
        people(8, language=Attribute("set", [["fi"], *[["en"]] * 7])),
        of((2, 4), Shared("language")),
        {None, 0},
        2,
    ),
    "somebody without a language": (
        people(8, language=Attribute("set", [None, *[["en"]] * 7])),
        of((2, 4), Shared("language")),
        {0},
        1,
    ),
    "somebody never free when others are": (
        people(8, hours=Attribute("availability", [free("sun"), *[free("mon", "tue")] * 7])),
        of((2, 4), CommonSlots("hours", 2)),
        {None, 0},
        2,
    ),
    "three free in pairs but not all three": (
        people(
            3,
            hours=Attribute("availability", [free("mon", "tue"), free("tue", "wed"), free("wed", "mon")]),
        ),
        of((3, 3), CommonSlots("hours", 2)),
        {None, 0},
        2,
    ),
    "a single holder who would be alone": (
        people(8, place=first(1, 8)),
        of((4, 4), NoIsolate("place", ("X",))),
        {0},
        1,
    ),
    "nobody alone and nobody with another": (
        people(8, place=first(3, 8)),
        of((2, 4), NoIsolate("place", ("X",)), Cap("place", 1)),
        {0, 1},
        2,
    ),
    "three whom nobody may be alone with in pairs": (
        people(8, place=first(3, 8)),
        of((4, 4), NoIsolate("place", ("X",)), Cap("place", 2)),
        {0, 1},
        2,
    ),
    "caps on two attributes that clash together": (
        people(
            8,
            place=Attribute("categorical", [*"AAAA", *"BBBB"]),
            rank=Attribute("categorical", [*"RRSSRRSS"]),
        ),
        of((4, 4), Cap("place", 2), Cap("rank", 3), Seats("rank", "R", 3)),
        {None, 2},
        2,
    ),
    "two caps that leave no group large enough": (
        people(
            8,
            place=Attribute("categorical", [*"AAAAABBB"]),
            rank=Attribute("boolean", [True] * 4 + [False] * 4),
        ),
        of((4, 4), Cap("place", 3), Together(lists=(names(0, 1, 2, 4),))),
        {0, 1},
        2,
    ),
    "a supervisor of everybody": (
        people(6, mentor=Attribute("reference", [None, *[["p0"]] * 5])),
        of((3, 3), Hierarchy(("mentor",))),
        {None, 0},
        5,
    ),
    "more who name the same than groups": (
        people(9, mentor=Attribute("reference", [["far"]] * 4 + [None] * 5)),
        of((3, 3), Hierarchy(("mentor",), shared=True)),
        {None, 0},
        2,
    ),
    "more with the same title than groups": (
        people(6, title=Attribute("text", ["Malaria vaccines"] * 3 + ["Sleep", "Obesity", "Cancer"])),
        of((3, 3), SimilarText("title", 0.9)),
        {None, 0},
        4,
    ),
}


@pytest.mark.parametrize(("pool", "recipe", "rules", "number"), PLANTED.values(), ids=PLANTED)
def test_a_planted_clash_is_found_and_no_part_of_it_is_needless(pool, recipe, rules, number):
    found = clash(pool, recipe)
    assert found is not None
    assert found.proven
    assert {part.rule for part in found.parts} == rules
    assert len(found.parts) == number
    assert_smallest(pool, recipe, found)
    assert placing(pool, recipe) is None


@pytest.mark.parametrize(("pool", "recipe", "rules", "number"), PLANTED.values(), ids=PLANTED)
def test_there_are_relaxations_for_a_planted_clash_and_the_cheapest_come_first(pool, recipe, rules, number):
    offered = clash(pool, recipe).relaxations
    assert [each.amount for each in offered] == sorted(each.amount for each in offered)
    assert offered
    assert len({each.said for each in offered}) == len(offered)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "a cap and the number of groups",
            "institution “University X”: 12 people, at most 10 groups, at most 1 of them in each: 2 too many.",
        ),
        ("the sizes alone", "9 people cannot be divided into groups of 5 to 7."),
        ("too few for one group", "2 people: fewer than the smallest group of 3."),
        (
            "too few facilitators",
            "role “X”: 7 people, at least 10 groups, at least 1 of them in each: 3 too few.",
        ),
        ("nobody to take a seat", "role “X”: 0 people, at least 1 of them in each: 1 too few."),
        (
            "a list apart that is longer than the groups",
            "apart: p0, p1, p2 and 8 more: 11 people, at most 10 groups, at most 1 of them in each: 1 too many.",
        ),
        (
            "a list together that is too long",
            "p0, p1, p2 and 5 more must be in one group, but a group has at most 7.",
        ),
        ("a pair together and apart", "p0 and p1 must be in one group, but the rule is: p0 and p1 apart."),
        (
            "a language that nobody else speaks",
            (
                "p0 can be with 0 others, but a group for them has at least 2 people: "
                "at least 1 of language in common in a group."
            ),
        ),
        (
            "more locked lists than groups",
            "5 locked lists, each in a group of its own; at most 3 groups: 2 too many.",
        ),
        (
            "nobody alone and nobody with another",
            (
                "This cannot be kept for 8 people: nobody alone in a group with place “X”: 3 people; "
                "at most 1 of place “X” in a group: 3 people."
            ),
        ),
    ],
)
def test_a_clash_is_said_in_a_sentence(name, said):
    pool, recipe, *_ = PLANTED[name]
    assert clash(pool, recipe).said == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "a cap and the number of groups",
            {
                "raise the cap on institution to 2": 1,
                "allow groups of 5": 1,
                "leave 3 people to the waitlist": 3,
            },
        ),
        (
            "the sizes alone",
            {"allow groups of 4": 1, "allow groups of 9": 2, "leave 2 people to the waitlist": 2},
        ),
        (
            "a pair together and apart",
            {
                "take the pair (p0 and p1) out of those together": 1,
                "take the pair (p0 and p1) out of the list": 1,
                "leave 2 people to the waitlist": 2,
            },
        ),
        (
            "a list together that is too long",
            {
                "allow groups of 8": 1,
                "take 1 person out of the list: p0, p1, p2 and 5 more together": 1,
                "leave 8 people to the waitlist": 8,
            },
        ),
    ],
)
def test_relaxations_say_what_to_change_and_by_how_much(name, said):
    pool, recipe, *_ = PLANTED[name]
    assert {each.said: each.amount for each in clash(pool, recipe).relaxations} == said


def test_a_recipe_changed_as_a_relaxation_says_places_everybody():
    pool, recipe, *_ = PLANTED["a cap and the number of groups"]
    assert clash(pool, replace(recipe, rules=(Cap("institution", 2),))) is None
    assert clash(pool, replace(recipe, size=Size(5, 7))) is None


def test_a_relaxation_that_leaves_another_clash_says_so():
    pool = people(60, place=first(12, 60), role=first(0, 60))
    found = clash(pool, of((6, 7), Cap("place", 1), Seats("role", "X"), Together((names(0, 1),))))
    assert all(each.said.endswith(PERHAPS) for each in found.relaxations)


@pytest.mark.parametrize(
    "public",
    [
        Together(pairs=(names(0, 1),)),
        Locked((names(0, 1),)),
        Together(pairs=(names(0, 2), names(2, 1))),
        Seats("mentor", "p1", 6),
    ],
)
def test_a_private_wish_and_whoever_is_in_it_is_named_nowhere(public):
    pool = people(6, mentor=Attribute("reference", [["p1"]] * 6))
    found = clash(pool, of((2, 6), public, Apart(pairs=(names(0, 1),), private=True)))
    assert "a private wish" in found.said
    told = [found.said, *(part.said for part in found.parts), *(each.said for each in found.relaxations)]
    assert not any(name in said for name in pool.ids for said in told)
    assert all(part.people == () and part.value is None for part in found.parts)
    assert all("waitlist" in each.said for each in found.relaxations)


def test_a_clash_without_a_private_wish_is_told_rather_than_one_with_it():
    pool = people(8, place=first(3, 8))
    found = clash(
        pool,
        of((4, 4), Apart((names(0, 1),), private=True), NoIsolate("place", ("X",)), Cap("place", 2)),
    )
    assert {part.rule for part in found.parts} == {1, 2}


def test_a_rule_with_a_price_forbids_nothing():
    pool = people(12, place=first(12, 12))
    assert clash(pool, of((3, 4), Cap(attribute="place", max=1, price=1.0))) is None


def test_the_placing_keeps_the_rules_and_is_always_the_same():
    pool = people(
        24,
        place=Attribute("categorical", [*"AABBCCDDEEFF"] * 2),
        hours=Attribute("availability", [free("mon", "tue"), free("tue", "wed"), free("wed", "mon")] * 8),
    )
    recipe = of(
        (4, 6), Cap("place", 2), CommonSlots("hours", 2), Apart((names(0, 3),)), Together((names(1, 4),))
    )
    groups = placing(pool, recipe)
    case = read(pool, recipe)
    assert all_keep(case.demands, groups, 24)
    assert sorted(person for group in groups for person in group) == list(range(24))
    assert placing(pool, recipe) == groups


def test_without_effort_nothing_is_claimed():
    pool = people(8, place=first(3, 8))
    recipe = of((4, 4), NoIsolate("place", ("X",)), Cap("place", 2))
    assert clash(pool, recipe, effort=0) is None
    assert placing(pool, recipe, effort=0) is None


def test_a_part_whose_need_was_not_decided_is_not_called_proven():
    pool = people(12, role=first(3, 12), place=Attribute("categorical", ["a"] * 8 + ["b"] * 4))
    recipe = of((2, 6), Seats("role", "X"), Cap("place", 2))
    assert not clash(pool, recipe, effort=0).proven


def test_arithmetic_names_the_clash_of_a_large_pool():
    pool = people(30_000, place=first(6_000, 30_000))
    found = arithmetic_clash(pool, of((6, 7), Cap("place", 1)))
    assert (
        found.said == "place “X”: 6000 people, at most 5000 groups, at most 1 of them in each: 1000 too many."
    )
    assert {each.said.removesuffix(PERHAPS) for each in found.relaxations} == {
        "raise the cap on place to 2",
        "allow groups of 5",
        "leave 1200 people to the waitlist",
    }
    assert all(each.said.endswith(PERHAPS) for each in found.relaxations)


def test_arithmetic_says_how_many_to_take_out_of_a_list():
    pool = people(2_000)
    found = arithmetic_clash(pool, of((5, 7), Apart(lists=(names(*range(405)),))))
    assert {each.said.removesuffix(PERHAPS): each.amount for each in found.relaxations} == {
        "allow groups of 4": 1,
        "take 5 people out of the list: p0, p1, p2 and 402 more apart": 5,
        "leave 7 people to the waitlist": 7,
    }


def partitions(everybody):
    """All ways to divide people into groups."""
    if not everybody:
        yield []
        return
    person, rest = everybody[0], everybody[1:]
    for groups in partitions(rest):
        yield [(person,), *groups]
        for place, group in enumerate(groups):
            yield [*groups[:place], (person, *group), *groups[place + 1 :]]


def held(pool, key, person):
    value = pool.attributes[key].values[person]
    return [] if value is None else value if isinstance(value, list) else [value]


def hours_of(pool, key):
    """The hours of a pool, computed once."""
    known = KNOWN.get(id(pool))
    if known is None or known[0] is not pool:
        known = KNOWN[id(pool)] = (pool, Hours(pool.attributes[key].values))
    return known[1]


KNOWN = {}


def rule_kept(rule, group, pool, groups):  # noqa: PLR0911
    """Whether a group keeps a rule, by the words of the rule."""
    ids = [pool.ids[person] for person in group]
    match rule:
        case Cap():
            return (
                max(Counter(e for p in group for e in held(pool, rule.attribute, p)).values(), default=0)
                <= rule.max
            )
        case Seats():
            number = sum(rule.value in held(pool, rule.attribute, person) for person in group)
            return rule.min <= number <= (len(group) if rule.max is None else rule.max)
        case NoIsolate():
            counts = Counter(e for p in group for e in held(pool, rule.attribute, p))
            return not any(n == 1 and (rule.values is None or e in rule.values) for e, n in counts.items())
        case Shared():
            return len(set.intersection(*(set(held(pool, rule.attribute, p)) for p in group))) >= rule.min
        case CommonSlots():
            return hours_of(pool, rule.attribute).common(group) >= rule.hours
        case Apart():
            return not any({a, b} <= set(ids) for a, b in rule.pairs) and all(
                len(set(ids) & set(each)) <= 1 for each in rule.lists
            )
        case Together():
            return all((a in ids) == (b in ids) for a, b in rule.pairs if {a, b} <= set(pool.ids))
        case Locked():
            begun = [set(each) & set(pool.ids) for each in rule.lists if set(each) & set(ids)]
            return len(begun) <= 1 and all(each <= set(ids) for each in begun)
        case Hierarchy():
            named = [set(held(pool, key, person)) for key in rule.attributes for person in group]
            twice = rule.shared and max(Counter(e for each in named for e in each).values(), default=0) > 1
            return not twice and not any(
                e in ids and e != i for i, each in zip(ids, named, strict=True) for e in each
            )
    raise AssertionError(rule)


def exhaustive(pool, recipe):
    return any(
        all(recipe.size.min <= len(group) <= recipe.size.max for group in groups)
        and all(rule_kept(rule, group, pool, groups) for rule in recipe.rules for group in groups)
        for groups in partitions(tuple(range(len(pool.ids))))
    )


@st.composite
def tiny(draw):
    count = draw(st.integers(2, 7))
    each = st.sampled_from(names(*range(count)))
    pair = st.tuples(each, each).filter(lambda pair: pair[0] != pair[1])
    pairs = st.lists(pair, min_size=1, max_size=3).map(tuple)

    def drawn(kind, values):
        return Attribute(kind, draw(st.lists(st.none() | values, min_size=count, max_size=count)))

    pool = people(
        count,
        place=drawn("categorical", st.sampled_from("AB")),
        flag=drawn("boolean", st.booleans()),
        language=drawn("set", st.lists(st.sampled_from(["en", "fr", "de"]), min_size=1, unique=True)),
        mentor=drawn("reference", st.lists(each, max_size=1)),
        hours=drawn(
            "availability",
            st.lists(st.sampled_from(["mon", "tue", "wed"]), min_size=1).map(lambda d: free(*d)),
        ),
    )
    rule = st.one_of(
        st.builds(Cap, attribute=st.sampled_from(["place", "language"]), max=st.integers(1, 3)),
        st.builds(
            Seats,
            attribute=st.just("flag"),
            value=st.just(True),
            min=st.integers(0, 2),
            max=st.sampled_from([None, 2, 3]),
        ),
        st.builds(NoIsolate, attribute=st.just("place"), values=st.sampled_from([None, ("A",)])),
        st.builds(Shared, attribute=st.just("language"), min=st.integers(0, 2)),
        st.builds(CommonSlots, attribute=st.just("hours"), hours=st.sampled_from([0, 1.5, 2, 4])),
        st.builds(Apart, pairs=pairs, lists=st.just(())),
        st.builds(
            Apart, lists=st.lists(each, min_size=2, max_size=4, unique=True).map(lambda x: (tuple(x),))
        ),
        st.builds(Together, pairs=pairs),
        st.builds(Hierarchy, attributes=st.just(("mentor",)), shared=st.booleans()),
        st.builds(
            Locked,
            lists=pairs.filter(lambda lists: len({n for each in lists for n in each}) == 2 * len(lists)),
        ),
    )
    low = draw(st.integers(2, 3))
    size = Size(low, draw(st.integers(low, 4)))
    return pool, Recipe(size, (), tuple(draw(st.lists(rule, max_size=4))))


@settings(max_examples=150, deadline=None)
@given(tiny())
def test_there_is_a_clash_exactly_if_no_way_to_divide_the_people_keeps_the_rules(case):
    pool, recipe = case
    found = clash(pool, recipe)
    assert (found is None) == exhaustive(pool, recipe)
    assert (placing(pool, recipe) is None) == (found is not None)


@settings(max_examples=150, deadline=None)
@given(tiny())
def test_of_a_clash_no_part_is_needless_whatever_the_rules(case):
    pool, recipe = case
    found = clash(pool, recipe)
    if found is None:
        return
    read_case: Case = read(pool, recipe)
    parts = [next(d for d in read_case.demands if d.part == part) for part in found.parts]
    ways = list(partitions(tuple(range(len(pool.ids)))))
    assert not any(all_keep(parts, way, len(pool.ids)) for way in ways)
    for part in parts:
        rest = [each for each in parts if each is not part]
        assert any(all_keep(rest, way, len(pool.ids)) for way in ways), part.part.said


def without(pool, out):
    kept = [person for person in range(len(pool.ids)) if person not in out]
    attributes = {
        key: replace(attribute, values=[attribute.values[person] for person in kept])
        for key, attribute in pool.attributes.items()
    }
    return Pool(tuple(pool.ids[person] for person in kept), attributes)


def with_theirs(pool, recipe, out):
    """Whether whoever is to be with somebody who is left out is left out, too."""
    joined = [each for rule in recipe.rules if isinstance(rule, Together) for each in rule.pairs]
    joined += [each for rule in recipe.rules if isinstance(rule, Locked) for each in rule.lists]
    units = [{pool.ids.index(name) for name in each if name in pool.ids} for each in joined]
    return all(unit <= out or unit.isdisjoint(out) for unit in units)


@settings(max_examples=60, deadline=None)
@given(tiny())
def test_so_many_and_no_fewer_must_be_left_to_the_waitlist_as_is_said(case):
    pool, recipe = case
    found = clash(pool, recipe)
    if found is None:
        return
    everybody = range(len(pool.ids))
    fewest = next(
        (
            number
            for number in everybody
            if any(
                with_theirs(pool, recipe, set(out)) and exhaustive(without(pool, set(out)), recipe)
                for out in combinations(everybody, number)
            )
        ),
        None,
    )
    offered = [each.amount for each in found.relaxations if each.said.endswith("to the waitlist")]
    assert offered == ([] if fewest is None else [fewest])
