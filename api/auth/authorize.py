"""The authorization endpoint: a person decides whether a client may act for her."""

from typing import Any
from urllib.parse import urlencode

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from flask import Response, current_app, g, request

from api.auth import cookies
from api.auth.pages import blueprint, page, refusal, see
from api.auth.server import Issuer
from api.auth.visiting import current_visitor
from api.serving import database
from tenants.access.models import CLIENT_PREFIX, Client
from tenants.access.sign_in import Visitor, refuse_closed_tenant
from tenants.institutions.models import Tenant
from tenants.kernel.errors import Forbidden
from tenants.kernel.ids import tenant_of
from tenants.kernel.permissions import MEANING, Permission
from tenants.kernel.session import Session
from tenants.people.models import Membership

blp = blueprint("authorize")


@blp.get("/oauth/authorize")
def ask() -> Response:
    """Check the request, have the person sign in, and ask her."""
    return _answered(_page)


@blp.post("/oauth/authorize")
def decide() -> Response:
    """Hand out a code, or say that she does not want to."""
    return _answered(_decision)


def _answered(answer: Any) -> Response:
    """In a session of the tenant that the client names: refuse what is no sound request, then ask who is here."""
    tenant_id = tenant_of(request.args.get("client_id", ""), CLIENT_PREFIX)
    if tenant_id is None:
        return refusal(400, "The program that sent you here is not known.")
    server: AuthorizationServer = current_app.extensions["oauth"]
    with database().tenant(tenant_id) as session:
        g.oauth_session = session
        tenant = refuse_closed_tenant(session)
        try:
            grant = server.get_consent_grant()
        except OAuth2Error as error:
            return _refused(server, error)
        visiting = current_visitor(session, tenant_id)
        if visiting is None or visiting.membership_id is None:
            here = f"/oauth/authorize?{request.query_string.decode('ascii', 'replace')}"
            return see(f"/sign-in/{tenant.slug}?{urlencode({'return_to': here})}")
        response: Response = answer(session, server, grant, visiting, tenant)
        session.commit()
    return response


def _page(
    session: Session, _: AuthorizationServer, grant: Any, visiting: Visitor, tenant: Tenant
) -> Response:
    client: Client = grant.client.row
    member = session.get_one(Membership, (tenant.id, visiting.membership_id))
    signed_in = cookies.session_in(request)
    assert signed_in is not None  # noqa: S101  somebody visits
    return page(
        "consent",
        form_goes_to=grant.redirect_uri,
        client=client.name,
        first_party=client.first_party,
        tenant=tenant.name,
        name=member.shown_name or member.external_id,
        meanings=[MEANING[Permission(scope)] for scope in grant.request.scope.split()],
        action=request.full_path,
        csrf_token=cookies.csrf_token(signed_in[1]),
    )


def _decision(
    session: Session, server: AuthorizationServer, grant: Any, visiting: Visitor, _: Tenant
) -> Response:
    signed_in = cookies.session_in(request)
    if signed_in is None or cookies.is_forged(request, signed_in[1]):
        raise Forbidden("This form is not from here.", code="forged_form")
    session.info["actor"] = f"membership:{visiting.membership_id}"
    allowed = request.form.get("decision") == "allow"
    response: Response = server.create_authorization_response(
        request=grant.request, grant_user=visiting if allowed else None, grant=grant
    )
    return response


def _refused(server: AuthorizationServer, error: OAuth2Error) -> Response:
    """To the client, where it is known to be the client's address; else to the person."""
    if not error.redirect_uri:
        return refusal(
            400, error.description or "The program that sent you here asked for something unsound."
        )
    response: Response = server.handle_error_response(None, error)
    Issuer().add_issuer_parameter(server, response)
    return response
