"""Trying a connection out before it is switched on: a signed link, good for an hour and for this version of it."""

from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from tenants.access.models import Connection
from tenants.kernel.errors import NotFound
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session

A_WHILE_SECONDS = 3600


def trial_url(slug: str, connection: Connection) -> str:
    """The page on which somebody signs in for a test."""
    trial = _signer().dumps([str(connection.id), connection.version])
    return f"{current_app.config['PUBLIC_URL']}/sign-in/{slug}/{connection.id}?trial={trial}"


def connection_on_trial(session: Session, connection_id: UUID, trial: str) -> Connection:
    """The connection that a link was made for. Raises NotFound for a forged or old one, and after a change."""
    connection = row_of(session, Connection, connection_id)
    try:
        signed = _signer().loads(trial, max_age=A_WHILE_SECONDS)
    except BadSignature as error:
        raise NotFound("test") from error
    if signed != [str(connection.id), connection.version]:
        raise NotFound("test")
    return connection


def _signer() -> URLSafeTimedSerializer:
    keys = [
        *current_app.config["SECRET_KEY_FALLBACKS"],
        current_app.config["SECRET_KEY"],
    ]  # the last one signs
    return URLSafeTimedSerializer(keys, salt="connection-trial")
