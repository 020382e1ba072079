"""The maximally diverse grouping problem of MDGPLIB, by the search that forms groups.

Its objective is the plain sum of the values inside groups, whose sizes have bounds of their own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.search.annealing import ISLANDS, Effort, Schedule, search
from tenants.matching.solver.search.board import Aim, Land, padded
from tenants.matching.solver.search.rules import no_rules

SCHEDULE = Schedule(hot=0.2, cold=0.035, cycles=10**6, length=32)
"""Nearly all is decided in a narrow range of temperatures: above it nothing lasts, below it little moves. It is gone
through again and again, each time from groups dealt anew."""


@dataclass(frozen=True)
class Instance:
    """``values`` (n, n) symmetric; ``least`` and ``most`` members of each group."""

    values: NDArray[np.float64]
    least: NDArray[np.int64]
    most: NDArray[np.int64]


class InvalidInstance(ValueError):
    """A file is no instance of the problem; the message says why."""


def read(path: Path) -> Instance:
    """A file of MDGPLIB: ``n groups ss|ds lo hi lo hi ...``, then a line ``i j value`` for each pair.

    Raises InvalidInstance, and OSError or EOFError where the file cannot be read.
    """
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
            first = file.readline()
            lines = [line for line in file if line.strip()]
    except UnicodeDecodeError as fault:
        raise InvalidInstance("this is no text") from fault
    n, least, most = _sizes(first)
    i, j, value = _pairs(lines, n)
    values = np.zeros((n, n))
    values[i, j] = values[j, i] = value
    return Instance(values, least, most)


def _sizes(line: str) -> tuple[int, NDArray[np.int64], NDArray[np.int64]]:
    """How many people there are, and how few and many may be in each group."""
    words = line.split()
    try:
        n, k = int(words[0]), int(words[1])
        bounds = np.array(words[3 : 3 + 2 * k], dtype=np.int64).reshape(k, 2)
    except (IndexError, ValueError, OverflowError) as fault:
        raise InvalidInstance(
            "the first line must read n, groups, ss or ds, then two whole numbers for each group"
        ) from fault
    least, most = bounds[:, 0].copy(), np.minimum(bounds[:, 1], n)
    if n < 1 or k < 1 or (least < 0).any() or (least > most).any():
        raise InvalidInstance("each group must have bounds from 0 to n, the lower one first")
    if not least.sum() <= n <= most.sum():
        raise InvalidInstance(f"{n} people do not fit: all groups take {least.sum()} to {most.sum()}")
    return n, least, most


def _pairs(lines: list[str], n: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """One of each pair, the other, and their value."""
    try:
        pairs = np.loadtxt(lines, ndmin=2, comments=None) if lines else np.empty((0, 0))
    except ValueError:
        pairs = np.empty((0, 0))
    if pairs.shape[1] != 3:
        raise InvalidInstance("each line after the first must read i j value, all numbers")
    ends, value = pairs[:, :2], pairs[:, 2]
    known = ((ends >= 0) & (ends < n) & (ends == np.floor(ends))).all(axis=1)
    broken = np.flatnonzero(~known | (ends[:, 0] == ends[:, 1]) | ~np.isfinite(value))
    if broken.size:
        said = lines[broken[0]].strip()
        raise InvalidInstance(f"“{said}” is not a pair of two from 0 to {n - 1} and a finite value")
    i, j = ends.astype(np.int64).T
    return i, j, value


def first_sizes(instance: Instance) -> NDArray[np.int64]:
    """Sizes with many pairs: groups filled up one after another, those that end largest first."""
    size = instance.least.copy()
    left = len(instance.values) - int(size.sum())
    for g in np.argsort(-(instance.least + instance.most), kind="stable"):
        added = min(left, int(instance.most[g] - size[g]))
        size[g] += added
        left -= added
    return size


def land_of(instance: Instance) -> Land:
    """The instance as the search knows it: no rules, nobody moves as one, a group is worth its sum."""
    n = len(instance.values)
    spread = float(instance.values[np.triu_indices(n, 1)].std()) or 1.0
    widest = int(instance.most.max()) + 1
    return Land(
        score=padded(instance.values / spread),
        affinity=np.ones(widest + 1),
        mean=np.zeros(widest + 1),
        least=instance.least,
        most=instance.most,
        unit_start=np.zeros(1, dtype=np.int64),
        unit=np.zeros(0, dtype=np.int64),
        unit_of=np.full(n, -1, dtype=np.int64),
        rank=np.zeros(n, dtype=np.int64),
        home=np.full(n, -1, dtype=np.int64),
        loyalty=0.0,
        leave=n,
        paired=False,
        rules=no_rules(n),
    )


def solve(instance: Instance, *, seed: int, seconds: float) -> tuple[float, list[list[int]]]:
    """The best groups found in so many seconds, in the order of the bounds, and their sum."""
    effort = Effort(sweeps=10**9, deadline=time.monotonic() + seconds)
    seats = np.repeat(np.arange(len(instance.least)), first_sizes(instance))
    schedule = replace(SCHEDULE, dealt=lambda rng: rng.permutation(seats))
    rng = np.random.default_rng(seed)
    starts = [rng.permutation(seats) for _ in range(ISLANDS)]
    group = search(land_of(instance), Aim(share=1.0), starts, seed, effort, schedule).group
    groups = [np.flatnonzero(group == g).tolist() for g in range(len(instance.least))]
    return sum(float(instance.values[np.ix_(g, g)].sum()) / 2 for g in groups), groups


def main() -> None:
    """Print the value and the groups for one file."""
    parser = argparse.ArgumentParser(prog="python -m bench.matching.mdgp", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--time-limit", type=float, default=10.0, metavar="S")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    try:
        instance = read(asked.file)
    except (InvalidInstance, OSError, EOFError) as fault:
        parser.exit(2, f"{parser.prog}: {asked.file}: {fault}\n")
    value, groups = solve(instance, seed=asked.seed, seconds=asked.time_limit)
    if asked.json:
        json.dump({"value": value, "groups": groups}, sys.stdout)
        print()
    else:
        print(f"{value:.3f}")


if __name__ == "__main__":
    main()
