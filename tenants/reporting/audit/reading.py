"""What a reader of a release can write down: one linear system for each snapshot, from documents alone.

Every number printed in a table's margin is the sum of the inner cells below it. Shown numbers are exact, one that is
not shown or frozen is at least 1 (0 where a dimension is sensitive), and cells with the same codes are one number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

Document = Mapping[str, Any]
"""A release as JSON has it: as_of, snapshot, threshold, tables and cells."""

Cell = frozenset[tuple[str, str]]
"""A cell by its pairs of dimension and code."""

Counts = Mapping[tuple[tuple[str, str], ...], int]
"""Exact counts by pairs of dimension and code in any order; a cell that is missing counts 0."""


class Contradiction(ValueError):
    """The documents cannot be true together."""


@dataclass
class Reading:
    """A snapshot as its readers see it.

    ``inner``   for each cell that some table sums, the inner cells below it, once for each such table.
    ``steps``   the same one level and dimension at a time.
    ``shown``   the numbers printed for this snapshot.
    ``least``   for each cell that is not shown the least it can be by itself.
    ``wholes``  for each cell of a sensitive dimension the same without that dimension, for each one it has.
    ``small``   the cells of tables of over two dimensions and at most 100 cells: there whole numbers matter.
    """

    cells: dict[Cell, None] = field(default_factory=dict)
    inner: dict[Cell, list[tuple[Cell, ...]]] = field(default_factory=dict)
    steps: dict[Cell, list[tuple[Cell, ...]]] = field(default_factory=dict)
    shown: dict[Cell, int] = field(default_factory=dict)
    least: dict[Cell, int] = field(default_factory=dict)
    wholes: dict[Cell, tuple[Cell, ...]] = field(default_factory=dict)
    small: set[Cell] = field(default_factory=set)

    def hidden(self) -> list[Cell]:
        """The cells that are not shown, in the order of the documents."""
        return [cell for cell in self.cells if cell not in self.shown]


def reading_of(documents: Sequence[Document]) -> Reading:
    """The system of all documents of one snapshot. Raises Contradiction where they show two numbers for one cell."""
    found = Reading()
    for document in documents:
        for table in document["tables"]:
            _read_table(found, table["dimensions"], table["within"])
    for document in documents:
        for entry in document["cells"]:
            cell = frozenset(entry["at"].items())
            if entry["value"] is None or entry["frozen"] or cell not in found.cells:
                continue  # of a table of which nothing new was told the numbers are those of another release
            if found.shown.setdefault(cell, entry["value"]) != entry["value"]:
                raise Contradiction(f"{sorted(cell)} is shown with two numbers.")
    return found


def _read_table(found: Reading, dimensions: Sequence[Mapping[str, Any]], within: Mapping[str, str]) -> None:
    common = frozenset(within.items())
    names = [each["name"] for each in dimensions]
    below = [_leaves_below(each["codes"]) for each in dimensions]
    delicate = {each["name"] for each in dimensions if each["sensitive"]}
    mine: set[Cell] = set()
    for codes in product(*below):
        cell = common | _cell(names, codes)
        leaves = [under[code] for under, code in zip(below, codes, strict=True)]
        printed = all(code is not None or each["total"] for code, each in zip(codes, dimensions, strict=True))
        is_inner = all(len(each) == 1 and each[0] == code for each, code in zip(leaves, codes, strict=True))
        if not is_inner:
            found.inner.setdefault(cell, []).append(
                tuple(common | _cell(names, inner) for inner in product(*leaves))
            )
        found.cells.setdefault(cell)
        mine.add(cell)
        if marked := [pair for pair in sorted(cell) if pair[0] in delicate]:
            found.wholes[cell] = tuple(cell - {pair} for pair in marked)
        own = 1 if printed and not delicate.intersection(name for name, _ in cell) else 0
        found.least[cell] = max(own, found.least.get(cell, 0))
        for place, each in enumerate(dimensions):
            nearer = [code for code, above in each["codes"] if above == codes[place]]
            if nearer:
                steps = tuple(
                    common | _cell(names, (*codes[:place], code, *codes[place + 1 :])) for code in nearer
                )
                found.steps.setdefault(cell, []).append(steps)
    if len(dimensions) > 2 and len(mine) <= 100:
        found.small |= mine


def _leaves_below(codes: Iterable[Sequence[str | None]]) -> dict[str | None, tuple[str, ...]]:
    """The leaves below each code, itself if it is one; below None all."""
    above = {str(code): parent for code, parent in codes}
    leaves = [code for code in above if code not in above.values()]
    found: dict[str | None, list[str]] = {None: leaves, **{code: [] for code in above}}
    for leaf in leaves:
        code: str | None = leaf
        while code is not None:
            found[code].append(leaf)
            code = above[code]
    return {code: tuple(each) for code, each in found.items()}


def _cell(names: Sequence[str], codes: Iterable[str | None]) -> Cell:
    return frozenset((name, code) for name, code in zip(names, codes, strict=True) if code is not None)


def less(counts: Mapping[Cell, int], own: Mapping[Cell, int]) -> dict[Cell, int]:
    """The counts without one's own part of them."""
    return {cell: count - own[cell] for cell, count in counts.items()}


def without(reading: Reading, own: Mapping[Cell, int], rows: Set[Cell]) -> Reading:
    """The reading of what is left without somebody's own part of every cell, which adds up as the whole does.

    Of the cells in rows nothing is left. Raises Contradiction where the part is more than the number shown.
    """
    shown = {**less(reading.shown, own), **dict.fromkeys(rows, 0)}
    for cell, value in shown.items():
        if value < 0:
            raise Contradiction(f"{sorted(cell)} is shown as less than one institution's part.")
    least = {cell: max(0, value - own[cell]) for cell, value in reading.least.items()}
    return replace(reading, shown=shown, least=least)


def exact_counts(reading: Reading, counts: Counts) -> dict[Cell, int]:
    """The count of every cell from those of the inner ones. Raises Contradiction where sums do not agree."""
    given = {frozenset(key): value for key, value in counts.items()}
    found: dict[Cell, int] = {}

    def count(cell: Cell) -> int:
        if cell not in found:
            sums = {sum(count(part) for part in parts) for parts in reading.inner.get(cell, ())}
            sums |= {given[cell]} if cell in given else set()
            if len(sums) > 1:
                raise Contradiction(f"{sorted(cell)} has the sums {sorted(sums)}.")
            found[cell] = sums.pop() if sums else 0
        return found[cell]

    for cell in reading.cells:
        count(cell)
    return found


def fewest(reading: Reading, counts: Mapping[Cell, int]) -> dict[Cell, int]:
    """For each cell how many cells with anybody in them it must be the sum of: the least it could be by the rules.

    Cells of sensitive dimensions do not count: they may as well be 0.
    """
    found: dict[Cell, int] = {}

    def least(cell: Cell) -> int:
        if cell not in found:
            own = 1 if counts[cell] and cell not in reading.wholes else 0
            sums = [sum(least(part) for part in parts) for parts in reading.steps.get(cell, ())]
            found[cell] = max([own, *sums])
        return found[cell]

    for cell in reading.cells:
        least(cell)
    return _alike(reading, found)


def _alike(reading: Reading, found: dict[Cell, int]) -> dict[Cell, int]:
    """The same, where a sum has one part only that is not shown as none: then the two are one number."""
    ties = [
        (cell, parts, [part for part in parts if reading.shown.get(part) != 0])
        for cell, each in reading.steps.items()
        for parts in each
    ]
    rising = True
    while rising:
        rising = False
        for cell, parts, left in ties:
            wanted = max(found[cell], sum([found[part] for part in parts]))
            for other in (cell, *(left if len(left) == 1 else ())):
                if found[other] < wanted:
                    found[other], rising = wanted, True
    return found
