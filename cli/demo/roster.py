"""Invented people for demonstrations: a roster of K awardees, what came of them, and a reader of real awards.

Nobody here exists: every row says so, every address is at example.org, every institution is called
Invented, project numbers use an institute code (ZZ) that NIH does not have, DOIs the prefix 10.5555.
"""

import csv
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import yaml

from tenants.cohorts.templates import Level, template

PRODUCT_COLUMNS = ("external_id", "kind", "title", "date", "doi", "pmid", "project_number", "visibility")
CAREER_EVENT_COLUMNS = (
    "external_id",
    "kind",
    "code",
    "date",
    "until",
    "project_number",
    "before_first_k",
    "sample",
)
FISCAL_YEAR = 2026
YEAR = 365.25

Row = dict[str, str]

_STOCK: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "roster.yaml").read_text(encoding="utf-8"))


class InventedOutcomes(NamedTuple):
    """Rows of the two files in which outcomes are imported."""

    products: list[Row]
    career_events: list[Row]


def invented_roster(*, people: int = 240, seed: int = 1) -> list[Row]:
    """A roster of invented K awardees, one row each; the same for the same `people` and `seed`.

    Values are the levels of the template `nih_k_awardees`: codes as codes, words as their labels. Sets are
    separated by semicolons.
    """
    random = _random("roster", seed)
    homes = _homes(random, people)
    return [_person(random, number, home) for number, home in enumerate(homes, start=1)]


def invented_outcomes(roster: Sequence[Row], *, seed: int, as_of: date) -> InventedOutcomes:
    """What came of a roster up to `as_of`; nobody whose award began later has any.

    A few papers have a second author from the roster, and so occur in two rows with one DOI. Of major
    awards a few are undated and a few older than the K award. A few people were looked for only because they
    were still to be seen.
    """
    begun = [person for person in roster if date.fromisoformat(person["k_start"]) < as_of]
    others = [person["external_id"] for person in begun]
    outcomes = InventedOutcomes([], [])
    for person in begun:
        random = _random("outcomes", seed, person["external_id"])
        career = list(_career(random, person, date.fromisoformat(person["k_start"]), as_of))
        if _random("sample", seed, person["external_id"]).random() < 0.08:
            career[0]["sample"] = "survivors"
        outcomes.career_events.extend(career)
        end = date.fromisoformat(career[0]["until"])
        outcomes.products.extend(_products(random, person, others, end))
    return outcomes


def write_csv(rows: Iterable[Row], path: Path) -> None:
    """The rows as UTF-8 CSV under the columns of the first, one at a time; ValueError when there is none."""
    remaining = iter(rows)
    first = next(remaining, None)
    if first is None:
        raise ValueError("there are no rows")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(first))
        writer.writeheader()
        writer.writerow(first)
        writer.writerows(remaining)


def career_events_from_k_to_r(path: Path) -> Iterator[Row]:
    """Career events of a file of K awardees and their first major award, read row by row.

    Columns read: person_id, k_activity, k_start, k_first_fy, k_first_fy_est, r_activity, r_start,
    r01_equivalent_before_k, pi_link. An empty date is an award known but undated. A missing column is a
    KeyError, a year that is none a ValueError.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        for row in rows:
            person = row["person_id"]
            # A first K before 2022 is in such a file only if its holder was still seen in a later list.
            year = row["k_first_fy"] or row["k_first_fy_est"]
            if year and not (year.isascii() and year.isdecimal()):
                raise ValueError(f"line {rows.line_num}: {year} is no year")
            sample = "complete" if year and int(year) >= 2022 else "survivors"
            # Awards of people with an NIH profile were looked up in the lists of new awards, which end in
            # August 2026. Of the others only an exact unique name was, so finding none says nothing.
            if row["pi_link"] == "nih_pi_profile":
                yield _event(person, "observation", row["k_start"], until="2026-08-31", sample=sample)
            yield _event(person, "award", row["k_start"], code=row["k_activity"])
            if row["r01_equivalent_before_k"] == "True":
                yield _event(person, "award", "", code="R01", before_first_k="yes")
            if row["r_activity"]:
                yield _event(person, "award", row["r_start"], code=row["r_activity"])


def _random(*seed: object) -> Random:
    return Random(":".join(map(str, seed)))  # noqa: S311 - invents data, guards nothing


def _pick(random: Random, weights: Mapping[str, float]) -> str:
    return random.choices(list(weights), weights=list(weights.values()))[0]


def _coined(kind: str) -> list[str]:
    return [first + last for first in _STOCK[kind]["first"] for last in _STOCK[kind]["last"]]


def _levels(attribute: str) -> dict[str, Level]:
    return {level.key: level for level in template("nih_k_awardees").attribute(attribute).levels}


def _homes(random: Random, people: int) -> list[tuple[str, str]]:
    """One (institution, state) a person: a few institutions have up to 14 people, most have few."""
    names = [f"Invented {form.format(town)}" for town in _coined("town") for form in _STOCK["institution"]]
    random.shuffle(names)
    names = names[: max(60, people // 4)]
    most = max(14, 2 * math.ceil(people / len(names)))
    room = {name: min(most, math.ceil(3 * most / (1 + place / 3))) for place, name in enumerate(names)}
    if sum(room.values()) < people:
        room = dict.fromkeys(names, most)
    states = {name: random.choice(_STOCK["states"]) for name in names}
    places = [name for name in names for _ in range(room[name])]
    return [(name, states[name]) for name in random.sample(places, people)]


def _person(random: Random, number: int, home: tuple[str, str]) -> Row:
    given = random.choice(_STOCK["given"])
    family = random.choice(_coined("family"))
    award = _pick(random, _STOCK["activity_code"])
    area = _pick(random, _STOCK["problem_area"])
    year = int(_pick(random, _STOCK["award_year"]))
    fiscal = FISCAL_YEAR - year + 1
    # A federal fiscal year begins in October of the year before.
    month = random.randint(1, 12)
    start = date(fiscal - 1 if month >= 10 else fiscal, month, 1)
    conditions = [level.label for level in _levels("condition").values() if level.parent == area]
    return {
        "external_id": f"INV-{number:04d}",
        "name": f"{given} {family}",
        "email": f"{given}.{family}.{number:04d}@example.org".lower(),
        "invented": "yes",
        "institution": home[0],
        "institution_state": home[1],
        "institution_type": _levels("institution_type")[_pick(random, _STOCK["institution_type"])].label,
        "activity_code": award,
        "institute": _pick(random, _STOCK["institute"][area]),
        "award_year": str(year),
        "first_fiscal_year": str(fiscal),
        "k_start": start.isoformat(),
        "degree": _pick(random, _STOCK["degree"][award]),
        "rank": _levels("rank")[_rank(random, award, year)].label,
        "problem_area": _levels("problem_area")[area].label,
        "condition": random.choice(conditions),
        "methods": ";".join(_methods(random, award, area)),
        "agreed_to_sharing": "no" if number % 10 == 0 else "yes",
    }


def _rank(random: Random, award: str, year: int) -> str:
    if award == "K99":
        return _pick(random, {"fellow": 75, "instructor": 25})
    return _pick(random, {"instructor": max(5, 40 - 9 * year), "assistant": 60, "associate": 3 * year - 2})


def _methods(random: Random, award: str, area: str) -> list[str]:
    """One to three labels of the kind that this award and area ask for."""
    suited = _STOCK["methods"]["K08" if area == "basic_biology" else award]
    chosen = random.sample(suited, k=random.choices((1, 2, 3), weights=(25, 50, 25))[0])
    return [level.label for key, level in _levels("methods").items() if key in chosen]


def _event(person: str, kind: str, day: str, **known: str) -> Row:
    row = dict.fromkeys(CAREER_EVENT_COLUMNS, "")
    return row | {"external_id": person, "kind": kind, "date": day} | known


def _career(random: Random, person: Row, start: date, as_of: date) -> Iterator[Row]:
    """The observation first, then what happened in it."""
    who, award = person["external_id"], person["activity_code"]
    end = min(as_of, _later(random, start, 0.5, 6)) if random.random() < 0.05 else as_of
    yield _event(who, "observation", start.isoformat(), until=end.isoformat(), sample="complete")
    yield _event(who, "award", start.isoformat(), code=award, project_number=_project(award, 9, who))
    yield _event(who, "appointment", (start - timedelta(days=random.randrange(900))).isoformat())
    yield from _major_award(random, who, start, end)
    for kind, share in _STOCK["events"].items():
        day = _later(random, start, 0, 8)
        if random.random() < share and day <= end:
            yield _event(who, kind, day.isoformat())
    if end < as_of:
        yield _event(who, "departure", end.isoformat())


def _major_award(random: Random, who: str, start: date, end: date) -> Iterator[Row]:
    chance = random.random()
    if chance < 0.015:
        yield _event(who, "award", "", code="R01", before_first_k="yes")
    elif chance < 0.025:
        earlier = start - timedelta(days=random.randrange(200, 1500))
        yield _event(who, "award", earlier.isoformat(), code="R01", before_first_k="yes")
    elif chance < 0.04:
        yield _event(who, "award", "", code="R01")
    else:
        for year, hazard in enumerate(_STOCK["first_award_by_year"]):
            day = _later(random, start, year, year + 1)
            if random.random() < hazard:
                if day <= end:
                    project = _project("R01", 9, who)
                    yield _event(who, "award", day.isoformat(), code="R01", project_number=project)
                return


def _project(code: str, series: int, who: str) -> str:
    return f"1{code}ZZ{series}{who.removeprefix('INV-'):>05}-01"


def _later(random: Random, start: date, least: float, most: float) -> date:
    """A day between `least` and `most` years after `start`."""
    return start + timedelta(days=round(random.uniform(least, most) * YEAR))


def _products(random: Random, person: Row, others: Sequence[str], end: date) -> Iterator[Row]:
    """On average two products a year; a tenth of the papers have one of `others` as a second author."""
    who = person["external_id"]
    start = date.fromisoformat(person["k_start"])
    days = (end - start).days
    count = sum(random.random() < 1 / 3 for _ in range(round(6 * days / YEAR)))
    for number in range(1, count + 1):
        kind = _pick(random, _STOCK["products"])
        serial = f"{who.removeprefix('INV-')}.{number}"
        row = dict.fromkeys(PRODUCT_COLUMNS, "") | {
            "external_id": who,
            "kind": kind,
            "title": f"Invented {kind.replace('_', ' ')} {serial} on {person['condition'].lower()}",
            "date": (start + timedelta(days=random.randrange(days + 1))).isoformat(),
            "visibility": _pick(random, _STOCK["visibility"]),
        }
        if kind == "manuscript":
            row["doi"] = f"10.5555/invented.{serial}"
        if kind == "proposal_submitted":
            row["project_number"] = _project(
                f"R{number:02d}", 8, who
            )  # another for each: a core number is one proposal
        yield row
        other = random.choice(others)
        if kind == "manuscript" and other != who and random.random() < 0.1:
            yield row | {"external_id": other}
