"""How many people are placed, in how many groups of which sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Shape:
    """``placed`` people in ``groups`` groups of ``least`` to ``most`` people, 2 <= least <= most.

    ``sizes`` tells the number of groups of each size where it is known; else a bound holds for every choice.
    """

    placed: int
    groups: int
    least: int
    most: int
    sizes: Mapping[int, int] | None = None

    @property
    def allowed(self) -> tuple[int, ...]:
        """The sizes that a group can have, ascending."""
        if self.sizes is None:
            return tuple(range(self.least, self.most + 1))
        return tuple(sorted(size for size, count in self.sizes.items() if count))

    def weakest(self, most: Floats) -> float:
        """The weakest group is worth no more than this, if none with person i is worth more than ``most[i]``: everybody
        placed is in one."""
        return float(np.sort(most)[len(most) - self.placed])

    def total(self, worth: Floats) -> float:
        """At most this is the sum over all groups, if a group of size ``allowed[x]`` adds at most ``worth[x]``.

        With unknown sizes the mean size is still known, so that the mean worth is at most the value at the
        mean size of the least concave function over ``worth``.
        """
        if self.sizes is not None:
            return sum(self.sizes[size] * float(worth[x]) for x, size in enumerate(self.allowed))
        return self.groups * max(self._mixtures(worth), default=-np.inf)

    def _mixtures(self, worth: Floats) -> Iterator[float]:
        mean = self.placed / self.groups
        for x, small in enumerate(self.allowed):
            for y, large in enumerate(self.allowed):
                if small == mean:
                    yield float(worth[x])
                elif small < mean <= large and np.isfinite(worth[x]) and np.isfinite(worth[y]):
                    share = (mean - small) / (large - small)
                    yield (1 - share) * float(worth[x]) + share * float(worth[y])
