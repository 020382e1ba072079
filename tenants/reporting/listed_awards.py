"""Who of an institution has an award that a funder lists in an agreement."""

import re
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from tenants.kernel.errors import Conflict
from tenants.kernel.session import Session
from tenants.outcomes.models import CareerEvent
from tenants.reporting.agreements import agreement


def matches(session: Session, *, agreement_id: UUID) -> Select[Any]:
    """The institution's own people with an award of an agreement's list. The other side is never told.

    Project numbers are held against each other without their type of application and support year.
    Raises NotFound, and Conflict "not_yours" for the funder's side.
    """
    found = agreement(session, agreement_id)
    if found.role != "institution":
        raise Conflict("Whose awards these are the institution alone knows.", code="not_yours")
    awards = [core_number(each) for each in found.awards]
    columns: tuple[Any, ...] = (
        CareerEvent.id,
        CareerEvent.membership_id,
        CareerEvent.project_number,
        CareerEvent.code,
    )
    number = func.upper(CareerEvent.project_number)
    return select(*columns).where(func.coalesce(func.substring(number, _CORE), number).in_(awards))


_CORE = r"([A-Z][A-Z0-9]{2}[A-Z]{2}[0-9]{6})"
"""What all years and renewals of an award of the NIH have in common: activity, institute and serial number."""


def core_number(project_number: str) -> str:
    """A project number's core, or all of it where it is no number of the NIH."""
    upper = project_number.strip().upper()
    found = re.search(_CORE, upper)
    return found[1] if found else upper
