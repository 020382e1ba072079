"""Tables of counts: exact, before anybody sees them, and as they are shown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from tenants.reporting.suppression.model import (
    LEAST_THRESHOLD,
    NOT_SHOWN,
    Dimension,
    Key,
    Printed,
    Table,
    key_of,
)
from tenants.reporting.suppression.system import system_of

COHORT, REPORTED = "cohort", "reported"
YES, NO = "yes", "no"
ANSWER = "answer:"
"""What the code of an answer to a question begins with."""


class Code(NamedTuple):
    """One of the parts that an axis divides people into, in words; ``above``: the part that it is a part of."""

    code: str
    label: str
    above: str | None = None


@dataclass(frozen=True)
class Axis:
    """What a table is broken down by. The parts are disjoint, and everybody is in one.

    ``sensitive``  that none or all of some people are in a part says too much as well.
    ``holders``    its parts are the institutions that hold the rows.
    ``dear``       the parts without which nothing can be drawn: hidden only where others would not do.
    """

    name: str
    title: str
    codes: tuple[Code, ...]
    sensitive: bool = False
    holders: bool = False
    dear: tuple[str, ...] = ()

    @property
    def dimension(self) -> Dimension:
        """The axis without words; what others are a part of comes before them."""
        pairs = tuple((each.code, each.above) for each in _from_above(self.codes))
        return Dimension(self.name, pairs, sensitive=self.sensitive, holders=self.holders)


def _from_above(codes: Sequence[Code]) -> Iterator[Code]:
    """In their order, but for those that wait for what they are a part of."""
    told: set[str | None] = {None}
    left = list(codes)
    while left:
        waiting = []
        for each in left:
            if each.above in told:
                told.add(each.code)
                yield each
            else:
                waiting.append(each)
        if len(waiting) == len(left):  # parts of nothing: a dimension refuses them
            yield from waiting
            return
        left = waiting


def axis(name: str, title: str, codes: Iterable[str], *, sensitive: bool = False) -> Axis:
    """An axis of one level whose codes say themselves what they are."""
    words = tuple(Code(code, code.replace("_", " ").capitalize()) for code in codes)
    return Axis(name, title, words, sensitive=sensitive)


@dataclass(frozen=True)
class CountTable:
    """Exact counts of disjoint people or things.

    ``unit``     what is counted.
    ``within``   what all cells have in common; in a table of things, that they are of this unit.
    ``counts``   by inner cell, with what is common; one that is missing is 0.
    ``few``      the cells, margins too, with at most as many people behind them as are never shown.
    ``spread``   axes of whom the same people or things are told of besides: cohorts, who agreed to a funder.
    ``breakdown``  whether it leaves only if most of it can be shown (`shapes`).
    ``silent``   the cells that are never shown, as others tell of a few people by the difference.
    ``parts``    of people of several institutions, by institution its own part of the counts: of things what it has to
                 do with.
    ``curve``    the name of the curve that is drawn of it and others (`standing`).
    """

    name: str
    title: str
    unit: str
    axes: tuple[Axis, ...]
    within: Key = ()
    counts: Mapping[Key, int] = field(default_factory=dict)
    few: frozenset[Key] = frozenset()
    spread: tuple[Axis, ...] = ()
    breakdown: bool = False
    silent: frozenset[Key] = frozenset()
    parts: Mapping[str, Mapping[Key, int]] = field(default_factory=dict)
    curve: str = ""

    @property
    def shape(self) -> Table:
        """What is protected: the table with no numbers in it."""
        axes = (*self.axes, *self.spread)
        return Table(self.name, tuple(each.dimension for each in axes), self.within)

    def whole(self, as_of: date) -> ShownTable:
        """Every number as it is, for the tenant itself."""
        system = system_of((self.shape,))
        values = system.values(self.counts)
        day = as_of.isoformat()
        numbers = zip(system.keys, values.tolist(), strict=True)
        return self.shown({key: Printed(value, day) for key, value in numbers})

    def shown(self, cells: Mapping[Key, Printed], *also: tuple[str, str]) -> ShownTable:
        """The table as a reader has it: of all people, or only of those in the parts of its spread that are named."""
        names = {each.name for each in self.spread}
        part = [pair for pair in also if pair[0] in names]
        found = {}
        for key in self.keys():
            found[key] = cells.get(key_of(dict((*self.within, *key, *part))), NOT_SHOWN)
        return ShownTable(self.name, self.title, self.unit, self.axes, found)

    def keys(self) -> tuple[Key, ...]:
        """The cells that a reader sees, by the codes of the axes alone."""
        bare = Table(self.name, tuple(each.dimension for each in self.axes))
        return system_of((bare,)).keys


@dataclass(frozen=True)
class ShownTable:
    """A table as printed: a number with the day of which it holds, or the one mark of what is not shown.

    ``threshold``  counts from 1 up to it are not told of in figures either.
    """

    name: str
    title: str
    unit: str
    axes: tuple[Axis, ...]
    cells: Mapping[Key, Printed]
    threshold: int = LEAST_THRESHOLD

    def at(self, **codes: str) -> Printed:
        """One cell; an axis that is not named is summed over."""
        return self.cells.get(key_of(codes), NOT_SHOWN)

    def value(self, **codes: str) -> int | None:
        """The number of one cell, None where it is not shown."""
        return self.at(**codes).value

    def codes(self, name: str) -> tuple[Code, ...]:
        """The codes of an axis."""
        return next(each.codes for each in self.axes if each.name == name)


def together(*cells: Printed) -> tuple[int, ...] | None:
    """The numbers of these cells, None unless all are shown and hold of the same day.

    What is computed from several numbers is so only from such: a number that stands at an earlier value is not put in
    proportion to one of today, whatever its day: a release may be of the day of the one before it.
    """
    values = tuple(each.value for each in cells if each.value is not None)
    same = len({(each.as_of, each.frozen) for each in cells}) <= 1
    return values if same and len(values) == len(cells) else None


def said_of_table(table: CountTable) -> dict[str, Any]:
    """An exact table as what JSON can hold; `table_from` is its inverse."""
    return {
        "name": table.name,
        "title": table.title,
        "unit": table.unit,
        "within": dict(table.within),
        "axes": [_said_of_axis(each) for each in table.axes],
        "spread": [_said_of_axis(each) for each in table.spread],
        "counts": [[dict(key), number] for key, number in sorted(table.counts.items())],
        "few": [dict(key) for key in sorted(table.few)],
        "silent": [dict(key) for key in sorted(table.silent)],
        **({"parts": _said_of_parts(table)} if table.parts else {}),
        "curve": table.curve,
    }


def table_from(said: Mapping[str, Any]) -> CountTable:
    """The table that was said. Raises KeyError or TypeError for anything else."""
    counts = {key_of(codes): number for codes, number in said["counts"]}
    keys = list(counts)
    parts = {
        holder: {keys[place]: number for place, number in part}
        for holder, part in said.get("parts", {}).items()
    }
    return CountTable(
        said["name"],
        said["title"],
        said["unit"],
        tuple(map(_axis_from, said["axes"])),
        key_of(said["within"]),
        counts,
        frozenset(key_of(codes) for codes in said["few"]),
        tuple(map(_axis_from, said["spread"])),
        silent=frozenset(key_of(codes) for codes in said.get("silent", ())),
        parts=parts,
        curve=said.get("curve", ""),
    )


def _said_of_parts(table: CountTable) -> dict[str, list[list[int]]]:
    """Each institution's part by the places of its cells among the counts."""
    places = {key: place for place, key in enumerate(sorted(table.counts))}
    return {
        holder: [[places[key], number] for key, number in sorted(part.items())]
        for holder, part in sorted(table.parts.items())
    }


def _said_of_axis(each: Axis) -> dict[str, Any]:
    return {
        "name": each.name,
        "title": each.title,
        "codes": [list(code) for code in each.codes],
        "sensitive": each.sensitive,
        **({"holders": True} if each.holders else {}),
        "dear": list(each.dear),
    }


def _axis_from(said: Mapping[str, Any]) -> Axis:
    codes = tuple(Code(*each) for each in said["codes"])
    holders, dear = said.get("holders", False), tuple(said.get("dear", ()))
    return Axis(said["name"], said["title"], codes, sensitive=said["sensitive"], holders=holders, dear=dear)
