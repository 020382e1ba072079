"""Large pools: time, gap and the most memory that a process of its own takes."""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import time
from typing import Any

from bench.matching import rosters
from bench.matching.rules import violations
from bench.matching.tables import percent, printed, told
from tenants.matching.solver import solve, warm

PEOPLE = (10_000, 100_000)
SECONDS = {10_000: 30.0, 100_000: 120.0}
MIB = 1024
MOST_BYTES = 4 * 2**30
"""A process that asks for more ends with an error, before it takes the memory of everything else on the machine."""

HEADER = ("people", "seconds", "value", "bound", "gap", "peak MiB", "broken")


def measured(people: int, seconds: float, seed: int) -> dict[str, Any]:
    """Solve in this process."""
    warm()
    few = rosters.roster(40, 0)  # loads what compares texts, too
    solve(few, rosters.recipe(few, 0), seed=0, budget=1)
    pool = rosters.roster(people, seed)
    recipe = rosters.recipe(pool, seed)
    started = time.monotonic()
    partition = solve(pool, recipe, seed=seed, seconds=seconds, budget=10**9)
    taken = time.monotonic() - started
    return {
        "people": people,
        "seconds": taken,
        "value": partition.value,
        "bound": partition.bound.value,
        "gap": partition.gap,
        # Linux counts in KiB, macOS in bytes.
        "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        / (2**20 if sys.platform == "darwin" else 1024),
        "broken": violations(pool, recipe, partition.groups),
    }


def in_a_process(people: int, seconds: float, seed: int) -> dict[str, Any] | None:
    """The same in a process of its own; None, with what it said, if that failed."""
    command = [sys.executable, "-m", "bench.matching.large", str(people)]
    done = subprocess.run(
        [*command, "--seconds", str(seconds), "--seed", str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{people:,} people: ended with {done.returncode}: {done.stderr.strip()[-400:]}", flush=True)
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def table(*, people: tuple[int, ...] = PEOPLE, seconds: float | None = None, seed: int = 1) -> bool:
    """Print time, gap and memory for each number of people; whether all promises hold."""
    found = [in_a_process(number, seconds or SECONDS.get(number, 30.0), seed) for number in people]
    rows = [
        (
            f"{number:,}",
            *(
                ("-",) * 6
                if each is None
                else (
                    f"{each['seconds']:.1f}",
                    f"{each['value']:.4f}",
                    f"{each['bound']:.4f}",
                    percent(each["gap"]),
                    f"{each['mib']:.0f}",
                    str(each["broken"]),
                )
            ),
        )
        for number, each in zip(people, found, strict=True)
    ]
    printed("Many people, groups of 4 to 8 under five terms, a cap and conflicts", HEADER, rows)
    ended = [each for each in found if each is not None]
    promises = [
        told("all of them have groups", len(ended) == len(found)),
        told(f"less than {MIB} MiB", all(each["mib"] < MIB for each in ended)),
        told("no hard rule is broken", not any(each["broken"] for each in ended)),
    ]
    return all(promises)


def main() -> None:
    """Solve one pool and print what it took, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.matching.large", description=__doc__)
    parser.add_argument("people", type=int)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with contextlib.suppress(ValueError, OSError):  # not every system knows this limit
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    json.dump(measured(asked.people, asked.seconds, asked.seed), sys.stdout)


if __name__ == "__main__":
    main()
