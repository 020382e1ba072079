"""The model of a benchmark as plain arrays, for searches that anybody could install."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver import Pool, Recipe
from tenants.matching.solver.affinity import Affinity
from tenants.matching.solver.model import Apart, Cap, Hierarchy


@dataclass(frozen=True)
class Problem:
    """``score`` (n, n) of all pairs, 0 on the diagonal; ``sizes`` of the groups; at most ``cap`` people of one
    ``kind`` (n,) in a group, nobody with whom they are ``apart`` (n, n); ``emphasis`` of the weakest group."""

    score: NDArray[np.float64]
    sizes: tuple[int, ...]
    kind: NDArray[np.int64]
    cap: int
    apart: NDArray[np.bool_]
    emphasis: float

    @property
    def people(self) -> int:
        """How many there are."""
        return len(self.score)

    def means(self, groups: Sequence[Sequence[int]]) -> NDArray[np.float64]:
        """The mean pair of each group."""
        return np.array(
            [self.score[np.ix_(group, group)].sum() / (len(group) * (len(group) - 1)) for group in groups]
        )

    def value(self, groups: Sequence[Sequence[int]]) -> float:
        """What all groups are worth, as the product defines it."""
        means = self.means(groups)
        sizes = np.array([len(group) for group in groups])
        return float((1 - self.emphasis) * (sizes @ means) / sizes.sum() + self.emphasis * means.min())

    def groups_of(self, group: NDArray[np.int64]) -> list[list[int]]:
        """The members of each group."""
        return [np.flatnonzero(group == g).tolist() for g in range(len(self.sizes))]


def problem(pool: Pool, recipe: Recipe, sizes: Sequence[int]) -> Problem:
    """The model of a recipe with one cap, separations and hierarchies; scores are computed by the product."""
    caps = [rule for rule in recipe.rules if isinstance(rule, Cap)]
    assert len(caps) == 1
    kinds: dict[str, int] = {}
    held = [kinds.setdefault(value, len(kinds)) for value in pool.attributes[caps[0].attribute].values]
    score = Affinity(pool, recipe).matrix().astype(np.float64)
    return Problem(score, tuple(sizes), np.array(held), caps[0].max, apart(pool, recipe), recipe.emphasis)


def apart(pool: Pool, recipe: Recipe) -> NDArray[np.bool_]:
    """Who must not be with whom, (n, n)."""
    index = {name: person for person, name in enumerate(pool.ids)}
    pairs: list[tuple[str, str]] = []
    for rule in recipe.rules:
        match rule:
            case Apart():
                pairs += [*rule.pairs, *(pair for each in rule.lists for pair in combinations(each, 2))]
            case Hierarchy():
                for key in rule.attributes:
                    values = zip(pool.ids, pool.attributes[key].values, strict=True)
                    pairs += [(person, name) for person, named in values for name in named or ()]
            case Cap():
                pass
            case _:
                raise NotImplementedError(f"no model of {rule}")
    found = np.zeros((len(index), len(index)), dtype=np.bool_)
    for one, other in pairs:
        if one in index and other in index and one != other:
            found[index[one], index[other]] = found[index[other], index[one]] = True
    return found
