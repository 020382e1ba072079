"""Forming groups: from a pool and a recipe to a partition with reasons.

**Objective.** A term t with weight w_t scores a pair of people i, j

    s_t(i, j) = sim_t(i, j)      where the term prefers similar,
                1 - sim_t(i, j)  where it prefers different,
                1/2              where i or j has no value (NEUTRAL),

with sim_t in [0, 1]: equality (categorical, boolean); 1 - |x_i - x_j| / range (ordinal: position over
all levels; number, and date in days: over the pool; 1 when the range is 0); Jaccard's index
|A_i ∩ A_j| / |A_i ∪ A_j| (set, reference; 1 for two empty lists). The pair's score is the weighted mean

    s_ij = sum_t w_t s_t(i, j) / sum_t w_t.

A member's affinity is the mean of s_ij over the partners in the group; a group's value v_g is the mean
of its members' affinity, which is its mean pair. With n_g members in group g and e = EMPHASIS = 1/2,

    value = (1 - e) * sum_g n_g v_g / sum_g n_g + e * min_g v_g.

Means, not sums of pairs: a sum grows with the square of a group's size, and would make some groups as
large and all others as small as allowed.

**Before the value** come sizes within [min, max] and all caps, always; then, in this order: as many
people placed as possible; mean size nearest to the middle of [min, max]; of two such the more groups;
sizes within one of each other where caps allow it. Pools of up to 8 people are solved exactly. Larger
ones get groups by dealing, which is exact without caps and with one cap on attributes of one value, and
is repaired by exchanges otherwise; then simulated annealing improves the value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenants.matching.solver.affinity import Affinity, partition_value
from tenants.matching.solver.construction import Seating, construct
from tenants.matching.solver.exact import EXACT_LIMIT, best_partition
from tenants.matching.solver.model import Infeasible, Partition, Pool, Recipe, Unplaced
from tenants.matching.solver.rules import admits, cap_rules, holders, infeasible_reasons
from tenants.matching.solver.search import Search
from tenants.matching.solver.validation import validate

DEFAULT_BUDGET = 6000
"""Sweeps of the search; each pairs every group with one other."""


def solve(
    pool: Pool,
    recipe: Recipe,
    *,
    seed: int,
    budget: int = DEFAULT_BUDGET,
    progress: Callable[[float], None] | None = None,
) -> Partition:
    """Partition a pool into groups that keep every rule and are worth as much as the search can reach.

    The objective is this module's.

    ``budget``    sweeps of the search, >= 0; time grows with budget x people.
    ``progress``  called with a fraction in [0, 1] about a hundred times; what it raises ends the search.

    Equal arguments give equal results, in canonical order. Raises InvalidRecipe and InvalidPool (see
    :func:`validate`), Infeasible when not one group can be formed, ValueError for a negative budget.
    """
    validate(pool, recipe)
    if budget < 0:
        raise ValueError("budget must be 0 or more sweeps")
    report = progress or _silent
    report(0.0)
    affinity, rules = Affinity(pool, recipe), cap_rules(pool, recipe)
    seating = Seating(affinity.people, 0, recipe.size, rules)
    if affinity.people <= EXACT_LIMIT:
        seating.take(best_partition(affinity, recipe.size, rules))
    else:
        seating = construct(affinity.people, recipe.size, rules, np.random.default_rng(seed))
    if not len(seating.seats):
        raise Infeasible(infeasible_reasons(rules, affinity.people, recipe.size.min))
    if affinity.people > EXACT_LIMIT:
        _improve(seating, affinity, seed=seed, budget=budget, report=report)
    partition = _partition(seating, affinity)
    report(1.0)
    return partition


def _silent(_fraction: float) -> None:
    """Nobody wants to know."""


def _improve(
    seating: Seating, affinity: Affinity, *, seed: int, budget: int, report: Callable[[float], None]
) -> None:
    seating.seats.sort(axis=1)
    width = int(seating.sizes().max())
    search = Search(seating.seats[:, :width], seating.left, affinity, seating.rules)
    search.run(budget, np.random.default_rng([seed, 1]), report)
    seating.seats[:, :width] = search.best[: search.k]
    bench = search.best[search.k :]
    seating.left = bench[bench != seating.empty].tolist()
    seating.finish()


def _partition(seating: Seating, affinity: Affinity) -> Partition:
    groups = [tuple(int(person) for person in row if person != seating.empty) for row in seating.seats]
    groups = [tuple(sorted(group)) for group in groups]
    contributions = [affinity.contributions(group) for group in groups]
    values = [affinity.group_value(parts) for parts in contributions]
    return Partition(
        groups=tuple(groups),
        unplaced=tuple(_unplaced(person, seating) for person in seating.left),
        value=partition_value([len(group) for group in groups], values),
        group_values=tuple(values),
        contributions=tuple(contributions),
    ).to_canonical()


def _unplaced(person: int, seating: Seating) -> Unplaced:
    """The reason is a cap when one closes every group, or every group that is not full, to the person."""
    full = seating.sizes() == seating.size.max
    closed = ~admits(seating.rules, person, seating.seats)
    if closed.all() or not full.all():
        relevant = ~full | closed.all()
        blocks = {
            f"{rule.limit} with the same {rule.attribute}": (
                holders(rule, person, seating.seats) >= rule.limit
            )[relevant]
            for rule in seating.rules
        }
        alone = [sentence for sentence, blocked in blocks.items() if blocked.all()]
        same = alone[:1] or [sentence for sentence, blocked in blocks.items() if blocked.any()]
        which = "Every group" if closed.all() else "Every group with room"
        return Unplaced(person, "cap", f"{which} already has {' or '.join(same)}, as many as the cap allows.")
    too_few = " and too few people are left for another" if len(seating.left) < seating.size.min else ""
    return Unplaced(person, "size", f"All groups are full at {seating.size.max}{too_few}.")
