"""Protecting and auditing a table of 20 × 20 × 5 with all its margins, at three densities, and a whole program.

`python -m bench.disclosure` prints seconds and the largest memory of a process of its own for each. Limits of
the table: 60 s to protect and 10 s to audit, under 1 GiB. Of a program: its first release and the one after a year.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from itertools import product
from multiprocessing import get_context

import numpy as np

from bench.program import Program
from tenants.reporting.audit.auditing import audit
from tenants.reporting.releasing import Earlier, released
from tenants.reporting.shapes import names_of, rolled_up
from tenants.reporting.suppression.model import LEAST_THRESHOLD, Table, flat, key_of
from tenants.reporting.suppression.protecting import protect
from tenants.reporting.tables import said_of_table

SHAPE = (20, 20, 5)
MEANS = (1, 5, 20)
PROGRAMS = ((240, 3, 1, 0), (240, 3, 1, 20), (1000, 5, 2, 0), (1000, 5, 2, 100), (3000, 6, 3, 0))
"""People, cohorts, funders, and how many institutions know their own people."""
PROTECT_SECONDS, AUDIT_SECONDS, MEBIBYTES = 60.0, 10.0, 1024.0


def example(mean: int, seed: int) -> tuple[Table, dict[tuple[tuple[str, str], ...], int]]:
    """A table and its counts: Poisson about means that are exponential themselves."""
    rng = np.random.default_rng(seed)
    dimensions = tuple(flat(f"d{i}", [f"c{code}" for code in range(size)]) for i, size in enumerate(SHAPE))
    names = [each.name for each in dimensions]
    cells = product(*(each.leaves for each in dimensions))
    keys = [key_of(dict(zip(names, codes, strict=True))) for codes in cells]
    return Table("bench", dimensions), {key: int(rng.poisson(rng.gamma(1.0, mean))) for key in keys}


def measure(mean: int) -> bool:
    """Print one line; whether the limits held and nothing was unsafe."""
    table, counts = example(mean, seed=1)
    start = time.perf_counter()
    release = protect((table,), counts, as_of="2026-01-01", snapshot="1")
    protected = time.perf_counter()
    found = audit(release.document(), exact=counts, ends=False)
    audited = time.perf_counter()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    hidden = [key for key, printed in release.cells.items() if printed.value is None]
    print(
        f"20 × 20 × 5, mean {mean}: {len(hidden)} of {len(release.cells)} not shown,"
        f" protected in {protected - start:.1f} s, audited in {audited - protected:.1f} s,"
        f" {memory:.0f} MiB, unsafe: {len(found.unsafe)}",
        flush=True,
    )
    return (
        not found.unsafe
        and protected - start <= PROTECT_SECONDS
        and audited - protected <= AUDIT_SECONDS
        and memory <= MEBIBYTES
    )


def measure_program(people: int, cohorts: int, funders: int, institutions: int) -> bool:
    """Print a line for each of two releases; whether nothing was unsafe."""
    program = Program(people=2 * people, cohorts=cohorts, funders=funders, institutions=institutions)
    ledger, told, gone = list[Earlier](), set[str](), set[str]()
    for year in range(2):
        counted = program.tables(people + year * people // 10)
        tables, gone = rolled_up(counted, told=told, before=gone, threshold=LEAST_THRESHOLD)
        told |= names_of([said_of_table(each) for each in tables])
        start = time.perf_counter()
        found = released(
            tables, as_of=f"202{year}-01-01", snapshot=str(year), threshold=LEAST_THRESHOLD, ledger=ledger
        )
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        shown = [cell for cell in found.document["cells"] if cell["value"] is not None and not cell["frozen"]]
        print(
            f"{people} people, {cohorts} cohorts, {funders} funders, {institutions} institutions, release {year + 1}:"
            f" {len(shown)} of {len(found.document['cells'])} shown anew, in {seconds:.0f} s, {memory:.0f} MiB,"
            f" refused: {found.refused}",
            flush=True,
        )
        if found.refused:
            return False
        counts = {key: number for each in tables for key, number in each.counts.items()}
        ledger.append(Earlier(found.document, counts, [said_of_table(each) for each in tables]))
    return True


def main(means: tuple[int, ...] = MEANS) -> bool:
    """Print a line for each density and program; whether all limits held."""
    with get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        held = pool.starmap(measure, [(mean,) for mean in means], chunksize=1)
        held += pool.starmap(measure_program, PROGRAMS, chunksize=1)
    return all(held)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("means", type=int, nargs="*", default=MEANS)
    sys.exit(0 if main(tuple(parser.parse_args().means)) else 1)
