"""Recording what came out: products, and events of a career."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Invalid, NotFound
from tenants.kernel.rows import Version, broken_rule, edited, row_named, row_of
from tenants.kernel.session import Session
from tenants.outcomes.contributors import add_contributors, check_memberships, replace_contributors
from tenants.outcomes.models import KEPT, CareerEvent, Product, ProductState
from tenants.outcomes.rules import (
    BrokenRule,
    broken_rules_of_career_event,
    broken_rules_of_product,
    canonical_career_event,
    canonical_product,
    career_event_key,
    product_key,
)
from tenants.outcomes.sameness import refuse_same
from tenants.outcomes.states import begin, enter_state, follow_kind
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


def create_product(
    session: Session, *, membership_ids: Sequence[UUID], state: str | None = None, **told: Any
) -> Product:
    """Record a product, in a state since its date. Raises Invalid, and Conflict "exists" if the tenant has it: by an
    identifier that both name, or as `rules.product_key` says.
    """
    facts = product_facts({**dict.fromkeys(PRODUCT_FIELDS), "visibility": "program", **told})
    check_memberships(session, membership_ids)
    refuse_same(session, facts)
    product = Product(**facts)
    with new("product"):
        session.add(product)
        session.flush()
    add_contributors(session, product, membership_ids)
    begin(session, product, state)
    events.record(session, "product.created", subject=product)
    return product


def edit_product(
    session: Session, *, product_id: UUID, changes: dict[str, Any], if_match: Version
) -> Product:
    """Change a product; `membership_ids` replaces who is behind it. Raises as `create_product`."""
    product = tenants_product(session, product_id)
    if_match.check(product.version)
    refuse_taking_back(product, changes)
    told = {field: changes.get(field, getattr(product, field)) for field in PRODUCT_FIELDS}
    facts = product_facts(told)
    refuse_same(session, facts, besides=product)
    members_changed = "membership_ids" in changes and replace_contributors(
        session, product, changes["membership_ids"]
    )
    changed = edited(product, facts, if_match=if_match)
    if "kind" in changed:
        follow_kind(session, product)
    if members_changed:
        changed.append("membership_ids")
        product.updated_at = now()
    if changed:
        with new("product"):
            session.flush()
        events.record(session, "product.updated", subject=product, changed=public(changed))
    return product


def refuse_taking_back(found: Product | CareerEvent, changes: dict[str, Any]) -> None:
    """Raise Invalid where a tenant would keep for a member alone what she lets it know."""
    if found.author_id is not None and changes.get("visibility") in KEPT:
        raise Invalid.field("/visibility", "not_yours", "Only who recorded this takes it back for herself.")


def record_state(
    session: Session, *, product_id: UUID, state: str, date: dt.date | None = None
) -> ProductState:
    """Note that a product came into a state. Raises NotFound, as `states.enter_state`, and Conflict "exists" where the
    tenant has what a proposal becomes.
    """
    product = tenants_product(session, product_id)
    kind = product.kind
    entered = enter_state(session, product, state=state, date=date)
    if product.kind != kind:
        facts = product_facts({field: getattr(product, field) for field in PRODUCT_FIELDS})
        refuse_same(session, facts, besides=product)
        product.natural_key = facts["natural_key"]
    product.updated_at = now()
    with new("product"):
        session.flush()
    events.record(session, "product.updated", subject=product, changed=["state"])
    return entered


def delete_product(session: Session, *, product_id: UUID, if_match: Version) -> None:
    """Remove a product. Raises NotFound and StaleVersion."""
    product = tenants_product(session, product_id)
    if_match.check(product.version)
    session.delete(product)
    events.record(session, "product.deleted", subject=product)


def tenants_product(session: Session, product_id: UUID) -> Product:
    """One that is the tenant's to change: none that a member keeps. Raises NotFound."""
    product = row_of(session, Product, product_id)
    if product.author_id is not None and product.visibility in KEPT:
        raise NotFound("product")
    return product


def create_career_event(session: Session, *, membership_id: UUID, **told: Any) -> CareerEvent:
    """Record a career event. Raises Invalid, and Conflict "exists" (`rules.career_event_key`)."""
    row_named(session, Membership, membership_id, pointer="/membership_id")
    defaults = {**dict.fromkeys(CAREER_EVENT_FIELDS), "visibility": "program", "before_first_k": False}
    event = CareerEvent(membership_id=membership_id, **career_event_facts({**defaults, **told}))
    with new("career event"):
        session.add(event)
        session.flush()
    events.record(session, "career_event.created", subject=event)
    return event


def edit_career_event(
    session: Session, *, career_event_id: UUID, changes: dict[str, Any], if_match: Version
) -> CareerEvent:
    """Change a career event; whose it is stays. Raises as `create_career_event`."""
    event = tenants_career_event(session, career_event_id)
    if_match.check(event.version)
    refuse_taking_back(event, changes)
    told = {field: changes.get(field, getattr(event, field)) for field in CAREER_EVENT_FIELDS}
    changed = edited(event, career_event_facts(told), if_match=if_match)
    if changed:
        with new("career event"):
            session.flush()
        events.record(session, "career_event.updated", subject=event, changed=public(changed))
    return event


def delete_career_event(session: Session, *, career_event_id: UUID, if_match: Version) -> None:
    """Remove a career event. Raises NotFound and StaleVersion."""
    event = tenants_career_event(session, career_event_id)
    if_match.check(event.version)
    session.delete(event)
    events.record(session, "career_event.deleted", subject=event)


def tenants_career_event(session: Session, career_event_id: UUID) -> CareerEvent:
    """One that is the tenant's to see: none that a member keeps for herself. Raises NotFound."""
    event = row_of(session, CareerEvent, career_event_id, "career event")
    if event.author_id is not None and event.visibility in KEPT:
        raise NotFound("career event")
    return event


def product_facts(told: dict[str, Any]) -> dict[str, Any]:
    """The columns of a product that is told so. Raises Invalid."""
    product = canonical_product(told)
    _refuse(broken_rules_of_product(product))
    return {**product, "natural_key": product_key(product)}


def career_event_facts(told: dict[str, Any]) -> dict[str, Any]:
    """The columns of a career event that is told so. Raises Invalid."""
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


def public(changed: Iterable[str]) -> list[str]:
    """The names among them that a resource has."""
    return [name for name in changed if name != "natural_key"]
