"""What a report counts, one small file a metric. The order here is the order of a report."""

from tenants.reporting.metrics import groups, products, reach, time_to_r01

METRICS = (reach.METRIC, groups.METRIC, products.METRIC, time_to_r01.METRIC)
