"""People, as lists show them."""

from typing import Any

from sqlalchemy import Select, func, select

from tenants.people.models import Membership

NAME = func.coalesce(Membership.chosen_name, Membership.name).label("name")
EMAIL = func.coalesce(Membership.chosen_email, Membership.email).label("email")
"""What somebody says of herself outranks the roster."""


def people(*, external_id: str | None = None, joined: bool | None = None) -> Select[Any]:
    """The tenant's people, with the name and address that go for each."""
    columns: tuple[Any, ...] = (
        Membership.id,
        Membership.external_id,
        NAME,
        EMAIL,
        Membership.person_id.is_not(None).label("joined"),
        Membership.created_at,
        Membership.updated_at,
        Membership.version,
    )
    rows = select(*columns)
    if external_id is not None:
        rows = rows.where(Membership.external_id == external_id)
    return rows if joined is None else rows.where(Membership.person_id.is_not(None) == joined)
