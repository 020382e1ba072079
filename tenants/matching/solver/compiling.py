"""The rules of a recipe as arrays: counts of features, pairs in conflict, bits in common, and people as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

import numpy as np

from tenants.matching.solver.draft import HARD, Draft
from tenants.matching.solver.hours import START, Hours
from tenants.matching.solver.model import (
    Apart,
    Attribute,
    Cap,
    CommonSlots,
    Group,
    Hierarchy,
    Locked,
    NoIsolate,
    Pool,
    Recipe,
    Rule,
    Seats,
    Shared,
    SimilarText,
    Together,
)
from tenants.matching.solver.search.rules import U64, Rules
from tenants.matching.solver.texts import similar_pairs
from tenants.matching.solver.validation import LIST_KINDS


def elements(attribute: Attribute, value: Any) -> list[Any]:
    """What a person holds of an attribute: nothing, the value, or the elements of the list, each once."""
    if value is None:
        return []
    return list(dict.fromkeys(value)) if attribute.kind in LIST_KINDS else [value]


def holders(attribute: Attribute) -> dict[Any, list[int]]:
    """Who holds each value or element, in the order of the pool."""
    found: dict[Any, list[int]] = {}
    for person, value in enumerate(attribute.values):
        for element in elements(attribute, value):
            found.setdefault(element, []).append(person)
    return found


@dataclass
class Compiled:
    """The rules of a recipe over a pool.

    ``arrays``   what the search keeps.
    ``units``    people who move as one: those of a unit are always in one group.
    ``features`` (place of the rule, value) of each feature in ``arrays``, ``conflicts`` the place of the rule
                 by pair i < j, ``commons`` the place of each rule on common bits.
    ``hours``    by place of the rule, for rules on common slots.
    """

    arrays: Rules
    units: list[Group]
    features: list[tuple[int, Any]]
    conflicts: dict[tuple[int, int], int]
    commons: list[int]
    hours: dict[int, Hours]


def compile_rules(pool: Pool, recipe: Recipe, start: date = START) -> Compiled:
    """Turn the rules of a valid recipe into arrays. Rules that nothing can break leave no trace.

    The year over which slots must be common begins in the week of ``start``.
    """
    draft = Draft(len(pool.ids), [[] for _ in pool.ids])
    index = {name: person for person, name in enumerate(pool.ids)}
    for place, rule in enumerate(recipe.rules):
        match rule:
            case Cap() | Seats() | NoIsolate():
                _add_counts(draft, pool, place, rule)
            case Shared() | CommonSlots():
                _add_commons(draft, pool, place, rule, start)
            case Apart() | SimilarText() | Hierarchy():
                _add_pairs(draft, pool, index, place, rule)
            case Together():
                draft.joined += [[i, j] for i, j in pairs_of(rule.pairs, index)] + lists_of(rule.lists, index)
            case Locked():
                lists = lists_of(rule.lists, index)
                draft.joined += lists
                draft.add_feature((place, None), [each[0] for each in lists], HARD, most=1)
    return Compiled(
        draft.arrays(),
        merged(draft.joined),
        draft.features,
        {pair: rule for pair, (_, rule) in draft.pairs.items()},
        draft.commons,
        draft.hours,
    )


def _add_counts(draft: Draft, pool: Pool, place: int, rule: Cap | Seats | NoIsolate) -> None:
    held = holders(pool.attributes[rule.attribute])
    price = _price(rule)
    match rule:
        case Cap():
            for value, people in held.items():
                if len(people) > rule.max:
                    draft.add_feature((place, value), people, price, most=rule.max)
        case Seats():
            people = held.get(rule.value, [])
            most = draft.people if rule.max is None else rule.max
            draft.add_feature((place, rule.value), people, price, least=rule.min, most=most)
        case NoIsolate():
            for value, people in held.items():
                if rule.values is None or value in rule.values:
                    draft.add_feature((place, value), people, price, most=draft.people, lone=True)


def _add_commons(draft: Draft, pool: Pool, place: int, rule: Shared | CommonSlots, start: date) -> None:
    attribute = pool.attributes[rule.attribute]
    if isinstance(rule, Shared):
        draft.add_common(place, element_bits(attribute, held_by=2), rule.min, 1.0, _price(rule))
    else:
        hours = draft.hours[place] = Hours(attribute.values, start)
        an_hour = 60 / hours.minutes
        draft.add_common(place, hours.bits, rule.hours * an_hour, an_hour, _price(rule))


def _add_pairs(
    draft: Draft, pool: Pool, index: dict[str, int], place: int, rule: Apart | SimilarText | Hierarchy
) -> None:
    pairs = {(min(pair), max(pair)) for pair in conflicts_of(rule, pool, index)}
    for i, j in sorted(pairs):
        draft.add_conflict(i, j, _price(rule), place)
    if isinstance(rule, Hierarchy) and rule.shared:
        for name, people in named(rule, pool).items():
            if len(people) > 1:
                draft.add_feature((place, name), people, _price(rule), most=1)


def _price(rule: Rule) -> float:
    return HARD if rule.price is None else rule.price


def pairs_of(pairs: Sequence[tuple[str, str]], index: dict[str, int]) -> list[tuple[int, int]]:
    """Pairs of whom both are in the pool."""
    return [(index[a], index[b]) for a, b in pairs if a in index and b in index]


def lists_of(lists: Sequence[Sequence[str]], index: dict[str, int]) -> list[list[int]]:
    """Lists of who is in the pool, empty ones left out."""
    found = ([index[name] for name in dict.fromkeys(each) if name in index] for each in lists)
    return [each for each in found if each]


def conflicts_of(
    rule: Apart | SimilarText | Hierarchy, pool: Pool, index: dict[str, int]
) -> Iterator[tuple[int, int]]:
    """Pairs of people whom a rule keeps apart; shared references are not among them."""
    match rule:
        case Apart():
            yield from pairs_of(rule.pairs, index)
            for each in lists_of(rule.lists, index):
                yield from combinations(each, 2)
        case SimilarText():
            for i, j in similar_pairs(pool.attributes[rule.attribute].values, rule.similarity):
                yield int(i), int(j)
        case Hierarchy():
            for name, people in named(rule, pool).items():
                if name in index:
                    yield from ((index[name], person) for person in people)


def named(rule: Hierarchy, pool: Pool) -> dict[str, list[int]]:
    """Who names each person, in any of the rule's attributes."""
    found: dict[str, list[int]] = {}
    for key in rule.attributes:
        for name, people in holders(pool.attributes[key]).items():
            found.setdefault(name, []).extend(people)
    return {name: sorted(set(people)) for name, people in found.items()}


def element_bits(attribute: Attribute, *, held_by: int) -> U64:
    """(n, 1, words): the elements that each person holds, of those that at least so many hold."""
    held = [elements(attribute, value) for value in attribute.values]
    counts = Counter(element for each in held for element in each)
    bit_of = {element: bit for bit, element in enumerate(e for e in counts if counts[e] >= held_by)}
    bits = np.zeros((len(held), 1, max(1, -(-len(bit_of) // 64))), dtype=np.uint64)
    for person, each in enumerate(held):
        for element in each:
            if element in bit_of:
                word, bit = divmod(bit_of[element], 64)
                bits[person, 0, word] |= np.uint64(1 << bit)
    return bits


def merged(joined: Sequence[Sequence[int]]) -> list[Group]:
    """People joined directly or through others, as groups of two or more in order of their first."""
    root: dict[int, int] = {}

    def find(person: int) -> int:
        root.setdefault(person, person)
        while root[person] != person:
            root[person] = root[root[person]]
            person = root[person]
        return person

    for each in joined:
        for other in each[1:]:
            one, two = find(each[0]), find(other)
            root[max(one, two)] = min(one, two)
    found: dict[int, list[int]] = {}
    for person in sorted(root):
        found.setdefault(find(person), []).append(person)
    return [tuple(group) for _, group in sorted(found.items()) if len(group) > 1]
