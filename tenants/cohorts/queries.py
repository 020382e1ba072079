"""Programs, attributes, cohorts and participants, as lists show them."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Text, bindparam, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tenants.cohorts.models import Attribute, Cohort, Participant, ParticipantChange, Program
from tenants.kernel.rows import changed_since
from tenants.people.models import Membership
from tenants.people.queries import EMAIL, NAME


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


_HIDDEN = ("tenant_id", "attributes", "own_answers")
_DECLINED = (
    "ARRAY(SELECT a.key FROM jsonb_each(participant.attributes) a WHERE a.value = 'null' ORDER BY a.key)"
)
_SHOWN = (
    *(column for column in Participant.__table__.columns if column.name not in _HIDDEN),
    func.jsonb_strip_nulls(Participant.attributes, type_=JSONB).label("attributes"),
    literal_column(_DECLINED, ARRAY(Text)).label("declined"),
)
_PERSON = (Membership.external_id, NAME, EMAIL, Membership.identifiers)
_PARTICIPANTS = select(*_SHOWN, *_PERSON).join_from(
    Participant,
    Membership,
    (Membership.tenant_id == Participant.tenant_id) & (Membership.id == Participant.membership_id),
)
_CHOSEN = {
    "id": Participant.id == bindparam("id"),
    "cohort_id": Participant.cohort_id == bindparam("cohort_id"),
    "state": Participant.state == bindparam("state"),
    "external_id": Membership.external_id == bindparam("external_id"),
    "updated_since": changed_since(Participant.updated_at),
}


@cache
def participants(*filters: str) -> Select[Any]:
    """Participants with what the tenant knows of the person.

    `filters` names the parameters that choose among them, out of id, cohort_id, state, external_id and
    updated_since. The statement is kept: this is the busiest list.
    """
    return _PARTICIPANTS.where(*(_CHOSEN[name] for name in filters))


def changes_of_participant(participant_id: UUID) -> Select[Any]:
    """A participant's dated history, oldest first."""
    return select(*ParticipantChange.__table__.columns).where(
        ParticipantChange.participant_id == participant_id
    )
