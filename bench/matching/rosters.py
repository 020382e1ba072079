"""Invented rosters with the skew of real ones: a few large institutions, popular fields, gaps in the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver import Attribute, Pool, Recipe, Size, Term
from tenants.matching.solver.model import Apart, Cap, Hierarchy

STAGES = ("fellow", "instructor", "assistant", "associate")
AWARDS = ("K99", "K23", "K01", "K08", "K22", "K25")
METHODS = tuple(f"method {letter}" for letter in "abcdefghijkl")
INSTITUTES = tuple(f"institute {number}" for number in range(1, 21))
SCHOOLS = ("medicine", "public health", "science", "engineering", "nursing")
DEPARTMENTS_A_SCHOOL = 6

MISSING = 0.05
"""Share of the answers that nobody gave."""

TERMS = (
    Term("award", "similar", 3),
    Term("stage", "similar", 3),
    Term("institute", "different", 2),
    Term("department", "different", 1),
    Term("methods", "similar", 1),
)
RULES = (
    Cap(attribute="institution", max=1),
    Hierarchy(attributes=("supervisor",)),
)
SIZE = Size(4, 8)


def zipf(number: int, shift: float = 4.0) -> NDArray[np.float64]:
    """Shares of so many things of which the r-th is in proportion to 1 / (r + shift)."""
    weights = 1.0 / (np.arange(1, number + 1) + shift)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def roster(people: int, seed: int) -> Pool:
    """So many people: institutions and departments by Zipf's law, the rest follows the department in part."""
    chance = np.random.default_rng((seed, people))
    names = [f"{school} {number}" for number in range(1, DEPARTMENTS_A_SCHOOL + 1) for school in SCHOOLS]
    department = _chosen(chance, zipf(len(names), 2.0), people)
    stage = np.minimum(chance.poisson(1.2, people), len(STAGES) - 1)
    ids = tuple(f"i{number}" for number in range(people))
    columns = {
        "institution": Attribute("categorical", _institutions(chance, people)),
        "department": Attribute(
            "categorical",
            _gaps(chance, [names[d] for d in department]),
            parents={name: name.rsplit(" ", 1)[0] for name in names},
        ),
        "stage": Attribute("ordinal", _gaps(chance, [STAGES[s] for s in stage]), STAGES),
        "award": Attribute("categorical", _awards(chance, stage)),
        "methods": Attribute("set", _gaps(chance, _methods(chance, department))),
        "institute": Attribute("categorical", [INSTITUTES[i] for i in _chosen(chance, zipf(20), people)]),
        "supervisor": Attribute("reference", _supervisors(chance, ids)),
    }
    return Pool(ids, columns)


def recipe(pool: Pool, seed: int) -> Recipe:
    """Groups of 4 to 8, five terms, one of an institution at most, nobody with a supervisor, and for every
    twenty people a pair of them who must not meet."""
    return Recipe(SIZE, TERMS, (*RULES, conflicts(pool, seed)))


def conflicts(pool: Pool, seed: int) -> Apart:
    """Invented pairs who must be apart, one for every twenty people."""
    chance = np.random.default_rng((seed, len(pool.ids), 1))
    pairs = chance.permutation(len(pool.ids))[: len(pool.ids) // 20 * 2].reshape(-1, 2)
    return Apart(pairs=tuple((pool.ids[i], pool.ids[j]) for i, j in pairs))


def _institutions(chance: np.random.Generator, people: int) -> list[str]:
    """Of each at most one for each group of the largest size: else no groups keep the cap."""
    number = max(30, round(1.5 * people**0.75))
    while True:
        drawn = chance.choice(number, people, p=zipf(number))
        if np.bincount(drawn).max() <= max(2, people // SIZE.max):
            return [f"institution {each}" for each in drawn]


def _gaps(chance: np.random.Generator, values: Sequence[Any]) -> list[Any]:
    missing = chance.random(len(values)) < MISSING
    return [None if gap else value for gap, value in zip(missing, values, strict=True)]


def _awards(chance: np.random.Generator, stage: NDArray[np.int64]) -> list[str]:
    """Early in a career the first awards of the list, later the others."""
    shares = zipf(len(AWARDS), 0.5)
    return [
        AWARDS[(a + s) % len(AWARDS)] for a, s in zip(_chosen(chance, shares, len(stage)), stage, strict=True)
    ]


def _methods(chance: np.random.Generator, department: NDArray[np.int64]) -> list[list[str]]:
    """One to three, those of the department first."""
    wanted = 1 + chance.binomial(2, 0.3, len(department))
    # The greatest of log share + Gumbel noise are a draw without replacement.
    heights = np.log(zipf(len(METHODS), 1.0)) + chance.gumbel(size=(len(department), len(METHODS)))
    order = (np.argsort(-heights, axis=1) + 3 * department[:, None]) % len(METHODS)
    return [sorted(METHODS[m] for m in row[:w]) for row, w in zip(order, wanted, strict=True)]


def _chosen(
    chance: np.random.Generator, shares: NDArray[np.float64], size: int | tuple[int, int]
) -> NDArray[np.int64]:
    return chance.choice(len(shares), size, p=shares)


def _supervisors(chance: np.random.Generator, ids: tuple[str, ...]) -> list[list[str]]:
    """One of twelve supervises; the supervisor of every fourth is in the roster too."""
    supervisors = chance.choice(len(ids), max(1, len(ids) // 12), replace=False)
    named = supervisors[chance.integers(len(supervisors), size=len(ids))]
    known = (chance.random(len(ids)) < 0.25) & (named != np.arange(len(ids)))
    return [[ids[n]] if k else [] for n, k in zip(named, known, strict=True)]
