"""Invented pools and recipes: drawn ones with every kind of attribute and rule, and seeded ones of a plan."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st

from tenants.matching.solver import Attribute, Pool, Recipe, Rule, Size, Term, blocks, bounding
from tenants.matching.solver.model import (
    Apart,
    Cap,
    CommonSlots,
    Hierarchy,
    Locked,
    NoIsolate,
    Seats,
    Shared,
    SimilarText,
    Together,
)

EXAMPLES: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    # A handful of people can be read as they are, and making them fewer takes minutes.
    "phases": (Phase.explicit, Phase.generate),
    "suppress_health_check": list(HealthCheck),
}

LEVELS = ("fellow", "assistant", "associate")
PARENTS = {"A": "north", "B": "north", "C": "south"}
METHODS = {"m": "field", "n": "field"}
WORDS = ("asthma", "sleep", "genome", "policy", "the")
ZONES = ("UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata")


def people(count: int, **attributes: Attribute) -> Pool:
    """So many people, p0 and on, with these attributes."""
    return Pool(tuple(f"p{number}" for number in range(count)), attributes)


def availability(zone: str, *slots: str) -> dict[str, Any]:
    """Free at slots such as "mon 09:00 11:00"."""
    parts = [slot.split() for slot in slots]
    return {
        "time_zone": zone,
        "slots": [{"day": day, "start": start, "end": end} for day, start, end in parts],
    }


SLOTS = st.sampled_from(["mon 09:00 12:00", "mon 14:00 16:00", "sun 00:30 04:00", "tue 22:00 23:45"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "place": st.sampled_from("ABCD"),
    "clinician": st.booleans(),
    "rank": st.sampled_from(LEVELS),
    "effort": st.integers(0, 5) | st.floats(0, 5),
    "start": st.dates(date(2024, 1, 1), date(2026, 1, 1)).map(date.isoformat),
    "methods": st.lists(st.sampled_from("mnop"), max_size=3),
    "mentors": st.lists(st.sampled_from(["p0", "p1", "p2", "x1", "x2"]), max_size=2),
    "title": st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
    "hours": st.builds(
        lambda zone, slots: availability(zone, *slots), st.sampled_from(ZONES), st.lists(SLOTS, max_size=4)
    ),
}


def attribute(key: str, values: list[Any]) -> Attribute:
    """The attribute that goes by a key of VALUES."""
    match key:
        case "place":
            return Attribute("categorical", values, parents=PARENTS)
        case "rank":
            return Attribute("ordinal", values, LEVELS)
        case "methods":
            return Attribute("set", values, parents=METHODS)
        case _:
            kinds = {
                "clinician": "boolean",
                "effort": "number",
                "start": "date",
                "mentors": "reference",
                "title": "text",
                "hours": "availability",
            }
            return Attribute(kinds[key], values)


@st.composite
def pools(draw: st.DrawFn, fewest: int, most: int) -> Pool:
    """Pools of every kind of attribute, values missing here and there."""
    number = draw(st.integers(fewest, most))
    columns = {
        key: draw(st.lists(st.none() | values | values, min_size=number, max_size=number))
        for key, values in VALUES.items()
    }
    return people(number, **{key: attribute(key, values) for key, values in columns.items()})


NAMES = st.sampled_from(["p0", "p1", "p2", "p3", "p4", "nobody"])
LISTS = st.lists(NAMES, min_size=2, max_size=3, unique=True).map(tuple)
PRICES = st.sampled_from([None, None, 0.0, 0.05, 0.3])
PRIVATE = st.sampled_from([False, False, True])
COUNTED = st.sampled_from(["place", "clinician", "rank", "methods", "mentors"])
RULES: st.SearchStrategy[Rule] = st.one_of(
    st.builds(Cap, attribute=COUNTED, max=st.integers(1, 3), price=PRICES),
    st.builds(Seats, attribute=st.just("place"), value=st.sampled_from("AB"), min=st.just(1), price=PRICES),
    st.builds(
        Seats,
        attribute=st.just("clinician"),
        value=st.booleans(),
        min=st.just(0),
        max=st.integers(1, 2),
        price=PRICES,
    ),
    st.builds(
        NoIsolate, attribute=COUNTED.filter(lambda key: key not in {"mentors", "methods"}), price=PRICES
    ),
    st.builds(NoIsolate, attribute=st.just("rank"), values=st.just(("fellow", "associate")), price=PRICES),
    st.builds(Shared, attribute=st.just("methods"), min=st.integers(1, 2), price=PRICES),
    st.builds(CommonSlots, attribute=st.just("hours"), hours=st.sampled_from([0.5, 1.0, 2.0]), price=PRICES),
    st.builds(
        Apart,
        pairs=st.lists(LISTS.map(lambda each: each[:2]), max_size=1).map(tuple),
        private=PRIVATE,
        price=PRICES,
    ),
    st.builds(Apart, lists=st.tuples(LISTS), private=PRIVATE, price=PRICES),
    st.builds(SimilarText, attribute=st.just("title"), similarity=st.sampled_from([0.4, 1.0]), price=PRICES),
    st.builds(Hierarchy, attributes=st.just(("mentors",)), shared=st.booleans()),
    st.builds(Together, pairs=st.tuples(LISTS.map(lambda each: each[:2])), private=PRIVATE),
    st.builds(Together, lists=st.tuples(LISTS), private=PRIVATE),
    st.permutations(["p0", "p1", "p2", "p3", "p4"]).map(
        lambda names: Locked(lists=((names[0], names[1]), (names[2],)))
    ),
)
TERMS = st.builds(
    Term,
    st.sampled_from(sorted(VALUES)),
    st.sampled_from(["similar", "different", "near"]),
    st.sampled_from([0.5, 1, 3]),
)
SIZES = st.sampled_from(
    [Size(2, 3), Size(2, 4), Size(3, 3), Size(3, 4), Size(3, 5, 3.5), Size(2, 5, 4), Size(4, 5)]
)


NOTHING: st.SearchStrategy[None] = st.none()


def recipes(
    *, waitlist: bool, priority: st.SearchStrategy[str | None] = NOTHING
) -> st.SearchStrategy[Recipe]:
    """Recipes over the attributes of :func:`pools`, of up to three rules."""
    return st.builds(
        Recipe,
        SIZES,
        st.lists(TERMS, min_size=1, max_size=4).map(tuple),
        st.lists(RULES, max_size=3).map(tuple),
        st.sampled_from([0.0, 0.3, 0.5, 1.0]),
        st.just(waitlist),
        priority,
    )


def structured(number: int, seed: int) -> Pool:
    """People of whom some kinds go together, in plausible proportions."""
    chance = np.random.default_rng(seed)

    def some(*values: Any, missing: float = 0.05) -> list[Any]:
        drawn = [values[place] for place in chance.integers(0, len(values), number)]
        return [None if chance.random() < missing else value for value in drawn]

    def lists(names: list[str], most: int) -> list[list[str]]:
        return [
            list(chance.choice(names, chance.integers(1, most + 1), replace=False)) for _ in range(number)
        ]

    titles = [
        " ".join(chance.choice([f"word{letter}" for letter in "abcdefghijkl"], 4)) for _ in range(number)
    ]
    hours = [
        availability(str(zone), "mon 08:00 18:00", f"tue {hour:02}:00 {hour + 6}:00")
        for zone, hour in zip(chance.choice(ZONES[:3], number), chance.integers(8, 12, number), strict=True)
    ]
    columns = {
        "place": some(*"ABCDEFGHIJKLMNOP"),
        "clinician": some(True, False, missing=0.0),
        "rank": some(*LEVELS),
        "effort": some(*range(10)),
        "start": some("2024-01-01", "2025-06-01", "2026-01-01"),
        "methods": [["english", *each] for each in lists(list("mnopqrst"), 3)],
        "mentors": lists([*(f"p{person}" for person in range(0, number, 9)), "x1", "x2", "x3"], 1),
        "title": [str(title) for title in titles],
        "hours": hours,
    }
    return people(number, **{key: attribute(key, values) for key, values in columns.items()})


def bounded_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that look at groups and not at how much better they could be, which takes most of the time."""
    monkeypatch.setattr(bounding, "COLUMNS_LIMIT", 0)
    monkeypatch.setattr(bounding, "GROUPS_LIMIT", 0)


def in_small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Search more than 40 people in blocks of about 30, and bound what they are worth quickly."""
    bounded_quickly(monkeypatch)
    monkeypatch.setattr(blocks, "BLOCK", 30)
    for module in ("forming", "solve"):
        monkeypatch.setattr(sys.modules[f"tenants.matching.solver.{module}"], "WHOLE", 40)


def every_rule(number: int, *, waitlist: bool = False) -> Recipe:
    """A recipe for :func:`structured` people with every rule, some of them with a price."""
    rules = (
        Cap(attribute="place", max=2),
        Cap(attribute="rank", max=3, price=0.05),
        Seats(attribute="clinician", value=True, min=1),
        Seats(attribute="rank", value="fellow", min=1, max=3, price=0.2),
        NoIsolate(attribute="rank", price=0.1),
        Shared(attribute="methods", min=1),
        Shared(attribute="methods", min=2, price=0.1),
        CommonSlots(attribute="hours", hours=1),
        CommonSlots(attribute="hours", hours=4, price=0.02),
        Apart(pairs=tuple((f"p{i}", f"p{i + 7}") for i in range(0, number - 7, 5)), private=True),
        Apart(lists=(tuple(f"p{i}" for i in range(1, number, 12)),), price=0.3),
        SimilarText(attribute="title", similarity=0.95),
        Hierarchy(attributes=("mentors",)),
        Together(pairs=(("p4", "p6"),), lists=(("p10", "p11", "p13"),)),
        Locked(lists=(("p2", "p3"), ("p16", "p17"))),
    )
    terms = (
        Term("methods", "similar", 3),
        Term("title", "near", 2),
        Term("place", "different", 1),
        Term("hours", "similar", 1),
        Term("start", "similar", 0.5),
    )
    return Recipe(Size(4, 6), terms, rules, waitlist=waitlist, priority="effort")
