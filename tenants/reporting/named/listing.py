"""Whom a document names, its rows of text, and what each row says of one person alone. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is named. ``told``: what she or the program said, in words, by the attribute's key."""

    id: UUID
    name: str
    identifiers: Mapping[str, Any]
    told: Mapping[str, str]
    since: dt.date


@dataclass(frozen=True, slots=True)
class Facts:
    """Those whom a document names, of ``everybody`` in all, with what came of it."""

    everybody: int
    people: Sequence[Person]
    products: Sequence[Any]
    events: Sequence[Any]

    @property
    def ids(self) -> set[UUID]:
        """Of all that may be told: people, products, who is named with each, and career events."""
        told_by = {each for product in self.products for each in product.told_by}
        return told_by | {each.id for each in (*self.people, *self.products, *self.events)}


@dataclass(frozen=True, slots=True)
class Line:
    """A row as it is printed, by membership what it says of each without those who are named beside her, and the ids of
    what it is made ``of``.
    """

    cells: Cells
    own: Mapping[UUID, Cells]
    of: frozenset[UUID]


def rows_behind(product: Any, membership_id: UUID) -> set[UUID]:
    """The ids of what it takes to tell of a product with somebody."""
    return {membership_id, product.id, product.told_by[product.contributors.index(membership_id)]}


@dataclass(frozen=True, slots=True)
class Listed:
    """A section of a named document: its columns and lines; where there are none it says so."""

    id: str
    title: str
    columns: Cells
    lines: Sequence[Line]
    notes: Cells = ()


def said_of_section(listed: Listed) -> dict[str, Any]:
    """A section as the document has it."""
    nothing = () if listed.lines else ("Nothing to report.",)
    return {
        "id": listed.id,
        "title": listed.title,
        "columns": list(listed.columns),
        "rows": [list(line.cells) for line in listed.lines],
        "notes": [*nothing, *listed.notes],
    }


def said_of_person(sections: Sequence[Listed], membership_id: UUID) -> list[dict[str, Any]]:
    """All that a document says of somebody: section, columns, and her row of each line that names her."""
    return [
        {
            "section": section.title,
            "columns": list(section.columns),
            "row": list(line.own[membership_id]),
        }
        for section in sections
        for line in section.lines
        if membership_id in line.own
    ]
