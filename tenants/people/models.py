"""People: what a tenant knows of somebody, and the person behind it."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Base, Edited, TenantRow
from tenants.kernel.ids import new_id


class Person(Base):
    """Somebody who signs in. An id and nothing personal; made at first sign-in, never by an import."""

    __tablename__ = "person"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Membership(Edited, TenantRow):
    """The tenant's own record of somebody; what every other table of the tenant refers to."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("tenant_id", "external_id"),
        UniqueConstraint("tenant_id", "person_id"),
        Index("ix_membership_person_id", "person_id"),
    )

    person_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("person.id", deferrable=True, initially="DEFERRED")
    )
    external_id: Mapped[str]
    name: Mapped[str | None]
    email: Mapped[str | None]
    identifiers: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
