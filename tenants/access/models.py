"""API clients and the tokens they hold. Secrets are kept as hashes only."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Created, Edited, TenantRow, belongs_to, one_of
from tenants.kernel.ids import bearer

CLIENT_PREFIX, SECRET_PREFIX, TOKEN_PREFIX = "plc", "pls", "plt"


class Client(Edited, TenantRow):
    """A program that calls the API for this tenant."""

    __tablename__ = "client"
    __table_args__ = (one_of("state", ("active", "revoked")),)

    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")
    grant_types: Mapped[list[str]]
    redirect_uris: Mapped[list[str]]
    scopes: Mapped[list[str]]
    secret_hash: Mapped[bytes]

    @property
    def client_id(self) -> str:
        """The OAuth client_id: public, and it says its tenant."""
        return bearer(CLIENT_PREFIX, self.tenant_id, self.id.hex)


class AccessToken(Created, TenantRow):
    """An opaque bearer token: bound to tenant, client, scopes and (once people sign in) a membership."""

    __tablename__ = "access_token"
    __table_args__ = (
        UniqueConstraint("tenant_id", "hash"),
        belongs_to("client"),
        belongs_to("membership"),
        Index("ix_access_token_client", "tenant_id", "client_id"),
        Index("ix_access_token_expires_at", "expires_at"),
    )

    hash: Mapped[bytes]
    client_id: Mapped[UUID]
    membership_id: Mapped[UUID | None]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime]
