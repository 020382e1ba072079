"""How well printed names resolve to ROR: precision and recall on labelled names, and how many of NIH's resolve.

    python -m bench.ror FOLDER

The folder holds ROR's records and its labelled cases (`ror/`), and rows of awards (`k_awardees.csv`). An organization
that the records lack nobody could choose: so recall is told of all cases, and of those whose organization is there.
"""

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tenants.outcomes.organizations.choosing import NOWHERE, Organization, Place, chosen
from tenants.outcomes.organizations.loading import organizations

LABELLED = (
    "ror_dataset_names.json",
    "ror_dataset_affiliations_crossref_2024_02_19.json",
    "ror_dataset_affiliations_springer_2023_10_31.json",
)


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of labelled cases: how many were chosen, rightly so, are labelled, and with what is known."""

    cases: int
    chosen: int
    right: int
    labelled: int
    known: int

    @property
    def precision(self) -> float:
        """The share of what was chosen that is right."""
        return self.right / self.chosen

    @property
    def recall(self) -> float:
        """The share of all labelled cases that were rightly chosen."""
        return self.right / self.labelled

    @property
    def recall_of_known(self) -> float:
        """The same of those whose organization is in the records."""
        return self.right / self.known


def by_key(folder: Path) -> dict[str, list[Organization]]:
    """The organizations by each of their keys."""
    found: dict[str, list[Organization]] = {}
    [records] = folder.glob("ror/ror_records_*.csv.gz")
    for id_, name, city, region, country, keys in organizations(records):
        one = Organization(id_, name, frozenset(keys), city, region, country)
        for key in keys:
            found.setdefault(key, []).append(one)
    return found


def tally(folder: Path, name: str, known: dict[str, list[Organization]]) -> Tally:
    """What came of one file of labelled cases."""
    ids = {one.id for several in known.values() for one in several}
    cases = json.loads((folder / "ror" / name).read_text())
    right = made = labelled = there = 0
    for case in cases:
        meant = set(case["ror_ids"] if "ror_ids" in case else [case["ror-id"]])
        found = chosen(case["affiliation"], known)
        made += found is not None
        right += found in meant
        labelled += bool(meant)
        there += bool(meant & ids)
    return Tally(len(cases), made, right, labelled, there)


def rows_resolved(folder: Path, known: dict[str, list[Organization]], *, with_place: bool) -> float:
    """The share of rows of awards whose institution resolves, by its name alone or with city, state and country."""
    with (folder / "k_awardees.csv").open(newline="") as file:
        found = [
            chosen(row["institution"], known, _place(row) if with_place else NOWHERE)
            for row in csv.DictReader(file)
        ]
    return sum(each is not None for each in found) / len(found)


def _place(row: dict[str, str]) -> Place:
    country = "US" if row["country"] == "UNITED STATES" else None
    return Place(row["institution_city"] or None, row["institution_state"] or None, country)


def lines(folder: Path) -> Iterator[str]:
    """What is printed."""
    known = by_key(folder)
    for name in LABELLED:
        told = tally(folder, name, known)
        yield (
            f"{name}: {told.cases} cases, {told.chosen} chosen, precision {told.precision:.3f},"
            f" recall {told.recall:.3f}, of known organizations {told.recall_of_known:.3f}"
        )
    for with_place in (False, True):
        share = rows_resolved(folder, known, with_place=with_place)
        yield f"rows of awards resolved {'with place' if with_place else 'by name alone'}: {share:.3f}"


if __name__ == "__main__":
    for line in lines(Path(sys.argv[1])):
        print(line)
