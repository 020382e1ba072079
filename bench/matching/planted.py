"""Rosters of which the best groups are known, since nothing can be better: are they found?

In every planted group all score 1 with each other, the most that there is. Any two of different groups score
less, so only these groups are worth 1. Nearly as good partners are everywhere: each group shares all but one
of its methods with one neighbour, its department with another and its place in the alphabet with a third.
"""

from __future__ import annotations

import numpy as np

from bench.matching.rules import violations
from bench.matching.tables import printed, told
from tenants.matching.solver import Attribute, Pool, Recipe, Size, Term, solve
from tenants.matching.solver.model import Apart, Cap

PEOPLE, MEMBERS = 120, 6
SEEDS, AT_LEAST = 20, 0.95
METHODS = 4

RECIPE = Recipe(
    Size(4, 8),
    (
        Term("methods", "similar", 2),
        Term("department", "similar", 1),
        Term("letter", "similar", 1),
    ),
)


def planted(people: int, seed: int) -> tuple[Pool, Recipe, set[frozenset[int]]]:
    """A roster of whole groups of MEMBERS in random order, a recipe with rules that the planted groups keep, and
    these groups. There are at least two."""
    chance = np.random.default_rng((seed, people))
    number = people // MEMBERS
    group = chance.permutation(np.repeat(np.arange(number), MEMBERS))
    shuffled, lettered = chance.permutation(number), chance.permutation(number)
    turn = np.zeros(people, dtype=np.int64)
    for g in range(number):
        turn[group == g] = np.arange(MEMBERS)
    ids = tuple(f"i{person}" for person in range(people))
    columns = {
        # Neighbours in a ring share all methods but one.
        "methods": Attribute(
            "set", [[f"method {(g + step) % (number + METHODS)}" for step in range(METHODS)] for g in group]
        ),
        "department": Attribute("categorical", [f"department {shuffled[g] // 2}" for g in group]),
        "letter": Attribute("categorical", [f"letter {lettered[g] // 2}" for g in group]),
        # One of each institution in a planted group.
        "institution": Attribute("categorical", [f"institution {each}" for each in turn]),
    }
    apart = [(ids[i], ids[j]) for i, j in _strangers(group, people // 20, chance)]
    rules = (Cap(attribute="institution", max=1), Apart(pairs=tuple(apart)))
    wanted = {frozenset(np.flatnonzero(group == g).tolist()) for g in range(number)}
    return Pool(ids, columns), Recipe(RECIPE.size, RECIPE.terms, rules), wanted


def _strangers(group: np.ndarray, wanted: int, chance: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of people of different groups."""
    found: list[tuple[int, int]] = []
    while len(found) < wanted:
        i, j = (int(each) for each in chance.choice(len(group), 2, replace=False))
        if group[i] != group[j]:
            found.append((i, j))
    return found


def table(*, people: int = PEOPLE, seeds: int = SEEDS) -> bool:
    """Print in how many rosters the planted groups were found; whether in as many as promised."""
    rows, found, broken = [], 0, 0
    for seed in range(1, seeds + 1):
        pool, recipe, wanted = planted(people, seed)
        partition = solve(pool, recipe, seed=seed)
        same = set(map(frozenset, partition.groups)) == wanted
        found += same
        broken += violations(pool, recipe, partition.groups)
        rows.append(
            (str(seed), f"{partition.value:.4f}", f"{partition.bound.value:.4f}", "yes" if same else "no")
        )
    printed(f"Planted best groups, {people} people", ("seed", "value", "bound", "found"), rows)
    promises = [
        told(f"found in {found} of {seeds} rosters (at least {AT_LEAST:.0%})", found >= AT_LEAST * seeds),
        told("no hard rule is broken", broken == 0),
    ]
    return all(promises)
