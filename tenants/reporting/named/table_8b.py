"""NIH's training data table 8B, part I: postdoctoral trainees, with columns after secondary sources. Pure.

A column of which nothing is known is there and empty, for the institution to fill in: support by year, and degrees that
came of the training. Faculty members are named by nobody here, as they were not asked.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants.outcomes.identity import core_project_number, counted_once
from tenants.reporting.named.listing import Facts, Line, Listed, Person, rows_behind

COLUMNS = (
    "Trainee",
    "Doctoral Degree(s) and Year(s)",
    "Faculty Member",
    "Start Date",
    "Summary of Support During Training",
    "Degree(s) Resulting from Postdoctoral Training and Year(s)",
    "Topic of Research Project",
    "Initial Position",
    "Current Position",
    "Subsequent Grant(s)/Role/Year Awarded",
)
POSITIONS = ("appointment", "promotion")
GRANTS = ("proposal_awarded", "supplement")
NOTE = (
    "Years of degrees, faculty members, support by year, degrees that came of the training, and departments and "
    "institutions of positions are not kept here: those columns are empty, or have less than the form asks for."
)


def sections(facts: Facts, *, since: dt.date | None) -> list[Listed]:
    """The table: a row for each, by when she began. `since`: only who began on that day or later."""
    events: dict[UUID, list[Any]] = defaultdict(list)
    for event in facts.events:
        events[event.membership_id].append(event)
    began = [(_start(each), each) for each in facts.people]
    lines = [
        _line(person, start, events[person.id], _grants(facts, person))
        for start, person in sorted(began, key=lambda pair: (pair[0], pair[1].name))
        if since is None or start >= since
    ]
    return [Listed("table_8b", "Table 8B. Program outcomes: postdoctoral, part I", COLUMNS, lines, (NOTE,))]


def _line(person: Person, start: dt.date, events: Sequence[Any], products: Sequence[Any]) -> Line:
    positions = [each for each in events if each.kind in POSITIONS and each.code and each.date >= start]
    won = [each for each in events if each.kind == "award" and each.date > start]
    grants = [each for each in products if each.date and each.date > start]
    cells = (
        person.name,
        person.told.get("degree", ""),
        "",
        start.strftime("%m/%Y"),
        "",
        "",
        person.told.get("project_title", ""),
        positions[0].code if positions else "",
        positions[-1].code if positions else "",
        "; ".join(_awards(person, [*won, *grants])),
    )
    made_of = {person.id, *(each.id for each in (*positions, *won))}
    return Line(
        cells,
        {person.id: cells},
        frozenset(made_of.union(*(rows_behind(each, person.id) for each in grants))),
    )


def _start(person: Person) -> dt.date:
    """The first day of her appointment, else that on which she came into the program here."""
    try:
        return dt.date.fromisoformat(person.told.get("appointment_start", ""))
    except ValueError:  # nothing, or a day in words where a program's attribute is text
        return person.since


def _grants(facts: Facts, person: Person) -> list[Any]:
    return [each for each in facts.products if each.kind in GRANTS and person.id in each.contributors]


def _awards(person: Person, found: Sequence[Any]) -> list[str]:
    """Each award once: what it is, her role, and the year."""
    records = [
        {
            "kind": each.kind,
            "title": getattr(each, "title", None),
            "date": str(each.date),
            "project_number": each.project_number,
        }
        for each in found
    ]
    return [_award(person, [found[place] for place in places]) for places in counted_once(records)]


def _award(person: Person, same: Sequence[Any]) -> str:
    first = min(same, key=lambda each: each.date)
    number = next((core_project_number(each.project_number) for each in same if each.project_number), None)
    what = number or getattr(first, "code", None) or getattr(first, "title", None) or "Award"
    roles = [
        each.relations[each.contributors.index(person.id)] for each in same if hasattr(each, "relations")
    ]
    role = next((each for each in roles if each), None) or "awardee"
    return f"{what}/{role}/{first.date.year}"
