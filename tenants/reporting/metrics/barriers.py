"""Barriers: what members of groups said stood in their way, as the tenant was told of it."""

from tenants.reporting.counting import Counting
from tenants.reporting.metric import Found, Metric
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import Axis, Code, CountTable, axis
from tenants.support.items import OURS

UNIT = "windows"
BARRIERS = next(item["levels"] for item in OURS if item["key"] == "barriers")
BANDS = Axis(
    "barrier_people",
    "People who chose it",
    (
        Code("11 to 20", "11 to 20"),
        Code("21 to 50", "21 to 50"),
        Code("over 50", "Over 50"),
        Code("untold", "Not told"),
    ),
)
_TOLD = """
SELECT barrier, coalesce(p.levels ->> barrier, 'untold') AS band, count(*) AS number
  FROM pooled_check_in p JOIN check_in_window w ON w.tenant_id = p.tenant_id AND w.id = p.window_id
 CROSS JOIN unnest(CAST(:barriers AS text[])) barrier
 WHERE p.tenant_id = :tenant AND p.cohort_id = ANY(:cohorts) AND p.item = 'barriers' AND w.closes_at < :end
 GROUP BY 1, 2
"""


def count(counting: Counting) -> Found:
    """Inside the tenant, the windows of check-ins of each cohort by roughly how many people chose each barrier."""
    if counting.scope.outward:
        return Found(())
    barriers = axis("barrier", "What stood in my way", BARRIERS)
    rows = counting.run(_TOLD, barriers=BARRIERS).all()
    within = {"unit": UNIT}
    counts = {
        key_of({**within, barriers.name: row.barrier, BANDS.name: row.band}): row.number for row in rows
    }
    title = "What stood in people's way, by roughly how many chose it"
    return Found([CountTable("barriers", title, UNIT, (barriers, BANDS), key_of(within), counts)])


METRIC = Metric(
    name="barriers",
    version=1,
    title="What stood in the way",
    text="How often, of the windows of check-ins that closed by the report's date, each cohort with its own, each "
    "answer to “What stood in my way” was chosen by 11 to 20, 21 to 50 or over 50 people. Up to two can be chosen. It "
    "is as the tenant was told: windows of fewer than three groups or 15 people are not counted, nor are those whose "
    "people differ by too few from an earlier one's; untold is an answer that 10 people or fewer chose. It is in "
    "internal reports only.",
    count=count,
    inputs=("pooled answers to check-ins",),
    caveats=("Whoever does not check in is not heard, and may be stopped by something else.",),
    inside=True,
)
