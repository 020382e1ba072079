"""Recipes, the runs that follow them, and what a run proposes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of

POOL_STATES = ("eligible", "applied", "waitlisted")
"""States of participants whom a run may place."""


class Recipe(Edited, TenantRow):
    """How groups of a program are to be formed, as data: `size`, `terms` and `rules` as in the API."""

    __tablename__ = "recipe"
    __table_args__ = (belongs_to("program"), Index("ix_recipe_program", "tenant_id", "program_id", "id"))

    program_id: Mapped[UUID]
    name: Mapped[str]
    size: Mapped[dict[str, Any]]
    terms: Mapped[list[Any]]
    rules: Mapped[list[Any]]


class MatchingRun(Edited, TenantRow):
    """One attempt to form groups of a cohort. How far it is, is its job's to say; `outcome` its result."""

    __tablename__ = "matching_run"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("recipe"),
        belongs_to("job"),
        Index("ix_matching_run_cohort", "tenant_id", "cohort_id", "id"),
        one_of("outcome", ("formed", "infeasible")),
    )

    cohort_id: Mapped[UUID]
    recipe_id: Mapped[UUID]
    job_id: Mapped[UUID]
    seed: Mapped[int] = mapped_column(BigInteger)
    recipe: Mapped[dict[str, Any]]
    outcome: Mapped[str | None]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    score: Mapped[float | None]
    group_count: Mapped[int | None]
    placed_count: Mapped[int | None]
    unplaced_count: Mapped[int | None]
    accepted_at: Mapped[datetime | None]


class ProposedGroup(TenantRow):
    """A group that a run suggests: its score and what each term of the recipe contributes."""

    __tablename__ = "proposed_group"
    __table_args__ = (
        belongs_to("matching_run", on_delete="CASCADE"),
        Index("ix_proposed_group_run", "tenant_id", "matching_run_id", "position", unique=True),
    )

    matching_run_id: Mapped[UUID]
    position: Mapped[int]
    score: Mapped[float]
    contributions: Mapped[list[Any]]


class Placement(Created, TenantRow):
    """Where a run puts a participant: in a proposed group, or nowhere for a reason."""

    __tablename__ = "placement"
    __table_args__ = (
        belongs_to("matching_run", on_delete="CASCADE"),
        belongs_to("proposed_group", on_delete="CASCADE"),
        belongs_to("participant", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "matching_run_id", "participant_id"),
        Index("ix_placement_group", "tenant_id", "proposed_group_id"),
        Index("ix_placement_participant", "tenant_id", "participant_id"),
    )

    matching_run_id: Mapped[UUID]
    participant_id: Mapped[UUID]
    proposed_group_id: Mapped[UUID | None]
    code: Mapped[str | None]
    reason: Mapped[str | None]
