"""Invented rosters and real ones: the gap to the bound, broken rules, and what others reach in the same time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.matching import real, rosters
from bench.matching.exact_peer import cp_sat
from bench.matching.peers import Groups, numpy_swap, random_restart
from bench.matching.problem import problem
from bench.matching.rules import violations
from bench.matching.tables import percent, printed, told, under_way
from tenants.matching.solver import Pool, Recipe, baselines, solve

PEOPLE = (200, 1000, 4547)
SECONDS, SHORT, LONG = 10.0, 1.0, 60.0
"""What everybody has, and what the product is tried with besides; the gap that is promised is that of the longest."""

SWEEPS = 10**9
"""As many as there is time for."""
EMPHASES = (0.0, 0.5)
"""The mean affinity alone, and as much weight on the weakest group."""

FEW, GAP_OF_FEW, GAP_OF_MANY = 300, 0.01, 0.03
"""Up to FEW people the gap is to be GAP_OF_FEW at most, above that GAP_OF_MANY."""

PEERS = {"CP-SAT": cp_sat, "NumPy swap": numpy_swap, "random restart": random_restart}


@dataclass(frozen=True)
class Compared:
    """A roster: what the product reached in a short time, in the time that all have and in a long one, and what others
    did; None for no groups. ``gap`` is that of the long run.

    ``broken`` counts violations of hard rules in anybody's groups.
    """

    roster: str
    people: int
    short: float
    value: float
    bound: float
    gap: float
    gap_at_equal_time: float
    seconds: float
    broken: int
    peers: dict[str, float | None]

    @property
    def close(self) -> bool:
        """Whether the gap is as small as is promised."""
        return self.gap <= (GAP_OF_FEW if self.people <= FEW else GAP_OF_MANY)

    @property
    def ahead(self) -> bool:
        """Whether nobody reached more."""
        return all(value is None or value <= self.value + 1e-9 for value in self.peers.values())


def compared(name: str, pool: Pool, recipe: Recipe, *, seed: int, seconds: float, longest: float) -> Compared:
    """Form the groups of one roster in every way, each in so many seconds, and once more in a longer time."""
    short = solve(pool, recipe, seed=seed, seconds=min(SHORT, seconds), budget=SWEEPS)
    started = time.monotonic()
    ours = solve(pool, recipe, seed=seed, seconds=seconds, budget=SWEEPS)
    taken = time.monotonic() - started
    longer = solve(pool, recipe, seed=seed, seconds=longest, budget=SWEEPS)
    model = problem(pool, recipe, [len(group) for group in ours.groups])
    broken = violations(pool, recipe, ours.groups) + violations(pool, recipe, short.groups)
    broken += violations(pool, recipe, longer.groups)
    found: dict[str, float | None] = {}
    for peer, search in PEERS.items():
        groups: Groups | None = search(model, seed=seed, seconds=seconds)
        found[peer] = None if groups is None else model.value(groups)
        broken += 0 if groups is None else violations(pool, recipe, groups)
    for plain in baselines(pool, recipe, seed=seed, seconds=seconds):
        found[f"plain {plain.name}"] = plain.value
        broken += violations(pool, recipe, plain.groups) if plain.groups else 0
    under_way(f"{name}, {len(pool.ids):,} people")
    return Compared(
        name,
        len(pool.ids),
        short.value,
        ours.value,
        ours.bound.value,
        longer.gap,
        ours.gap,
        taken,
        broken,
        found,
    )


def cases(data: Path, people: tuple[int, ...], seed: int) -> Iterator[tuple[str, Pool, Recipe]]:
    """The rosters, by name and emphasis; real ones where there is a file."""
    for number in people:
        pool = rosters.roster(number, seed)
        for emphasis in EMPHASES:
            yield f"invented, {emphasis:g}", pool, replace(rosters.recipe(pool, seed), emphasis=emphasis)
    for number in people:
        awardees = real.awardees(data, number, seed)
        if awardees is None:
            print(f"k_awardees.csv is not in {data}: no rows of real people", flush=True)
            return
        for emphasis in EMPHASES:
            yield (
                f"k_awardees, {emphasis:g}",
                awardees,
                replace(real.recipe(awardees, seed), emphasis=emphasis),
            )


def table(
    data: Path,
    *,
    people: tuple[int, ...] = PEOPLE,
    seconds: float = SECONDS,
    longest: float = LONG,
    seed: int = 1,
) -> bool:
    """Print what was reached and by whom; whether all promises hold."""
    found = [
        compared(name, pool, recipe, seed=seed, seconds=seconds, longest=longest)
        for name, pool, recipe in cases(data, people, seed)
    ]
    _print_own(found, seconds, longest)
    _print_others(found, seconds)
    promises = [
        told(
            f"gap in {longest:g} s at most {GAP_OF_FEW:.0%} up to {FEW} people, {GAP_OF_MANY:.0%} above",
            all(each.close for each in found),
        ),
        told("no hard rule is broken", not any(each.broken for each in found)),
        told("nobody reaches more in the same time", all(each.ahead for each in found)),
    ]
    return all(promises)


def _print_own(found: list[Compared], seconds: float, longest: float) -> None:
    rows = [
        (
            each.roster,
            f"{each.people:,}",
            f"{each.short:.4f}",
            f"{each.value:.4f}",
            f"{each.bound:.4f}",
            percent(each.gap_at_equal_time),
            percent(each.gap),
            str(each.broken),
            f"{each.seconds:.1f}",
        )
        for each in found
    ]
    printed(
        f"Groups of 4 to 8 under five terms, a cap and conflicts, in {seconds:g} s",
        (
            "roster",
            "people",
            f"in {min(SHORT, seconds):g} s",
            "value",
            "bound",
            "gap",
            f"gap in {longest:g} s",
            "broken",
            "seconds",
        ),
        rows,
    )


def _print_others(found: list[Compared], seconds: float) -> None:
    names = list(found[0].peers)
    printed(
        f"What others reach in {seconds:g} s (“-”: no groups)",
        ("roster", "people", "value", *names),
        [
            (
                each.roster,
                f"{each.people:,}",
                f"{each.value:.4f}",
                *("-" if each.peers[name] is None else f"{each.peers[name]:.4f}" for name in names),
            )
            for each in found
        ],
    )
