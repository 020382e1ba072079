"""MDGPLIB: the mean of some seeds beside what TPSDP is published to reach, in a part of its time."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.matching import mdgp
from bench.matching.tables import printed, told, under_way

SEEDS = 5
AT_LEAST = 15
SECONDS = {120: 3.0, 240: 6.66, 480: 12.0}
"""By people: the published time limit at 120, a third of it at 240, a tenth at 480."""

HEADER = (
    "instance",
    "seconds",
    "mean",
    "worst",
    "best",
    "published mean",
    "published worst",
    "mean held",
    "above worst",
)


@dataclass(frozen=True)
class Published:
    """What is published of an instance."""

    mean: float
    worst: float


ROUNDING = 1e-3
"""Published values have so many decimals, or a few more."""


@dataclass(frozen=True)
class Result:
    """The sums that our seeds reached, beside what is published."""

    instance: str
    seconds: float
    values: tuple[float, ...]
    published: Published

    @property
    def mean(self) -> float:
        """Of all seeds."""
        return sum(self.values) / len(self.values)

    @property
    def held(self) -> bool:
        """Whether the mean is at or above the published mean."""
        return self.mean >= self.published.mean - ROUNDING

    @property
    def above_worst(self) -> bool:
        """Whether the mean is at or above the worst that is published."""
        return self.mean >= self.published.worst - ROUNDING


def published(folder: Path) -> dict[str, Published]:
    """What is published, by instance; empty if the file is not there."""
    file = folder / "best_known.csv"
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as opened:
        return {
            row["instance"]: Published(float(row["tpsdp_mean_of_20"]), float(row["tpsdp_worst_of_20"]))
            for row in csv.DictReader(opened)
        }


def warm() -> None:
    """Compile what the instances need."""
    values = np.random.default_rng(1).random((12, 12))
    bounds = np.full(3, 2), np.full(3, 6)
    mdgp.solve(mdgp.Instance(values + values.T, *bounds), seed=1, seconds=0.1)


def result(folder: Path, name: str, known: Published, *, seeds: int, seconds: float | None) -> Result:
    """One instance by every seed, in the time that is promised unless another is given."""
    instance = mdgp.read(folder / f"{name}.txt.gz")
    limit = SECONDS[len(instance.values)] if seconds is None else seconds
    values = [mdgp.solve(instance, seed=seed, seconds=limit)[0] for seed in range(1, seeds + 1)]
    under_way(name)
    return Result(name, limit, tuple(values), known)


def table(
    data: Path, *, seeds: int = SEEDS, seconds: float | None = None, only: tuple[str, ...] = ()
) -> bool:
    """Print every instance with published values, or ``only`` some; whether the promises hold, or the folder is
    not there."""
    folder = data / "mdgplib"
    known = published(folder)
    if not known:
        print(f"no best_known.csv in {folder}: no rows of MDGPLIB", flush=True)
        return True
    warm()
    names = [name for name in known if not only or name in only]
    found = [result(folder, name, known[name], seeds=seeds, seconds=seconds) for name in names]
    printed(f"MDGPLIB, {seeds} seeds, sum of values inside groups", HEADER, [_row(each) for each in found])
    return judged(found)


def _row(each: Result) -> tuple[str, ...]:
    figures = (each.mean, min(each.values), max(each.values), each.published.mean, each.published.worst)
    return (
        each.instance,
        f"{each.seconds:g}",
        *(f"{figure:.1f}" for figure in figures),
        "yes" if each.held else "no",
        "yes" if each.above_worst else "no",
    )


def judged(found: list[Result]) -> bool:
    """Print how many hold; whether as many as promised: of fewer instances, as many less may miss."""
    held, misses = sum(each.held for each in found), 17 - AT_LEAST
    promises = [
        told(
            f"mean at or above the published mean on {held} of {len(found)} (at least {len(found) - misses})",
            held >= len(found) - misses,
        ),
        told("mean never below the published worst", all(each.above_worst for each in found)),
    ]
    return all(promises)
