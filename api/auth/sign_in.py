"""Signing in and out with a browser: choosing a provider, going there, coming back."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, request

from api.auth import cookies
from api.auth.oidc import Provider, Providers, Secrets, SignInRefused
from api.auth.pages import explain, page, refusal
from api.serving import database
from tenants.access import joining, sign_in
from tenants.access.connections import connection_usable, secret_of
from tenants.access.models import STATE_PREFIX, Connection, SignInAttempt
from tenants.access.rules import refuse_unwelcome
from tenants.access.sign_in import SignedIn, Visitor
from tenants.kernel.errors import Conflict, DomainError, Forbidden, NotFound
from tenants.kernel.ids import tenant_of
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.people.invitations import invitation_named
from tenants.people.models import Membership

blp = Blueprint("sign_in", __name__)
blp.register_error_handler(DomainError, explain)
PERSONAL = "personal"
_INSIDE = re.compile(r"/(oauth/authorize\?[!-~]*|account)")


@blp.get("/sign-in/style.css")
def style() -> Response:
    """What the pages look like."""
    css = (Path(__file__).parent / "templates" / "style.css").read_text()
    return Response(css, content_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=86400"})


@blp.get("/sign-in/<slug>")
def choose(slug: str) -> Response:
    """The ways to sign in to a tenant."""
    with database().nobody() as session:
        tenant = sign_in.tenant_named(session, slug)
    with database().tenant(tenant.id) as session:
        choices = choices_of(session, slug, return_to=_return_to())
        session.commit()
    return page("sign_in", tenant=tenant.name, choices=choices)


def choices_of(session: Session, slug: str, **more: str) -> list[dict[str, str]]:
    """What somebody can sign in to this tenant through: its own connections, then the platform's."""
    asked = urlencode(more)
    found = [
        {"name": each.name, "url": f"/sign-in/{slug}/{each.id}?{asked}"}
        for each in sign_in.usable_connections(session)
    ]
    if settings().platform_issuer:
        found.append({"name": settings().platform_name, "url": f"/sign-in/{slug}/{PERSONAL}?{asked}"})
    return found


@blp.get(f"/sign-in/<slug>/{PERSONAL}", defaults={"connection_id": None})
@blp.get("/sign-in/<slug>/<uuid:connection_id>")
def begin(slug: str, connection_id: UUID | None) -> Response:
    """Go to a provider."""
    with database().nobody() as session:
        tenant_id = sign_in.tenant_named(session, slug).id
    with database().tenant(tenant_id) as session:
        connection = connection_usable(session, connection_id) if connection_id else None
        invitation = request.args.get("invitation")
        invitation_id = invitation_named(session, invitation).id if invitation else None
        linking = _linking(session, tenant_id) if "link" in request.args else None
        return _sent(
            session,
            connection,
            purpose="link" if linking else "session",
            return_to=_return_to(),
            invitation_id=invitation_id,
            session_id=linking.session_id if linking else None,
        )


def _linking(session: Session, tenant_id: UUID) -> Visitor:
    """Whoever wants to add a personal sign-in to the membership that she is signed in as."""
    visiting = current_visitor(session, tenant_id)
    if visiting is None or visiting.membership_id is None:
        raise Forbidden("Sign in first.", code="not_signed_in")
    return visiting


def _sent(session: Session, connection: Connection | None, *, purpose: str, **more: Any) -> Response:
    """Begin an attempt, and send the browser to its provider."""
    browser = cookies.browser_in(request) or cookies.new_browser()
    connection_id = connection.id if connection else None
    state = sign_in.begin(session, browser=browser, connection_id=connection_id, purpose=purpose, **more)
    provider = provider_of(session, connection)
    session.commit()
    secrets = Secrets(state, browser)
    return cookies.keep_browser(_see(providers().authorization_url(provider, secrets)), browser)


@blp.get("/sign-in/callbacks/platform", defaults={"connection": None})
@blp.get("/sign-in/callbacks/<connection>")
def come_back(connection: str | None) -> Response:
    """A provider's answer. Each has an address of its own, and is asked for by a browser that we sent there."""
    state, browser = request.args.get("state", ""), cookies.browser_in(request)
    tenant_id = tenant_of(state, STATE_PREFIX)
    connection_id = None if connection is None else _connection_id(connection, tenant_id)
    if (
        tenant_id is None
        or browser is None
        or any(len(request.args.getlist(name)) > 1 for name in request.args)
    ):
        raise SignInRefused(
            "This sign-in was begun in another browser, or too long ago.", code="unknown_state"
        )
    with database().tenant(tenant_id) as session:
        attempt = sign_in.take_attempt(session, state=state, browser=browser, connection_id=connection_id)
        if attempt is None:
            raise SignInRefused(
                "This sign-in was begun in another browser, or too long ago.", code="unknown_state"
            )
        found = connection_usable(session, connection_id) if connection_id else None
        provider = provider_of(session, found)
        session.commit()
    try:
        claims = providers().claims(provider, Secrets(state, browser), request.args)
        refuse_unwelcome(found.rules if found else {}, claims)
        return _welcomed(tenant_id, attempt, SignedIn(connection_id, provider.issuer, claims["sub"]))
    except DomainError as refused:
        with database().tenant(tenant_id) as session:
            sign_in.record_refusal(session, connection_id=connection_id, code=refused.code)
            session.commit()
        raise


def _welcomed(tenant_id: UUID, attempt: SignInAttempt, who: SignedIn) -> Response:
    """What follows from a sign-in that holds."""
    with database().tenant(tenant_id) as session:
        sign_in.refuse_closed_tenant(session)
        if attempt.purpose == "link":
            return _linked(session, tenant_id, attempt, who)
        known = sign_in.membership_of(session, who)
        if known is None and attempt.invitation_id is None:
            raise Forbidden("You are not a member here. Ask for an invitation.", code="not_a_member")
        before = cookies.session_in(request)
        token = sign_in.open_session(
            session,
            who=who,
            invitation_id=None if known else attempt.invitation_id,
            replacing=before[1] if before and before[0] == tenant_id else None,
        )
        session.commit()
    return cookies.keep_session(_see(attempt.return_to if known else "/sign-in/acceptance"), token)


def _linked(session: Session, tenant_id: UUID, attempt: SignInAttempt, who: SignedIn) -> Response:
    visiting = current_visitor(session, tenant_id)
    if visiting is None or visiting.session_id != attempt.session_id or visiting.membership_id is None:
        raise SignInRefused("This was begun in another session.", code="unknown_state")
    person_id = session.get_one(Membership, (tenant_id, visiting.membership_id)).person_id
    if person_id is None:
        raise NotFound("person")
    joining.link_personal(session, who=who, membership_id=visiting.membership_id, person_id=person_id)
    session.commit()
    return _see("/account")


@blp.get("/account")
def account() -> Response:
    """Who one is signed in as, and out."""
    signed_in = cookies.session_in(request)
    if signed_in is None:
        return refusal(401, "You are not signed in.")
    with database().tenant(signed_in[0]) as session:
        visiting = current_visitor(session, signed_in[0])
        if visiting is None or visiting.membership_id is None:
            return refusal(401, "You are not signed in.")
        tenant = sign_in.refuse_closed_tenant(session)
        member = session.get_one(Membership, (tenant.id, visiting.membership_id))
        offer = not visiting.who.personal and not joining.has_personal(session, member.person_id)
        session.commit()
    return page(
        "account",
        tenant=tenant.name,
        name=member.shown_name or member.external_id,
        personal_offer=f"/sign-in/{tenant.slug}/{PERSONAL}?link"
        if offer and settings().platform_issuer
        else None,
        csrf_token=cookies.csrf_token(signed_in[1]),
    )


@blp.post("/sign-in/end")
def end() -> Response:
    """Sign out, here or everywhere, and then at the provider."""
    signed_in = cookies.session_in(request)
    if signed_in is None:
        return _see("/sign-in/ended")
    tenant_id, token = signed_in
    if cookies.is_forged(request, token):
        raise Forbidden("This form is not from here.", code="forged_form")
    provider = None
    with database().tenant(tenant_id) as session:
        visiting = current_visitor(session, tenant_id)
        if visiting is not None:
            found = visiting.who.connection_id and session.get(
                Connection, (tenant_id, visiting.who.connection_id)
            )
            provider = provider_of(session, found or None)
            if visiting.membership_id is not None and request.form.get("where") == "everywhere":
                sign_in.sign_out_everywhere(session, membership_id=visiting.membership_id)
        sign_in.end_session(session, token=token)
        session.commit()
    return cookies.drop_session(_see(_ended_at(provider)))


def _ended_at(provider: Provider | None) -> str:
    ended = f"{current_app.config['PUBLIC_URL']}/sign-in/ended"
    try:
        there = provider and providers().end_session_url(provider, return_to=ended)
    except SignInRefused:  # signed out here in any case
        there = None
    return there or ended


@blp.get("/sign-in/ended")
def ended() -> Response:
    """Where a provider sends the browser after it signed out."""
    return page("notice", heading="You are signed out", said="You can close this page.")


def current_visitor(session: Session, tenant_id: UUID) -> Visitor | None:
    """Whoever the browser is signed in as, if in this tenant."""
    signed_in = cookies.session_in(request)
    if signed_in is None or signed_in[0] != tenant_id:
        return None
    return sign_in.visitor(session, signed_in[1])


def provider_of(session: Session, connection: Connection | None) -> Provider:
    """The provider of a connection, or the platform's. Raises Conflict if there is none."""
    public = current_app.config["PUBLIC_URL"]
    if connection is not None:
        return Provider(
            connection.issuer,
            connection.client_id,
            secret_of(session, connection),
            f"{public}/sign-in/callbacks/{connection.tenant_id.hex}_{connection.id.hex}",
            tuple(connection.scopes),
        )
    own = settings()
    if not own.platform_issuer:
        raise Conflict("This deployment has no personal sign-in.", code="no_platform_connection")
    callback = f"{public}/sign-in/callbacks/platform"
    return Provider(own.platform_issuer, own.platform_client_id, own.platform_client_secret, callback)


def settings() -> Settings:
    """This deployment's."""
    found: Settings = current_app.extensions["settings"]
    return found


def providers() -> Providers:
    """What this process knows of providers."""
    found: Providers = current_app.extensions["providers"]
    return found


def _connection_id(named: str, tenant_id: UUID | None) -> UUID:
    tenant, _, connection = named.partition("_")
    if tenant_id is None or tenant != tenant_id.hex or not re.fullmatch("[0-9a-f]{32}", connection):
        raise SignInRefused("This sign-in was begun elsewhere.", code="unknown_state")
    return UUID(hex=connection)


def _return_to() -> str:
    asked = request.args.get("return_to", "/account")
    return asked if _INSIDE.fullmatch(asked) else "/account"


def _see(url: str) -> Response:
    return redirect(url, 303, Response=Response)  # type: ignore[return-value]
