"""Forming groups from a pool of people: pure, deterministic, numpy only."""

from tenants.matching.solver.model import (
    EMPHASIS,
    NEUTRAL,
    Attribute,
    Cap,
    Infeasible,
    InvalidPool,
    InvalidRecipe,
    Partition,
    Pool,
    Recipe,
    Size,
    Term,
    Unplaced,
)
from tenants.matching.solver.solve import DEFAULT_BUDGET, solve
from tenants.matching.solver.validation import validate

__all__ = [
    "DEFAULT_BUDGET",
    "EMPHASIS",
    "NEUTRAL",
    "Attribute",
    "Cap",
    "Infeasible",
    "InvalidPool",
    "InvalidRecipe",
    "Partition",
    "Pool",
    "Recipe",
    "Size",
    "Term",
    "Unplaced",
    "solve",
    "validate",
]
