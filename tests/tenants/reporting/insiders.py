"""Societies whose people are of several institutions, and what an institution makes of what leaves. All is invented."""

from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.optimize import linprog

from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import CountTable, axis

AXES = {"field": ("field", "rank"), "place": ("place",)}


def ends_of(row, equal, least, *, most=None):
    """How low and high a sum of unknowns of 0 to `most` could be, of which some sums are known, and some at least."""
    ends = []
    for sign in (1, -1):
        found = linprog(
            sign * row,
            A_eq=np.array([each for each, _ in equal]) if equal else None,
            b_eq=[number for _, number in equal] if equal else None,
            A_ub=-np.array([each for each, _ in least]) if least else None,
            b_ub=[-number for _, number in least] if least else None,
            bounds=(0, most),
        )
        assert found.status == 0 or (most is None and found.status == 3), found.message
        ends.append(sign * found.fun if found.status == 0 else np.inf)
    return ends


class Society:
    """People, each of an institution, in a field, a rank and a place; they join and leave."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.names = [f"answer:{each}" for each in "abcdef"[: self.rng.integers(2, 7)]]
        self.sizes = {
            "field": self.rng.integers(2, 5),
            "rank": self.rng.integers(2, 4),
            "place": self.rng.integers(2, 6),
        }
        self.weights = {name: self.rng.dirichlet(np.ones(size)) for name, size in self.sizes.items()}
        self.shares = self.rng.dirichlet(np.full(len(self.names), 2.0))
        self.people = []
        self.join(int(self.rng.choice([60, 150, 300])))

    def join(self, number):
        for _ in range(number):
            at = {
                name: f"{name}{self.rng.choice(len(found), p=found)}" for name, found in self.weights.items()
            }
            self.people.append((self.names[self.rng.choice(len(self.names), p=self.shares)], at))

    def goes_by(self):
        """Some leave, most of them of one institution, and some join."""
        leaving = self.rng.choice([0.0, 0.02, 0.1])
        most = self.rng.choice(self.names)
        self.people = [
            each for each in self.people if self.rng.random() >= leaving * (3 if each[0] == most else 1)
        ]
        self.join(int(self.rng.poisson(self.rng.choice([1, 6, 40]))))

    def tables(self):
        """How many there are by field and rank, and by place."""
        return [self._table(name, names) for name, names in AXES.items()]

    def _table(self, name, names):
        axes = tuple(axis(each, each, [f"{each}{i}" for i in range(self.sizes[each])]) for each in names)
        keys = [(whose, key_of({each: at[each] for each in names})) for whose, at in self.people]
        counts, parts = Counter(key for _, key in keys), Counter(keys)
        whole = CountTable(name, name, "people", axes, counts=dict(counts))
        own = {
            holder: {key: n for (whose, key), n in parts.items() if whose == holder} for holder in self.names
        }
        return replace(whole, parts={holder: part for holder, part in own.items() if part})


def without_parts(tables):
    return [replace(each, parts={}) for each in tables]


class Insider:
    """What whoever knows the part of one institution can tell of all others together: unknown are the inner cells."""

    def __init__(self, tables, document, holder):
        self.inner, self.under = [], {}
        for table in tables:
            names = [each.name for each in table.axes]
            start = len(self.inner)
            self.inner += [
                dict(zip(names, codes, strict=True))
                for codes in product(*([code.code for code in each.codes] for each in table.axes))
            ]
            for codes in product(*([None, *(code.code for code in each.codes)] for each in table.axes)):
                at = {name: code for name, code in zip(names, codes, strict=True) if code is not None}
                row = np.array([i >= start and at.items() <= c.items() for i, c in enumerate(self.inner)])
                self.under.setdefault(key_of(at), []).append(row)
        size = len(self.inner)
        self.under = {
            key: [np.pad(row, (0, size - len(row))).astype(float) for row in rows]
            for key, rows in self.under.items()
        }
        counts = {key: n for table in tables for key, n in table.counts.items()}
        own = {key: n for table in tables for key, n in table.parts.get(holder, {}).items()}
        self.rest = np.array([counts.get(key_of(c), 0) - own.get(key_of(c), 0) for c in self.inner])
        self.own = np.array([own.get(key_of(c), 0) for c in self.inner])
        self._read(document)

    def _read(self, document):
        self.equal, self.least, self.shown = [], [], {}
        for rows in self.under.values():  # a number is one whatever table has it
            self.equal += [(row - rows[0], 0) for row in rows[1:]]
        for cell in document["cells"]:
            key = key_of(cell["at"])
            row = self.under[key][0]
            mine = int(row @ self.own)
            if cell["value"] is None or cell["frozen"]:
                self.least.append((row, max(0, 1 - mine)))
            else:
                self.shown[key] = cell["value"] - mine
                self.equal.append((row, cell["value"] - mine))

    def number(self, key):
        """What is really left of a cell."""
        return int(self.under[key][0] @ self.rest)

    def fewest(self, key):
        """Of how many cells with anybody in them it is the sum."""
        return max(int((row * (self.rest > 0)).sum()) for row in self.under[key])

    def range(self, key):
        """How low and high what is left of a cell could be."""
        if key in self.shown:
            return self.shown[key], self.shown[key]
        low, high = ends_of(self.under[key][0], self.equal, self.least, most=10_000)
        return low - 1e-6, high + 1e-6

    def narrowed(self):
        """The numbers of 1 to 10 that do not seem to reach from what must be there to 10."""
        small = [key for key in self.under if 1 <= self.number(key) <= 10]
        found = [(key, self.number(key), *self.range(key)) for key in small]
        return [each for each in found if each[2] > self.fewest(each[0]) or each[3] < 10]

    def changes(self, before):
        """The changes of 1 to 10 since what it knew before that do not seem to be as likely any of 1 to 10."""
        found = []
        for key in self.under:
            now, then = self.number(key), before.number(key)
            if not 1 <= abs(now - then) <= 10 or not now:  # that there is nobody left may be told
                continue
            (low, high), (least, most) = self.range(key), before.range(key)
            if now > then and (low > max(1 + most, self.fewest(key)) or high < 10 + least):
                found.append((key, then, now))
            if now < then and (low > max(most - 10, self.fewest(key)) or high < least - 1):
                found.append((key, then, now))
        return found
