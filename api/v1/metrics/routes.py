"""/v1/metrics"""

from typing import Any

from api.blueprint import Blueprint
from api.v1.metrics.schemas import Metric, MetricDictionary
from tenants.kernel.errors import NotFound
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.reporting.document import said_of_metric
from tenants.reporting.metrics import METRICS

blp = Blueprint("Metrics", description="What the numbers of a report mean.")
READ = Permission.REPORTS_READ


@blp.get("/metrics", READ, returns=MetricDictionary)
def list_metrics(session: Session) -> dict[str, Any]:
    """The metric dictionary: every metric with its definition."""
    return {"items": [said_of_metric(metric) for metric in METRICS]}


@blp.get("/metrics/<metric>", READ, returns=Metric)
def get_metric(session: Session, metric: str) -> dict[str, Any]:
    """One metric, by name and version."""
    for each in METRICS:
        if each.id == metric:
            return said_of_metric(each)
    raise NotFound("metric")
