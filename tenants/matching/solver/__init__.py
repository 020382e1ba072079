"""Forming groups from a pool of people: pure and deterministic."""

from tenants.matching.solver.analysis import Analysis, analyse
from tenants.matching.solver.assessing import RulePrice, assess, rule_prices
from tenants.matching.solver.baselines import Baseline, baselines
from tenants.matching.solver.block import Across, in_threads
from tenants.matching.solver.clash import Clash, Infeasible
from tenants.matching.solver.model import (
    EMPHASIS,
    NEUTRAL,
    Attribute,
    Bound,
    InvalidPool,
    InvalidRecipe,
    Pool,
    Recipe,
    Rule,
    Size,
    Term,
    Unplaced,
)
from tenants.matching.solver.partition import Partition
from tenants.matching.solver.solve import DEFAULT_BUDGET, solve
from tenants.matching.solver.validation import attributes_of, validate, validate_recipe
from tenants.matching.solver.warm import warm
from tenants.matching.solver.words import recipe_of

__all__ = [
    "DEFAULT_BUDGET",
    "EMPHASIS",
    "NEUTRAL",
    "Across",
    "Analysis",
    "Attribute",
    "Baseline",
    "Bound",
    "Clash",
    "Infeasible",
    "InvalidPool",
    "InvalidRecipe",
    "Partition",
    "Pool",
    "Recipe",
    "Rule",
    "RulePrice",
    "Size",
    "Term",
    "Unplaced",
    "analyse",
    "assess",
    "attributes_of",
    "baselines",
    "in_threads",
    "recipe_of",
    "rule_prices",
    "solve",
    "validate",
    "validate_recipe",
    "warm",
]
