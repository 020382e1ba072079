"""Whom a report is about, and in what parts its numbers are told."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

INWARD = ("program", "funder")
OUTWARD = ("funder",)
"""The visibilities of the products that a report counts. `me` and `group` are their owners' own."""


@dataclass(frozen=True)
class Scope:
    """The cohorts of a report, all of one program, and its day.

    What leaves the tenant (``outward``) is counted for the whole program, once, whoever it goes to: a report for one
    funder or on one cohort shows its part of the same tables. ``by_cohort`` and ``funders`` say which parts there are.
    """

    tenant_id: UUID
    program_id: UUID
    cohort_ids: tuple[UUID, ...]
    as_of: dt.date
    outward: bool = False
    by_cohort: bool = False
    funders: tuple[str, ...] = ()

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
            "funder": None,
        }
