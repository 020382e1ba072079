"""Who a browser is signed in as, and the providers that it can be sent to."""

from uuid import UUID

from flask import current_app, request

from api.auth import cookies
from api.auth.oidc import Provider, Providers
from tenants.access import sign_in
from tenants.access.connections import CALLBACKS, redirect_uri, secret_of
from tenants.access.models import Connection
from tenants.access.sign_in import Visitor
from tenants.kernel.errors import Conflict
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings


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
            redirect_uri(public, connection),
            tuple(connection.scopes),
        )
    own = settings()
    if not own.platform_issuer:
        raise Conflict("This deployment has no personal sign-in.", code="no_platform_connection")
    callback = f"{public}{CALLBACKS}/platform"
    return Provider(own.platform_issuer, own.platform_client_id, own.platform_client_secret, callback)


def settings() -> Settings:
    """This deployment's."""
    found: Settings = current_app.extensions["settings"]
    return found


def providers() -> Providers:
    """What this process knows of providers."""
    found: Providers = current_app.extensions["providers"]
    return found
