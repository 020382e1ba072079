"""Recipes, the runs that follow them and what a run proposes; who must not be in one group."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, case, func, literal, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, column_property, mapped_column

from tenants.cohorts.models import GROUP_SIGN_IN
from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, listed, one_of

POOL_STATES = ("eligible", "applied", "waitlisted")
"""States of participants whom a run may place."""
LEFT_OVER_BY_HAND = "left_over_by_hand"
"""Code of somebody whom an adjustment puts in no group."""
SHOWS_RESULTS = 5
"""Answers that a check-in needs to show results."""
TOO_SMALL_TO_SHOW = (
    f"Groups of fewer than {SHOWS_RESULTS} people never reach the number of answers that a check-in needs to"
    " show results."
)
FIDELITY = (
    "Meets about once a month",
    "The agenda is made together",
    "No member outranks another",
    "Every member gets and gives help",
    "The agreement is signed and looked at each year",
)
"""What a recipe says that its groups keep, unless it says otherwise."""
SEPARATION_SOURCES = ("roster", "admin", "person")
"""Who says that people are to be kept apart."""


class Recipe(Edited, TenantRow):
    """How groups of a program are to be formed, as data: `size`, `terms`, `rules` and the rest as in the API.

    `warnings` are sentences about what works but is hardly meant.
    """

    __tablename__ = "recipe"
    __table_args__ = (belongs_to("program"), Index("ix_recipe_program", "tenant_id", "program_id", "id"))

    program_id: Mapped[UUID]
    name: Mapped[str]
    size: Mapped[dict[str, Any]] = mapped_column(JSONB)
    terms: Mapped[list[Any]]
    rules: Mapped[list[Any]]
    emphasis: Mapped[float] = mapped_column(server_default="0.5")
    waitlist: Mapped[bool] = mapped_column(default=False, server_default="false")
    priority: Mapped[str | None]
    fidelity: Mapped[list[str]] = mapped_column(
        default=lambda: list(FIDELITY), server_default=text(f"ARRAY[{listed(FIDELITY)}]")
    )
    """What a group does that follows the model, to be ticked off by group."""
    warnings: Mapped[list[Any]] = column_property(
        case(
            (size["min"].as_integer() < SHOWS_RESULTS, literal([TOO_SMALL_TO_SHOW], JSONB)),
            else_=literal([], JSONB),
        )
    )

    @property
    def words(self) -> dict[str, Any]:
        """What runs follow."""
        names = ("name", "size", "terms", "rules", "emphasis", "waitlist", "priority")
        return {name: getattr(self, name) for name in names}


class MatchingRun(Edited, TenantRow):
    """One attempt to form groups of a cohort. How far it is, is its job's to say; `outcome` its result.

    `terms` tells how the recipe's terms fared, `clash` what kept people out, both as the API shows them, and
    `left_out` how many the run did not look at, by why: they have objected, withdrawn, or were not asked.
    `draw` is how a randomised run drew, and a digest of what from; `options` are `RunOptions.words`. A simulation is
    never accepted, forgotten after a while, and need not follow a recipe that is kept.
    """

    __tablename__ = "matching_run"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("recipe"),
        belongs_to("job"),
        Index("ix_matching_run_cohort", "tenant_id", "cohort_id", "id"),
        Index("ix_matching_run_simulation", "created_at", postgresql_where=text("simulation")),
        one_of("outcome", ("formed", "partial", "infeasible")),
        CheckConstraint("NOT simulation OR accepted_at IS NULL", name="simulation"),
        Index("ix_matching_run_repair", "tenant_id", "cohort_id", postgresql_where=text("repair")),
    )

    cohort_id: Mapped[UUID]
    recipe_id: Mapped[UUID | None]
    job_id: Mapped[UUID]
    seed: Mapped[int] = mapped_column(BigInteger)
    simulation: Mapped[bool] = mapped_column(default=False, server_default="false")
    repair: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether it was ordered because a group had lost somebody."""
    recipe: Mapped[dict[str, Any]]
    options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    outcome: Mapped[str | None]
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    value: Mapped[float | None]
    bound: Mapped[float | None]
    bound_by: Mapped[str | None]
    gap: Mapped[float | None]
    stopped_by: Mapped[str | None]
    terms: Mapped[list[Any] | None]
    clash: Mapped[dict[str, Any] | None]
    moved_count: Mapped[int | None]
    group_count: Mapped[int | None]
    placed_count: Mapped[int | None]
    unplaced_count: Mapped[int | None]
    left_out: Mapped[dict[str, Any] | None]
    draw: Mapped[dict[str, Any] | None]
    accepted_at: Mapped[datetime | None]


class ProposedGroup(TenantRow):
    """A group that a run suggests: what it is worth, and each term of the recipe in it.

    `group_id` is the group that it goes on from, where it does.
    """

    __tablename__ = "proposed_group"
    __table_args__ = (
        belongs_to("matching_run", on_delete="CASCADE"),
        belongs_to("peer_group", "group_id"),
        Index("ix_proposed_group_run", "tenant_id", "matching_run_id", "position", unique=True),
        Index("ix_proposed_group_group", "tenant_id", "group_id"),
    )

    matching_run_id: Mapped[UUID]
    position: Mapped[int]
    group_id: Mapped[UUID | None]
    value: Mapped[float]
    owed: Mapped[float] = mapped_column(server_default="0")
    common_hours: Mapped[float | None]
    terms: Mapped[list[Any]]


class Placement(Created, TenantRow):
    """Where a run puts a participant: in a proposed group or, for a reason, nowhere; with the `explanation`.

    `from_group_id` is the kept group that they are in at the time. In a randomised run `arm` is the one drawn,
    from 1, and `stratum` within which.
    """

    __tablename__ = "placement"
    __table_args__ = (
        belongs_to("matching_run", on_delete="CASCADE"),
        belongs_to("proposed_group", on_delete="CASCADE"),
        belongs_to("participant", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "matching_run_id", "participant_id"),
        Index("ix_placement_group", "tenant_id", "proposed_group_id"),
        belongs_to("peer_group", "from_group_id"),
        Index("ix_placement_participant", "tenant_id", "participant_id"),
        Index("ix_placement_from_group", "tenant_id", "from_group_id"),
    )

    matching_run_id: Mapped[UUID]
    participant_id: Mapped[UUID]
    proposed_group_id: Mapped[UUID | None]
    code: Mapped[str | None]
    reason: Mapped[str | None]
    explanation: Mapped[dict[str, Any] | None]
    from_group_id: Mapped[UUID | None]
    arm: Mapped[int | None]
    stratum: Mapped[str | None]


class FidelityCheck(TenantRow):
    """Whether a group keeps an item of its recipe's fidelity, as `said_by` the organiser or the group."""

    __tablename__ = "fidelity_check"
    __table_args__ = (
        belongs_to("peer_group", "group_id"),
        UniqueConstraint("tenant_id", "group_id", "item"),
        one_of("said_by", ("organiser", "group")),
    )

    group_id: Mapped[UUID]
    item: Mapped[str]
    kept: Mapped[bool]
    said_by: Mapped[str]
    said_at: Mapped[datetime] = mapped_column(server_default=func.now())


class MatchingAnalysis(Created, TenantRow):
    """What each rule costs a run's proposal, and what plain ways reach in as many `seconds` as the search took."""

    __tablename__ = "matching_analysis"
    __table_args__ = (
        belongs_to("matching_run", on_delete="CASCADE"),
        belongs_to("job"),
        Index("ix_matching_analysis_run", "tenant_id", "matching_run_id", "id"),
    )

    matching_run_id: Mapped[UUID]
    job_id: Mapped[UUID]
    value: Mapped[float | None]
    seconds: Mapped[float | None]
    rule_prices: Mapped[list[Any] | None]
    baselines: Mapped[list[Any] | None]


class Separation(Created, TenantRow):
    """Participants of a cohort no two of whom may be in one group.

    A row is never changed. `natural_key` is `separations.natural_key`, so that nobody says the same twice;
    `import_id` the import that brought it, for its reversal.

    Where `source` is "person" it is the wish of `membership_id`, one row with the names of all whom she avoids and no
    members: the database shows it to nobody but her.
    """

    __tablename__ = "separation"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("membership", on_delete="CASCADE"),
        belongs_to("import"),
        UniqueConstraint(
            "tenant_id", "cohort_id", "membership_id", "natural_key", postgresql_nulls_not_distinct=True
        ),
        Index("ix_separation_cohort", "tenant_id", "cohort_id", "id"),
        Index("ix_separation_import", "tenant_id", "import_id"),
        Index("ix_separation_membership", "tenant_id", "membership_id"),
        one_of("source", SEPARATION_SOURCES),
        CheckConstraint("(source = 'person') = (membership_id IS NOT NULL)", name="author"),
        CheckConstraint("(membership_id IS NULL) = (encrypted_names IS NULL)", name="names"),
        one_of("group_sign_in", GROUP_SIGN_IN),
    )

    cohort_id: Mapped[UUID]
    source: Mapped[str]
    natural_key: Mapped[str]
    membership_id: Mapped[UUID | None]
    import_id: Mapped[UUID | None]
    encrypted_names: Mapped[bytes | None]
    group_sign_in: Mapped[str] = mapped_column(default="personal", server_default="personal")
    """As its program said when a person wrote her wish: it opens to no more sign-ins later."""


class SeparationMember(TenantRow):
    """One of those who are to be kept apart."""

    __tablename__ = "separation_member"
    __table_args__ = (
        belongs_to("separation", on_delete="CASCADE"),
        belongs_to("participant", on_delete="CASCADE"),
        UniqueConstraint("tenant_id", "separation_id", "participant_id"),
        Index("ix_separation_member_participant", "tenant_id", "participant_id"),
    )

    separation_id: Mapped[UUID]
    participant_id: Mapped[UUID]
