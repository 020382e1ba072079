"""Why somebody is in no group."""

from __future__ import annotations

from collections.abc import Sequence

from tenants.matching.solver.feasibility.demands import counted
from tenants.matching.solver.model import Group, Recipe, Unplaced
from tenants.matching.solver.task import Task
from tenants.matching.solver.words import name_of, said_of


def unplaced(task: Task, recipe: Recipe, groups: Sequence[Group], left: Sequence[int]) -> list[Unplaced]:
    """Each of those ``left`` with the rules that close the groups to them."""
    return [_unplaced(task, recipe, groups, person) for person in left]


def _unplaced(task: Task, recipe: Recipe, groups: Sequence[Group], person: int) -> Unplaced:
    blocked: dict[int, int] = {}
    full = 0
    for group in groups:
        if len(group) >= recipe.size.max:
            full += 1
        for rule in task.broken_rules((*group, person)):
            blocked[rule] = blocked.get(rule, 0) + 1
    if not blocked:
        return Unplaced(person, "size", _no_room(recipe, full, len(groups)))
    told = [rule for rule in blocked if not recipe.rules[rule].private]
    most = sorted(told, key=lambda rule: -blocked[rule])
    if not most:
        return Unplaced(person, "rules", "No group could take this person with the rules of this run.")
    named = " and ".join(_called(recipe, rule) for rule in most[:3])
    count = max(blocked[rule] for rule in most)
    which = "every group" if count == len(groups) else f"{count} of {len(groups)} groups"
    room = f"; {counted(full, 'group is', 'groups are')} full at {recipe.size.max}" if full else ""
    return Unplaced(person, name_of(recipe.rules[most[0]]), f"Closed in {which} by {named}{room}.")


def _called(recipe: Recipe, rule: int) -> str:
    asked = recipe.rules[rule]
    return asked.called or f"rule {rule + 1} ({said_of(asked)})"


def _no_room(recipe: Recipe, full: int, groups: int) -> str:
    if full == groups:
        return f"All groups are full at {recipe.size.max}, and too few people are left for another."
    return "Too few people are left for a group of their own, and the sizes leave no room in another."
