"""/v1/programs/{program_id}/instruments"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.instruments.schemas import Instrument, InstrumentCreate
from tenants.cohorts.models import Program
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.support import instruments, models

blp = Blueprint("Instruments", description="Questions that a program loads, each version for good.")
READ, WRITE = Permission.PROGRAMS_READ, Permission.PROGRAMS_WRITE
INSTRUMENTS = "/programs/<uuid:program_id>/instruments"


@blp.list(INSTRUMENTS, READ, returns=Instrument, parent=Program)
def list_instruments(session: Session, program_id: UUID) -> Select[Any]:
    """What a program has loaded."""
    return instruments.instruments(program_id)


@blp.post(
    INSTRUMENTS,
    WRITE,
    body=InstrumentCreate,
    returns=Instrument,
    status=201,
    location="/v1/instruments/{id}",
    errors=(409,),
)
def load_instrument(session: Session, body: dict[str, Any], program_id: UUID) -> models.Instrument:
    """Load a version of an instrument."""
    return instruments.load_instrument(session, program_id=program_id, **body)


@blp.get("/instruments/<uuid:instrument_id>", READ, returns=Instrument)
def get_instrument(session: Session, instrument_id: UUID) -> models.Instrument:
    """One version."""
    return row_of(session, models.Instrument, instrument_id)
