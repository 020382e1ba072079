"""Programs, what they know of participants, and one intake after another."""

import json
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of
from tenants.kernel.clock import now
from tenants.people.consent import BASES, WITH_BASIS

GROUP_SIGN_IN = ("personal", "any")
BASES_AT_FIRST = dict.fromkeys(WITH_BASIS, BASES[0])
ATTRIBUTE_KINDS = (
    "categorical",
    "set",
    "ordinal",
    "number",
    "date",
    "boolean",
    "text",
    "availability",
    "reference",
)
USES = ("eligibility", "matching", "reporting", "demographics")
DEMOGRAPHICS = USES[-1]
REPAIR = ("by_hand", "automatic")
PARTICIPANT_STATES = (
    "eligible",
    "invited",
    "applied",
    "ineligible",
    "declined",
    "waitlisted",
    "placed",
    "paused",
    "withdrawn",
    "completed",
)
IMPORT_KINDS = ("roster", "products", "career_events", "separations")
IMPORT_MODES = ("skip", "update", "replace")
IMPORT_STATES = (
    "awaiting_file",
    "checking",
    "needs_confirmation",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "reversed",
)
ROW_OUTCOMES = ("created", "updated", "unchanged", "skipped", "failed", "withdrawn")


class Program(Edited, TenantRow):
    """What an institution runs. `labels` are its own words for participant, group and so on.

    `bases` are those of its purposes, `funders` the names of those it reports to, and `wordings` its own texts,
    {version, text} by purpose, that people are shown before they agree (see `people.consent`).
    """

    __tablename__ = "program"
    __table_args__ = (
        one_of("group_sign_in", GROUP_SIGN_IN),
        one_of("repair", REPAIR),
        CheckConstraint("check_in_least BETWEEN 5 AND 10", name="check_in_least"),
        CheckConstraint("check_in_least_changed BETWEEN 3 AND 10", name="check_in_least_changed"),
    )

    name: Mapped[str]
    template: Mapped[str | None]
    group_sign_in: Mapped[str] = mapped_column(default="personal", server_default="personal")
    """How members enter its groups: signed in as themselves only, or as whom an institution says they are too."""
    labels: Mapped[dict[str, Any]]
    bases: Mapped[dict[str, Any]] = mapped_column(
        default=lambda: dict(BASES_AT_FIRST), server_default=json.dumps(BASES_AT_FIRST)
    )
    funders: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    wordings: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    notices: Mapped[bool] = mapped_column(default=True, server_default="true")
    """Whether participants are written to when their state has changed."""
    check_in_months: Mapped[int] = mapped_column(default=3, server_default="3")
    """How long a window of check-ins is."""
    check_in_least: Mapped[int] = mapped_column(default=5, server_default="5")
    """How many of a group must have answered for it to be told of the answers."""
    check_in_least_changed: Mapped[int] = mapped_column(default=3, server_default="3")
    """How many must have come in, or dropped out, if any have, for it to be told of them again."""
    repair: Mapped[str] = mapped_column(default="by_hand", server_default="by_hand")
    """Whether a run is ordered for a group that has lost somebody."""
    concern_readers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), default=list, server_default="{}")
    """Memberships to whom concerns go; none: to the tenant's owners and admins and the program's managers."""


class Attribute(Edited, TenantRow):
    """One thing known of a participant. `levels` is a list of {key, label, order, parent, aliases}.

    An open attribute admits values that are no level yet and keeps them as new levels.
    """

    __tablename__ = "attribute"
    __table_args__ = (
        belongs_to("program"),
        UniqueConstraint("tenant_id", "program_id", "key"),
        one_of("kind", ATTRIBUTE_KINDS),
        one_of("answered_by", ("roster", "person", "either")),
    )

    program_id: Mapped[UUID]
    key: Mapped[str]
    label: Mapped[str]
    kind: Mapped[str]
    open: Mapped[bool]
    required: Mapped[bool]
    sensitive: Mapped[bool]
    answered_by: Mapped[str]
    uses: Mapped[list[str]]
    parent: Mapped[str | None]
    levels: Mapped[list[Any]]

    @property
    def for_demographics(self) -> bool:
        """Whether it is broken down in reports, with the consent of those who answer; one may decline to."""
        return DEMOGRAPHICS in self.uses


class Cohort(Edited, TenantRow):
    """One intake of a program and its dates.

    People answer from the day `opens_on` to the day `closes_on`, as they begin and end in `time_zone`, and are reminded
    so many days before the last as `reminders` says. Who has not confirmed her place by `confirm_by` counts as silent.
    """

    __tablename__ = "cohort"
    __table_args__ = (belongs_to("program"), Index("ix_cohort_program", "tenant_id", "program_id", "id"))

    program_id: Mapped[UUID]
    name: Mapped[str]
    opens_on: Mapped[date | None]
    closes_on: Mapped[date | None]
    announced_on: Mapped[date | None]
    kick_off_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    confirm_by: Mapped[date | None]
    time_zone: Mapped[str] = mapped_column(default="UTC", server_default="UTC")
    reminders: Mapped[list[int]] = mapped_column(default=list, server_default="{}")


class Participant(Edited, TenantRow):
    """A membership in a cohort. `attributes` holds the current value by attribute key; null: she declined to say.

    `own_answers` are the keys that the person answered herself: what others say of these counts no more.
    """

    __tablename__ = "participant"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "cohort_id", "membership_id"),
        Index("ix_participant_cohort", "tenant_id", "cohort_id", "id"),
        Index("ix_participant_updated", "tenant_id", "cohort_id", "updated_at"),
        Index("ix_participant_membership", "tenant_id", "membership_id"),
        one_of("state", PARTICIPANT_STATES),
    )

    cohort_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="eligible")
    state_since: Mapped[datetime] = mapped_column(default=now)
    state_reason: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    own_answers: Mapped[list[str]] = mapped_column(default=list, server_default="{}")


class ParticipantChange(Created, TenantRow):
    """What became known of a participant, when and from whom; append-only.

    `attributes` holds the changed keys with their new values (null: cleared), `declined` those that are declined
    since, so the values on any date are the changes up to then, folded in order. `state` is set where it changed.
    """

    __tablename__ = "participant_change"
    __table_args__ = (
        belongs_to("participant", on_delete="CASCADE"),
        Index("ix_participant_change_participant", "tenant_id", "participant_id", "id"),
        one_of("source", ("roster", "person", "api", "matching")),
    )

    participant_id: Mapped[UUID]
    source: Mapped[str]
    state: Mapped[str | None]
    reason: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    declined: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    import_id: Mapped[UUID | None]


class Import(Edited, TenantRow):
    """A file on its way into a cohort. `error` is {code, message, line} when the whole file is refused.

    While its job works (state checking or running) the job's own state says whether it failed or was cancelled.
    Each upload rests under a `file_id` of its own, so that a late one cannot change what is being read. `reach` is
    what all the sessions share that announced, sent and confirmed it (`Session.reach`), or, to undo it, that of whoever
    ordered this: its job changes nothing beyond.
    """

    __tablename__ = "import"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("job"),
        Index("ix_import_cohort", "tenant_id", "cohort_id", "id"),
        one_of("kind", IMPORT_KINDS),
        one_of("mode", IMPORT_MODES),
        one_of("state", IMPORT_STATES),
    )

    cohort_id: Mapped[UUID]
    kind: Mapped[str]
    mode: Mapped[str]
    dry_run: Mapped[bool]
    max_withdrawals: Mapped[int]
    mapping: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default="awaiting_file")
    counts: Mapped[dict[str, Any]]
    error: Mapped[dict[str, Any] | None]
    file_id: Mapped[UUID | None]
    file_bytes: Mapped[int | None] = mapped_column(BigInteger)
    file_sha256: Mapped[str | None]
    reach: Mapped[dict[str, Any] | None]
    confirmed_at: Mapped[datetime | None]
    confirmed_withdrawals: Mapped[int | None]
    applied_at: Mapped[datetime | None]
    added_levels: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The levels that it brought, by attribute key, so that a reversal can take them away again."""
    job_id: Mapped[UUID | None]


class ImportRow(TenantRow):
    """What became of one row of the file. `before` is what a reversal restores."""

    __tablename__ = "import_row"
    __table_args__ = (
        belongs_to("import", "import_id", on_delete="CASCADE"),
        Index("ix_import_row_outcome", "tenant_id", "import_id", "outcome", "id"),
        Index(
            "ix_import_row_subject",
            "tenant_id",
            "subject_id",
            postgresql_where=text("subject_id IS NOT NULL"),
        ),
        one_of("outcome", ROW_OUTCOMES),
    )

    import_id: Mapped[UUID]
    line: Mapped[int | None]
    outcome: Mapped[str]
    column: Mapped[str | None]
    code: Mapped[str | None]
    message: Mapped[str | None]
    external_id: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    subject_version: Mapped[int | None]
    before: Mapped[dict[str, Any] | None]
