"""Waves of surveys, what people answered, and what is told of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, TenantRow, belongs_to, one_of

LABELS = ("baseline", "mid", "end", "follow_up")
_ENOUGH = "n >= 11"
_FIFTHS = "array_length(bins, 1) = 5"


class SurveyWave(Created, TenantRow):
    """A time in which the people of a cohort are asked an instrument. All of it stays as it was made.

    They are reminded so many days before the last as `reminders` says. The rest is set once, by the door that counts:
    how many were `invited` and, where more than ten `answered`, how many did and how many `declined`.
    """

    __tablename__ = "survey_wave"
    __table_args__ = (
        belongs_to("cohort"),
        belongs_to("instrument"),
        one_of("label", LABELS),
        CheckConstraint("closes_at > opens_at", name="moments"),
        CheckConstraint("answered >= 11", name="answered"),
        Index("ix_survey_wave_cohort", "tenant_id", "cohort_id", "id"),
    )

    cohort_id: Mapped[UUID]
    instrument_id: Mapped[UUID]
    label: Mapped[str]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    reminders: Mapped[list[int]] = mapped_column(default=list, server_default="{}")
    counted_at: Mapped[datetime | None]
    invited: Mapped[int | None]
    answered: Mapped[int | None]
    declined: Mapped[int | None]


class SurveyResponse(TenantRow):
    """What somebody answered in a wave, or that she declines: hers alone. The door that counts sees whether it was
    `counted`, and numbers for names.
    """

    __tablename__ = "survey_response"
    __table_args__ = (
        belongs_to("survey_wave", "wave_id"),
        belongs_to("membership"),
        UniqueConstraint("tenant_id", "wave_id", "membership_id"),
        CheckConstraint("NOT declined OR answers = '{}'", name="declined"),
        Index("ix_survey_response_membership", "tenant_id", "membership_id"),
    )

    wave_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    declined: Mapped[bool]
    answers: Mapped[dict[str, Any]]
    counted: Mapped[bool] = mapped_column(server_default="false", deferred=True)
    answered_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class SurveyResult(TenantRow):
    """The distribution of a scale in a wave, over eleven people or more, and what follows from it; for good.

    `bins` are counts in fifths of the range from `low` to `high`; mean and standard deviation are computed from their
    middles. Reliability and agreement are rounded to two digits.
    """

    __tablename__ = "survey_result"
    __table_args__ = (
        belongs_to("survey_wave", "wave_id"),
        UniqueConstraint("tenant_id", "wave_id", "scale"),
        CheckConstraint(_ENOUGH, name="n"),
        CheckConstraint(_FIFTHS, name="bins"),
    )

    wave_id: Mapped[UUID]
    scale: Mapped[str]
    n: Mapped[int]
    bins: Mapped[list[int]]
    low: Mapped[float]
    high: Mapped[float]
    mean: Mapped[float]
    sd: Mapped[float]
    alpha: Mapped[float | None]
    icc1: Mapped[float | None]
    rwg: Mapped[float | None]
    published_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)


class SurveyChange(TenantRow):
    """How much those have changed on a scale who answered in a wave and in the first that was told; for good.

    `bins` are counts of changes by two steps down or more, one down, none, one up, two up or more; all else is computed
    from them, as `psychometrics.Change` says.
    """

    __tablename__ = "survey_change"
    __table_args__ = (
        belongs_to("survey_wave", "wave_id"),
        belongs_to("survey_wave", "since_id"),
        UniqueConstraint("tenant_id", "wave_id", "scale"),
        CheckConstraint(_ENOUGH, name="n"),
        CheckConstraint(_FIFTHS, name="bins"),
    )

    wave_id: Mapped[UUID]
    since_id: Mapped[UUID]
    scale: Mapped[str]
    n: Mapped[int]
    bins: Mapped[list[int]]
    step: Mapped[float]
    mean: Mapped[float]
    mean_low: Mapped[float]
    mean_high: Mapped[float]
    sd: Mapped[float]
    effect: Mapped[float | None]
    effect_low: Mapped[float | None]
    effect_high: Mapped[float | None]
    published_at: Mapped[datetime] = mapped_column(server_default=func.now(), sort_order=90)
