"""/v1/reports"""

from typing import Any
from uuid import UUID

from flask import Response
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.reports.schemas import Report, ReportCreate, ReportDocument, ReportQuery
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.reporting import actions, queries

blp = Blueprint("Reports", description="What came of it, for oneself, for a funder, for everybody.")
READ, WRITE = Permission.REPORTS_READ, Permission.REPORTS_WRITE
TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}


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


@blp.get(
    "/reports/<uuid:report_id>/files/<format>",
    READ,
    returns=ReportDocument,
    types=("text/csv",),
    errors=(409,),
)
def get_report_file(session: Session, report_id: UUID, format: str) -> Response:  # noqa: A002
    """Download a file of a report that has been built: json or csv."""
    content = queries.file_of_report(session, report_id=report_id, format_=format)
    name = f'attachment; filename="report-{report_id}.{format}"'
    return Response(content, content_type=TYPES[format], headers={"Content-Disposition": name})
