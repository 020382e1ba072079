"""What a test found."""

from __future__ import annotations

from dataclasses import dataclass

from tenants.matching.solver.feasibility.demands import Demand
from tenants.matching.solver.model import Group


@dataclass(frozen=True)
class Finding:
    """Demands that cannot all be kept.

    ``said``   why, as a sentence.
    ``people`` of whom some would have to be left out, the first of them first.
    """

    demands: tuple[Demand, ...]
    said: str
    people: Group = ()
