"""What is computed from printed tables."""

from dataclasses import replace

import pytest

from tenants.reporting.figures import released_curve
from tenants.reporting.suppression.model import Printed
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import Axis, CountTable, axis
from tenants.reporting.years import ENTRIES, EXITS

DAY = "2026-09-01"


def printed(name, axes, counts):
    """A table of which every number is printed."""
    table = CountTable(name, name, "people", axes, counts=counts)
    system = system_of((table.shape,))
    numbers = zip(system.keys, system.values(counts).tolist(), strict=True)
    return table.shown({key: Printed(value, DAY) for key, value in numbers})


@pytest.mark.parametrize(("threshold", "last"), [(10, 2), (20, 1)])
def test_a_curve_ends_before_fewer_are_at_risk_than_the_tenant_tells_of(threshold, last):
    outcome, years = axis("outcome", "Outcome", ("award", "end")), Axis("years", "Years", EXITS)
    left = {("y1", "award"): 30, ("y2", "end"): 15, ("y3", "end"): 15}
    exits = printed(
        "exits",
        (years, outcome),
        {(("outcome", how), ("years", year)): number for (year, how), number in left.items()},
    )
    entries = printed("entries", (Axis("entry", "Entry", ENTRIES),), {(("entry", "start"),): 60})
    curve = released_curve(replace(exits, threshold=threshold), entries, event="award")
    assert [point["x"] for point in curve["points"]] == list(range(last + 1))
    assert curve["points"][-1]["at_risk"] > threshold
