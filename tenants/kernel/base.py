"""What every table shares: the tenant leads each key, and rows that are edited carry a version."""

from collections.abc import Iterable, Set
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKeyConstraint, Integer, MetaData, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from tenants.kernel.clock import now
from tenants.kernel.ids import new_id


class Base(DeclarativeBase):
    """All tables, with names for constraints that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
        list[str]: ARRAY(Text()),
        list[int]: ARRAY(Integer()),
    }


class TenantRow(Base):
    """A row of one tenant. `tenant_id` is filled in from the session at flush."""

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-2)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-1)


class Created:
    """When the row was made."""

    created_at: Mapped[datetime] = mapped_column(default=now, server_default=func.now(), sort_order=90)


class Versioned:
    """A row whose `version` is its ETag and guards every UPDATE."""

    version: Mapped[int] = mapped_column(server_default="1", default=1, sort_order=92)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"version_id_col": cls.version}


class Edited(Versioned, Created):
    """A row that callers edit."""

    updated_at: Mapped[datetime] = mapped_column(
        default=now, onupdate=now, server_default=func.now(), sort_order=91
    )


def belongs_to(
    table: str, column: str | None = None, *, on_delete: str | None = None
) -> ForeignKeyConstraint:
    """A foreign key that cannot leave the tenant: (tenant_id, `column`) -> `table`(tenant_id, id)."""
    return ForeignKeyConstraint(
        ["tenant_id", column or f"{table}_id"], [f"{table}.tenant_id", f"{table}.id"], ondelete=on_delete
    )


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """Text with a CHECK rather than an enum type, whose operators row security keeps from indexes."""
    return CheckConstraint(f"{column} IN ({listed(values)})", name=column)


def listed(values: Iterable[str]) -> str:
    """Words as SQL constants, in the order given or, for a set, in their own."""
    words = sorted(values) if isinstance(values, Set) else values
    return ", ".join(f"'{word}'" for word in words)
