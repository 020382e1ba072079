"""Real holders of career awards, from a file that is not part of the project."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np

from bench.matching.rosters import SIZE, conflicts
from tenants.matching.solver import Attribute, Pool, Recipe, Term
from tenants.matching.solver.model import Cap

DATA = Path(os.environ.get("BENCH_DATA", Path(__file__).parents[3] / "shared" / "data"))
"""The folder of data sets, unless an option says otherwise."""

TERMS = (
    Term("activity_code", "similar", 3),
    Term("first_fiscal_year", "similar", 3),
    Term("ic", "different", 2),
    Term("institution_state", "different", 1),
    Term("project_title", "near", 1),
)


def awardees(data: Path, people: int, seed: int) -> Pool | None:
    """So many of them drawn at random, all if there are no more; None if the file is not there."""
    file = data / "k_awardees.csv"
    if not file.is_file():
        return None
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    chosen = np.random.default_rng(seed).permutation(len(rows))[:people]
    rows = [rows[place] for place in sorted(chosen)]

    def column(kind: str, key: str) -> Attribute:
        return Attribute(kind, [row[key] or None for row in rows])

    years = [int(row["first_fiscal_year"]) if row["first_fiscal_year"] else None for row in rows]
    return Pool(
        tuple(row["person_id"] for row in rows),
        {
            "institution": column("categorical", "institution"),
            "ic": column("categorical", "ic"),
            "activity_code": column("categorical", "activity_code"),
            "institution_state": column("categorical", "institution_state"),
            "project_title": column("text", "project_title"),
            "first_fiscal_year": Attribute("number", years),
        },
    )


def recipe(pool: Pool, seed: int) -> Recipe:
    """Groups of 4 to 8, five terms, one of an institution at most, and invented pairs who must not meet."""
    return Recipe(SIZE, TERMS, (Cap(attribute="institution", max=1), conflicts(pool, seed)))
