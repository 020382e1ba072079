"""What groups agree on: places, turns, renewals, signatures and responsibilities."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.serving import IfMatch
from api.v1.agreements.schemas import (
    Agreements,
    CharterTemplate,
    CharterTemplatePut,
    Confirmation,
    ConfirmationPut,
    Renewal,
    RenewalPut,
    Responsibilities,
    ResponsibilitiesPut,
    ResponsibilityList,
    ResponsibilityListPut,
    Rota,
    Signatures,
    TurnPut,
)
from tenants.cohorts.models import Cohort
from tenants.groups import answers, confirmation, program_documents, renewal, signatures, turns
from tenants.groups.queries import refuse_strangers
from tenants.kernel.permissions import Permission
from tenants.kernel.session import Session

blp = Blueprint("Agreements", description="What members of groups agree on: who within, how many without.")
READ, WRITE = Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE
TELL, SET = Permission.PROGRAMS_READ, Permission.PROGRAMS_WRITE
GROUP, PROGRAM = "/groups/<uuid:group_id>", "/programs/<uuid:program_id>"


@blp.list("/cohorts/<uuid:cohort_id>/agreements", Permission.GROUPS_READ, returns=Agreements, parent=Cohort)
def list_agreements(session: Session, cohort_id: UUID) -> Select[Any]:
    """How far each group of a cohort has agreed, in counts."""
    return answers.agreements(cohort_id)


@blp.get(f"{GROUP}/agreements", Permission.GROUPS_READ, returns=Agreements)
def get_agreements(session: Session, group_id: UUID) -> Row[Any]:
    """How far one group has agreed, in counts."""
    return answers.agreements_of_group(session, group_id=group_id)


@blp.get(f"{GROUP}/confirmation", READ, returns=Confirmation)
def get_confirmation(session: Session, group_id: UUID) -> confirmation.Confirmation:
    """What one has said of one's place."""
    return confirmation.confirmation(session, group_id=group_id)


@blp.put(f"{GROUP}/confirmation", WRITE, body=ConfirmationPut, returns=Confirmation, errors=(409,))
def put_confirmation(session: Session, body: dict[str, Any], group_id: UUID) -> confirmation.Confirmation:
    """Confirm one's place, or decline it and leave."""
    return confirmation.answer(session, group_id=group_id, **body)


@blp.get(f"{GROUP}/renewal", READ, returns=Renewal)
def get_renewal(session: Session, group_id: UUID) -> renewal.Renewal:
    """When the group renews, and who goes on."""
    return renewal.renewal(session, group_id=group_id)


@blp.put(f"{GROUP}/renewal", WRITE, body=RenewalPut, returns=Renewal, errors=(409,))
def put_renewal(session: Session, body: dict[str, Any], group_id: UUID) -> renewal.Renewal:
    """Say whether one goes on."""
    return renewal.renew(session, group_id=group_id, **body)


@blp.get(f"{GROUP}/convener", READ, returns=Rota)
def get_convener(session: Session, group_id: UUID) -> turns.Rota:
    """Who convenes, and who does next."""
    return turns.rota(session, group_id=group_id, role="convener")


@blp.put(f"{GROUP}/convener", WRITE, body=TurnPut, returns=Rota)
def put_convener(session: Session, body: dict[str, Any], group_id: UUID) -> turns.Rota:
    """Take the convening, or give it to another member."""
    return turns.pass_turn(session, group_id=group_id, role="convener", **body)


@blp.get(f"{GROUP}/note-taker", READ, returns=Rota)
def get_note_taker(session: Session, group_id: UUID) -> turns.Rota:
    """Who takes notes, and who does next."""
    return turns.rota(session, group_id=group_id, role="note_taker")


@blp.put(f"{GROUP}/note-taker", WRITE, body=TurnPut, returns=Rota)
def put_note_taker(session: Session, body: dict[str, Any], group_id: UUID) -> turns.Rota:
    """Take the notes, or give them to another member."""
    return turns.pass_turn(session, group_id=group_id, role="note_taker", **body)


@blp.get(f"{GROUP}/charter/signatures", READ, returns=Signatures)
def get_signatures(session: Session, group_id: UUID) -> signatures.Signatures:
    """Who has signed the charter that is in force."""
    return signatures.signatures(session, group_id=group_id)


@blp.get(f"{GROUP}/charter/versions/<int:number>/signatures", READ, returns=Signatures)
def get_signatures_of_version(session: Session, group_id: UUID, number: int) -> signatures.Signatures:
    """Who signed one version, also of those who have left since."""
    return signatures.signatures_of_version(session, group_id=group_id, number=number)


@blp.put(f"{GROUP}/charter/versions/<int:number>/signature", WRITE, returns=Signatures, errors=(409,))
def sign_charter(session: Session, group_id: UUID, number: int) -> signatures.Signatures:
    """Sign the version that is in force."""
    return signatures.sign_charter(session, group_id=group_id, number=number)


@blp.get(f"{GROUP}/charter/template", READ, returns=CharterTemplate)
def get_charter_template(session: Session, group_id: UUID) -> Any:
    """What the program suggests to write a charter from."""
    refuse_strangers(session, group_id)
    return _shown(program_documents.document_for_group(session, group_id=group_id, kind="charter_template"))


@blp.get(f"{GROUP}/responsibilities", READ, returns=Responsibilities)
def get_responsibilities(session: Session, group_id: UUID) -> signatures.Responsibilities:
    """What members take on, and who has accepted it."""
    return signatures.responsibilities(session, group_id=group_id)


@blp.put(
    f"{GROUP}/responsibilities", WRITE, body=ResponsibilitiesPut, returns=Responsibilities, errors=(409,)
)
def accept_responsibilities(
    session: Session, body: dict[str, Any], group_id: UUID
) -> signatures.Responsibilities:
    """Accept the responsibilities as one has read them."""
    return signatures.accept_responsibilities(session, group_id=group_id, **body)


@blp.get(f"{PROGRAM}/charter-template", TELL, returns=CharterTemplate, etag=True)
def get_program_charter_template(session: Session, program_id: UUID) -> Any:
    """What groups are given to write their charters from."""
    return _shown(program_documents.document(session, program_id=program_id, kind="charter_template"))


@blp.put(f"{PROGRAM}/charter-template", SET, body=CharterTemplatePut, returns=CharterTemplate, etag=True)
def put_program_charter_template(
    session: Session, body: dict[str, Any], program_id: UUID, if_match: IfMatch
) -> Any:
    """Give groups an outline of one's own."""
    written = program_documents.write_document(
        session, program_id=program_id, kind="charter_template", content=body, if_match=if_match
    )
    return _shown(written)


@blp.get(f"{PROGRAM}/responsibilities", TELL, returns=ResponsibilityList, etag=True)
def get_program_responsibilities(session: Session, program_id: UUID) -> Any:
    """What members of the program's groups take on."""
    return _shown(program_documents.document(session, program_id=program_id, kind="responsibilities"))


@blp.put(
    f"{PROGRAM}/responsibilities", SET, body=ResponsibilityListPut, returns=ResponsibilityList, etag=True
)
def put_program_responsibilities(
    session: Session, body: dict[str, Any], program_id: UUID, if_match: IfMatch
) -> Any:
    """Say what members take on; they accept it anew."""
    written = program_documents.write_document(
        session, program_id=program_id, kind="responsibilities", content=body, if_match=if_match
    )
    return _shown(written)


def _shown(found: program_documents.Document) -> SimpleNamespace:
    return SimpleNamespace(**found.content, version=found.version, ours=found.ours)
