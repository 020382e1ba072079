"""What a report counts, one small file a metric. The order here is the order of a report."""

from tenants.reporting.metrics import coverage, demographics, groups, products, reach, time_to_r01

METRICS = (
    coverage.METRIC,
    reach.METRIC,
    groups.METRIC,
    products.METRIC,
    time_to_r01.METRIC,
    demographics.METRIC,
)
