"""The search of one block of a large pool: a pure function of numbers, which whoever has time may call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from tenants.matching.solver.model import Group
from tenants.matching.solver.search.annealing import Island
from tenants.matching.solver.search.board import Aim
from tenants.matching.solver.search.rules import F64, I64
from tenants.matching.solver.task import Layout, Part, mean_pair

THREADS = 2
NONE = np.zeros(0)


def always(_island: Island) -> bool:
    """Keep the best groups seen."""
    return True


def broken(island: Island) -> bool:
    """Whether the last groups break a hard rule: those that keep the rules are never given up for such."""
    return bool(island.board.broken.any())


def seen_unbroken(island: Island) -> bool:
    """Whether any groups were seen that break no hard rule."""
    return bool(island.best_value[0] > -np.inf)


class Block(NamedTuple):
    """All that the search of some groups needs: their people and where each is (``group``, the bench last), what to
    climb, the chance drawn from ``seed``, the temperatures, and whether to keep the ``best`` seen or the last."""

    part: Part
    layout: Layout
    aim: Aim
    group: I64
    seed: tuple[int, ...]
    heats: F64 = NONE
    best: Callable[[Island], bool] = always


class Searched(NamedTuple):
    """Where each person of a block is after its search, and the mean pair of each of its groups."""

    group: I64
    means: F64


Across = Callable[[int, Callable[[int], Block]], Iterable[Searched]]
"""Who has so many blocks searched, each of which a function cuts by its number: any number of times, in any thread.
What was found comes in their order, and is the same whoever searched."""


def island_of(block: Block) -> Island:
    """The chain that searches a block."""
    return Island(block.part.land(block.layout), block.aim, block.group, block.seed)


def searched(block: Block) -> Searched:
    """Search one block. Equal blocks give equal results, on processors of one family."""
    island = island_of(block)
    island.cool(block.heats)
    group = island.best if block.best(island) else island.board.group[: len(block.group)]
    members = as_groups(group, len(block.layout.least))
    return Searched(group, np.array([mean_pair(island.land.score[np.ix_(each, each)]) for each in members]))


def in_threads(number: int, cut: Callable[[int], Block]) -> list[Searched]:
    """Search blocks two at a time in this process."""
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda each: searched(cut(each)), range(number)))


def as_groups(group: I64, number: int) -> list[I64]:
    """The members of groups 0..number - 1 from the group of each person."""
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(number + 1))
    return [np.sort(order[bounds[g] : bounds[g + 1]]) for g in range(number)]


def as_tuples(groups: list[I64]) -> list[Group]:
    """The same as tuples of plain numbers."""
    return [tuple(int(person) for person in group) for group in groups]
