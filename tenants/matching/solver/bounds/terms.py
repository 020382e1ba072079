"""A bound from the bounds of the terms, each as if it were alone."""

from __future__ import annotations

from collections.abc import Iterable

from tenants.matching.solver.model import Bound


def terms_bound(parts: Iterable[tuple[float, Bound]]) -> Bound:
    """The mean of bounds on the terms, weighted with the terms' weights, for every emphasis.

    Each must bound the mean value, that is be made with emphasis 0: the weakest groups of the terms can be
    different ones, so that their bounds say nothing of the weakest group; but it is worth at most the mean.
    """
    weighted = list(parts)
    total = sum(weight for weight, _ in weighted)
    return Bound(sum(weight * bound.value for weight, bound in weighted) / total, "terms")
