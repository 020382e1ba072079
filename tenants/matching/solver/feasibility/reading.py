"""From the rules of a recipe to their parts, as fine as somebody can act on them, with the words for each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tenants.matching.solver.compiling import elements, holders, lists_of, pairs_of
from tenants.matching.solver.feasibility.demands import (
    U64,
    Block,
    Case,
    Common,
    Count,
    Demand,
    Sizes,
    counted,
    listed,
)
from tenants.matching.solver.hours import Hours
from tenants.matching.solver.model import (
    Apart,
    Attribute,
    Cap,
    CommonSlots,
    Hierarchy,
    Locked,
    NoIsolate,
    Part,
    Pool,
    Recipe,
    Rule,
    Seats,
    Shared,
    SimilarText,
    Size,
    Together,
)
from tenants.matching.solver.texts import similar_pairs

PRIVATE = "a private wish"

TOGETHER = "let {} be in one group"


def read(pool: Pool, recipe: Recipe) -> Case:
    """What the sizes and the rules that always hold demand of a pool. What nothing can break is left out."""
    demands: list[Demand] = [_sizes(recipe.size)]
    reader = _Reader(pool)
    for place, rule in enumerate(recipe.rules):
        if rule.price is None:
            demands += [_hidden(each, place) if rule.private else each for each in reader.read(place, rule)]
    return Case(pool.ids, tuple(demands))


def _hidden(demand: Demand, place: int) -> Demand:
    shown = {"part": Part(place, PRIVATE), "unnamed": PRIVATE, "release": "", "private": True}
    return type(demand)(**{**vars(demand), **shown})


def size_words(size: Size) -> str:
    """Sizes in words: "groups of 6", "groups of 5 to 7"."""
    return f"groups of {size.min}" if size.min == size.max else f"groups of {size.min} to {size.max}"


def _sizes(size: Size) -> Sizes:
    said = size_words(size)
    return Sizes(part=Part(None, said), unnamed=said, release="", size=size)


class _Reader:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.index = {name: person for person, name in enumerate(pool.ids)}

    def read(self, place: int, rule: Rule) -> Iterator[Demand]:
        match rule:
            case Cap():
                yield from self.caps(place, rule)
            case Seats():
                yield from self.seats(place, rule)
            case NoIsolate():
                yield from self.isolates(place, rule)
            case Shared():
                yield self.shared(place, rule)
            case CommonSlots():
                yield self.slots(place, rule)
            case Together() | Locked():
                yield from self.joined(place, rule)
            case _:
                yield from self.separate(place, rule)

    def joined(self, place: int, rule: Together | Locked) -> Iterator[Demand]:
        lists = lists_of(rule.lists, self.index)
        if isinstance(rule, Locked):
            yield from (self.block(place, people, "locked", own=True) for people in lists)
            return
        for people in (*pairs_of(rule.pairs, self.index), *lists):
            if len(set(people)) > 1:
                yield self.block(place, people, "together")

    def separate(self, place: int, rule: Rule) -> Iterator[Demand]:
        match rule:
            case Apart():
                for people in (*pairs_of(rule.pairs, self.index), *lists_of(rule.lists, self.index)):
                    yield from self.apart(place, people, "take the pair ({}) out of the list")
            case SimilarText():
                texts = self.pool.attributes[rule.attribute].values
                for pair in similar_pairs(texts, rule.similarity).tolist():
                    yield from self.apart(place, pair, TOGETHER, f"similar {rule.attribute}")
            case Hierarchy():
                yield from self.hierarchy(place, rule)

    def caps(self, place: int, rule: Cap) -> Iterator[Demand]:
        attribute = self.pool.attributes[rule.attribute]
        for value, people in holders(attribute).items():
            if len(people) > rule.max:
                noun = f"{rule.attribute} “{_word(value)}”"
                said = f"at most {rule.max} of {noun} in a group: {counted(len(people), 'person', 'people')}"
                yield Count(
                    part=Part(place, said, tuple(people), _word(value)),
                    unnamed=f"at most {rule.max} with the same {rule.attribute} in a group",
                    release="",
                    holders=tuple(people),
                    noun=noun,
                    most=rule.max,
                    change=f"raise the cap on {rule.attribute} to {{}}",
                )

    def seats(self, place: int, rule: Seats) -> Iterator[Demand]:
        people = tuple(holders(self.pool.attributes[rule.attribute]).get(rule.value, []))
        noun = f"{rule.attribute} “{_word(rule.value)}”"
        bounds: list[tuple[str, int, int | None]] = [("at least", rule.min, None)] if rule.min > 0 else []
        if rule.max is not None and len(people) > rule.max:
            bounds.append(("at most", 0, rule.max))
        for bound, least, most in bounds:
            said = f"{bound} {least if most is None else most} of {noun} in a group"
            yield Count(
                part=Part(
                    place, f"{said}: {counted(len(people), 'person', 'people')}", people, _word(rule.value)
                ),
                unnamed=f"{bound} {least if most is None else most} with a certain {rule.attribute} in a group",
                release=f"ask for no {noun} in a group",
                holders=people,
                noun=noun,
                least=least,
                most=most,
                change=f"ask for {bound} {{}} of {noun} in a group",
            )

    def isolates(self, place: int, rule: NoIsolate) -> Iterator[Demand]:
        for value, people in holders(self.pool.attributes[rule.attribute]).items():
            if rule.values is None or value in rule.values:
                noun = f"{rule.attribute} “{_word(value)}”"
                held = counted(len(people), "person", "people")
                yield Count(
                    part=Part(
                        place, f"nobody alone in a group with {noun}: {held}", tuple(people), _word(value)
                    ),
                    unnamed=f"nobody alone in a group with their {rule.attribute}",
                    release=f"let somebody be alone in a group with {noun}",
                    holders=tuple(people),
                    noun=noun,
                    lone=True,
                )

    def apart(self, place: int, people: Sequence[int], release: str, why: str = "") -> Iterator[Demand]:
        """People of whom no two may be in one group."""
        members = tuple(sorted(set(people)))
        if len(members) < 2:
            return
        names = listed([self.pool.ids[person] for person in members])
        because = f" ({why})" if why else ""
        noun = f"apart{because}: {names}"
        yield Count(
            part=Part(place, f"{names} apart{because}", members),
            unnamed=f"{len(members)} people apart{because}",
            release=release.format(names),
            holders=members,
            noun=noun,
            most=1,
        )

    def hierarchy(self, place: int, rule: Hierarchy) -> Iterator[Demand]:
        naming: dict[str, list[int]] = {}
        for key in rule.attributes:
            for name, people in holders(self.pool.attributes[key]).items():
                naming.setdefault(name, []).extend(people)
        for name, people in naming.items():
            for person in sorted(set(people)) if name in self.index else []:
                keys = [
                    key
                    for key in rule.attributes
                    if name in elements(self.pool.attributes[key], self.pool.attributes[key].values[person])
                ]
                pair = (person, self.index[name])
                yield from self.apart(place, pair, TOGETHER, " and ".join(keys))
            if rule.shared:
                why = f"the same {' or '.join(rule.attributes)} “{name}”"
                yield from self.apart(place, people, TOGETHER, why)

    def block(self, place: int, people: Sequence[int], verb: str, *, own: bool = False) -> Block:
        """People who are in one group."""
        members = tuple(sorted(set(people)))
        names = listed([self.pool.ids[person] for person in members])
        what = "pair" if len(members) == 2 else "list"
        return Block(
            part=Part(place, f"{names} {verb}", members),
            unnamed=f"{counted(len(members), 'person', 'people')} {verb}",
            release=f"take the {what} ({names}) out of those {verb}",
            members=members,
            own=own,
        )

    def shared(self, place: int, rule: Shared) -> Common:
        rows, bits = _element_bits(self.pool.attributes[rule.attribute])
        said = f"at least {rule.min} of {rule.attribute} in common in a group"
        return Common(
            part=Part(place, said),
            unnamed=said,
            release=f"ask for no {rule.attribute} in common",
            token=rows,
            bits=bits,
            need=rule.min,
            step=1,
            change=f"ask for at least {{}} of {rule.attribute} in common",
        )

    def slots(self, place: int, rule: CommonSlots) -> Common:
        hours = Hours(self.pool.attributes[rule.attribute].values)
        flat = hours.bits.reshape(len(hours.bits), -1)
        different, rows = np.unique(flat, axis=0, return_inverse=True)
        said = f"at least {rule.hours:g} hours a week of {rule.attribute} in common in a group"
        return Common(
            part=Part(place, said),
            unnamed=said,
            release=f"ask for no {rule.attribute} in common",
            token=tuple(rows.ravel().tolist()),
            bits=different.reshape(-1, *hours.bits.shape[1:]),
            need=math.ceil(rule.hours * 60 / hours.minutes - 1e-9),
            step=60 // hours.minutes,
            change=f"ask for {{}} hours a week of {rule.attribute} in common",
        )


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _element_bits(attribute: Attribute) -> tuple[tuple[int, ...], U64]:
    """The row of each person, and by row the elements, (rows, 1, words)."""
    held = [frozenset(elements(attribute, value)) for value in attribute.values]
    row_of = {own: row for row, own in enumerate(dict.fromkeys(held))}
    bit_of = {element: bit for bit, element in enumerate(Counter(e for own in row_of for e in sorted(own)))}
    bits = np.zeros((len(row_of), 1, 1 + len(bit_of) // 64), dtype=np.uint64)
    for own, row in row_of.items():
        for element in own:
            word, bit = divmod(bit_of[element], 64)
            bits[row, 0, word] |= np.uint64(1 << bit)
    return tuple(row_of[own] for own in held), bits
