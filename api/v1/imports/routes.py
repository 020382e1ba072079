"""/v1/cohorts/{cohort_id}/imports and /v1/imports"""

from collections.abc import Iterator
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from flask import Response, current_app, g, request
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.uploads import Upload, receive
from api.v1.imports.schemas import Import, ImportCreate, ImportRow, ImportRowQuery
from tenants.cohorts import models
from tenants.cohorts.imports import actions, queries
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import one, row_of
from tenants.kernel.session import Session
from tenants.kernel.streams import CHUNK

blp = Blueprint("Imports", description="Files on their way into a cohort: announced, uploaded, applied.")
READ, WRITE = Permission.PARTICIPANTS_READ, Permission.PARTICIPANTS_WRITE
NEEDED_TOO = {
    "products": Permission.OUTCOMES_WRITE,
    "career_events": Permission.OUTCOMES_WRITE,
    "separations": Permission.MATCHING_WRITE,
}
"""What is imported by those only who may write it singly, by kind."""
LOCATION = "/v1/imports/{id}"


def _expected(session: Session, import_id: UUID) -> models.Import:
    return _allowed(actions.expect_file(session, import_id=import_id))


@blp.list("/cohorts/<uuid:cohort_id>/imports", READ, returns=Import)
def list_imports(session: Session, cohort_id: UUID) -> Select[Any]:
    """The imports of a cohort."""
    row_of(session, models.Cohort, cohort_id)
    return queries.imports(cohort_id)


@blp.post(
    "/cohorts/<uuid:cohort_id>/imports",
    WRITE,
    body=ImportCreate,
    returns=Import,
    status=201,
    location=LOCATION,
)
def create_import(session: Session, body: dict[str, Any], cohort_id: UUID) -> Row[Any]:
    """Announce a file and say how it is to be read.

    One of products or career events needs the scope outcomes:write as well, one of separations matching:write.
    """
    return _shown(session, _allowed(actions.create_import(session, cohort_id=cohort_id, **body)).id)


@blp.get("/imports/<uuid:import_id>", READ, returns=Import)
def get_import(session: Session, import_id: UUID) -> Row[Any]:
    """One import."""
    return _shown(session, import_id)


@blp.upload(
    "/imports/<uuid:import_id>/file",
    WRITE,
    accepts=("text/csv",),
    take=partial(receive, accepts="text/csv"),
    expected=_expected,
    returns=Import,
    status=202,
    location=LOCATION,
)
def upload_import_file(session: Session, upload: Upload, import_id: UUID) -> Row[Any]:
    """Hand over the file, plain or with Content-Encoding: gzip; its check begins."""
    actions.receive_file(session, import_id=import_id, file_id=upload.file_id, stored=upload.stored)
    return _shown(session, import_id)


@blp.list(
    "/imports/<uuid:import_id>/rows", READ, query=ImportRowQuery, returns=ImportRow, types=("text/csv",)
)
def list_import_rows(
    session: Session, import_id: UUID, outcome: str | None, **form: str | None
) -> Select[Any] | Response:
    """What became of each row, as pages or as one CSV file to hand back."""
    row_of(session, models.Import, import_id)
    accepted = request.accept_mimetypes.best_match(["application/json", "text/csv"])
    if form["format"] == "csv" or (form["format"] is None and accepted == "text/csv"):
        return _csv(session, import_id, outcome)
    return queries.rows_of_import(import_id, outcome)


@blp.post("/imports/<uuid:import_id>/confirmation", WRITE, returns=Import, status=202, location=LOCATION)
def confirm_import(session: Session, import_id: UUID) -> Row[Any]:
    """Agree to the withdrawals that the import shows, and apply it."""
    return _shown(session, _allowed(actions.confirm_import(session, import_id=import_id)).id)


@blp.post("/imports/<uuid:import_id>/cancellation", WRITE, returns=Import, status=202, location=LOCATION)
def cancel_import(session: Session, import_id: UUID) -> Row[Any]:
    """Stop an import that has not been applied."""
    cancelled = _allowed(actions.cancel_import(session, import_id=import_id))
    shown = _shown(session, import_id)
    if shown.state == "cancelled" and cancelled.file_id is not None:
        current_app.extensions["files"].delete(session.tenant_id, cancelled.file_id)
    return shown


@blp.post("/imports/<uuid:import_id>/reversal", WRITE, returns=Import, status=202, location=LOCATION)
def reverse_import(session: Session, import_id: UUID) -> Row[Any]:
    """Undo the last import of its cohort and kind."""
    return _shown(session, _allowed(actions.reverse_import(session, import_id=import_id)).id)


def _allowed(found: models.Import) -> models.Import:
    if found.kind in NEEDED_TOO:
        g.caller.require(NEEDED_TOO[found.kind], reading=False)
    return found


def _shown(session: Session, import_id: UUID) -> Row[Any]:
    session.flush()
    return one(session, queries.imports().where(models.Import.id == import_id), "import")


def _csv(session: Session, import_id: UUID, outcome: str | None) -> Response:
    """Copied to a file first, so that a slow reader holds no transaction."""
    file = TemporaryFile()  # noqa: SIM115 - closed with the response
    for chunk in queries.rows_as_csv(session, import_id=import_id, outcome=outcome):
        file.write(chunk)
    file.seek(0)
    response = Response(_chunks(file), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="import-{import_id}-rows.csv"'
    response.call_on_close(file.close)
    return response


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk
