"""/v1/invitations"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.invitations.schemas import Invitation, InvitationCreate, InvitationQuery, InvitationWithLink
from tenants.kernel.permissions import Permission
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.people import invitations as actions
from tenants.people import models

blp = Blueprint("Invitations", description="One-time links by which people become members.")
READ, WRITE = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE
ONE = "/invitations/<uuid:invitation_id>"
SECRET = ("url",)


@blp.list("/invitations", READ, query=InvitationQuery, returns=Invitation)
def list_invitations(session: Session, membership_id: UUID | None, cohort_id: UUID | None) -> Select[Any]:
    """The tenant's invitations, answered ones too."""
    return actions.invitations(membership_id=membership_id, cohort_id=cohort_id)


@blp.post(
    "/invitations",
    WRITE,
    body=InvitationCreate,
    returns=InvitationWithLink,
    status=201,
    location="/v1/invitations/{id}",
    secrets=SECRET,
    errors=(409,),
)
def invite(session: Session, body: dict[str, Any]) -> Any:
    """Invite somebody. The link is in this answer and nowhere else; it lasts for 30 days."""
    return _with_link(session, actions.invite(session, **body).id)


@blp.get(ONE, READ, returns=Invitation)
def get_invitation(session: Session, invitation_id: UUID) -> Row[Any]:
    """One invitation."""
    return _shown(session, invitation_id)


@blp.post(f"{ONE}/link", WRITE, returns=InvitationWithLink, secrets=SECRET, errors=(409,))
def renew_invitation_link(session: Session, invitation_id: UUID) -> Any:
    """Make a new link, good for 30 days; the one before no longer works."""
    return _with_link(session, invitation_id)


@blp.post(f"{ONE}/revocation", WRITE, returns=Invitation, errors=(409,))
def revoke_invitation(session: Session, invitation_id: UUID) -> Row[Any]:
    """Take an invitation back that nobody has answered."""
    actions.revoke_invitation(session, invitation_id=invitation_id)
    return _shown(session, invitation_id)


def _with_link(session: Session, invitation_id: UUID) -> Any:
    secret = actions.make_link(session, invitation_id=invitation_id)
    url = f"{current_app.config['PUBLIC_URL']}/invitations/{secret}"
    return SimpleNamespace(**_shown(session, invitation_id)._asdict(), url=url)


def _shown(session: Session, invitation_id: UUID) -> Row[Any]:
    found = actions.invitations().where(models.Invitation.id == invitation_id)
    return one(session, found, "invitation")
