"""What the demo imports: invented people, or files whose header says how to read them."""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from cli.demo.roster import (
    CAREER_EVENT_COLUMNS,
    career_events_from_k_to_r,
    invented_outcomes,
    invented_roster,
    write_csv,
)
from tenants.cohorts.values import YES

SEED = 11
NEEDED = (
    "external_id",
    "institution",
    "institution_state",
    "activity_code",
    "institute",
    "first_fiscal_year",
)
FURTHER = (
    "institution_type",
    "award_year",
    "degree",
    "rank",
    "problem_area",
    "condition",
    "methods",
    "project_title",
)
AGREED = "agreed_to_sharing"
K_AWARDEES = {key: key for key in NEEDED} | {
    "external_id": "person_id",
    "institute": "ic",
    "project_title": "project_title",
}
K_TO_R = (
    "person_id",
    "k_activity",
    "k_start",
    "k_first_fy",
    "k_first_fy_est",
    "r_activity",
    "r_start",
    "r01_equivalent_before_k",
    "pi_link",
)


@dataclass(frozen=True)
class Files:
    """What to import; `mapping` is how the roster is to be read, None a file that there is not.

    `agreed` are those who by the roster have signed that they may be shared with the funder, by external id.
    """

    roster: Path
    mapping: dict[str, Any]
    products: Path | None
    career_events: Path | None
    agreed: frozenset[str]
    invented: bool
    rewritten: bool = False
    """Whether career_events was written from a file of another form, whose lines it does not have."""


@contextmanager
def files_of(roster: Path | None, outcomes: Path | None) -> Iterator[Files]:
    """The files to import. What has to be written first is written into a folder that goes away again.

    Raises click.BadParameter for a file that is neither of the two kinds that we read.
    """
    with TemporaryDirectory(prefix="peerloom-demo-") as folder:
        if roster is None:
            yield _invented(Path(folder))
        else:
            events = None if outcomes is None else _career_events(outcomes, Path(folder))
            mapping = _mapping(roster)
            agreed = _agreed(roster, mapping)
            yield Files(roster, mapping, None, events, agreed, invented=False, rewritten=events != outcomes)


def columns(names: Iterable[str], file: Path) -> dict[str, str]:
    """How an import is to read a file whose columns are called as the fields are."""
    present = _header(file)
    return {name: name for name in names if name in present}


def _invented(folder: Path) -> Files:
    roster, products, events = (folder / name for name in ("roster.csv", "products.csv", "events.csv"))
    people = invented_roster(seed=SEED)
    outcomes = invented_outcomes(people, seed=SEED, as_of=date.today())  # noqa: DTZ011
    write_csv(people, roster)
    write_csv(outcomes.products, products)
    write_csv(outcomes.career_events, events)
    mapping = _mapping(roster)
    return Files(roster, mapping, products, events, _agreed(roster, mapping), invented=True)


def _mapping(roster: Path) -> dict[str, Any]:
    header = _header(roster)
    attributes = K_AWARDEES if header >= set(K_AWARDEES.values()) else columns((*NEEDED, *FURTHER), roster)
    missing = [name for name in NEEDED if name not in attributes]
    if missing:
        raise click.BadParameter(f"{roster}: columns are missing: {', '.join(missing)}")
    named = columns(("name", "email"), roster)
    return {**named, "external_id": attributes["external_id"], "attributes": _without_id(attributes)}


def _agreed(roster: Path, mapping: dict[str, Any]) -> frozenset[str]:
    with roster.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        return frozenset(
            (row.get(mapping["external_id"]) or "").strip()
            for row in rows
            if (row.get(AGREED) or "").strip().casefold() in YES
        )


def _without_id(attributes: dict[str, str]) -> dict[str, str]:
    return {key: column for key, column in attributes.items() if key != "external_id"}


def _career_events(outcomes: Path, folder: Path) -> Path:
    header = _header(outcomes)
    if header >= set(K_TO_R):
        events = folder / "career-events.csv"
        try:
            write_csv(career_events_from_k_to_r(outcomes), events)
        except (ValueError, csv.Error) as error:
            raise click.BadParameter(f"{outcomes}: {error}") from error
        return events
    missing = [name for name in CAREER_EVENT_COLUMNS[:4] if name not in header]
    if missing:
        raise click.BadParameter(f"{outcomes}: columns are missing: {', '.join(missing)}")
    return outcomes


def _header(file: Path) -> frozenset[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return frozenset(next(csv.reader(lines), []))
    except (UnicodeDecodeError, csv.Error) as error:
        raise click.BadParameter(f"{file} is no CSV file in UTF-8") from error
