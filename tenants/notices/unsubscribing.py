"""Turning a kind of letter off from within one, without signing in (RFC 8058).

The secret in a letter is the only proof that is asked for. It is made from the product's key, the membership and the
kind, so that each letter of a kind holds the same one and no letter needs a row of its own; what can be known of it is
in the database as a hash, so that it works on when the key has changed.
"""

import hmac
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tenants.kernel.errors import NotFound
from tenants.kernel.ids import bearer, digest, new_id
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.notices.models import UnsubscribeLink
from tenants.notices.preferences import turn_off

PREFIX = "uns"


def unsubscribe_url(session: Session, settings: Settings, *, membership_id: UUID, kind: str) -> str:
    """The address, for a letter of this kind to somebody, at which it is turned off."""
    said = f"unsubscribe\n{session.tenant_id}\n{membership_id}\n{kind}"
    secret = hmac.digest(settings.secret_key[0].encode(), said.encode(), "sha256").hex()
    token = bearer(PREFIX, session.tenant_id, secret)
    row = insert(UnsubscribeLink).values(
        tenant_id=session.tenant_id,
        id=new_id(),
        membership_id=membership_id,
        kind=kind,
        hash=digest(token),
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["tenant_id", "hash"]))
    return f"{settings.public_url}/unsubscribe/{token}"


def kind_of(session: Session, token: str) -> str:
    """What a link turns off. Raises NotFound."""
    return _link(session, token).kind


def unsubscribe(session: Session, token: str) -> str:
    """Turn off what a link is for, and nothing else; the session becomes hers. Which kind that was. Raises NotFound."""
    link = _link(session, token)
    session.identify(membership_id=link.membership_id, person_id=None)
    turn_off(session, link.kind)
    return link.kind


def _link(session: Session, token: str) -> UnsubscribeLink:
    found = session.scalar(select(UnsubscribeLink).where(UnsubscribeLink.hash == digest(token)))
    if found is None:
        raise NotFound("link")
    return found
