"""Where somebody stands in the cohorts that she takes part in, as far as she was told."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, case, cast, func, literal, literal_column, select

from tenants.cohorts.models import Cohort, Participant, ParticipantChange, Program
from tenants.groups.queries import untold


def applications(membership_id: UUID) -> Select[Any]:
    """The cohorts that somebody takes part in or could: how far it is, and what comes next on which day.

    Whoever is placed in a group that is yet to be announced shows as she was before.
    """
    today = cast(func.timezone(Cohort.time_zone, func.now()), Date)
    dates = (
        ("opens", Cohort.opens_on),
        ("closes", Cohort.closes_on),
        ("announced", Cohort.announced_on),
        ("kick_off", Cohort.kick_off_on),
        ("ends", Cohort.ends_on),
    )
    coming = [(day > today if word == "opens" else day >= today, word, day) for word, day in dates]
    secret: ColumnElement[bool] = literal_column(untold("participant"))
    columns: tuple[Any, ...] = (
        Participant.id,
        Participant.cohort_id,
        Cohort.name.label("cohort_name"),
        Program.name.label("program_name"),
        case((secret, _before(ParticipantChange.state, "eligible")), else_=Participant.state).label("state"),
        case(
            (secret, _before(ParticipantChange.created_at, Participant.created_at)),
            else_=Participant.state_since,
        ).label("state_since"),
        case(*((due, literal(word)) for due, word, _ in coming), else_=None).label("next"),
        case(*((due, day) for due, _, day in coming), else_=None).label("next_date"),
    )
    return (
        select(*columns)
        .join(Cohort, (Cohort.tenant_id == Participant.tenant_id) & (Cohort.id == Participant.cohort_id))
        .join(Program, (Program.tenant_id == Cohort.tenant_id) & (Program.id == Cohort.program_id))
        .where(Participant.membership_id == membership_id)
    )


def _before(column: Any, otherwise: Any) -> Any:
    """What a participant's history says of her last state that is not `placed`."""
    last = (
        select(column)
        .where(
            ParticipantChange.tenant_id == Participant.tenant_id,
            ParticipantChange.participant_id == Participant.id,
            ParticipantChange.state != "placed",
        )
        .order_by(ParticipantChange.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(last, otherwise)
