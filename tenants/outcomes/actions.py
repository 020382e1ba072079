"""Recording what came out: products, and events of a career."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Invalid, NotFound
from tenants.kernel.rows import Version, broken_rule, edited, row_named, row_of
from tenants.kernel.session import Session
from tenants.outcomes.models import CareerEvent, Product, ProductContributor
from tenants.outcomes.rules import (
    BrokenRule,
    broken_rules_of_career_event,
    broken_rules_of_product,
    canonical_career_event,
    canonical_product,
    career_event_key,
    product_key,
)
from tenants.people.models import Membership

PRODUCT_FIELDS = ("kind", "title", "date", "doi", "pmid", "project_number", "visibility")
CAREER_EVENT_FIELDS = (
    "kind",
    "code",
    "date",
    "until",
    "sample",
    "before_first_k",
    "project_number",
    "visibility",
)


def create_product(session: Session, *, membership_ids: Sequence[UUID], **told: Any) -> Product:
    """Record a product. Raises Invalid, and Conflict "exists" if the tenant has it (`rules.product_key`)."""
    facts = product_facts({**dict.fromkeys(PRODUCT_FIELDS), "visibility": "program", **told})
    _check_memberships(session, membership_ids)
    product = Product(**facts)
    with new("product"):
        session.add(product)
        session.flush()
    _add_contributors(session, product.id, membership_ids)
    events.record(session, "product.created", subject=product)
    return product


def edit_product(
    session: Session, *, product_id: UUID, changes: dict[str, Any], if_match: Version
) -> Product:
    """Change a product; `membership_ids` replaces who is behind it. Raises as `create_product`."""
    product = tenants_product(session, product_id)
    if_match.check(product.version)
    if product.author_id is not None and changes.get("visibility") == "me":
        raise Invalid.field("/visibility", "not_yours", "Only who recorded this takes it back for herself.")
    told = {field: changes.get(field, getattr(product, field)) for field in PRODUCT_FIELDS}
    facts = product_facts(told)
    members_changed = "membership_ids" in changes and _replace_contributors(
        session, product, changes["membership_ids"]
    )
    changed = edited(product, facts, if_match=if_match)
    if members_changed:
        changed.append("membership_ids")
        product.updated_at = now()
    if changed:
        with new("product"):
            session.flush()
        events.record(session, "product.updated", subject=product, changed=public(changed))
    return product


def delete_product(session: Session, *, product_id: UUID, if_match: Version) -> None:
    """Remove a product. Raises NotFound and StaleVersion."""
    product = tenants_product(session, product_id)
    if_match.check(product.version)
    session.delete(product)
    events.record(session, "product.deleted", subject=product)


def tenants_product(session: Session, product_id: UUID) -> Product:
    """One that is the tenant's to change: none that a member keeps for herself. Raises NotFound."""
    product = row_of(session, Product, product_id)
    if product.author_id is not None and product.visibility == "me":
        raise NotFound("product")
    return product


def create_career_event(session: Session, *, membership_id: UUID, **told: Any) -> CareerEvent:
    """Record a career event. Raises Invalid, and Conflict "exists" (`rules.career_event_key`)."""
    row_named(session, Membership, membership_id, pointer="/membership_id")
    defaults = {**dict.fromkeys(CAREER_EVENT_FIELDS), "visibility": "program", "before_first_k": False}
    event = CareerEvent(membership_id=membership_id, **_career_event_facts({**defaults, **told}))
    with new("career event"):
        session.add(event)
        session.flush()
    events.record(session, "career_event.created", subject=event)
    return event


def edit_career_event(
    session: Session, *, career_event_id: UUID, changes: dict[str, Any], if_match: Version
) -> CareerEvent:
    """Change a career event; whose it is stays. Raises as `create_career_event`."""
    event = row_of(session, CareerEvent, career_event_id)
    if_match.check(event.version)
    told = {field: changes.get(field, getattr(event, field)) for field in CAREER_EVENT_FIELDS}
    changed = edited(event, _career_event_facts(told), if_match=if_match)
    if changed:
        with new("career event"):
            session.flush()
        events.record(session, "career_event.updated", subject=event, changed=public(changed))
    return event


def delete_career_event(session: Session, *, career_event_id: UUID, if_match: Version) -> None:
    """Remove a career event. Raises NotFound and StaleVersion."""
    event = row_of(session, CareerEvent, career_event_id)
    if_match.check(event.version)
    session.delete(event)
    events.record(session, "career_event.deleted", subject=event)


def product_facts(told: dict[str, Any]) -> dict[str, Any]:
    """The columns of a product that is told so. Raises Invalid."""
    product = canonical_product(told)
    _refuse(broken_rules_of_product(product))
    return {**product, "natural_key": product_key(product)}


def _career_event_facts(told: dict[str, Any]) -> dict[str, Any]:
    event = canonical_career_event(told)
    _refuse(broken_rules_of_career_event(event))
    return {**event, "natural_key": career_event_key(event)}


def _refuse(broken: Iterable[BrokenRule]) -> None:
    errors = [FieldError(f"/{rule.field}", rule.code, rule.message) for rule in broken]
    if errors:
        raise Invalid(*errors)


@contextmanager
def new(what: str) -> Iterator[None]:
    """Turn a natural key that is taken, even by a request at the same moment, into a Conflict."""
    try:
        yield
    except IntegrityError as error:
        if not broken_rule(error).endswith("natural_key"):
            raise
        raise Conflict(f"This {what} is recorded already.", code="exists") from error


def _check_memberships(session: Session, membership_ids: Sequence[UUID]) -> None:
    known = set(session.scalars(select(Membership.id).where(Membership.id.in_(membership_ids))))
    unknown = [
        FieldError(f"/membership_ids/{place}", "unknown", "There is no such membership.")
        for place, membership_id in enumerate(membership_ids)
        if membership_id not in known
    ]
    if unknown:
        raise Invalid(*unknown)


def _add_contributors(session: Session, product_id: UUID, membership_ids: Iterable[UUID]) -> None:
    rows = [
        {"tenant_id": session.tenant_id, "product_id": product_id, "membership_id": membership_id}
        for membership_id in sorted(set(membership_ids))
    ]
    session.execute(insert(ProductContributor).on_conflict_do_nothing(), rows)


def _replace_contributors(session: Session, product: Product, membership_ids: Sequence[UUID]) -> bool:
    """Whether anybody came or went."""
    _check_memberships(session, membership_ids)
    of_product = ProductContributor.product_id == product.id
    before = set(session.scalars(select(ProductContributor.membership_id).where(of_product)))
    gone, come = before - set(membership_ids), set(membership_ids) - before
    if gone:
        session.execute(
            delete(ProductContributor).where(of_product, ProductContributor.membership_id.in_(gone))
        )
    if come:
        _add_contributors(session, product.id, come)
    return bool(gone or come)


def public(changed: Iterable[str]) -> list[str]:
    """The names among them that a resource has."""
    return [name for name in changed if name != "natural_key"]
