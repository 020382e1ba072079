"""Which organization a printed name means, asked of the registry that was loaded."""

from collections.abc import Collection

from sqlalchemy import select

from tenants.kernel.session import Session
from tenants.outcomes.organizations.choosing import (
    NOWHERE,
    Candidate,
    Organization,
    Place,
    candidates,
    chosen,
    keys_asked,
)
from tenants.outcomes.organizations.models import RegisteredOrganization

MOST_CANDIDATES = 10


def candidates_for(session: Session, *, printed: str, place: Place = NOWHERE) -> list[Candidate]:
    """The organizations that a printed name or affiliation may mean, the surest first; at most one is chosen."""
    return candidates(printed, _with_keys(session, keys_asked(printed)), place)[:MOST_CANDIDATES]


def resolved(session: Session, *, printed: Collection[str]) -> dict[str, str]:
    """The ids of the organizations that printed names mean, by name, where it is certain enough; in one query."""
    found = _with_keys(session, {key for each in printed for key in keys_asked(each)})
    by_key: dict[str, list[Organization]] = {}
    for organization in found:
        for key in organization.keys:
            by_key.setdefault(key, []).append(organization)
    told = {each: chosen(each, by_key) for each in printed}
    return {each: id_ for each, id_ in told.items() if id_ is not None}


def _with_keys(session: Session, keys: Collection[str]) -> list[Organization]:
    row = RegisteredOrganization
    columns = (row.id, row.name, row.keys, row.city, row.region, row.country_code)
    rows = session.execute(select(*columns).where(row.keys.overlap(list(keys)))) if keys else ()
    return [
        Organization(each.id, each.name, frozenset(each.keys), each.city, each.region, each.country_code)
        for each in rows
    ]
