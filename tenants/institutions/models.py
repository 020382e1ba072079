"""The tenant itself."""

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel.base import Base, Edited, one_of
from tenants.kernel.ids import new_id

SLUG = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
KINDS = ("institution", "funder", "society")


LEAST_THRESHOLD, MOST_THRESHOLD = 10, 100


class Tenant(Edited, Base):
    """An institution, funder or society. A global table: its policy compares `id`.

    `disclosure_threshold`: counts from 1 up to it never leave.
    """

    __tablename__ = "tenant"
    __table_args__ = (
        one_of("kind", KINDS),
        one_of("state", ("open", "suspended")),
        CheckConstraint(f"slug ~ '{SLUG}'", name="slug"),
        CheckConstraint(
            f"disclosure_threshold BETWEEN {LEAST_THRESHOLD} AND {MOST_THRESHOLD}",
            name="disclosure_threshold",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    disclosure_threshold: Mapped[int] = mapped_column(
        default=LEAST_THRESHOLD, server_default=str(LEAST_THRESHOLD)
    )
