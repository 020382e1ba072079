"""How many groups, and of what sizes: decided before any value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tenants.matching.solver.model import Size


@dataclass(frozen=True)
class Shape:
    """``placed`` people in ``groups`` groups of ``least`` to ``most`` members.

    ``lowest`` and ``highest`` are the sizes in all shapes that are preferred as much. ``continues[g]`` is the
    standing group that group g goes on from, None for a new one; empty where no groups stand.
    """

    placed: int
    groups: int
    least: int
    most: int
    lowest: int
    highest: int
    continues: tuple[int | None, ...] = ()

    @property
    def sizes(self) -> dict[int, int] | None:
        """The number of groups of each size, where the preference leaves no choice."""
        if self.highest - self.lowest > 1:
            return None
        larger = self.placed - self.groups * self.lowest
        counts = {self.highest: larger, self.lowest: self.groups - larger}
        if self.highest == self.lowest:
            counts = {self.lowest: self.groups}
        return {size: count for size, count in counts.items() if count}


def shapes(people: int, size: Size) -> Iterator[list[Shape]]:
    """The ways to place so many people, preferred first, each with all shapes that are preferred as much.

    First the mean size nearest to the one wished for; of two such more groups; then sizes within one of each
    other, then within two, and so on.
    """
    numbers = range(-(-people // size.max), people // size.min + 1) if people else range(0)
    for groups in sorted(numbers, key=lambda groups: (abs(people / groups - size.wished), -groups)):
        low, rest = divmod(people, groups)
        high = low + (rest > 0)
        yield [Shape(people, groups, low, high, low, high)]
        for spread in range(2, size.max - size.min + 1):
            lows = range(max(size.min, high - spread), min(low, size.max - spread) + 1)
            if lows:
                yield [
                    Shape(people, groups, least, least + spread, lows[0], lows[-1] + spread)
                    for least in sorted(lows, key=lambda least: abs(2 * least + spread - low - high))
                ]
