"""Programs, attributes and cohorts, as lists show them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from tenants.cohorts.models import Attribute, Cohort, Program


def programs() -> Select[Any]:
    """Every program of the tenant."""
    return select(*Program.__table__.columns)


def attributes_of_program(program_id: UUID) -> Select[Any]:
    """What a program knows of its participants."""
    return select(*Attribute.__table__.columns).where(Attribute.program_id == program_id)


def cohorts(program_id: UUID | None = None) -> Select[Any]:
    """The tenant's cohorts, or those of one program."""
    rows = select(*Cohort.__table__.columns)
    return rows if program_id is None else rows.where(Cohort.program_id == program_id)
