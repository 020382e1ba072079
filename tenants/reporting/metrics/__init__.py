"""What a report counts, one small file a metric. The order here is the order of a report.

A metric may count by what one before it staged.
"""

from collections.abc import Collection

from tenants.reporting.metric import Metric
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

OF_PRODUCTS = frozenset({products.METRIC.name, network.METRIC.name})
"""What counts by the facts of products, the most that there are, and by nothing that other metrics staged."""


def counts_awards(names: Collection[str]) -> bool:
    """Whether one of the metrics of these names counts major awards, by whichever list."""
    return time_to_r01.METRIC.name in names


def metrics_by(award_list: str | None) -> tuple[Metric, ...]:
    """What a report counts, by the list of major awards of this id; by the usual one where it is None."""
    if award_list is None:
        return METRICS
    return tuple(time_to_r01.BY_LIST[award_list] if each is time_to_r01.METRIC else each for each in METRICS)
