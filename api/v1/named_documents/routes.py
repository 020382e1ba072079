"""/v1/named-documents"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.named_documents.schemas import (
    NamedDocument,
    NamedDocumentContent,
    NamedDocumentCreate,
    NamedDocumentQuery,
)
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session
from tenants.reporting.files import TYPES, ReportDownload
from tenants.reporting.named import ordering

blp = Blueprint(
    "Named documents", description="What funders ask for by name: tables of trainees, progress reports."
)
READ, WRITE = Permission.NAMED_DOCUMENTS_READ, Permission.NAMED_DOCUMENTS_WRITE


@blp.list("/named-documents", READ, query=NamedDocumentQuery, returns=NamedDocument)
def list_named_documents(session: Session, kind: str | None) -> Select[Any]:
    """The tenant's documents that name people."""
    return ordering.named_documents(kind)


@blp.post(
    "/named-documents",
    WRITE,
    body=NamedDocumentCreate,
    returns=NamedDocument,
    status=202,
    location="/v1/named-documents/{id}",
)
def order_named_document(session: Session, body: dict[str, Any]) -> Row[Any]:
    """Build a document in the background that names those who agreed to it."""
    return ordering.named_document(session, ordering.order_named_document(session, **body))


@blp.get("/named-documents/<uuid:named_document_id>", READ, returns=NamedDocument)
def get_named_document(session: Session, named_document_id: UUID) -> Row[Any]:
    """One of them, how far it is, and how many it names."""
    return ordering.named_document(session, named_document_id)


@blp.download(
    "/named-documents/<uuid:named_document_id>/files/<format>",
    READ,
    returns=NamedDocumentContent,
    types=tuple(each for each in TYPES.values() if each != TYPES["json"]),
    errors=(409,),
)
def get_named_document_file(
    session: Session,
    named_document_id: UUID,
    format: str,  # noqa: A002
) -> ReportDownload:
    """Download a file of it, as long as everybody whom it names may be named, and for 30 days."""
    return ordering.file_of_document(session, document_id=named_document_id, format_=format)
