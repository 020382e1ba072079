"""Institutions that are pooled, and somebody who works out of what is released all that can be. All is invented."""

from dataclasses import replace

import numpy as np
from scipy.optimize import linprog

from tenants.reporting.counting import shares
from tenants.reporting.lifting import INSTITUTION
from tenants.reporting.metric import Metric
from tenants.reporting.metrics import METRICS
from tenants.reporting.pools.content import (
    Contribution,
)
from tenants.reporting.pools.summing import pooled
from tenants.reporting.releasing import released
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import YES, CountTable, axis

FUND, DAY = "Invented Foundation", "2026-01-01"
STATES = axis("state", "State", ("invited", "placed", "left", "gone"))
WITHIN = key_of({"reported": YES, shares(FUND): YES})
KINDS = axis("product_kind", "Kind", ("talk", "dataset"))
OWN = {"as_of": DAY, "threshold": 10}
REACH, PRODUCTS = (next(each for each in METRICS if each.name == name) for name in ("reach", "products"))


def plain(metric: Metric) -> Metric:
    """The metric with nothing drawn from it."""
    return replace(metric, figures=METRICS[0].figures)


def states(counts):
    """How many people of an institution are in each state."""
    cells = {
        key_of({**dict(WITHIN), "state": code}): n
        for code, n in zip([each.code for each in STATES.codes], counts, strict=True)
    }
    return CountTable("states", "States", "people", (STATES,), WITHIN, cells)


def gives(counts, *, digest="1", ledger=(), things=(), **tables):
    found = {REACH.id: [states(counts)], **tables}
    return Contribution("Invented", False, 10, digest, found, things, ledger)


def pool_of(given, *metrics, **more):
    """The pool of these contributions, and what is released of it."""
    found = pooled(given, metrics or (plain(REACH),), threshold=10, **more)
    tables = [table for each in found.tables.values() for table in each]
    ledger = {"ledger": found.ledger, "held": found.held}
    return found, released(tables, as_of=DAY, snapshot=found.snapshot, threshold=10, **ledger)


def at(**codes):
    return key_of({**dict(WITHIN), **codes})


class Unknown:
    """What somebody does not know, who reads cells of one system: the count of each institution and state."""

    def __init__(self, names, known=None):
        self.cells = [(name, code.code) for name in names for code in STATES.codes]
        self.known, self.rows, self.sums = known or {}, [], []
        self.bounds = [(0, None)] * len(self.cells)

    def reads(self, cells):
        self.told = any(printed.value is not None and not printed.frozen for printed in cells.values())
        for key, printed in cells.items():
            codes = dict(key)
            row = self.row(codes.get(INSTITUTION), codes.get("state"))
            if printed.value is None:  # zeros are shown, but of a table of which nothing new is told
                self.rows.append((row, 1 if self.told else 0, None))
            elif not printed.frozen:
                self.rows.append((row, printed.value, printed.value))
        return self

    def row(self, name=None, state=None):
        wanted = [(name in (None, n)) and (state in (None, s)) for n, s in self.cells]
        return np.array(wanted, dtype=float)

    def range(self, row):
        equal = [(r, low) for r, low, high in self.rows if low == high]
        least = [(r, low) for r, low, high in self.rows if high is None]
        bounds = [(self.known[c], self.known[c]) if c in self.known else (0, None) for c in self.cells]
        ends = []
        for sign in (1, -1):
            found = linprog(
                sign * row,
                A_eq=np.array([r for r, _ in equal]) if equal else None,
                b_eq=[n for _, n in equal] if equal else None,
                A_ub=-np.array([r for r, _ in least]) if least else None,
                b_ub=[-n for _, n in least] if least else None,
                bounds=bounds,
            )
            assert found.status in (0, 3), found.message
            ends.append(sign * found.fun if found.status == 0 else np.inf)
        return ends


def narrowed(unknown, exact):
    """The sums over institutions and states, without what is known, of 1 to 10 that do not reach from what must be
    there to 10.
    """
    found = []
    truth = np.array([exact[name][state] for name, state in unknown.cells], dtype=float)
    rest = np.array([each not in unknown.known for each in unknown.cells], dtype=float)
    for name in (None, *dict(unknown.cells)):
        for state in (None, *(code.code for code in STATES.codes)):
            row = unknown.row(name, state) * rest
            if 1 <= row @ truth <= 10:
                low, high = unknown.range(row)
                if low > int(((row * truth) > 0).sum()) + 1e-6 or high < 10 - 1e-6:
                    found.append((name, state, row @ truth, low, high))
    return found


def codes_of(given):
    return {
        name: {dict(key)["state"]: n for key, n in one.tables[REACH.id][0].counts.items()}
        for name, one in given.items()
    }
