"""Signing in and out with a browser: choosing a provider, going there, coming back."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Response, request

from api.auth import cookies
from api.auth.oidc import Secrets, SignInRefused
from api.auth.pages import blueprint, page, see
from api.auth.trial import connection_on_trial
from api.auth.visiting import current_visitor, provider_of, providers, settings
from api.serving import database
from tenants.access import joining, sign_in
from tenants.access.connections import CALLBACKS, connection_usable, record_test
from tenants.access.models import STATE_PREFIX, Connection, SignInAttempt
from tenants.access.rules import refuse_unwelcome, roles_said
from tenants.access.sign_in import SignedIn, Visitor
from tenants.kernel.errors import DomainError, Forbidden, NotFound
from tenants.kernel.ids import tenant_of
from tenants.kernel.permissions import Role
from tenants.kernel.session import Session
from tenants.people.invitations import invitation_named
from tenants.people.models import Membership

blp = blueprint("sign_in")
PERSONAL = "personal"
_INSIDE = re.compile(r"/(oauth/authorize\?[!-~]*|account)")


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
        trial = request.args.get("trial")
        if connection_id and trial:
            on_trial = connection_on_trial(session, connection_id, trial)
            return _sent(session, on_trial, purpose="test", return_to=request.full_path)
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
    """Whoever wants to add a personal sign-in to the membership that she is signed in as, and said so on our page:
    led here by another, with a provider that knows her as somebody else, she would give herself away for good.
    """
    visiting = current_visitor(session, tenant_id)
    signed_in = cookies.session_in(request)
    if visiting is None or visiting.membership_id is None or signed_in is None:
        raise Forbidden("Sign in first.", code="not_signed_in")
    if cookies.is_forged(request, signed_in[1]):
        raise Forbidden("This link is not from here.", code="forged_form")
    return visiting


def _sent(session: Session, connection: Connection | None, *, purpose: str, **more: Any) -> Response:
    """Begin an attempt, and send the browser to its provider."""
    browser = cookies.browser_in(request) or cookies.new_browser()
    connection_id = connection.id if connection else None
    state = sign_in.begin(session, browser=browser, connection_id=connection_id, purpose=purpose, **more)
    provider = provider_of(session, connection)
    session.commit()
    secrets = Secrets(state, browser)
    return cookies.keep_browser(see(providers().authorization_url(provider, secrets)), browser)


@blp.get(f"{CALLBACKS}/platform", defaults={"connection": None})
@blp.get(f"{CALLBACKS}/<connection>")
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
        found = _asked(session, attempt, connection_id)
        provider = provider_of(session, found)
        session.commit()
    try:
        claims = providers().claims(provider, Secrets(state, browser), request.args)
        refuse_unwelcome(found.rules if found else {}, claims)
        who = SignedIn(connection_id, provider.issuer, claims["sub"])
        return _welcomed(tenant_id, attempt, who, roles_said(found.rules, claims) if found else frozenset())
    except DomainError as refused:
        with database().tenant(tenant_id) as session:
            sign_in.record_refusal(session, connection_id=connection_id, code=refused.code)
            session.commit()
        raise


def _asked(session: Session, attempt: SignInAttempt, connection_id: UUID | None) -> Connection | None:
    """The connection whose provider was asked: one in use, or on trial still as it was then."""
    if connection_id is None:
        return None
    if attempt.purpose != "test":
        return connection_usable(session, connection_id)
    return connection_on_trial(session, connection_id, attempt.return_to.partition("trial=")[2])


def _welcomed(tenant_id: UUID, attempt: SignInAttempt, who: SignedIn, roles: frozenset[Role]) -> Response:
    """What follows from a sign-in that holds, and gives these roles."""
    with database().tenant(tenant_id) as session:
        sign_in.refuse_closed_tenant(session)
        if attempt.purpose == "test" and who.connection_id is not None:
            name = record_test(session, connection_id=who.connection_id).name
            session.commit()
            return page("notice", heading=f"{name} works", said="It can be switched on now.")
        if attempt.purpose == "link":
            return _linked(session, tenant_id, attempt, who)
        known = sign_in.membership_of(session, who)
        if known is None and attempt.invitation_id is None:
            raise Forbidden("You are not a member here. Ask for an invitation.", code="not_a_member")
        before = cookies.session_in(request)
        token = sign_in.open_session(
            session,
            who=who,
            roles=roles,
            invitation_id=None if known else attempt.invitation_id,
            replacing=before[1] if before and before[0] == tenant_id else None,
        )
        session.commit()
    return cookies.keep_session(see(attempt.return_to if known else "/sign-in/acceptance"), token)


def _linked(session: Session, tenant_id: UUID, attempt: SignInAttempt, who: SignedIn) -> Response:
    visiting = current_visitor(session, tenant_id)
    if visiting is None or visiting.session_id != attempt.session_id or visiting.membership_id is None:
        raise SignInRefused("This was begun in another session.", code="unknown_state")
    person_id = session.get_one(Membership, (tenant_id, visiting.membership_id)).person_id
    if person_id is None:
        raise NotFound("person")
    joining.link_personal(session, who=who, membership_id=visiting.membership_id, person_id=person_id)
    session.commit()
    return see("/account")


def _connection_id(named: str, tenant_id: UUID | None) -> UUID:
    tenant, _, connection = named.partition("_")
    if tenant_id is None or tenant != tenant_id.hex or not re.fullmatch("[0-9a-f]{32}", connection):
        raise SignInRefused("This sign-in was begun elsewhere.", code="unknown_state")
    return UUID(hex=connection)


def _return_to() -> str:
    asked = request.args.get("return_to", "/account")
    return asked if _INSIDE.fullmatch(asked) else "/account"
