"""/v1/invitations"""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask import current_app, g
from sqlalchemy import Row, Select

from api.blueprint import Blueprint
from api.v1.invitations.schemas import (
    CohortInvitations,
    Invitation,
    InvitationCreate,
    InvitationQuery,
    InvitationWithLink,
)
from tenants.cohorts import invitations as cohort_actions
from tenants.cohorts.invitations import Invited
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
    """Invite somebody, by a letter or by a link that you pass on. It lasts for 30 days."""
    deliver = body.pop("deliver")
    invitation_id = actions.invite(session, giver=g.caller.giver, **body).id
    if deliver == "link":
        return _with_link(session, invitation_id)
    actions.send(session, invitation_ids=[invitation_id])
    return SimpleNamespace(**_shown(session, invitation_id)._asdict(), url=None)


@blp.post("/cohorts/<uuid:cohort_id>/invitations", WRITE, returns=CohortInvitations, status=201)
def invite_cohort(session: Session, cohort_id: UUID) -> Invited:
    """Invite everybody of a cohort who has an address and has not joined, by letter."""
    return cohort_actions.invite_cohort(session, cohort_id=cohort_id)


@blp.get(ONE, READ, returns=Invitation)
def get_invitation(session: Session, invitation_id: UUID) -> Row[Any]:
    """One invitation."""
    return _shown(session, invitation_id)


@blp.post(f"{ONE}/link", WRITE, returns=InvitationWithLink, secrets=SECRET, errors=(409,))
def renew_invitation_link(session: Session, invitation_id: UUID) -> Any:
    """Make a new link, good for 30 days; the one before no longer works."""
    return _with_link(session, invitation_id)


@blp.post(f"{ONE}/letter", WRITE, returns=Invitation, errors=(409,))
def send_invitation_again(session: Session, invitation_id: UUID) -> Row[Any]:
    """Send another letter, with a new link, good for 30 days; the links before no longer work."""
    actions.renew(session, giver=g.caller.giver, invitation_id=invitation_id)
    actions.send(session, invitation_ids=[invitation_id])
    return _shown(session, invitation_id)


@blp.post(f"{ONE}/revocation", WRITE, returns=Invitation, errors=(409,))
def revoke_invitation(session: Session, invitation_id: UUID) -> Row[Any]:
    """Take an invitation back that nobody has answered."""
    actions.revoke_invitation(session, giver=g.caller.giver, invitation_id=invitation_id)
    return _shown(session, invitation_id)


def _with_link(session: Session, invitation_id: UUID) -> Any:
    secret = actions.make_link(session, giver=g.caller.giver, invitation_id=invitation_id)
    url = f"{current_app.config['PUBLIC_URL']}/invitations/{secret}"
    return SimpleNamespace(**_shown(session, invitation_id)._asdict(), url=url)


def _shown(session: Session, invitation_id: UUID) -> Row[Any]:
    found = actions.invitations().where(models.Invitation.id == invitation_id)
    return one(session, found, "invitation")
