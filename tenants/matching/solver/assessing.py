"""Judging groups that somebody else formed, and what each rule costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from tenants.matching.solver.bounding import stars
from tenants.matching.solver.clash import Clash, Infeasible, Part
from tenants.matching.solver.feasibility.reading import PRIVATE, size_words
from tenants.matching.solver.hours import START
from tenants.matching.solver.model import Group, Locked, Pool, Recipe, Together
from tenants.matching.solver.partition import Partition
from tenants.matching.solver.search.annealing import Effort
from tenants.matching.solver.seating import as_placing
from tenants.matching.solver.solve import best_placing, task_of, told_of
from tenants.matching.solver.task import Task
from tenants.matching.solver.validation import validate
from tenants.matching.solver.words import said_of


def assess(pool: Pool, recipe: Recipe, groups: Sequence[Group], *, start: date = START) -> Partition:
    """What given groups are worth, told as :func:`solve` tells its own.

    The bound is that of stars for as many people in as many groups of these sizes. Raises InvalidRecipe and
    InvalidPool, Infeasible naming each hard rule that is broken and by whom, ValueError for somebody who is
    in two groups.
    """
    validate(pool, recipe)
    task = task_of(pool, recipe, start)
    placed = [person for group in groups for person in group]
    if len(set(placed)) != len(placed):
        raise ValueError("nobody can be in two groups")
    given = [tuple(sorted(group)) for group in groups if group]
    broken = [*_broken(task, pool, recipe, given), *_left_over(task, recipe, set(placed))]
    if broken or not given:
        parts = tuple(broken)
        said = "These groups break what always holds: " + "; ".join(part.said for part in parts) + "."
        raise Infeasible(Clash(parts, said if parts else "There are no groups."))
    placing = as_placing(task, given)
    moved = len(task.moved(placing.shape, placing.group))
    if task.standing is not None and moved > task.standing.limit:
        part = Part(task.standing.place, f"{moved} people leave their group, {task.standing.limit} may")
        raise Infeasible(Clash((part,), f"{part.said}."))
    told = told_of(task, pool, recipe, placing)
    bound = stars(task, placing.shape)
    bound = replace(bound, value=max(bound.value, told["value"]))
    return Partition(**told, bound=bound, stopped_by="given")


def _broken(task: Task, pool: Pool, recipe: Recipe, groups: Sequence[Group]) -> Iterator[Part]:
    """Each rule that a group breaks, with the group; of a private one not even that."""
    hidden = False
    for group in groups:
        if not recipe.size.min <= len(group) <= recipe.size.max:
            yield Part(None, f"a group has {len(group)} people, not {_sizes(recipe)}", group)
        rules = task.broken_rules(group) | _torn(pool, recipe, task, group)
        hidden |= any(recipe.rules[rule].private for rule in rules)
        for rule in sorted(rule for rule in rules if not recipe.rules[rule].private):
            yield Part(rule, said_of(recipe.rules[rule]), group)
    if hidden:
        first = next(place for place, rule in enumerate(recipe.rules) if rule.private)
        yield Part(first, PRIVATE)


def _sizes(recipe: Recipe) -> str:
    return size_words(recipe.size).removeprefix("groups of ")


def _torn(pool: Pool, recipe: Recipe, task: Task, group: Group) -> set[int]:
    """The rules that keep people together of whom a group has some and not all."""
    members = set(group)
    if all(members.isdisjoint(unit) or members.issuperset(unit) for unit in task.compiled.units):
        return set()
    index = {name: person for person, name in enumerate(pool.ids)}
    found = set()
    for place, rule in enumerate(recipe.rules):
        if isinstance(rule, Together | Locked):
            pairs = rule.pairs if isinstance(rule, Together) else ()
            lists = ({index[name] for name in each if name in index} for each in (*pairs, *rule.lists))
            if any(each & members and not each <= members for each in lists):
                found.add(place)
    return found


def _left_over(task: Task, recipe: Recipe, placed: set[int]) -> Iterator[Part]:
    left = tuple(person for person in range(task.people) if person not in placed)
    if left and not recipe.waitlist:
        yield Part(None, f"{len(left)} are in no group, and the recipe has no waitlist", left)


@dataclass(frozen=True)
class RulePrice:
    """What a rule costs: ``value`` is what was reached without it, ``placed`` how many people; ``cost`` how
    much more that is than with it, in units of the value, None where another number of people is placed.

    ``rule`` is its place in the recipe.
    """

    rule: int
    value: float
    placed: int
    cost: float | None


def rule_prices(
    pool: Pool,
    recipe: Recipe,
    value: float,
    placed: int,
    *,
    seed: int,
    budget: int,
    start: date = START,
    progress: Callable[[float], None] | None = None,
) -> tuple[RulePrice, ...]:
    """What each rule costs the ``value`` that was reached with all of them for so many people ``placed``: the search
    anew without it, seed and budget as then.

    Groups that keep a rule are possible without it too, so that no cost is below 0. Private rules have no
    price that could be told and are left out. Arguments are those of :func:`solve`; raises what it raises.
    """
    open_rules = [place for place, rule in enumerate(recipe.rules) if not rule.private]
    prices = []
    for number, place in enumerate(open_rules):
        without = replace(recipe, rules=tuple(r for at, r in enumerate(recipe.rules) if at != place))
        task = task_of(pool, without, start)
        found, _ = best_placing(task, pool, without, seed, Effort(budget))
        free, reached = task.worth(found.shape, found.group), found.shape.placed
        free = max(free, value) if reached == placed else free
        prices.append(RulePrice(place, free, reached, free - value if reached == placed else None))
        if progress is not None:
            progress((number + 1) / len(open_rules))
    return tuple(prices)
