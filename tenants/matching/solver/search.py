"""Improving a partition by exchanging people between pairs of groups, all pairs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tenants.matching.solver.affinity import Affinity, Bools, Floats, Ints
from tenants.matching.solver.model import EMPHASIS
from tenants.matching.solver.rules import CapRule, admits_instead

Progress = Callable[[float], None]

HOT, COLD = 1.8, 0.018
"""First and last temperature of a cycle, in standard deviations of the score of random pairs."""

CYCLES = 4
"""Times that the search cools down within its budget; the best partition of all is kept."""


class Search:
    """Simulated annealing over exchanges.

    ``rows`` (r, w) holds the groups and, below the first k, a bench of people in no group; index n is an
    empty seat. A sweep pairs all rows at random and, for each pair of rows at once, scores every exchange
    of two seats and draws one, or none, with probability proportional to exp(gain / temperature).
    Exchanging a person with an empty seat moves them, from a larger group to a smaller one only, so that
    sizes stay as near-equal as they were.

    Gains are in units of members x value. In them the weakest group is replaced by a soft minimum that
    sharpens as the temperature falls: otherwise no group but the weakest would be worth raising, and the
    gains of pairs of rows drawn at once would not add up.
    """

    def __init__(
        self, groups: Ints, bench: Sequence[int], affinity: Affinity, rules: Sequence[CapRule]
    ) -> None:
        self.affinity, self.rules = affinity, rules
        self.empty = affinity.people
        self.k, self.width = groups.shape
        spare = np.full((-(-len(bench) // self.width), self.width), self.empty, dtype=np.int64)
        spare.flat[: len(bench)] = bench
        self.rows: Ints = np.concatenate([groups, spare])
        self.active = np.arange(len(self.rows)) < self.k
        self.seated = int((groups != self.empty).sum())
        self.means = self._means()
        self.best, self.best_value = self.rows.copy(), self.value()

    def value(self) -> float:
        """The value of the present groups."""
        sizes = (self.rows[: self.k] != self.empty).sum(1)
        means = self.means[: self.k]
        return float((1 - EMPHASIS) * (sizes @ means) / self.seated + EMPHASIS * means.min())

    def run(self, budget: int, rng: np.random.Generator, progress: Progress) -> None:
        """Anneal for ``budget`` sweeps; afterwards ``best`` holds the best rows seen."""
        half = len(self.rows) // 2
        spread = self._spread(rng)
        if half == 0 or spread < 1e-9:
            return
        for sweep in range(budget):
            if sweep % max(1, budget // 100) == 0:
                progress(sweep / budget)
            age = sweep * CYCLES % budget / budget
            temperature = spread * HOT * (COLD / HOT) ** age
            order = rng.permutation(len(self.rows))
            left, right = order[:half], order[half : 2 * half]
            gains, means = self._exchanges(left, right, temperature)
            self._apply(left, right, means, _draw(gains, temperature, rng))
            value = self.value()
            if value > self.best_value + 1e-12:
                self.best, self.best_value = self.rows.copy(), value

    def _spread(self, rng: np.random.Generator) -> float:
        sample = rng.permutation(self.empty)[:256]
        scores = self.affinity.block(sample[None])[0][np.triu_indices(len(sample), 1)]
        return float(scores.std())

    def _means(self) -> Floats:
        sizes = (self.rows != self.empty).sum(1)
        sums = self.affinity.block(self.rows).sum((1, 2))
        return np.where(self.active, sums / np.maximum(sizes * (sizes - 1), 1), np.inf)

    def _exchanges(self, left: Ints, right: Ints, temperature: float) -> tuple[Floats, tuple[Floats, Floats]]:
        """Gain of exchanging seat a of the left with seat b of the right row, -inf where not allowed, and
        the mean pair of both rows afterwards; each (p, w, w)."""
        w = self.width
        both = np.concatenate([self.rows[left], self.rows[right]], axis=1)
        score = self.affinity.block(both)
        to_left, to_right = score[:, :, :w].sum(2), score[:, :, w:].sum(2)
        total_left, total_right = to_left[:, :w].sum(1), to_right[:, w:].sum(1)
        across = score[:, :w, w:]
        swing_left = to_left[:, None, w:] - to_left[:, :w, None] - across
        swing_right = to_right[:, :w, None] - to_right[:, None, w:] - across
        after_left = total_left[:, None, None] + 2 * swing_left
        after_right = total_right[:, None, None] + 2 * swing_right
        real = both != self.empty
        sizes_left, sizes_right = real[:, :w].sum(1), real[:, w:].sum(1)
        moved = real[:, None, w:].astype(np.int64) - real[:, :w, None]
        members_left, mean_left = self._after(left, sizes_left[:, None, None] + moved, after_left)
        members_right, mean_right = self._after(right, sizes_right[:, None, None] - moved, after_right)
        before = self._members(left, sizes_left) + self._members(right, sizes_right)
        gains = (1 - EMPHASIS) * (members_left + members_right - before[:, None, None])
        weakest = self._weakest_gain(left, right, mean_left, mean_right, temperature)
        gains += EMPHASIS * self.seated * weakest
        gains[~self._allowed(left, right, both, moved * (sizes_left - sizes_right)[:, None, None])] = -np.inf
        return gains, (mean_left, mean_right)

    def _members(self, rows: Ints, sizes: Ints) -> Floats:
        """Sum of the members' affinity in each row, 0 on the bench."""
        return np.where(self.active[rows], self.means[rows], 0.0) * sizes

    def _after(self, rows: Ints, sizes: Ints, total: Floats) -> tuple[Floats, Floats]:
        """Sum of the members' affinity, and the mean pair (inf on the bench), from twice the sum of pairs."""
        active = self.active[rows][:, None, None]
        members = np.where(active, total / np.maximum(sizes - 1, 1), 0.0)
        return members, np.where(active, members / np.maximum(sizes, 1), np.inf)

    def _weakest_gain(
        self, left: Ints, right: Ints, mean_left: Floats, mean_right: Floats, softness: float
    ) -> Floats:
        """Gain of the soft minimum -h log(sum_g exp(-v_g / h)) over all groups, h = softness."""
        weakest = self.means.min()

        def weight(means: Floats) -> Floats:
            exponential: Floats = np.exp(np.minimum((weakest - means) / softness, 500.0))
            return exponential

        present = weight(self.means)
        others = np.maximum(present.sum() - present[left] - present[right], 1e-300)[:, None, None]
        gain: Floats = np.log((others + weight(mean_left) + weight(mean_right)) / present.sum())
        return -softness * gain

    def _allowed(self, left: Ints, right: Ints, both: Ints, growth: Ints) -> Bools:
        """Where an exchange keeps caps, sizes and the number of people placed; growth < 0 evens sizes out."""
        w = self.width
        active_left, active_right = self.active[left][:, None, None], self.active[right][:, None, None]
        people = (both[:, :w, None] != self.empty) & (both[:, None, w:] != self.empty)
        allowed: Bools = (people & (active_left | active_right)) | ((growth < 0) & active_left & active_right)
        if self.rules:
            allowed &= ~active_left | admits_instead(self.rules, both[:, w:], both[:, :w])
            allowed &= ~active_right | admits_instead(self.rules, both[:, :w], both[:, w:]).swapaxes(1, 2)
        return allowed

    def _apply(self, left: Ints, right: Ints, means: tuple[Floats, Floats], choice: Ints) -> None:
        pairs = np.flatnonzero(choice < self.width**2)
        a, b = np.divmod(choice[pairs], self.width)
        left, right = left[pairs], right[pairs]
        self.rows[left, a], self.rows[right, b] = self.rows[right, b], self.rows[left, a]
        self.means[left], self.means[right] = means[0][pairs, a, b], means[1][pairs, a, b]


def _draw(gains: Floats, temperature: float, rng: np.random.Generator) -> Ints:
    """One flat pair of seats for each pair of rows, w * w for none: the Gumbel-max way of drawing."""
    odds = rng.gumbel(size=(len(gains), gains[0].size + 1))
    odds[:, :-1] += gains.reshape(len(gains), -1) / temperature
    choice: Ints = odds.argmax(1)
    return choice
