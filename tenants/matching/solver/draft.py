"""Rules on their way into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tenants.matching.solver.hours import Hours
from tenants.matching.solver.search.rules import I64, U64, Rules

HARD = -1.0
"""The price of a rule that always holds."""


@dataclass
class Draft:
    """Rules of ``people`` people in the making; ``price`` is HARD for rules that always hold."""

    people: int
    held: list[list[int]]
    features: list[tuple[int, Any]] = field(default_factory=list)
    least: list[int] = field(default_factory=list)
    most: list[int] = field(default_factory=list)
    lone: list[bool] = field(default_factory=list)
    price: list[float] = field(default_factory=list)
    pairs: dict[tuple[int, int], tuple[float, int]] = field(default_factory=dict)
    joined: list[list[int]] = field(default_factory=list)
    bits: list[U64] = field(default_factory=list)
    spans: list[tuple[int, int, int]] = field(default_factory=list)
    needs: list[tuple[float, float, float]] = field(default_factory=list)
    commons: list[int] = field(default_factory=list)
    hours: dict[int, Hours] = field(default_factory=dict)

    def add_feature(
        self,
        of: tuple[int, Any],
        people: Sequence[int],
        price: float,
        *,
        least: int = 0,
        most: int,
        lone: bool = False,
    ) -> None:
        """Of these people a group may have from ``least`` to ``most``, and not exactly one if ``lone``."""
        for person in people:
            self.held[person].append(len(self.features))
        self.features.append(of)
        self.least.append(least)
        self.most.append(most)
        self.lone.append(lone)
        self.price.append(price)

    def add_conflict(self, i: int, j: int, price: float, rule: int) -> None:
        """A pair that may not be together is a hard conflict if any of its rules is; else prices add up."""
        if i == j:
            return
        key = (min(i, j), max(i, j))
        known, first = self.pairs.get(key, (0.0, rule))
        self.pairs[key] = (
            (HARD, rule if known >= 0 > price else first)
            if HARD in {known, price}
            else (
                known + price,
                first,
            )
        )

    def add_common(self, rule: int, bits: U64, need: float, unit: float, price: float) -> None:
        """``bits`` (n, spans, words): in every span ``need`` bits must be common."""
        start = sum(each.shape[1] for each in self.bits)
        words = bits.shape[2]
        self.bits.append(bits.reshape(self.people, -1))
        for span in range(bits.shape[1]):
            self.spans.append((len(self.needs), start + span * words, start + (span + 1) * words))
        self.needs.append((need, unit, price))
        self.commons.append(rule)

    def arrays(self) -> Rules:
        """All that was added."""
        feature_start, feature = _ragged(self.held)
        beside: list[list[tuple[int, float]]] = [[] for _ in range(self.people)]
        for (i, j), (price, _) in self.pairs.items():
            beside[i].append((j, price))
            beside[j].append((i, price))
        conflict_start, conflict = _ragged([[j for j, _ in row] for row in beside])
        needs = np.array(self.needs, dtype=np.float64).reshape(-1, 3)
        bits = [np.zeros((self.people, 0), dtype=np.uint64), *self.bits]
        least = np.array(self.least, dtype=np.int64)
        return Rules(
            feature_start=feature_start,
            feature=feature,
            least=least,
            most=np.array(self.most, dtype=np.int64),
            lone=np.array(self.lone, dtype=np.bool_),
            feature_price=np.array(self.price, dtype=np.float64),
            always=np.flatnonzero(least > 0).astype(np.int64),
            conflict_start=conflict_start,
            conflict=conflict,
            conflict_price=np.array([price for row in beside for _, price in row], dtype=np.float64),
            bits=np.ascontiguousarray(np.concatenate(bits, axis=1)),
            span=np.array(self.spans, dtype=np.int64).reshape(-1, 3),
            need=needs[:, 0].copy(),
            unit=needs[:, 1].copy(),
            common_price=needs[:, 2].copy(),
            any=bool(len(self.features) or self.pairs or self.needs),
        )


def _ragged(rows: Sequence[Sequence[int]]) -> tuple[I64, I64]:
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return starts, np.array([each for row in rows for each in row], dtype=np.int64)
