"""Invented populations that people join, leave and withdraw from, and the tables that are released of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np

from tenants.reporting.suppression.model import Dimension, Table, flat, key_of

SHAPES = ("two", "three", "levels")


def plain_table(shape):
    """A table of so many codes a dimension."""
    names = [flat(f"d{place}", [f"c{code}" for code in range(size)]) for place, size in enumerate(shape)]
    return Table("plain", tuple(names))


def levels_table(regions, sites, columns):
    """Sites in regions by columns."""
    codes = [(f"r{region}", None) for region in range(regions)]
    codes += [(f"s{site}", f"r{site % regions}") for site in range(sites)]
    return Table(
        "levels", (Dimension("site", tuple(codes)), flat("column", [f"c{each}" for each in range(columns)]))
    )


def random_table(rng, kind):
    """A table of one of the SHAPES."""
    if kind == "two":
        return plain_table(rng.integers(3, 8, size=2))
    if kind == "three":
        return plain_table(rng.integers(2, 5, size=3))
    regions = int(rng.integers(2, 4))
    return levels_table(regions, int(rng.integers(regions * 2, 9)), int(rng.integers(2, 6)))


def inner_keys(table):
    """The inner cells of a table."""
    names = [each.name for each in table.dimensions]
    return [
        key_of(dict(zip(names, codes, strict=True)))
        for codes in product(*(e.leaves for e in table.dimensions))
    ]


def random_counts(table, rng, mean):
    """Counts as uneven as those of real breakdowns: Poisson about a mean that is itself exponential."""
    return {key: int(rng.poisson(rng.gamma(1.0, mean))) for key in inner_keys(table)}


@dataclass
class History:
    """``counts`` of each release, by inner cell."""

    table: Table
    counts: list[dict]


def random_history(seed):
    """2 to 8 releases; between two of them people join, leave, move between cells and withdraw."""
    rng = np.random.default_rng(seed)
    table = random_table(rng, SHAPES[seed % 3])
    keys = inner_keys(table)
    counts = random_counts(table, rng, rng.choice([2.0, 5.0, 12.0, 30.0]))
    weights = rng.dirichlet(np.ones(len(keys)))
    people = [place for place, key in enumerate(keys) for _ in range(counts[key])]
    found = []
    for _ in range(int(rng.integers(2, 9))):
        tally = Counter(people)
        found.append({key: tally[place] for place, key in enumerate(keys)})
        leaving = rng.random(len(people)) < rng.choice([0.0, 0.01, 0.05, 0.3])
        people = [place for place, leaves in zip(people, leaving, strict=True) if not leaves]
        people += rng.choice(len(keys), size=int(rng.poisson(rng.choice([0.5, 5, 40]))), p=weights).tolist()
        if people and rng.random() < 0.3:
            people.pop(int(rng.integers(len(people))))
    return History(table, found)
