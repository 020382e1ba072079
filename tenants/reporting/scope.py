"""Whom a report is about, and what it may look at."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.cohorts.models import Cohort
from tenants.kernel.session import Session
from tenants.reporting.models import Report
from tenants.reporting.tables import Tables

PEOPLE = (
    "SELECT DISTINCT membership_id FROM participant WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts)"
)
"""The people of a scope: whoever is or was a participant, in whatever state, each once."""

INWARD = ("program", "funder")
OUTWARD = ("funder",)
"""The visibilities of the products that a report counts. `me` and `group` are their owners' own."""


@dataclass(frozen=True)
class Scope:
    """The cohorts of a report, its date, and the visibilities that its audience reaches."""

    tenant_id: UUID
    program_id: UUID
    cohort_ids: tuple[UUID, ...]
    as_of: dt.date
    visibilities: tuple[str, ...]

    @property
    def parameters(self) -> dict[str, Any]:
        """For the statements of the metrics. `end` is the first moment (UTC) after the report's date."""
        midnight = dt.datetime.combine(self.as_of, dt.time(), dt.UTC)
        return {
            "tenant": self.tenant_id,
            "program": self.program_id,
            "cohorts": list(self.cohort_ids),
            "as_of": self.as_of,
            "end": midnight + dt.timedelta(days=1),
            "visibilities": list(self.visibilities),
        }


@dataclass(frozen=True)
class Metric:
    """One way to count, with the words that tell a reader how. A change of either is a new version."""

    name: str
    version: int
    title: str
    text: str
    compute: Callable[[Session, Scope], Tables]

    @property
    def id(self) -> str:
        """The name with its version, such as reach.v1."""
        return f"{self.name}.v{self.version}"


def scope_of(session: Session, report: Report) -> Scope:
    """A report's scope: its cohort, or every cohort of its program."""
    every = select(Cohort.id).where(Cohort.program_id == report.program_id).order_by(Cohort.id)
    cohort_ids = [report.cohort_id] if report.cohort_id else session.scalars(every)
    return Scope(
        tenant_id=report.tenant_id,
        program_id=report.program_id,
        cohort_ids=tuple(cohort_ids),
        as_of=report.as_of,
        visibilities=INWARD if report.audience == "internal" else OUTWARD,
    )
