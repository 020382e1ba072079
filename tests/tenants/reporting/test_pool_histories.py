"""Years in which institutions release and are pooled: what is left to work out of the last pool. All is invented."""

import numpy as np
import pytest

from tenants.reporting.releasing import Earlier, cells_of, released_of_one
from tests.tenants.reporting.together import OWN, Unknown, codes_of, gives, narrowed, pool_of, states

ROUNDS = 4


class Years:
    """Institutions by name: how many are in each state, since when, and all that has left."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.names = "abcd"[: self.rng.integers(3, 5)]
        self.counts = {name: self.rng.poisson(self.rng.gamma(1.0, 15, size=4)) for name in self.names}
        self.since = dict.fromkeys(self.names, 0)
        self.ledgers = {name: [] for name in self.names}
        self.pools, self.refused, self.moment = [], 0, 0

    def table(self, name):
        return states(self.counts[name].tolist())

    def digest(self, name):
        return f"{name} since {self.since[name]}"

    def at(self):
        self.moment += 1
        return f"{self.moment:04}"

    def goes_by(self):
        """Some join and leave; some institutions release."""
        for name in self.names:
            if self.rng.random() < 0.5 and self.moment:
                self.counts[name] = np.maximum(0, self.counts[name] + self.rng.integers(-3, 12, size=4))
                self.since[name] = self.moment
            if self.rng.random() < 0.5:
                known = {"ledger": self.ledgers[name], "snapshot": self.digest(name), **OWN}
                own = released_of_one([self.table(name)], name, **known)
                self.ledgers[name].append(Earlier(own.document, self.table(name).counts, at=self.at()))

    def pooled(self):
        """What each contributes, and what the pool tells."""
        given = {
            name: gives(self.counts[name].tolist(), digest=self.digest(name), ledger=list(self.ledgers[name]))
            for name in self.names
        }
        found, leaving = pool_of(given, before=list(self.pools))
        self.refused += leaving.refused is not None
        moment = self.at()
        self.pools.append(Earlier(leaving.document, pooled=True, at=moment))
        for name in self.names:
            part = found.held.parts[name]
            self.ledgers[name].append(Earlier(leaving.document, pooled=True, part=part, at=moment))
        return given, leaving


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(4, 60), marks=pytest.mark.slow)])
def test_whatever_was_released_and_pooled_before_nobody_is_narrowed_down(seeds):
    refused = 0
    for seed in seeds:
        years = Years(seed)
        for _ in range(ROUNDS):
            years.goes_by()
            given, leaving = years.pooled()
            exact = codes_of(given)
            cells = cells_of(leaving.document)
            if leaving.refused is None:
                assert narrowed(Unknown(years.names).reads(cells), exact) == []
                for name in years.names:
                    known = {(name, state): n for state, n in exact[name].items()}
                    assert narrowed(Unknown(years.names, known).reads(cells), exact) == []
        refused += years.refused
    assert refused <= 0.05 * ROUNDS * len(seeds)
