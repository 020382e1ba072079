"""What each rule costs, and what plain ways to form groups reach in the time of the search."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from tenants.matching.solver.assessing import RulePrice, assess, rule_prices
from tenants.matching.solver.baselines import Baseline, baselines
from tenants.matching.solver.hours import START
from tenants.matching.solver.model import Group, Keep, Pool, Recipe
from tenants.matching.solver.search.annealing import Effort
from tenants.matching.solver.solve import DEFAULT_BUDGET, best_placing, task_of

LEAST_SECONDS = 0.05
"""Nobody shows anything in less."""


@dataclass(frozen=True)
class Analysis:
    """``value`` of the groups; ``seconds`` that a search of this budget takes; the cost of each rule; what plain
    ways reach in as many seconds each, none where groups are kept."""

    value: float
    seconds: float
    rule_prices: tuple[RulePrice, ...]
    baselines: tuple[Baseline, ...]


def analyse(
    pool: Pool,
    recipe: Recipe,
    groups: Sequence[Group],
    *,
    seed: int,
    budget: int = DEFAULT_BUDGET,
    start: date = START,
    progress: Callable[[float], None] | None = None,
) -> Analysis:
    """Analyse groups that keep the rules. Arguments are those of :func:`solve`; raises what :func:`assess` does."""
    report = progress or (lambda _fraction: None)
    judged = assess(pool, recipe, groups, start=start)
    parts, placed = len(recipe.rules) + 3, sum(map(len, judged.groups))
    started = time.monotonic()
    task = task_of(pool, recipe, start)
    found, _ = best_placing(task, pool, recipe, seed, Effort(budget))
    seconds = max(LEAST_SECONDS, time.monotonic() - started)
    reached = task.worth(found.shape, found.group)
    report(1 / parts)
    prices = rule_prices(
        pool,
        recipe,
        # Groups that somebody changed by hand are no measure of what a rule costs.
        max(judged.value, reached) if found.shape.placed == placed else judged.value,
        placed,
        seed=seed,
        budget=budget,
        start=start,
        progress=lambda part: report((1 + part * len(recipe.rules)) / parts),
    )
    # Plain ways know nothing of groups that are to be kept.
    keeps = any(isinstance(rule, Keep) for rule in recipe.rules)
    plain = () if keeps else baselines(pool, recipe, seed=seed, seconds=seconds, start=start)
    report(1.0)
    return Analysis(judged.value, seconds, prices, plain)
