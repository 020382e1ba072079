"""/v1/pooled-reports"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.pooled_reports.schemas import (
    PooledReport,
    PooledReportCreate,
    PooledReportDocument,
    PooledReportQuery,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.reporting.files import TYPES, ReportDownload
from tenants.reporting.pools import ordering

blp = Blueprint("Pooled reports", description="What several institutions report to you together.")
READ, WRITE = Permission.REPORTS_READ, Permission.REPORTS_WRITE
ALL, ONE = "/pooled-reports", "/pooled-reports/<uuid:pooled_report_id>"


@blp.list(ALL, READ, query=PooledReportQuery, returns=PooledReport)
def list_pooled_reports(session: Session, state: str | None) -> Select[Any]:
    """The pooled reports that you ordered."""
    return only(ordering.pooled_reports(session), state=state)


@blp.post(
    ALL,
    WRITE,
    body=PooledReportCreate,
    returns=PooledReport,
    status=202,
    location="/v1/pooled-reports/{id}",
)
def order_pooled_report(session: Session, body: dict[str, Any]) -> Any:
    """Ask several institutions for what they contribute, and have it pooled once all have answered."""
    return ordering.pooled_report(session, ordering.order_pool(session, **body))


@blp.get(ONE, READ, returns=PooledReport)
def get_pooled_report(session: Session, pooled_report_id: UUID) -> Any:
    """One of them, and how far it is."""
    return ordering.pooled_report(session, pooled_report_id)


@blp.download(
    f"{ONE}/files/<format>",
    READ,
    returns=PooledReportDocument,
    types=tuple(each for each in TYPES.values() if each != TYPES["json"]),
    errors=(409,),
)
def get_pooled_file(session: Session, pooled_report_id: UUID, format: str) -> ReportDownload:  # noqa: A002
    """Download a file of one that has been built, in one of its formats."""
    return ordering.file_of_pool(session, pooled_report_id=pooled_report_id, format_=format)
