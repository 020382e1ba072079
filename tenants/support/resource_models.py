"""The shelf of a group, and those of the tenant and of all tenants, where a member put a copy."""

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from tenants.groups.private import Written, of_group_and_author
from tenants.kernel.base import Created, TenantRow, Versioned, belongs_to, one_of

KINDS = (
    "past_grant", "application", "template", "guidance", "policy", "protocol", "dataset", "slides", "other",
)  # fmt: skip
SCOPES = ("tenant", "network")


class Resource(Written, Versioned, TenantRow):
    """A link or a file that a member put on her group's shelf. Its words, and the key of its file, are the group's."""

    __tablename__ = "resource"
    __table_args__ = (
        *of_group_and_author(),
        belongs_to("kept_file", "file_id"),
        Index("ix_resource_group", "tenant_id", "group_id", "id"),
        Index("ix_resource_author", "tenant_id", "author_id"),
        Index("ix_resource_file", "tenant_id", "file_id", unique=True),
        one_of("kind", KINDS),
    )

    kind: Mapped[str]
    as_of: Mapped[date | None]
    encrypted_title: Mapped[bytes]
    encrypted_licence: Mapped[bytes]
    encrypted_url: Mapped[bytes | None]
    encrypted_note: Mapped[bytes | None]
    encrypted_file_name: Mapped[bytes | None]
    file_id: Mapped[UUID | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    encrypted_sha256: Mapped[bytes | None]
    encrypted_file_key: Mapped[bytes | None]


class SharedResource(Created, TenantRow):
    """A copy on the tenant's shelf, without the group. It goes when its author takes it back, or the resource goes.

    `membership_id` is the author, if she wants to be named. The key of the file is the tenant's here.
    """

    __tablename__ = "shared_resource"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "resource_id"], ["resource.tenant_id", "resource.id"], ondelete="CASCADE"
        ),
        belongs_to("membership"),
        belongs_to("kept_file", "file_id"),
        UniqueConstraint("tenant_id", "resource_id"),
        Index("ix_shared_resource_file", "tenant_id", "file_id", unique=True),
        one_of("kind", KINDS),
        one_of("scope", SCOPES),
    )

    resource_id: Mapped[UUID]
    membership_id: Mapped[UUID | None]
    scope: Mapped[str]
    kind: Mapped[str]
    as_of: Mapped[date | None]
    title: Mapped[str]
    licence: Mapped[str]
    url: Mapped[str | None]
    note: Mapped[str | None]
    file_name: Mapped[str | None]
    file_id: Mapped[UUID | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    encrypted_file_key: Mapped[bytes | None]


class NetworkResource(TenantRow):
    """A link that its author shows every tenant of this deployment. It goes with the copy of the same id."""

    __tablename__ = "network_resource"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "id"], ["shared_resource.tenant_id", "shared_resource.id"], ondelete="CASCADE"
        ),
        Index("ix_network_resource_id", "id"),
        one_of("kind", KINDS),
    )

    institution: Mapped[str]
    owner_name: Mapped[str | None]
    kind: Mapped[str]
    as_of: Mapped[date | None]
    title: Mapped[str]
    licence: Mapped[str]
    url: Mapped[str]
    note: Mapped[str | None]
    shared_on: Mapped[date] = mapped_column(server_default=func.current_date())
