"""/v1/received-reports"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.received_reports.schemas import (
    ReceivedReport,
    ReceivedReportQuery,
    ReportAcceptance,
    ReportReturn,
)
from api.v1.releases.schemas import Corrections
from api.v1.reports.schemas import ReportDocument
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session
from tenants.reporting import received
from tenants.reporting.files import TYPES, ReportDownload

blp = Blueprint("Received reports", description="What institutions report to you, and nothing else of them.")
READ, WRITE = Permission.REPORTS_READ, Permission.REPORTS_WRITE
ONE = "/received-reports/<uuid:received_report_id>"
STEP = {"returns": ReceivedReport, "status": 201, "location": "/v1/received-reports/{id}", "errors": (409,)}


@blp.list("/received-reports", READ, query=ReceivedReportQuery, returns=ReceivedReport)
def list_received_reports(session: Session, state: str | None) -> Select[Any]:
    """The reports that you were sent."""
    return only(received.received_reports(session), state=state)


@blp.get(ONE, READ, returns=ReceivedReport)
def get_received_report(session: Session, received_report_id: UUID) -> Row[Any]:
    """One of them."""
    return received.received_report(session, received_report_id)


@blp.get(f"{ONE}/corrections", READ, returns=Corrections)
def get_received_corrections(session: Session, received_report_id: UUID) -> dict[str, Any]:
    """What it says otherwise than the report that it supersedes."""
    return received.corrections_received(session, received_report_id=received_report_id)


@blp.download(
    f"{ONE}/files/<format>",
    READ,
    returns=ReportDocument,
    types=tuple(each for each in TYPES.values() if each != TYPES["json"]),
)
def get_received_file(session: Session, received_report_id: UUID, format: str) -> ReportDownload:  # noqa: A002
    """Download a file of it, in one of its formats."""
    return received.file_received(session, received_report_id=received_report_id, format_=format)


@blp.post(f"{ONE}/acceptance", WRITE, body=ReportAcceptance, **STEP)
def accept_report(session: Session, body: dict[str, Any], received_report_id: UUID) -> Row[Any]:
    """Accept it."""
    received.answer_report(session, received_report_id=received_report_id, answer="accepted", **body)
    return received.received_report(session, received_report_id)


@blp.post(f"{ONE}/return", WRITE, body=ReportReturn, **STEP)
def return_report(session: Session, body: dict[str, Any], received_report_id: UUID) -> Row[Any]:
    """Return it, with what is to be corrected."""
    received.answer_report(session, received_report_id=received_report_id, answer="returned", **body)
    return received.received_report(session, received_report_id)
