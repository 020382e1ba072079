"""A smallest clash by halves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tenants.matching.solver.feasibility.demands import Demand

Refuted = Callable[[Sequence[Demand]], bool]


def smallest(demands: Sequence[Demand], refuted: Refuted) -> list[Demand]:
    """Some of demands that clash, without any one of which the others do not; early ones are preferred.

    Asks about 2 c log2(m / c) + 2 c questions for c of m demands (U. Junker, QuickXplain: Preferred
    Explanations and Relaxations for Over-Constrained Problems, AAAI 2004).
    """
    if refuted(()):
        return []

    def explain(background: list[Demand], changed: bool, rest: list[Demand]) -> list[Demand]:
        if changed and refuted(background):
            return []
        if len(rest) == 1:
            return rest
        half = len(rest) // 2
        early, late = rest[:half], rest[half:]
        of_late = explain(background + early, True, late)
        of_early = explain(background + of_late, bool(of_late), early)
        return of_early + of_late

    return explain([], False, list(demands))
