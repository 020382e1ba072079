"""`make bench-matching`: every table in one run, each row at equal time. Ends with 1 when a promise does not hold.

With --quick all is small and short, to see that the tables print: promises do not count then.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from bench.matching import large, library, planted, quality, rosters
from bench.matching.real import DATA
from tenants.matching.solver import baselines, warm


def tables(asked: argparse.Namespace) -> dict[str, Callable[[], bool]]:
    """What prints each table, and tells whether its promises hold."""
    data = asked.data
    if asked.quick:
        return {
            "mdgp": lambda: library.table(data, seeds=1, seconds=0.3),
            "rosters": lambda: quality.table(data, people=(40,), seconds=0.5, longest=0.5),
            "planted": lambda: planted.table(people=24, seeds=2),
            "large": lambda: large.table(people=(2000,), seconds=2.0),
        }
    return {
        "mdgp": lambda: library.table(data, seeds=asked.seeds or library.SEEDS),
        "rosters": lambda: quality.table(data),
        "planted": lambda: planted.table(seeds=asked.seeds or planted.SEEDS),
        "large": large.table,
    }


def warmed() -> None:
    """Compile everything before any time is taken."""
    warm()
    pool = rosters.roster(40, 0)
    baselines(pool, rosters.recipe(pool, 0), seed=0, seconds=None, rounds=1)


def main(arguments: list[str] | None = None) -> int:
    """Print the tables; 1 if a promise does not hold."""
    parser = argparse.ArgumentParser(prog="python -m bench.matching", description=__doc__)
    parser.add_argument("--only", choices=("mdgp", "rosters", "planted", "large"), help="one table")
    parser.add_argument("--seeds", type=int, help="seeds of MDGPLIB (5) and of planted rosters (20)")
    parser.add_argument("--quick", action="store_true", help="small and short; promises do not count")
    parser.add_argument(
        "--data", type=Path, default=DATA, help="where mdgplib/ and k_awardees.csv are (%(default)s)"
    )
    asked = parser.parse_args(arguments)
    warmed()
    chosen = {name: table for name, table in tables(asked).items() if asked.only in (None, name)}
    held = [table() for table in chosen.values()]
    return 0 if asked.quick or all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
