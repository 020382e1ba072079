"""What is protected and what comes out: tables, releases and the ledger of earlier ones, all plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

LEAST_THRESHOLD = 10
"""Counts from 1 up to here are never shown: the cell size rule of the Centers for Medicare & Medicaid Services.
A tenant may raise it."""

Key = tuple[tuple[str, str], ...]
"""A cell: pairs of dimension and code, by name of the dimension; a dimension that it does not name is summed over.
The same key in several tables is the same number."""


class ImpossibleTables(ValueError):
    """The tables or counts contradict themselves or what was released of the same snapshot."""


def key_of(codes: Mapping[str, str]) -> Key:
    """The key of the cell with these codes by dimension."""
    return tuple(sorted(codes.items()))


@dataclass(frozen=True)
class Dimension:
    """What a table is broken down by.

    ``codes``      each code with the one above it, None right below the total; any depth.
    ``total``      False where tables do not print the sum over it.
    ``sensitive``  nobody may learn either that none or that all of some people have one of its codes.
    ``holders``    its codes are the institutions that hold the rows.
    """

    name: str
    codes: tuple[tuple[str, str | None], ...]
    total: bool = True
    sensitive: bool = False
    holders: bool = False

    def __post_init__(self) -> None:
        """Raises ImpossibleTables for a code that appears twice, or stands under one not named before it."""
        seen: set[str] = set()
        for code, above in self.codes:
            if code in seen or (above is not None and above not in seen):
                raise ImpossibleTables(f"{self.name}: {code!r} appears twice or before the code above it.")
            seen.add(code)
        if not seen:
            raise ImpossibleTables(f"{self.name}: there is no code.")

    @cached_property
    def children(self) -> dict[str | None, tuple[str, ...]]:
        """The codes right below each code that has any; below None those right below the total."""
        found: dict[str | None, list[str]] = {}
        for code, above in self.codes:
            found.setdefault(above, []).append(code)
        return {above: tuple(codes) for above, codes in found.items()}

    @property
    def leaves(self) -> tuple[str, ...]:
        """The codes with none below them."""
        return tuple(code for code, _ in self.codes if code not in self.children)


def flat(name: str, codes: Iterable[str], **marks: bool) -> Dimension:
    """A dimension of one level; marks are those of Dimension."""
    return Dimension(name, tuple((code, None) for code in codes), **marks)


@dataclass(frozen=True)
class Table:
    """A table of counts of people, with all its margins except where a dimension has no total.

    ``within``  what all of its cells have in common, such as being one cell of another table.
    """

    name: str
    dimensions: tuple[Dimension, ...]
    within: Key = ()

    def __post_init__(self) -> None:
        """Raises ImpossibleTables when two dimensions have one name."""
        names = [*(each.name for each in self.dimensions), *(name for name, _ in self.within)]
        if len(set(names)) < len(names):
            raise ImpossibleTables(f"{self.name}: two dimensions have one name.")


@dataclass(frozen=True)
class Printed:
    """A cell as released: a value with the day of which it holds, both None where nothing is shown.

    ``frozen``  the value is the last one shown in an earlier release: it could not be moved safely.
    """

    value: int | None = None
    as_of: str | None = None
    frozen: bool = False


NOT_SHOWN = Printed()
"""The one mark of every number that is not shown, whatever the reason."""


@dataclass(frozen=True)
class Release:
    """What went out.

    ``as_of``      the day of which its numbers hold, ISO 8601.
    ``snapshot``   releases of one snapshot are computed from the very same rows; a cell that both have is then the
                   same number. If anybody joined, left or withdrew in between, or agreed to one and not the other, it
                   is another snapshot.
    ``cells``      every published cell of the tables, in their order.
    """

    as_of: str
    snapshot: str
    threshold: int
    tables: tuple[Table, ...]
    cells: Mapping[Key, Printed]

    def shown(self, key: Key) -> int | None:
        """The cell's number in this release's own snapshot, None where it is not shown or frozen."""
        printed = self.cells.get(key, NOT_SHOWN)
        return None if printed.frozen else printed.value

    def document(self) -> dict[str, Any]:
        """All of it as what JSON can hold; the same release gives the same document."""
        return {
            "as_of": self.as_of,
            "snapshot": self.snapshot,
            "threshold": self.threshold,
            "tables": [_said_of_table(table) for table in self.tables],
            "cells": [
                {"at": dict(key), "value": printed.value, "as_of": printed.as_of, "frozen": printed.frozen}
                for key, printed in self.cells.items()
            ],
        }


def _said_of_table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "within": dict(table.within),
        "dimensions": [
            {
                "name": each.name,
                "codes": [list(pair) for pair in each.codes],
                "total": each.total,
                "sensitive": each.sensitive,
                "holders": each.holders,
            }
            for each in table.dimensions
        ],
    }


def release_from(document: Mapping[str, Any]) -> Release:
    """The release that a document of Release.document describes. Raises KeyError or TypeError for any other."""
    tables = tuple(
        Table(
            table["name"],
            tuple(
                Dimension(
                    each["name"],
                    tuple((code, above) for code, above in each["codes"]),
                    total=each["total"],
                    sensitive=each["sensitive"],
                    holders=each["holders"],
                )
                for each in table["dimensions"]
            ),
            key_of(table["within"]),
        )
        for table in document["tables"]
    )
    cells = {
        key_of(cell["at"]): Printed(cell["value"], cell["as_of"], cell["frozen"])
        for cell in document["cells"]
    }
    return Release(document["as_of"], document["snapshot"], document["threshold"], tables, cells)


Ledger = tuple[Release, ...]
"""All releases ever made about any of the same people, whoever received them, in their order. No people in it."""
