"""/v1/groups/{group_id}/retrospectives"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select

from api.blueprint import Blueprint
from api.v1.retrospectives.schemas import (
    AgreementPut,
    Entry,
    EntryCreate,
    MadeEntry,
    PhasePut,
    RatingPut,
    Retrospective,
    RetrospectiveQuery,
)
from tenants.groups import agreement_models as models
from tenants.groups import retrospectives
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import only
from tenants.kernel.session import Session

blp = Blueprint("Retrospectives", description="Members look back: propose, rate, agree. For their eyes only.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
ALL = "/groups/<uuid:group_id>/retrospectives"
ONE = f"{ALL}/<uuid:retrospective_id>"
ENTRY = f"{ONE}/entries/<uuid:retrospective_entry_id>"


@blp.list(ALL, READ, query=RetrospectiveQuery, returns=Retrospective)
def list_retrospectives(session: Session, group_id: UUID, phase: str | None) -> Select[Any]:
    """The group's retrospectives."""
    refuse_strangers(session, group_id)
    return only(retrospectives.retrospectives(group_id), phase=phase)


@blp.post(
    ALL,
    WRITE,
    returns=Retrospective,
    status=201,
    location="/v1/groups/{group_id}/retrospectives/{id}",
    errors=(409,),
)
def open_retrospective(session: Session, group_id: UUID) -> models.Retrospective:
    """Begin to look back."""
    return retrospectives.open_retrospective(session, group_id=group_id)


@blp.get(ONE, READ, returns=Retrospective)
def get_retrospective(session: Session, group_id: UUID, retrospective_id: UUID) -> models.Retrospective:
    """One retrospective."""
    return retrospectives.retrospective(session, group_id=group_id, retrospective_id=retrospective_id)


@blp.put(f"{ONE}/phase", WRITE, body=PhasePut, returns=Retrospective, errors=(409,))
def advance_retrospective(
    session: Session, body: dict[str, Any], group_id: UUID, retrospective_id: UUID
) -> models.Retrospective:
    """Go on to the next phase; what belongs to the one before is closed."""
    return retrospectives.advance(session, group_id=group_id, retrospective_id=retrospective_id, **body)


@blp.list(f"{ONE}/entries", READ, returns=Entry)
def list_retrospective_entries(session: Session, group_id: UUID, retrospective_id: UUID) -> Select[Any]:
    """What was proposed, and how it was rated."""
    return retrospectives.entries(session, group_id=group_id, retrospective_id=retrospective_id)


@blp.post(
    f"{ONE}/entries",
    WRITE,
    body=EntryCreate,
    returns=MadeEntry,
    status=201,
    location="/v1/groups/{group_id}/retrospectives/{retrospective_id}/entries/{id}",
    errors=(409,),
)
def propose_entry(
    session: Session, body: dict[str, Any], group_id: UUID, retrospective_id: UUID
) -> models.RetrospectiveEntry:
    """Say what to keep, to change or to stop."""
    return retrospectives.propose(session, group_id=group_id, retrospective_id=retrospective_id, **body)


@blp.get(ENTRY, READ, returns=Entry)
def get_retrospective_entry(
    session: Session, group_id: UUID, retrospective_id: UUID, retrospective_entry_id: UUID
) -> Any:
    """One of them."""
    return retrospectives.entry(
        session, group_id=group_id, retrospective_id=retrospective_id, entry_id=retrospective_entry_id
    )


@blp.delete(ENTRY, WRITE, status=204, errors=(409,))
def withdraw_entry(
    session: Session, group_id: UUID, retrospective_id: UUID, retrospective_entry_id: UUID
) -> None:
    """Take back what one proposed."""
    retrospectives.withdraw_entry(
        session, group_id=group_id, retrospective_id=retrospective_id, entry_id=retrospective_entry_id
    )


@blp.put(f"{ENTRY}/rating", WRITE, body=RatingPut, status=204, errors=(409,))
def rate_entry(
    session: Session,
    body: dict[str, Any],
    group_id: UUID,
    retrospective_id: UUID,
    retrospective_entry_id: UUID,
) -> None:
    """Say how far one agrees."""
    at = {"group_id": group_id, "retrospective_id": retrospective_id, "entry_id": retrospective_entry_id}
    retrospectives.rate(session, **at, **body)


@blp.put(f"{ENTRY}/agreement", WRITE, body=AgreementPut, status=204, errors=(409,))
def agree_to_entry(
    session: Session,
    body: dict[str, Any],
    group_id: UUID,
    retrospective_id: UUID,
    retrospective_entry_id: UUID,
) -> None:
    """Note whether the group agrees to an entry."""
    at = {"group_id": group_id, "retrospective_id": retrospective_id, "entry_id": retrospective_entry_id}
    retrospectives.agree(session, **at, **body)
