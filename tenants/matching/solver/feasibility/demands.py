"""The parts of a recipe as what they demand of groups, four forms in all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.clash import Part
from tenants.matching.solver.model import Group, Size
from tenants.matching.solver.similarity import Bools

U64 = NDArray[np.uint64]

NAMED = 4
"""People named in one breath; of more the first three are named and the others counted."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Demand:
    """What one part of a recipe demands.

    ``part``     as it is told.
    ``unnamed``  the part in words that name nobody.
    ``release``  what to do so that it demands nothing: "take the pair (a, b) out of the list".
    ``private``  whether it is a person's own wish, which is told to nobody.
    """

    part: Part
    unnamed: str
    release: str
    private: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Sizes(Demand):
    """Every group has from ``size.min`` to ``size.max`` people. Without it groups have any size above 0."""

    size: Size


@dataclass(frozen=True, kw_only=True, eq=False)
class Count(Demand):
    """Of the holders every group has from ``least`` to ``most`` and, if ``lone``, not exactly one.

    ``noun``   the holders in words.
    ``change`` says a bound that is changed, with {} for it; empty for a list, of which people are taken out.
    ``spare``  how many people, over all groups, may be more than ``most``: who has been taken out.
    """

    holders: Group
    noun: str
    least: int = 0
    most: int | None = None
    lone: bool = False
    change: str = ""
    spare: int = 0

    def loosened(self, steps: int) -> Count:
        """The same with a bound moved by so many steps."""
        if self.most is None:
            return replace(self, least=self.least - steps)
        return replace(self, most=self.most + steps)


@dataclass(frozen=True, kw_only=True, eq=False)
class Block(Demand):
    """All members are in one group; if ``own``, in one without another block of the rule that is so.

    ``spare``  how many of them may be elsewhere: who has been taken out.
    """

    members: Group
    own: bool = False
    spare: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Common(Demand):
    """All people of a group have at least ``need`` bits in common, in every period.

    ``token``  the row of ``bits`` of each person; people with the same row are alike.
    ``bits``   (rows, periods, words), rows all different.
    ``step``   bits in a step of the rule's number; ``change`` says that number changed, with {} for it.
    """

    token: tuple[int, ...]
    bits: U64
    need: int
    step: int
    change: str

    def fits(self, tokens: Collection[int]) -> bool:
        """Whether people with these rows have enough in common."""
        shared = np.bitwise_and.reduce(self.bits[list(tokens)], axis=0)
        return bool(np.bitwise_count(shared).sum(axis=-1).min() >= self.need)

    def pairs(self) -> Bools:
        """Whether the people of two rows have enough in common, (rows, rows); of one, on the diagonal."""
        fitting: Bools = np.empty((len(self.bits), len(self.bits)), dtype=np.bool_)
        for row, bits in enumerate(self.bits):
            shared = np.bitwise_count(bits & self.bits).sum(axis=-1, dtype=np.int64)
            fitting[row] = shared.min(axis=-1) >= self.need
        return fitting

    def cells(self, period: int, rows: Sequence[int]) -> tuple[Bools, list[int]]:
        """Which rows have which bits of a period, (rows, cells); bits that the same rows have are one cell,
        for which their number stands in the list."""
        bits = self.bits[list(rows), period]
        had = np.unpackbits(np.ascontiguousarray(bits).view(np.uint8), axis=1).astype(np.bool_)
        cells, numbers = np.unique(had[:, had.any(axis=0)], axis=1, return_counts=True)
        return cells, numbers.tolist()

    def loosened(self, steps: int) -> Common:
        """The same with its number lower by so many steps."""
        return replace(self, need=max(0, self.need - steps * self.step))


@dataclass(frozen=True)
class Case:
    """People, by id, and what is demanded of their groups."""

    ids: tuple[str, ...]
    demands: tuple[Demand, ...]

    @property
    def people(self) -> int:
        """How many people there are."""
        return len(self.ids)

    @property
    def size(self) -> Size | None:
        """The sizes demanded, if any are."""
        return next((demand.size for demand in self.demands if isinstance(demand, Sizes)), None)

    def of(self, demands: Iterable[Demand]) -> Case:
        """The same people under other demands."""
        return Case(self.ids, tuple(demands))

    def named(self, people: Sequence[int]) -> str:
        """People in words: "a, b and c"."""
        return listed([self.ids[person] for person in people])

    def counts(self) -> list[Count]:
        """The demands that count holders."""
        return [demand for demand in self.demands if isinstance(demand, Count)]

    def blocks(self) -> list[Block]:
        """The demands that keep people together."""
        return [demand for demand in self.demands if isinstance(demand, Block)]

    def own_blocks(self) -> list[list[Block]]:
        """By rule the blocks that are in different groups."""
        by_rule: dict[int | None, list[Block]] = {}
        for block in self.blocks():
            if block.own:
                by_rule.setdefault(block.part.rule, []).append(block)
        return list(by_rule.values())

    def commons(self) -> list[Common]:
        """The demands for something in common."""
        return [demand for demand in self.demands if isinstance(demand, Common)]

    def without(self, out: Collection[int]) -> Case:
        """What is demanded of the others when some people are left out."""
        kept = [person for person in range(self.people) if person not in out]
        place = {person: position for position, person in enumerate(kept)}

        def narrowed(demand: Demand) -> Demand:
            match demand:
                case Count():
                    return replace(demand, holders=tuple(place[p] for p in demand.holders if p in place))
                case Block():
                    return replace(demand, members=tuple(place[p] for p in demand.members if p in place))
                case Common():
                    return replace(demand, token=tuple(demand.token[p] for p in kept))
            return demand

        return Case(tuple(self.ids[person] for person in kept), tuple(map(narrowed, self.demands)))


def listed(words: Sequence[str]) -> str:
    """Words in one breath: "a, b and c", "a, b, c and 8 more"."""
    if len(words) > NAMED:
        return f"{', '.join(words[: NAMED - 1])} and {len(words) - NAMED + 1} more"
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun: "1 group", "2 groups", "1 person", "2 people"."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"
