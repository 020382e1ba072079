"""The maximally diverse grouping problem of MDGPLIB, by the search that forms groups.

Its objective is the plain sum of the values inside groups, whose sizes have bounds of their own.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.search.annealing import COOLING, ISLANDS, Island
from tenants.matching.solver.search.board import Aim, Land, new_board, padded
from tenants.matching.solver.search.rules import no_rules

WARM, COOL = 0.2, 0.035
"""Worsening changes a person and sweep at the first and the last temperature of a cycle."""

CYCLE = 32
"""Sweeps of a cycle for each person, about."""

STEP, TASTE = 20, 10
"""Sweeps between two looks at the clock, and at each temperature when these are sought."""


@dataclass(frozen=True)
class Instance:
    """``values`` (n, n) symmetric; ``least`` and ``most`` members of each group."""

    values: NDArray[np.float64]
    least: NDArray[np.int64]
    most: NDArray[np.int64]


def read(path: Path) -> Instance:
    """A file of MDGPLIB: ``n groups ss|ds lo hi lo hi ...``, then a line ``i j value`` for each pair."""
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        words = file.readline().split()
        pairs = np.loadtxt(file, ndmin=2)
    n, k = int(words[0]), int(words[1])
    bounds = np.array(words[3 : 3 + 2 * k], dtype=np.int64).reshape(k, 2)
    values = np.zeros((n, n))
    i, j = pairs[:, 0].astype(int), pairs[:, 1].astype(int)
    values[i, j] = values[j, i] = pairs[:, 2]
    return Instance(values, bounds[:, 0].copy(), bounds[:, 1].copy())


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


class Cycles:
    """One island of the search that cools down again and again, each time from groups dealt anew.

    Nearly all is decided in a narrow range of temperatures: above it nothing lasts, below it little moves.
    """

    def __init__(self, instance: Instance, land: Land, seed: tuple[int, ...]) -> None:
        self.rng = np.random.default_rng(seed)
        self.land = land
        self.dealt = np.repeat(np.arange(len(instance.least)), first_sizes(instance))
        self.island = Island(land, Aim(share=1.0), self.rng.permutation(self.dealt), seed)

    def sweep(self, heat: float, number: int) -> float:
        """Sweep so often at one temperature; worsening changes a person and sweep."""
        return self.island.cool(np.full(number, heat), np.ones(number, dtype=np.int64))

    def window(self, deadline: float) -> tuple[float, float]:
        """The temperatures of WARM and COOL, from quick cooling."""
        heat = self.island.first_heat()
        warm = heat
        while time.monotonic() < deadline:
            share = self.sweep(heat, TASTE)
            if share > WARM:
                warm = heat
            if share < COOL:
                break
            heat *= COOLING
        return warm, heat

    def run(self, deadline: float) -> tuple[float, NDArray[np.int64]]:
        """Cool down as often as there is time for; the best sum, in spreads of the values, and its groups.

        How warm it is follows the clock, so that every cycle ends cold whatever else the machine does.
        """
        warm, cool = self.window(deadline)
        people = len(self.dealt)
        started = time.monotonic()
        self.sweep((warm * cool) ** 0.5, STEP)
        a_cycle = (time.monotonic() - started) / STEP * CYCLE * people
        cycles = max(1, round((deadline - time.monotonic()) / max(a_cycle, 1e-9)))
        for left in range(cycles, 0, -1):
            began = time.monotonic()
            length = 0.98 * (deadline - began) / left
            self.island.board = new_board(self.land, self.rng.permutation(self.dealt))
            while (part := (time.monotonic() - began) / max(length, 1e-9)) < 1:
                self.sweep(warm * (cool / warm) ** part, STEP)
            self.sweep(0.0, TASTE)
        self.island.descend()
        return float(self.island.best_value[0]), self.island.best


def solve(instance: Instance, *, seed: int, seconds: float) -> tuple[float, list[list[int]]]:
    """The best groups found in so many seconds, in the order of the bounds, and their sum."""
    deadline = time.monotonic() + seconds
    land = land_of(instance)
    islands = [Cycles(instance, land, (seed, number)) for number in range(ISLANDS)]
    with ThreadPoolExecutor(ISLANDS) as threads:
        found = list(threads.map(lambda island: island.run(deadline), islands))
    group = max(found, key=lambda each: each[0])[1]
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
    value, groups = solve(read(asked.file), seed=asked.seed, seconds=asked.time_limit)
    if asked.json:
        json.dump({"value": value, "groups": groups}, sys.stdout)
        print()
    else:
        print(f"{value:.3f}")


if __name__ == "__main__":
    main()
