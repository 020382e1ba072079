"""What a report counts, one small file a metric. The order here is the order of a report.

A metric may count by what one before it staged.
"""

from tenants.reporting.metrics import (
    barriers,
    careers,
    coverage,
    demographics,
    equity,
    group_life,
    groups,
    network,
    products,
    reach,
    surveys,
    time_to_r01,
    trial,
)

METRICS = (
    coverage.METRIC,
    reach.METRIC,
    demographics.METRIC,
    equity.METRIC,
    groups.METRIC,
    group_life.METRIC,
    products.METRIC,
    network.METRIC,
    time_to_r01.METRIC,
    careers.METRIC,
    surveys.METRIC,
    trial.METRIC,
    barriers.METRIC,
)
