"""/v1/reports"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.reports.schemas import Report, ReportCreate, ReportDocument, ReportQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.reporting import actions, queries
from tenants.reporting.files import TYPES, ReportDownload

blp = Blueprint("Reports", description="What came of it, for oneself, for a funder, for everybody.")
READ, WRITE = Permission.REPORTS_READ, Permission.REPORTS_WRITE


@blp.list("/reports", READ, query=ReportQuery, returns=Report)
def list_reports(session: Session, **filters: Any) -> Select[Any]:
    """The tenant's reports."""
    return queries.reports(**filters)


@blp.post("/reports", WRITE, body=ReportCreate, returns=Report, status=202, location="/v1/reports/{id}")
def order_report(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Build a report in the background."""
    ordered = actions.order_report(session, **body)
    return queries.report(session, report_id=ordered.id)


@blp.get("/reports/<uuid:report_id>", READ, returns=Report)
def get_report(session: Session, report_id: UUID) -> Row[Any]:
    """One report and how far it is."""
    return queries.report(session, report_id=report_id)


@blp.download(
    "/reports/<uuid:report_id>/files/<format>",
    READ,
    returns=ReportDocument,
    types=tuple(each for each in TYPES.values() if each != TYPES["json"]),
    errors=(409,),
)
def get_report_file(session: Session, report_id: UUID, format: str) -> ReportDownload:  # noqa: A002
    """Download a file of a report that has been built, in one of its formats."""
    return queries.file_of_report(session, report_id=report_id, format_=format)
