"""The registry's organizations: of no tenant, read by all."""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Base


class RegisteredOrganization(Base):
    """One organization of ROR's. Its id is ROR's own, such as https://ror.org/02mhbdp94."""

    __tablename__ = "registered_organization"
    __table_args__ = (Index("ix_registered_organization_keys", "keys", postgresql_using="gin"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    city: Mapped[str | None]
    region: Mapped[str | None]
    country_code: Mapped[str | None]
    keys: Mapped[list[str]]
    """What `naming.keys_of` makes of its names."""
