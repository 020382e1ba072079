"""From the rules of a recipe to their parts, as fine as somebody can act on them, with the words for each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np

from tenants.matching.solver.clash import Part
from tenants.matching.solver.compiling import (
    element_bits,
    elements,
    holders,
    lists_of,
    named,
    pairs_of,
)
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
from tenants.matching.solver.hours import START, Hours
from tenants.matching.solver.model import (
    Apart,
    Cap,
    CommonSlots,
    Hierarchy,
    Locked,
    NoIsolate,
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
from tenants.matching.solver.words import shown

PRIVATE = "a private wish"

TOGETHER = "let {} be in one group"


def read(pool: Pool, recipe: Recipe, start: date = START) -> Case:
    """What the sizes and the rules that always hold demand of a pool. What nothing can break is left out.

    The year over which slots must be common begins in the week of ``start``.
    """
    demands: list[Demand] = [_sizes(recipe.size)]
    reader = _Reader(pool, start)
    for place, rule in enumerate(recipe.rules):
        if rule.price is None:
            demands += [_hidden(each, place) if rule.private else each for each in reader.read(place, rule)]
    return Case(pool.ids, tuple(demands))


def _hidden(demand: Demand, place: int) -> Demand:
    hidden = {"part": Part(place, PRIVATE), "unnamed": PRIVATE, "release": "", "private": True}
    return type(demand)(**{**vars(demand), **hidden})


def size_words(size: Size) -> str:
    """Sizes in words: "groups of 6", "groups of 5 to 7"."""
    return f"groups of {size.min}" if size.min == size.max else f"groups of {size.min} to {size.max}"


def _sizes(size: Size) -> Sizes:
    said = size_words(size)
    return Sizes(part=Part(None, said), unnamed=said, release="", size=size)


class _Reader:
    def __init__(self, pool: Pool, start: date) -> None:
        self.pool, self.start = pool, start
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
                noun = f"{rule.attribute} “{shown(value)}”"
                said = f"at most {rule.max} of {noun} in a group: {counted(len(people), 'person', 'people')}"
                yield Count(
                    part=Part(place, said, tuple(people), shown(value)),
                    unnamed=f"at most {rule.max} with the same {rule.attribute} in a group",
                    release="",
                    holders=tuple(people),
                    noun=noun,
                    most=rule.max,
                    change=f"raise the cap on {rule.attribute} to {{}}",
                )

    def seats(self, place: int, rule: Seats) -> Iterator[Demand]:
        people = tuple(holders(self.pool.attributes[rule.attribute]).get(rule.value, []))
        noun = f"{rule.attribute} “{shown(rule.value)}”"
        bounds: list[tuple[str, int, int | None]] = [("at least", rule.min, None)] if rule.min > 0 else []
        if rule.max is not None and len(people) > rule.max:
            bounds.append(("at most", 0, rule.max))
        for bound, least, most in bounds:
            said = f"{bound} {least if most is None else most} of {noun} in a group"
            yield Count(
                part=Part(
                    place, f"{said}: {counted(len(people), 'person', 'people')}", people, shown(rule.value)
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
                noun = f"{rule.attribute} “{shown(value)}”"
                held = counted(len(people), "person", "people")
                yield Count(
                    part=Part(
                        place, f"nobody alone in a group with {noun}: {held}", tuple(people), shown(value)
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
        for name, people in named(rule, self.pool).items():
            for person in people if name in self.index else []:
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
        token, bits = _different(element_bits(self.pool.attributes[rule.attribute], held_by=1))
        said = f"at least {rule.min} of {rule.attribute} in common in a group"
        return Common(
            part=Part(place, said),
            unnamed=said,
            release=f"ask for no {rule.attribute} in common",
            token=token,
            bits=bits,
            need=rule.min,
            step=1,
            change=f"ask for at least {{}} of {rule.attribute} in common",
        )

    def slots(self, place: int, rule: CommonSlots) -> Common:
        hours = Hours(self.pool.attributes[rule.attribute].values, self.start)
        token, bits = _different(hours.bits)
        said = f"at least {rule.hours:g} hours a week of {rule.attribute} in common in a group"
        return Common(
            part=Part(place, said),
            unnamed=said,
            release=f"ask for no {rule.attribute} in common",
            token=token,
            bits=bits,
            need=math.ceil(rule.hours * 60 / hours.minutes - 1e-9),
            step=60 // hours.minutes,
            change=f"ask for {{}} hours a week of {rule.attribute} in common",
        )


def _different(bits: U64) -> tuple[tuple[int, ...], U64]:
    """The rows that differ, and which of them is each person's."""
    different, row = np.unique(bits.reshape(len(bits), -1), axis=0, return_inverse=True)
    return tuple(row.ravel().tolist()), different.reshape(-1, *bits.shape[1:])
