"""Forming groups: from a pool and a recipe to a partition with a bound.

**Objective.** A term t with weight w_t scores a pair of people, s_t(i, j) in [0, 1], as
:class:`~tenants.matching.solver.affinity.Affinity` defines; the pair's score is the weighted mean

    s_ij = sum_t w_t s_t(i, j) / sum_t w_t.

A member's affinity is the mean of s_ij over the partners in the group; a group's value v_g is the mean of
its members' affinity, which is its mean pair. With n_g members in group g, N people placed, e the emphasis
of the recipe and c_g what group g owes for violations of rules that have a price (amount times price),

    value = ((1 - e) * sum_g n_g v_g - sum_g c_g) / N + e * min_g v_g.

Means, not sums of pairs: a sum grows with the square of a group's size, and would make some groups as
large and all others as small as allowed. The weakest group counts on its own, as no gain of the others
makes up for a group that does not work.

**Before the value** come, in this order: all hard rules; as many people placed as possible (all, unless the
recipe has a waitlist); mean size nearest to the one wished for; of two such the more groups; sizes within
one of each other, then within two, and so on; who has higher priority is placed: the sum of ranks (0, 1, 2
... from the lowest value up) where all partitions are tried, else no exchange of one who waits for one of
lower rank is possible. The value and its bound are for partitions of that shape.

**Who waits.** If everybody cannot be placed and few enough groups keep the rules, as many people as possible are
packed into these; else CP-SAT counts, within its effort, how few have to wait. Where neither proves a number, groups
are mended for one number after another, and those that still break rules are left by whoever breaks them; then ``most``
of the placing is False and the search is not said to have stopped by proof.

**Search.** Where at most MOST_PARTITIONS partitions have the shape all are tried. Up to WHOLE people two
islands anneal side by side, above that blocks of groups in rounds. While they cool, a soft
minimum stands for the weakest group's value, -log(sum_g exp(-b v_g)) / b, the sharper the colder it is (b in inverse
proportion to the temperature): every group pulls, the weaker the more. It is concave, so that no exchange gains more
than its slopes promise. In blocks the weakest groups are then searched on their own among others.

**Bound.** Up to COLUMNS_LIMIT people the linear program over all groups, for the mean value of partitions whose
groups are all worth so much, at the levels that matter; above that everybody's best partners, at prices for those
whom too many want. Both hold for all choices of sizes that the shape allows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from tenants.matching.solver.affinity import Affinity
from tenants.matching.solver.block import Across, as_groups, as_tuples, in_threads
from tenants.matching.solver.blocks import WHOLE, Blocks
from tenants.matching.solver.bounding import COLUMNS_LIMIT, upper_bound
from tenants.matching.solver.certificate import certificate
from tenants.matching.solver.compiling import compile_rules
from tenants.matching.solver.forming import mended, promoted
from tenants.matching.solver.hours import START
from tenants.matching.solver.leaving import with_more
from tenants.matching.solver.leftover import unplaced
from tenants.matching.solver.model import Bound, Group, Pool, Recipe
from tenants.matching.solver.partition import Partition
from tenants.matching.solver.placing import first_placing
from tenants.matching.solver.search.annealing import ISLANDS, Effort, Island, aim_of, search
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.seating import Placing, going_on
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.standing import standing_of
from tenants.matching.solver.task import MATRIX_LIMIT, Layout, Task
from tenants.matching.solver.validation import validate

DEFAULT_BUDGET = 1000
"""Sweeps of the search over everybody."""

SEARCHED, SEARCHED_SOME, SEARCHED_MANY = 0.6, 0.75, 0.95
"""Shares of a time limit, and of the progress, that are for the search of few people, of some and at most of many; the
rest is for the bound, which is found sooner and gains less by more time the more people there are."""

IN_BLOCKS = 0.9
"""Share of the search in blocks, where after that anybody may change places with anybody."""

TOLD = 1.5e-4
"""Seconds that it takes to bound and to tell what was found, for each of many people."""

PROVED = 1e-9


def solve(
    pool: Pool,
    recipe: Recipe,
    *,
    seed: int,
    budget: int = DEFAULT_BUDGET,
    seconds: float | None = None,
    progress: Callable[[float], None] | None = None,
    start: date = START,
    across: Across = in_threads,
) -> Partition:
    """Partition a pool into groups that keep every rule and are worth as much as the search can reach.

    The objective is this module's.

    ``budget``    sweeps of the search, >= 0; time grows with budget x people.
    ``seconds``   a limit after which the best so far is returned; without it equal arguments give equal
                  results on processors of one family, with it they need not.
    ``progress``  called with a fraction in [0, 1]; what it raises ends the search.
    ``start``     a day in the week in which the year begins over which availability is compared.
    ``across``    who searches the blocks of a large pool; the result does not depend on it.

    Raises InvalidRecipe and InvalidPool (see :func:`validate`), Infeasible with what clashes, ValueError for a
    negative budget.
    """
    started = time.monotonic()
    if budget < 0:
        raise ValueError("budget must be 0 or more sweeps")
    validate(pool, recipe)
    report = progress or (lambda _fraction: None)
    report(0.0)
    task = task_of(pool, recipe, start)
    share = _searched_share(task.people, seconds)
    effort = Effort(budget, _deadline(started, seconds, share), lambda part: report(share * part))
    placing, out_of_time = best_placing(task, pool, recipe, seed, effort, across=across)
    told = told_of(task, pool, recipe, placing)
    value, stopped_by = told["value"], "time" if out_of_time else "sweeps"
    bound = Bound(value, "exhaustive")
    if placing.value is None:
        end = _deadline(started, seconds, 1.0)
        stop = None if seconds is None else lambda: time.monotonic() > end
        bound = upper_bound(task, placing.shape, told["groups"], value, stop=stop)
    if bound.value <= value + PROVED:
        bound = Bound(value, bound.name)
        stopped_by = "proof" if placing.most else stopped_by
    report(1.0)
    return Partition(**told, bound=bound, stopped_by=stopped_by)


def best_placing(
    task: Task, pool: Pool, recipe: Recipe, seed: int, effort: Effort, *, across: Across = in_threads
) -> tuple[Placing, bool]:
    """The best groups that the search comes to, with their ``value`` if none are better, and whether time ran
    out. Raises Infeasible."""
    placing = first_placing(replace(task, deadline=effort.deadline), pool, recipe, seed)
    if placing.value is not None:
        return placing, False
    ways = [placing]
    if task.standing is not None and task.standing.rule.price is not None:
        # The usual sizes and those that let most groups stay are both worth a search.
        ways = list(going_on(task, task.people - placing.shape.placed, seed)) or ways
    found = []
    for number, way in enumerate(ways):
        part = effort.part(number / len(ways), (number + 1) / len(ways))
        found.append(_best_of(task, way, seed, part, across))
    best, _ = (
        found[0] if len(found) == 1 else max(found, key=lambda each: task.worth(each[0].shape, each[0].group))
    )
    best = replace(best, clash=placing.clash, most=placing.most)
    return with_more(task, recipe, best), any(out_of_time for _, out_of_time in found)


def _best_of(task: Task, placing: Placing, seed: int, effort: Effort, across: Across) -> tuple[Placing, bool]:
    group, out_of_time = _searched(task, placing, seed, effort, across)
    shape = placing.shape
    if task.standing is not None:
        # Whoever moved, a group goes on from the one that it has most of, and from none that it has nobody of.
        groups = as_tuples(as_groups(group, shape.groups))
        sizes = [len(members) for members in groups]
        wide = replace(shape, least=min(shape.least, *sizes), most=max(shape.most, *sizes))
        shape = task.standing.matched(wide, groups)
    return replace(placing, shape=shape, group=group), out_of_time


def _searched_share(people: int, seconds: float | None) -> float:
    if people <= MATRIX_LIMIT:
        return SEARCHED if people <= COLUMNS_LIMIT else SEARCHED_SOME
    told = 0.0 if seconds is None else TOLD * people / max(seconds, TOLD)
    return min(SEARCHED_MANY, max(SEARCHED, 1.0 - told))


def _deadline(started: float, seconds: float | None, share: float) -> float:
    return float("inf") if seconds is None else started + share * seconds


def told_of(task: Task, pool: Pool, recipe: Recipe, placing: Placing) -> dict[str, Any]:
    """All of the result but its bound."""
    shape, groups = in_order(placing.shape, placing.group)
    moved = tuple(task.moved(placing.shape, placing.group).tolist())
    placed = {person for group in groups for person in group}
    left = [person for person in range(task.people) if person not in placed]
    means = task.means(groups)
    return {
        "groups": groups,
        "continues": shape.continues or (None,) * len(groups),
        "moved": moved,
        "unplaced": tuple(unplaced(task, recipe, groups, left)),
        "value": task.value(groups, means, len(moved)),
        "group_values": tuple(float(mean) for mean in means),
        "owed": tuple(task.breaches(group)[1] for group in groups),
        "clash": placing.clash,
        "certificate": certificate(task, pool, recipe, shape, groups),
    }


def in_order(shape: Shape, group: I64) -> tuple[Shape, tuple[Group, ...]]:
    """The groups in order of their first member, and the shape with them in that order."""
    groups = as_tuples(as_groups(group, shape.groups))
    order = sorted(range(shape.groups), key=groups.__getitem__)
    continues = tuple(shape.continues[g] for g in order) if shape.continues else ()
    return replace(shape, continues=continues), tuple(groups[g] for g in order)


def task_of(pool: Pool, recipe: Recipe, start: date = START) -> Task:
    """The scores and rules of a valid pool and recipe."""
    affinity = Affinity(pool, recipe, start)
    matrix = affinity.matrix() if affinity.people <= MATRIX_LIMIT else None
    rules = compile_rules(pool, recipe, start)
    standing = standing_of(pool, recipe)
    ranks = _ranks(pool, recipe)
    if standing is not None:
        # Whoever has a place keeps one before anybody new gets one.
        ranks += (standing.list_of >= 0) * (int(ranks.max(initial=0)) + 1)
    return Task(affinity, rules, recipe.emphasis, start, ranks, matrix, standing)


def _ranks(pool: Pool, recipe: Recipe) -> I64:
    """Who is left over last, by the values of the priority from low to high; those without one come first."""
    if recipe.priority is None:
        return np.zeros(len(pool.ids), dtype=np.int64)
    attribute = pool.attributes[recipe.priority]
    order = {level: place for place, level in enumerate(attribute.levels or ())}
    worth = [order.get(value, value) if value is not None else -np.inf for value in attribute.values]
    return np.unique(np.array(worth, dtype=np.float64), return_inverse=True)[1].astype(np.int64)


def _descended(task: Task, placing: Placing, layout: Layout, seed: int, effort: Effort) -> tuple[I64, bool]:
    """The groups of a placing after every change for the better in the whole pool, and whether time ran out."""
    shape, group = placing.shape, placing.group
    land = task.land(np.arange(task.people), layout)
    island = Island(land, aim_of(task.emphasis, shape.placed), group, (seed, ISLANDS))
    island.descend(effort.over)
    better = task.worth(shape, island.best) > task.worth(shape, group)
    return island.best if better else group, effort.over()


def _searched(task: Task, placing: Placing, seed: int, effort: Effort, across: Across) -> tuple[I64, bool]:
    """The groups that the search comes to from a first placing, and whether its time ran out."""
    shape, start = placing.shape, placing.group
    layout = task.layout(shape)
    if task.standing is not None and task.standing.rule.price is None:
        layout = replace(layout, leave=len(task.moved(shape, start)))
    if task.people > WHOLE:
        blocks = Blocks(task, layout, start, (seed,), across=across)
        if task.matrix is None:
            out_of_time = blocks.run(effort)
            return blocks.group, out_of_time
        blocks.run(effort.part(0.0, IN_BLOCKS))
        return _descended(
            task, replace(placing, group=blocks.group), layout, seed, effort.part(IN_BLOCKS, 1.0)
        )
    starts = [start] * ISLANDS
    if task.standing is None:
        others = [mended(task, shape, (seed, island, 0)) for island in range(1, ISLANDS)]
        starts = [start, *(start if other is None else promoted(task, shape, other) for other in others)]
    aim = aim_of(task.emphasis, shape.placed)
    found = search(task.land(np.arange(task.people), layout), aim, starts, seed, effort)
    return promoted(task, shape, found.group), found.out_of_time
