"""Questions that a program loads: each version as it was loaded, for good, with what it may be used under."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError

from tenants.cohorts.models import Program
from tenants.kernel import events
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.support.items import LEAST_SPAN, OURS, Item, check_items, item_of
from tenants.support.models import Instrument
from tenants.support.scales import Scale, check_scales, scale_of


def load_instrument(
    session: Session, *, program_id: UUID, items: Sequence[Item], scales: Sequence[Scale] = (), **told: Any
) -> Instrument:
    """Load a version of an instrument. Raises NotFound, Invalid for items that cannot be asked or scales that cannot be
    computed, and Conflict "exists".

    Check-ins ask the last version of each key, from the next window on that is not fixed. What they ask keeps its key.
    """
    row_of(session, Program, program_id)
    whole = [item_of(**item) for item in items]
    check_items(whole, in_check_ins=told["in_check_ins"])
    scored = [scale_of(**scale) for scale in scales]
    check_scales(whole, scored)
    if told["in_check_ins"]:
        _refuse_under_other_keys(session, program_id, told["key"], whole)
    instrument = Instrument(program_id=program_id, items=whole, scales=scored, **told)
    session.add(instrument)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("This version of the instrument has been loaded.", code="exists") from error
    events.record(session, "instrument.loaded", subject=instrument, counts={"items": len(items)})
    return instrument


def instruments(program_id: UUID) -> Select[Any]:
    """What a program has loaded, version by version."""
    return select(*Instrument.__table__.columns).where(Instrument.program_id == program_id)


def _refuse_under_other_keys(session: Session, program_id: UUID, key: str, items: Sequence[Item]) -> None:
    """Of one question under two keys two bands could be told, which are compared with each other by nobody."""
    known = {plain(item["text"]): item["key"] for item in OURS}
    loaded = select(Instrument.key, Instrument.items).where(
        Instrument.program_id == program_id, Instrument.in_check_ins
    )
    for row in session.execute(loaded):
        known |= {plain(item["text"]): f"{row.key}.{item['key']}" for item in row.items}
    broken = list[FieldError]()
    for place, item in enumerate(items):
        here = f"{key}.{item['key']}"
        if (other := known.setdefault(plain(item["text"]), here)) != here:
            said = f"Check-ins ask this under the key {other}."
            broken.append(FieldError(f"/items/{place}/text", "repeated", said))
    if broken:
        raise Invalid(*broken)


def plain(words: str) -> str:
    """A question without what does not make it another one: its spaces and letter case."""
    return " ".join(words.split()).casefold()


def asked_in(session: Session, *, program_id: UUID) -> list[Item]:
    """The items of the last version of each instrument that check-ins ask, their keys after the instrument's."""
    rows = (
        select(Instrument.key, Instrument.in_check_ins, Instrument.items)
        .where(Instrument.program_id == program_id)
        .ext(distinct_on(Instrument.key))
        .order_by(Instrument.key, Instrument.id.desc())
    )
    return [
        {**item, "key": f"{row.key}.{item['key']}"}
        for row in session.execute(rows)
        if row.in_check_ins
        for item in row.items
        if item["kind"] != "scale" or item["most"] - item["least"] >= LEAST_SPAN
    ]
