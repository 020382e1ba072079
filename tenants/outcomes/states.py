"""The states that a product goes through: each is told with its day, and none is taken back."""

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, cast, func, select

from tenants.kernel.clock import latest_today
from tenants.kernel.errors import Invalid
from tenants.kernel.session import Session
from tenants.outcomes.kinds import first_state, kind_in, states_of
from tenants.outcomes.models import Product, ProductState

# Of what has no day told, the day on which it was.
_SINCE = func.coalesce(ProductState.date, cast(ProductState.created_at, Date))


def product_states(product_id: UUID) -> Select[Any]:
    """What a product went through, as far as the session sees the product."""
    return select(*ProductState.__table__.columns).where(ProductState.product_id == product_id)


def begin(session: Session, product: Product, state: str | None) -> None:
    """Note the state that a new product is in since its date: what is told, or what its kind says. Raises Invalid."""
    state = state or first_state(product.kind)
    if state is None:
        return
    _check(product, state)
    if kind_in(product.kind, state) != product.kind:
        raise Invalid.field("/state", "not_allowed", f"A {product.kind} does not begin as {state}.")
    product.state = state
    session.add(ProductState(product_id=product.id, state=state, date=product.date))
    session.flush()


def follow_kind(session: Session, product: Product) -> None:
    """Once its kind was changed: the state that the new kind says, unless the last one fits it."""
    kind, state = product.kind, product.state
    if state in states_of(kind) and kind_in(kind, str(state)) == kind:
        return
    product.state = first_state(kind)
    if product.state is not None:
        session.add(ProductState(product_id=product.id, state=product.state))


def enter_state(session: Session, product: Product, *, state: str, date: dt.date | None) -> ProductState:
    """Note that a product came into a state on a day. It is in the one of the latest day, and of one day in the one
    that was told last; a proposal's kind follows.

    Raises Invalid for a state that its kind does not have, and for a day to come.
    """
    _check(product, state)
    if date is not None and date > latest_today():
        raise Invalid.field("/date", "in_future", "Say what has happened.")
    entered = ProductState(product_id=product.id, state=state, date=date)
    session.add(entered)
    session.flush()
    product.state = _last(session, product)
    product.kind = kind_in(product.kind, product.state)
    return entered


def take_over(session: Session, product: Product, states: Iterable[tuple[str, dt.date | None]]) -> None:
    """Note what another told of the same product as well. Its kind stays, and its state unless a later one fits it."""
    session.add_all(ProductState(product_id=product.id, state=state, date=date) for state, date in states)
    session.flush()
    last = _last(session, product)
    if kind_in(product.kind, last) == product.kind:
        product.state = last


def _last(session: Session, product: Product) -> str:
    states = select(ProductState.state).where(ProductState.product_id == product.id)
    return session.scalars(states.order_by(_SINCE.desc(), ProductState.id.desc()).limit(1)).one()


def _check(product: Product, state: str) -> None:
    possible = states_of(product.kind)
    if state not in possible:
        words = f"one of: {', '.join(possible)}" if possible else "none"
        raise Invalid.field("/state", "not_allowed", f"A {product.kind} has {words}.")
