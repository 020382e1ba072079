"""What is computed from printed tables."""

from dataclasses import replace

import pytest

from tenants.reporting.figures import gap, released_curve, stage
from tenants.reporting.suppression.model import Printed, key_of
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


def frozen(table, *at):
    """The table, of which these cells stand at what was shown of the same day before."""
    keys = [key_of(dict(each)) for each in at]
    return replace(table, cells={k: replace(one, frozen=k in keys) for k, one in table.cells.items()})


def followed(**left):
    """60 people, of whom so many leave in each year by an award, and all others after them."""
    outcome, years = axis("outcome", "Outcome", ("award", "end")), Axis("years", "Years", EXITS)
    counts = {(("outcome", "award"), ("years", year)): number for year, number in left.items()}
    counts[("outcome", "end"), ("years", "later")] = 60 - sum(left.values())
    return printed("exits", (years, outcome), counts)


def test_a_number_that_stands_is_not_put_in_proportion_to_one_that_moved_though_both_are_of_one_day():
    exits = followed(y1=15, y2=15)
    assert [point["x"] for point in released_curve(exits, event="award")["points"]][:3] == [0, 1, 2]
    stands = frozen(exits, {"years": "y1", "outcome": "award"})
    assert [point["x"] for point in released_curve(stands, event="award")["points"]][:3] == [0, 2, 3]
    old, new = Printed(40, DAY, frozen=True), Printed(30, DAY)
    assert stage("Joined", old, new)["share"] is None
    assert gap(old, new, [new], [new])["estimate"] is None
    assert gap(new, new, [old], [new])["estimate"] is None


def test_where_numbers_that_stand_contradict_each_other_nothing_is_drawn():
    old, older = Printed(30, DAY, frozen=True), Printed(40, DAY, frozen=True)
    assert gap(older, old, [old], [older])["estimate"] is None
    assert gap(old, older, [older], [old])["estimate"] is None
    exits = followed(y1=15, y2=15)
    cells = {key: replace(one, frozen=True) for key, one in exits.cells.items()}
    more = {key_of({"years": "y1", "outcome": "award"}): Printed(35, DAY, frozen=True)}
    assert released_curve(replace(exits, cells=cells), event="award")["points"]
    assert released_curve(replace(exits, cells={**cells, **more}), event="award")["points"] == []
