"""What groups break, counted in plain Python from the recipe: apart from the solver, which is not to judge itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from tenants.matching.solver import Pool, Recipe
from tenants.matching.solver.model import Apart, Cap, Hierarchy


def violations(pool: Pool, recipe: Recipe, groups: Sequence[Sequence[int]]) -> int:
    """How often groups break a hard rule, a size, or that everybody is in one group once.

    Knows caps, separations and hierarchies; raises NotImplementedError for other rules.
    """
    places = Counter(person for group in groups for person in group)
    found = sum(places[person] != 1 for person in range(len(pool.ids)))
    for group in groups:
        found += not recipe.size.min <= len(group) <= recipe.size.max
        found += sum(_broken(pool, rule, group) for rule in recipe.rules)
    return found


def _broken(pool: Pool, rule: object, group: Sequence[int]) -> int:
    names = {pool.ids[person] for person in group}
    match rule:
        case Cap(price=None):
            values = pool.attributes[rule.attribute].values
            held = Counter(values[person] for person in group if values[person] is not None)
            return sum(max(0, number - rule.max) for number in held.values())
        case Apart(price=None):
            pairs = sum({one, other} <= names for one, other in rule.pairs)
            return pairs + sum(max(0, len(names & set(each)) - 1) for each in rule.lists)
        case Hierarchy(price=None, shared=False):
            named = [pool.attributes[key].values[person] or () for key in rule.attributes for person in group]
            return sum(name in names for each in named for name in each)
        case _:
            raise NotImplementedError(f"no check for {rule}")
