"""Whom a report is about, and what it may look at."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.cohorts.covered import covered
from tenants.cohorts.models import Cohort
from tenants.kernel.session import Session
from tenants.reporting.models import Report
from tenants.reporting.tables import Tables

_EVERYBODY = (
    "SELECT DISTINCT membership_id FROM participant WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts)"
)
_LEAVES = (
    f"(NOT CAST(:outward AS boolean) OR membership_id IN ({covered('outcomes')}))"
    f" AND (NOT CAST(:for_funder AS boolean) OR membership_id IN ({covered('funder_sharing')}))"
)
PEOPLE = f"{_EVERYBODY} AND {_LEAVES}"
"""The people of a scope: whoever is or was a participant, in whatever state, each once.

Nobody leaves the tenant whose outcomes may not be reported to itself, nor goes to a funder without having agreed to be
shared with it. Then all tables of a report are about the same people, and none tells by another who is not in it.
"""
PEOPLE_WITH_OUTCOMES = f"{PEOPLE} AND membership_id IN ({covered('outcomes')})"
"""Those of them whose products and career events may be looked at."""
LEFT_OUT = f"{_EVERYBODY} AND NOT ({_LEAVES})"
"""Those who are not among the people of a scope."""

INWARD = ("program", "funder")
OUTWARD = ("funder",)
"""The visibilities of the products that a report counts. `me` and `group` are their owners' own."""


@dataclass(frozen=True)
class Scope:
    """The cohorts of a report, all of one program, its date, and whom it is for: an audience, and a funder's name."""

    tenant_id: UUID
    program_id: UUID
    cohort_ids: tuple[UUID, ...]
    as_of: dt.date
    audience: str = "internal"
    funder: str | None = None

    @property
    def outward(self) -> bool:
        """Whether the report leaves the tenant."""
        return self.audience != "internal"

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
            "visibilities": list(OUTWARD if self.outward else INWARD),
            "outward": self.outward,
            "for_funder": self.audience == "funder",
            "funder": self.funder,
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
        audience=report.audience,
        funder=report.funder,
    )
