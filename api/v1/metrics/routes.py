"""/v1/metrics"""

from typing import Any

from api.blueprint import Blueprint
from api.v1.metrics.schemas import Metric, MetricDictionary, MetricQuery
from tenants.kernel.errors import NotFound
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.reporting.document import said_of_metric
from tenants.reporting.metrics import metrics_by
from tenants.reporting.metrics.award_lists import CHOICES

blp = Blueprint("Metrics", description="What the numbers of a report mean.")
READ = Permission.REPORTS_READ


@blp.get("/metrics", READ, query=MetricQuery, returns=MetricDictionary)
def list_metrics(session: Session, query: dict[str, Any]) -> dict[str, Any]:
    """The metric dictionary: every metric with its definition."""
    return {"items": [said_of_metric(metric) for metric in metrics_by(query["award_list"])]}


@blp.get("/metrics/<metric>", READ, returns=Metric)
def get_metric(session: Session, metric: str) -> dict[str, Any]:
    """One metric, by name and version."""
    for each in (each for award_list in CHOICES for each in metrics_by(award_list)):
        if each.id == metric:
            return said_of_metric(each)
    raise NotFound("metric")
