"""How callers are known: clients and what they hold, connections, identities and sessions.

Secrets are kept as hashes only, but for a connection's, which must be shown to its provider and is encrypted.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Base, Created, Edited, TenantRow, belongs_to, listed, one_of
from tenants.kernel.ids import bearer, new_id
from tenants.kernel.permissions import PRIVATE

CLIENT_PREFIX, SECRET_PREFIX, TOKEN_PREFIX = "plc", "pls", "plt"
CODE_PREFIX, REFRESH_PREFIX, SESSION_PREFIX, STATE_PREFIX = "plo", "plr", "plw", "pla"


class Client(Edited, TenantRow):
    """A program that calls the API: for this tenant or, with consent, for one of its people.

    A public client has no secret. One that is `first_party` is the product's own: it alone may be given what groups
    write. For a while the secret before the last rotation works as well.
    """

    __tablename__ = "client"
    __table_args__ = (
        one_of("state", ("active", "revoked")),
        CheckConstraint(f"first_party OR NOT scopes && ARRAY[{listed(PRIVATE)}]", name="private"),
        CheckConstraint(
            "secret_hash IS NOT NULL OR 'client_credentials' <> ALL (grant_types)", name="public"
        ),
    )

    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")
    first_party: Mapped[bool] = mapped_column(default=False)
    grant_types: Mapped[list[str]]
    redirect_uris: Mapped[list[str]]
    cors_origins: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    scopes: Mapped[list[str]]
    secret_hash: Mapped[bytes | None]
    old_secret_hash: Mapped[bytes | None]
    old_secret_until: Mapped[datetime | None]

    @property
    def client_id(self) -> str:
        """The OAuth client_id: public, and it says its tenant."""
        return bearer(CLIENT_PREFIX, self.tenant_id, self.id.hex)

    @property
    def public(self) -> bool:
        """Whether it can keep no secret and has none."""
        return self.secret_hash is None


class ClientAuthorization(Created, TenantRow):
    """What a person let a client do for her, once. Its codes and tokens are its family, and end with it."""

    __tablename__ = "client_authorization"
    __table_args__ = (
        belongs_to("client"),
        belongs_to("connection", on_delete="CASCADE"),
        belongs_to("membership", on_delete="CASCADE"),
        Index("ix_client_authorization_client", "tenant_id", "client_id"),
        Index("ix_client_authorization_membership", "tenant_id", "membership_id"),
        Index("ix_client_authorization_expires_at", "expires_at"),
    )

    client_id: Mapped[UUID]
    membership_id: Mapped[UUID]
    scopes: Mapped[list[str]]
    connection_id: Mapped[UUID | None]
    """Through which she had signed in; None is the platform's. What it led to is good while it may be used."""
    expires_at: Mapped[datetime]


class AuthorizationCode(Created, TenantRow):
    """A code on its way to its client, for a minute. Used ones stay as long: a second use ends the family."""

    __tablename__ = "authorization_code"
    __table_args__ = (
        UniqueConstraint("tenant_id", "hash"),
        belongs_to("client_authorization", "authorization_id", on_delete="CASCADE"),
        Index("ix_authorization_code_authorization", "tenant_id", "authorization_id"),
    )

    hash: Mapped[bytes]
    authorization_id: Mapped[UUID]
    redirect_uri: Mapped[str]
    code_challenge: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class RefreshToken(Created, TenantRow):
    """Good for one new pair of tokens. Used ones stay: a second use ends the family."""

    __tablename__ = "refresh_token"
    __table_args__ = (
        UniqueConstraint("tenant_id", "hash"),
        belongs_to("client_authorization", "authorization_id", on_delete="CASCADE"),
        Index("ix_refresh_token_authorization", "tenant_id", "authorization_id"),
    )

    hash: Mapped[bytes]
    authorization_id: Mapped[UUID]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccessToken(Created, TenantRow):
    """An opaque bearer token: bound to tenant, client and scopes and, by an authorization, to a membership."""

    __tablename__ = "access_token"
    __table_args__ = (
        UniqueConstraint("tenant_id", "hash"),
        belongs_to("client"),
        belongs_to("membership", on_delete="CASCADE"),
        belongs_to("client_authorization", "authorization_id", on_delete="CASCADE"),
        CheckConstraint("(membership_id IS NULL) = (authorization_id IS NULL)", name="on_behalf"),
        Index("ix_access_token_client", "tenant_id", "client_id"),
        Index("ix_access_token_authorization", "tenant_id", "authorization_id"),
        Index("ix_access_token_expires_at", "expires_at"),
    )

    hash: Mapped[bytes]
    client_id: Mapped[UUID]
    membership_id: Mapped[UUID | None]
    authorization_id: Mapped[UUID | None]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime]


class Connection(Edited, TenantRow):
    """An outside provider (OpenID Connect) that the tenant lets its people sign in with.

    `rules` say whom of those whom the provider names it lets in, and which claims give which roles. It is a draft
    until somebody has signed in through it for a test; then it can be switched on and, later, enforced.
    """

    __tablename__ = "connection"
    __table_args__ = (one_of("state", ("draft", "tested", "on", "enforced", "off")),)

    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="draft")
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[bytes]
    scopes: Mapped[list[str]]
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tested_at: Mapped[datetime | None]


class Identity(Created, TenantRow):
    """Who a connection's provider says that somebody is. An e-mail address never links anything."""

    __tablename__ = "identity"
    __table_args__ = (
        UniqueConstraint("tenant_id", "connection_id", "issuer", "subject"),
        belongs_to("connection", on_delete="CASCADE"),
        belongs_to("membership", on_delete="CASCADE"),
        Index("ix_identity_membership", "tenant_id", "membership_id"),
    )

    connection_id: Mapped[UUID]
    issuer: Mapped[str]
    subject: Mapped[str]
    membership_id: Mapped[UUID]


class PersonalIdentity(Created, Base):
    """Who the platform's own provider says that a person is, in every tenant: a hash of issuer and subject."""

    __tablename__ = "personal_identity"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)
    key: Mapped[bytes] = mapped_column(unique=True)
    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("person.id", deferrable=True, initially="DEFERRED"), index=True
    )


class SignInAttempt(Created, TenantRow):
    """A sign-in under way at a provider: known by its `state` and by the browser that began it.

    Without a connection it goes to the platform's. `invitation_id` is what the signed-in person wants to accept.
    """

    __tablename__ = "sign_in_attempt"
    __table_args__ = (
        UniqueConstraint("tenant_id", "state_hash"),
        belongs_to("connection", on_delete="CASCADE"),
        belongs_to("invitation", on_delete="CASCADE"),
        one_of("purpose", ("session", "test", "link")),
        Index("ix_sign_in_attempt_expires_at", "expires_at"),
    )

    state_hash: Mapped[bytes]
    browser_hash: Mapped[bytes]
    connection_id: Mapped[UUID | None]
    invitation_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    purpose: Mapped[str]
    return_to: Mapped[str]
    expires_at: Mapped[datetime]


class BrowserSession(Created, TenantRow):
    """Somebody signed in with a browser, through a connection that this tenant accepts; it opens this tenant only.

    Until she accepts an invitation it has no membership, but says who her provider says that she is.
    """

    __tablename__ = "browser_session"
    __table_args__ = (
        UniqueConstraint("tenant_id", "hash"),
        belongs_to("connection", on_delete="CASCADE"),
        belongs_to("membership", on_delete="CASCADE"),
        belongs_to("invitation", on_delete="CASCADE"),
        Index("ix_browser_session_membership", "tenant_id", "membership_id"),
        Index("ix_browser_session_expires_at", "expires_at"),
    )

    hash: Mapped[bytes]
    membership_id: Mapped[UUID | None]
    connection_id: Mapped[UUID | None]
    invitation_id: Mapped[UUID | None]
    issuer: Mapped[str]
    subject: Mapped[str]
    roles: Mapped[list[str]] = mapped_column(default=list, server_default="{}")
    """What her provider's claims gave her, for when she accepts."""
    expires_at: Mapped[datetime]
