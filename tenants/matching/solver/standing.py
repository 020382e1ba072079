"""Groups that exist already: who is at home where, what shapes go on from them, and who moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from tenants.matching.solver.model import Group, Keep, Pool, Recipe, Size
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.sizes import Shape, shapes

GONE = 1
"""Added to the number of groups it is the home of people whose group does not go on: one that is nowhere."""


@dataclass(frozen=True)
class Standing:
    """The lists of the rule at ``place`` in the recipe, by index; who is not in the pool is left out.

    ``list_of`` (n,) is the list of each person, -1 for newcomers. ``order`` are the lists that have anybody,
    those first that are the last to be given up: the largest.
    """

    rule: Keep
    place: int
    lists: tuple[Group, ...]
    list_of: I64
    size: Size

    @property
    def order(self) -> list[int]:
        """The lists with anybody in them, largest first."""
        filled = [number for number, each in enumerate(self.lists) if each]
        return sorted(filled, key=lambda number: (-len(self.lists[number]), number))

    @property
    def limit(self) -> int:
        """How many may move at most."""
        return len(self.list_of) if self.rule.max is None else self.rule.max

    def home(self, shape: Shape) -> I64:
        """(n,) the group of the shape that goes on from each person's, ``groups + GONE`` if none does, -1 for
        newcomers."""
        goes_on = np.full(len(self.lists) + 1, shape.groups + GONE, dtype=np.int64)
        goes_on[-1] = -1
        for group, number in enumerate(shape.continues):
            if number is not None:
                goes_on[number] = group
        return goes_on[self.list_of]

    def moved(self, shape: Shape, group: I64) -> I64:
        """Who moves if everybody is in ``group`` (n,)."""
        home = self.home(shape)
        return np.flatnonzero((home >= 0) & (home != group))

    def sizes(self, shape: Shape) -> tuple[I64, I64]:
        """Fewest and most members of each group of a shape: a group that goes on may keep its size."""
        own = [0 if number is None else len(self.lists[number]) for number in shape.continues]
        size = np.clip(own, self.size.min, self.size.max)
        new = np.array([number is None for number in shape.continues])
        least = np.where(new, shape.least, np.minimum(shape.least, size))
        most = np.where(new, shape.most, np.maximum(shape.most, size))
        return least.astype(np.int64), most.astype(np.int64)

    def shapes(self, placed: int, *, usual: bool) -> Iterator[Shape]:
        """Shapes of so many people that go on from these groups, those to be tried first first: the usual ones, whose
        groups may keep their size, or those of any sizes of the recipe, in order of the moves that cannot be
        avoided.
        """
        if usual:
            for alike in shapes(placed, self.size):
                for shape in alike:
                    going_on = self._going_on(shape)
                    least, most = self.sizes(going_on)
                    yield _limited(replace(going_on, lowest=int(least.min()), highest=int(most.max())))
            return
        low, high = self.size.min, self.size.max
        numbers = range(-(-placed // high), placed // low + 1)
        free = [
            self._going_on(_limited(Shape(placed, groups, low, high, low, high)))
            for groups in numbers
            if groups
        ]
        yield from sorted(free, key=lambda each: (self.least_moves(each), abs(each.groups - len(self.order))))

    def _going_on(self, shape: Shape) -> Shape:
        kept = self.order[: shape.groups]
        return replace(shape, continues=(*sorted(kept), *[None] * (shape.groups - len(kept))))

    def least_moves(self, shape: Shape) -> int:
        """So many people move at least: those of groups given up or above the largest size and, where all
        newcomers do not fill the groups up, others."""
        own = [0 if number is None else len(self.lists[number]) for number in shape.continues]
        present = sum(map(len, self.lists))
        moving = present - sum(min(size, self.size.max) for size in own)
        wanted = sum(max(0, self.size.min - size) for size in own)
        newcomers = max(0, shape.placed - present)
        return moving + max(0, wanted - newcomers - moving)

    def matched(self, shape: Shape, groups: Sequence[Group]) -> Shape:
        """A shape of these groups in which each goes on from the list that it has most of."""
        shared = np.zeros((len(groups), max(1, len(self.lists))))
        for group, members in enumerate(groups):
            for person in members:
                if self.list_of[person] >= 0:
                    shared[group, self.list_of[person]] += 1
        going_on: list[int | None] = [None] * len(groups)
        rows, columns = linear_sum_assignment(shared, maximize=True)
        for group, number in zip(rows.tolist(), columns.tolist(), strict=True):
            if shared[group, number]:
                going_on[group] = number
        return replace(shape, continues=tuple(going_on))


def _limited(shape: Shape) -> Shape:
    """The same without sizes that the other groups leave too many or too few people for."""
    others = shape.groups - 1
    return replace(
        shape,
        lowest=max(shape.lowest, shape.placed - others * shape.highest),
        highest=min(shape.highest, shape.placed - others * shape.lowest),
    )


def standing_of(pool: Pool, recipe: Recipe) -> Standing | None:
    """The groups that a recipe keeps, if it has the rule for it."""
    for place, rule in enumerate(recipe.rules):
        if isinstance(rule, Keep):
            index = {name: person for person, name in enumerate(pool.ids)}
            lists = tuple(
                tuple(sorted({index[name] for name in each if name in index})) for each in rule.lists
            )
            list_of = np.full(len(pool.ids), -1, dtype=np.int64)
            for number, each in enumerate(lists):
                list_of[list(each)] = number
            return Standing(rule, place, lists, list_of, recipe.size)
    return None
