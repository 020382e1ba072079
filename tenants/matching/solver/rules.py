"""Caps as arrays: who may sit with whom, and proof that nobody can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tenants.matching.solver.affinity import Bools, Ints
from tenants.matching.solver.model import Attribute, Cap, Pool, Recipe
from tenants.matching.solver.validation import LIST_KINDS

SEARCH_LIMIT = 100_000
"""Nodes after which the exhaustive search for one permitted group gives up."""

Kind = tuple[tuple[int, ...], ...]
"""The capped values of a person, by rule."""


@dataclass(frozen=True)
class CapRule:
    """A cap over the values that more people hold than it allows; all others can never break it.

    ``codes`` (n + 1, l) has the numbers of those values per person, filled up with -1; the last row,
    all -1, is the empty seat. ``labels`` and ``counts`` belong to the numbers.
    """

    attribute: str
    limit: int
    codes: Ints
    labels: tuple[str, ...]
    counts: tuple[int, ...]

    def placeable(self, groups: Ints) -> Ints:
        """No more people than this can be in so many groups: an upper bound, exact for one value a person."""
        excess = np.maximum(np.array(self.counts)[:, None] - self.limit * groups, 0)
        left: Ints = excess.sum(0) if self.codes.shape[1] == 1 else excess.max(0)
        return len(self.codes) - 1 - left

    def largest_group(self) -> int:
        """No group can have more people than this."""
        return int(self.placeable(np.array([1]))[0])


def cap_rules(pool: Pool, recipe: Recipe) -> list[CapRule]:
    """The caps of a recipe that could be broken at all."""
    rules = [_cap_rule(cap, pool.attributes[cap.attribute]) for cap in recipe.rules]
    return [rule for rule in rules if rule.counts]


def _cap_rule(cap: Cap, attribute: Attribute) -> CapRule:
    held = [_elements(attribute, value) for value in attribute.values]
    counts = Counter(element for elements in held for element in elements)
    binding = {element: code for code, element in enumerate(e for e in counts if counts[e] > cap.max)}
    rows = [[binding[element] for element in elements if element in binding] for elements in held]
    codes = np.full((len(rows) + 1, max([1, *map(len, rows)])), -1, dtype=np.int64)
    for person, row in enumerate(rows):
        codes[person, : len(row)] = row
    labels = tuple({True: "yes", False: "no"}[e] if isinstance(e, bool) else str(e) for e in binding)
    return CapRule(cap.attribute, cap.max, codes, labels, tuple(counts[element] for element in binding))


def _elements(attribute: Attribute, value: Any) -> list[Any]:
    if value is None:
        return []
    return list(dict.fromkeys(value)) if attribute.kind in LIST_KINDS else [value]


def holders(rule: CapRule, person: int, seats: Ints) -> Ints:
    """How often the person's most frequent capped value is held in each group, seats (k, w) -> (k,)."""
    most = np.zeros(len(seats), dtype=np.int64)
    seated = rule.codes[seats]
    for code in rule.codes[person]:
        if code >= 0:
            most = np.maximum(most, (seated == code).any(2).sum(1))
    return most


def admits(rules: Sequence[CapRule], person: int, seats: Ints) -> Bools:
    """Whether each group could take the person as one more member without breaking a cap, (k, w) -> (k,)."""
    allowed = np.ones(len(seats), dtype=np.bool_)
    for rule in rules:
        allowed &= holders(rule, person, seats) < rule.limit
    return allowed


def admits_instead(rules: Sequence[CapRule], newcomers: Ints, seats: Ints) -> Bools:
    """Whether a newcomer b could take the place of the person in seat a: (p, b), (p, a) -> (p, a, b)."""
    allowed = np.ones((*seats.shape, newcomers.shape[1]), dtype=np.bool_)
    for rule in rules:
        seated, coming = rule.codes[seats], rule.codes[newcomers]
        for column in range(coming.shape[2]):
            code = coming[:, :, column]
            held = (seated[:, :, None, :] == code[:, None, :, None]).any(3)
            others = held.sum(1, keepdims=True) - held
            allowed &= (others < rule.limit) | (code < 0)[:, None, :]
    return allowed


def permitted_group(rules: Sequence[CapRule], size: int) -> tuple[list[int] | None, bool]:
    """One group of ``size`` people that keeps all rules, or None; and whether the answer is certain.

    People with the same capped values are interchangeable, so the search picks among kinds of people,
    those with the fewest capped values first.
    """
    kinds: dict[Kind, list[int]] = {}
    for person in range(len(rules[0].codes) - 1):
        kind = tuple(tuple(code for code in rule.codes[person].tolist() if code >= 0) for rule in rules)
        kinds.setdefault(kind, []).append(person)
    order = sorted(kinds, key=lambda kind: sum(map(len, kind)))
    held: list[Counter[int]] = [Counter() for _ in rules]
    chosen: list[int] = []
    nodes = 0

    def extend(position: int, used: int) -> bool:
        """Choose the rest from the kinds at ``position`` (``used`` of which are chosen) and after."""
        nonlocal nodes
        while len(chosen) < size:
            nodes += 1
            if position == len(order) or nodes > SEARCH_LIMIT:
                return False
            kind = order[position]
            if used < len(kinds[kind]) and _fits(kind, held, rules):
                chosen.append(kinds[kind][used])
                _count(kind, held, 1)
                if extend(position, used + 1):
                    return True
                chosen.pop()
                _count(kind, held, -1)
            position, used = position + 1, 0
        return True

    found = extend(0, 0)
    return (chosen if found else None), found or nodes <= SEARCH_LIMIT


def _fits(kind: Kind, held: Sequence[Counter[int]], rules: Sequence[CapRule]) -> bool:
    return all(
        counter[code] < rule.limit
        for codes, counter, rule in zip(kind, held, rules, strict=True)
        for code in codes
    )


def _count(kind: Kind, held: Sequence[Counter[int]], step: int) -> None:
    for codes, counter in zip(kind, held, strict=True):
        for code in codes:
            counter[code] += step


def infeasible_reasons(rules: Sequence[CapRule], people: int, size: int) -> list[str]:
    """Why no group of ``size`` people can be formed: every cap that alone forbids it, else a minimal set."""
    if people < size:
        return [f"There are {people} people, fewer than the smallest group of {size}."]
    alone = [_alone(rule, people, size) for rule in rules if rule.largest_group() < size]
    if alone:
        return alone
    needed = list(rules)
    certain = permitted_group(needed, size)[1]
    for rule in rules:
        rest = [other for other in needed if other is not rule]
        if certain and rest and permitted_group(rest, size) == (None, True):
            needed = rest
    names = " and ".join(rule.attribute for rule in needed)
    caps = f"the cap on {names}" if len(needed) == 1 else f"the caps on {names} together"
    if certain:
        return [f"{caps[0].upper()}{caps[1:]} leave no group of {size} people."]
    return [f"No group of {size} people that keeps {caps} was found in a limited search."]


def _alone(rule: CapRule, people: int, size: int) -> str:
    most = int(np.argmax(rule.counts))
    return (
        f"{rule.counts[most]} of {people} people share {rule.attribute} “{rule.labels[most]}”; "
        f"with a cap of {rule.limit} no group can have more than {rule.largest_group()} people, "
        f"but the smallest group has {size}."
    )
