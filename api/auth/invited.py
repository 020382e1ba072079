"""Invitations as people see them: the link, and the acceptance after signing in."""

from uuid import UUID

from flask import Response, request
from marshmallow import ValidationError

from api.auth import cookies
from api.auth.pages import blueprint, page, see
from api.auth.sign_in import choices_of
from api.auth.visiting import current_visitor
from api.fields import Email, Schema, Text
from api.serving import database
from tenants.access import joining, sign_in
from tenants.kernel.errors import Forbidden, Invalid, NotFound
from tenants.kernel.ids import tenant_of
from tenants.people import invitations
from tenants.people.actions import choose_own
from tenants.people.models import INVITATION_PREFIX, Membership

blp = blueprint("invited")


class Own(Schema):
    """What somebody says of herself when she joins."""

    name = Text(most=200, allow_none=True)
    email = Email(allow_none=True)


@blp.get("/invitations/<secret>")
def show(secret: str) -> Response:
    """Whom the tenant invites, and the ways to sign in."""
    with database().tenant(_tenant_id(secret)) as session:
        tenant = sign_in.refuse_closed_tenant(session)
        invitation = invitations.invitation_named(session, secret)
        member = session.get_one(Membership, (tenant.id, invitation.membership_id))
        choices = choices_of(session, tenant.slug, invitation=secret)
        session.commit()
    name = member.shown_name or member.external_id
    return page(
        "invitation", tenant=tenant.name, name=name, choices=choices, decline=f"/invitations/{secret}/decline"
    )


@blp.post("/invitations/<secret>/decline")
def decline(secret: str) -> Response:
    """Say no; nobody needs to sign in for that."""
    with database().tenant(_tenant_id(secret)) as session:
        invitation = invitations.invitation_named(session, secret)
        invitations.decline(session, invitation_id=invitation.id)
        session.commit()
    return page(
        "notice", heading="You have declined", said="Nobody will be told why. You can close this page."
    )


@blp.get("/sign-in/acceptance")
def confirm() -> Response:
    """Who has signed in sees as whom she would join."""
    tenant_id, token = _signed_in()
    with database().tenant(tenant_id) as session:
        tenant = sign_in.refuse_closed_tenant(session)
        visiting = current_visitor(session, tenant_id)
        if visiting is None or visiting.invitation_id is None:
            raise NotFound("invitation")
        invitation = session.get_one(invitations.Invitation, (tenant_id, visiting.invitation_id))
        member = session.get_one(Membership, (tenant_id, invitation.membership_id))
        session.commit()
    name = member.shown_name or member.external_id
    return page("acceptance", tenant=tenant.name, name=name, csrf_token=cookies.csrf_token(token))


@blp.post("/sign-in/acceptance")
def accept() -> Response:
    """Become the person of the membership, and sign in anew as that."""
    tenant_id, token = _signed_in()
    if cookies.is_forged(request, token):
        raise Forbidden("This form is not from here.", code="forged_form")
    own = _own()
    with database().tenant(tenant_id) as session:
        sign_in.refuse_closed_tenant(session)
        visiting = current_visitor(session, tenant_id)
        if visiting is None or visiting.invitation_id is None:
            raise NotFound("invitation")
        membership_id = joining.accept(session, invitation_id=visiting.invitation_id, who=visiting.who)
        choose_own(session, membership_id=membership_id, **own)
        rotated = sign_in.open_session(session, who=visiting.who, roles=visiting.roles, replacing=token)
        session.commit()
    return cookies.keep_session(see("/account"), rotated)


def _own() -> dict[str, str | None]:
    sent = {name: request.form.get(name, "").strip() or None for name in ("name", "email")}
    try:
        loaded = Own().load(sent)
    except ValidationError as error:
        field, said = next(iter(error.normalized_messages().items()))
        raise Invalid.field(f"/{field}", "invalid", f"{field}: {' '.join(said)}") from error
    return {f"chosen_{name}": value for name, value in loaded.items()}


def _signed_in() -> tuple[UUID, str]:
    found = cookies.session_in(request)
    if found is None:
        raise Forbidden("Sign in first.", code="not_signed_in")
    return found


def _tenant_id(secret: str) -> UUID:
    tenant_id = tenant_of(secret, INVITATION_PREFIX)
    if tenant_id is None:
        raise NotFound("invitation")
    return tenant_id
