"""What must stay possible of exact counts for a release to be safe."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from tenants.reporting.audit.ranges import Polytope
from tenants.reporting.audit.reading import Cell, Reading, fewest


@dataclass(frozen=True)
class Goal:
    """The cell must seem possible as low as ``low`` and as high as ``high``; since: see Range."""

    cell: Cell
    low: float
    high: float
    since: int | None = None


@dataclass(frozen=True)
class Truth:
    """The exact ``counts`` behind a reading, none of 1 to ``threshold`` of which may be told, nor one of ``few``, nor
    one of ``silent`` but for as many.
    """

    reading: Reading
    counts: Mapping[Cell, int]
    threshold: int
    few: Set[Cell] = frozenset()
    silent: Set[Cell] = frozenset()

    @cached_property
    def floor(self) -> Mapping[Cell, int]:
        """`fewest` of each."""
        return fewest(self.reading, self.counts)

    def count_goals(self) -> list[Goal]:
        """For the counts themselves."""
        return self._goals()

    def change_goals(self, before: Polytope, place: int, known: Mapping[Cell, int] | None) -> list[Goal]:
        """For the changes since an earlier release: what it tells, its place, and its exact counts if they are known.

        A change is the new number less the old one, and nothing ties the two but what each release tells. So a rise
        can be any of 1 to T if the new number reaches down to 1 + most and up to T + least, and a fall likewise; but a
        number can be no less than the cells with anybody in them that it is the sum of.
        """
        floor, found = self.floor, []
        for cell, count in self.counts.items():
            if not (cell in before.place or before.shows(cell)):
                continue
            least, most = before.range(cell)
            if known is not None:
                nearest = farthest = float(count - known[cell])
            elif count == 0 and least < most:
                continue  # fallen to none, from a number not shown that was safe itself
            else:
                nearest, farthest = count - least, count - most
            fewest_now = min(floor[cell], count)
            if nearest >= 1 and farthest <= self.threshold:
                found.append(Goal(cell, max(1 + most, fewest_now), self.threshold + least, place))
            if farthest <= -1 and nearest >= -self.threshold:
                highest = least - 1 if count else 0  # none are shown: then all that were there are gone
                found.append(Goal(cell, max(most - self.threshold, fewest_now), highest, place))
        return found

    def _goals(self) -> list[Goal]:
        counts = self.counts
        floor = self.floor
        small = [cell for cell, count in counts.items() if 1 <= count <= self.threshold]
        found = [Goal(cell, floor[cell], self.threshold) for cell in small]
        found += [Goal(cell, floor[cell], counts[cell]) for cell in self.few if counts[cell] > self.threshold]
        found += [
            Goal(cell, max(floor[cell], counts[cell] - self.threshold), counts[cell])
            for cell in self.silent
            if counts[cell] > self.threshold
        ]
        for cell, wholes in self.reading.wholes.items():
            if not counts[cell] and all(counts[whole] for whole in wholes):
                found.append(Goal(cell, 0, self.threshold))
            found += [
                Goal(cell, max(0, counts[cell] - self.threshold), counts[cell])
                for whole in wholes
                if counts[cell] == counts[whole] > 0
            ]
        return found
