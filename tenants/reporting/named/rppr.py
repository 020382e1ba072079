"""A Research Performance Progress Report's products, C.1 to C.5, and participants, D.1, as far as they are known. Pure.

Which section a product is in, its kind says (`tenants.outcomes.kinds`); a section that has nothing says so. Only who is
behind a product by name is named with it: whoever helped claims no part in it.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants.outcomes.kinds import PRODUCTS, RPPR
from tenants.reporting.named.listing import Facts, Line, Listed, rows_behind

OF_PRODUCTS = ("Kind", "Title", "Date", "DOI", "PMID", "State", "Participants")
OF_PARTICIPANTS = (
    "Commons ID",
    "Senior/Key",
    "Name",
    "Degree(s)",
    "Role",
    "Calendar months",
    "Academic months",
    "Summer months",
    "Foreign organization",
    "Country",
    "Supplement support",
)
REPORTED = (None, "accepted", "published")
"""The states in which a paper is one for C.1."""
NOTE = (
    "Months, roles in the project, organizations and supplements are not kept here: those columns are empty."
)
_SECTIONS = {kind.name: kind.rppr for kind in PRODUCTS}


def sections(facts: Facts, *, since: dt.date | None) -> list[Listed]:
    """Sections C.1 to C.5 and D.1. `since`: only products of that day or later."""
    made = [each for each in facts.products if since is None or (each.date and each.date >= since)]
    return [
        *(_section(facts, made, place) for place in RPPR if place.startswith("C.")),
        _participants(facts),
    ]


def _section(facts: Facts, made: Sequence[Any], place: str) -> Listed:
    names = {each.id: each.name for each in facts.people}
    lines = []
    for each in made:
        if _SECTIONS[each.kind] != place or (place == "C.1" and each.state not in REPORTED):
            continue
        said = (
            each.kind.replace("_", " ").capitalize(),
            each.title or "",
            each.date.isoformat() if each.date else "",
            each.doi or "",
            each.pmid or "",
            each.state or "",
        )
        behind = sorted(names[member] for member in each.contributors)
        own = {member: (*said, names[member]) for member in each.contributors}
        made_of = frozenset[UUID]().union(*(rows_behind(each, member) for member in each.contributors))
        lines.append(Line((*said, "; ".join(behind)), own, made_of))
    return Listed(place, f"{place} {RPPR[place]}", OF_PRODUCTS, lines)


def _participants(facts: Facts) -> Listed:
    lines = []
    for each in facts.people:
        commons = str(each.identifiers.get("era_commons", ""))
        cells = (commons, "", each.name, each.told.get("degree", ""), "", "", "", "", "", "", "")
        lines.append(Line(cells, {each.id: cells}, frozenset({each.id})))
    return Listed("D.1", "D.1 Individuals who have worked on the project", OF_PARTICIPANTS, lines, (NOTE,))
