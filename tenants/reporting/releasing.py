"""From exact tables to what may leave: protected, then attacked by the auditor. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from tenants.reporting.audit.auditing import audit
from tenants.reporting.audit.ranges import Unfinished
from tenants.reporting.audit.reading import Contradiction
from tenants.reporting.lifting import lifted, lifted_counts, lifted_table, lowered
from tenants.reporting.standing import last_shown, standing
from tenants.reporting.suppression.model import (
    NOT_SHOWN,
    ImpossibleTables,
    Key,
    Ledger,
    Printed,
    Release,
    release_from,
)
from tenants.reporting.suppression.protecting import protect
from tenants.reporting.suppression.solving import UnsolvedProgram
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import YES, CountTable, said_of_table, table_from

SAME_ROWS = "same_rows"
"""Why nothing new is told of rows that are in an earlier pool as they are, beside others."""

TOO_MANY = "too_many_institutions"
"""Why nothing new is told where it would take too long to look at it as each institution does."""
MOST_LOOKS = 3_000_000
"""So many cells times institutions are looked at; a program of 1,000 people and 100 institutions has half a million."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Earlier:
    """A release of the ledger, and the exact counts and tables behind it as far as they are kept.

    ``pooled``  of several institutions: its cells say whose they are, and what is behind it is not known;
                ``part``: but what one of them, whose ledger it is, had of it.
    ``digest``  of the rows of the one whose ledger it is.
    ``at``      when its people were counted.
    """

    document: Mapping[str, Any]
    counts: Mapping[Key, int] | None = None
    tables: Sequence[Mapping[str, Any]] = ()
    pooled: bool = False
    part: Mapping[Key, int] | None = None
    at: str = ""
    digest: str = ""


@dataclass(frozen=True)
class Released:
    """``document``  what may leave. ``refused``  why, if the auditor let nothing new through."""

    document: dict[str, Any]
    refused: str | None = None


@dataclass(frozen=True)
class Held:
    """What is known besides of numbers that several hold.

    ``parts``   each institution's own part of the counts.
    ``more``    counts of what the ledger has of the very same rows.
    ``before``  by institution and earlier snapshot its part of that.
    ``counts``  by earlier snapshot all of the counts, as far as they are kept.
    """

    parts: Mapping[str, Mapping[Key, int]] = field(default_factory=dict)
    more: Mapping[Key, int] = field(default_factory=dict)
    before: Mapping[str, Mapping[str, Mapping[Key, int]]] = field(default_factory=dict)
    counts: Mapping[str, Mapping[Key, int]] = field(default_factory=dict)


def held_within(tables: Sequence[CountTable], ledger: Sequence[Earlier]) -> Held:
    """What each institution knows of its own people in a program that has people of several."""
    parts, before = parts_of(tables), dict[str, dict[str, dict[Key, int]]]()
    then = {
        each.document["snapshot"]: (found, each.counts)
        for each in ledger
        if (found := parts_of([table_from(said) for said in each.tables])) and each.counts is not None
    }
    for name in {*parts, *(name for found, _ in then.values() for name in found)}:
        parts.setdefault(name, {})
        before[name] = {snapshot: found.get(name, {}) for snapshot, (found, _) in then.items()}
    counts = {snapshot: counts for snapshot, (_, counts) in then.items()}
    return Held(parts, before=before, counts=counts)


def parts_of(tables: Sequence[CountTable]) -> dict[str, dict[Key, int]]:
    """By institution its own part of all these counts."""
    parts: dict[str, dict[Key, int]] = {}
    for table in tables:
        for name, part in table.parts.items():
            parts.setdefault(name, {}).update(part)
    return parts


def released(
    tables: Sequence[CountTable],
    *,
    as_of: str,
    snapshot: str,
    threshold: int,
    ledger: Sequence[Earlier] = (),
    held: Held | None = None,
) -> Released:
    """What may leave of these tables after all that has. held: what the tables and the ledger say of it if None.

    Of whom is told: those who agreed to a funder rather than the others, and what curves are drawn of rather than the
    rest, where either may be hidden.
    Where the auditor finds a number that could be worked out, protection fails, or it would take too long, what leaves
    has the same rows and columns and tells nothing new: every number stands at the last value shown, or is not shown.
    """
    held = held_within(tables, ledger) if held is None else held
    counts = {**held.more, **{key: number for each in tables for key, number in each.counts.items()}}
    before = [each.document for each in ledger]
    now: dict[str, Any] = {"as_of": as_of, "snapshot": snapshot, "threshold": threshold}
    if held.parts and len(held.parts) * len(system_of([each.shape for each in tables]).keys) > MOST_LOOKS:
        return nothing_new(tables, TOO_MANY, ledger=ledger, **now)
    try:
        release = _protected(tables, counts, tuple(map(release_from, before)), held, **now)
        found = audit(
            release.document(),
            before,
            exact=counts,
            **marked(tables),
            **_known_of(held, ledger),
            ends=False,
        )
        if not found.unsafe:
            return Released(release.document())
        why = "unsafe"
    except (ImpossibleTables, UnsolvedProgram, Contradiction, Unfinished) as problem:
        why = type(problem).__name__
    log.warning("nothing new is released of a program: %s", why)
    return nothing_new(tables, why, ledger=ledger, **now)


def _protected(
    tables: Sequence[CountTable], counts: Mapping[Key, int], ledger: Ledger, held: Held, **now: Any
) -> Release:
    """The release, in which curves stand that would lose most of their steps."""
    dear = {(part.name, YES) for each in tables for part in each.spread}
    dear |= {(each.name, code) for table in tables for each in table.axes for code in each.dear}
    protecting = partial(
        protect,
        tuple(dict.fromkeys(each.shape for each in tables)),
        counts,
        ledger=ledger,
        contributions=held.parts,
        contributions_before=held.before,
        counts_before=held.counts,
        recurring=True,
        dear=dear,
        **marked(tables),
        **now,
    )
    release = protecting()
    stands = standing(tables, release, last_shown(ledger))
    return protecting(standing=stands) if stands else release


def marked(tables: Sequence[CountTable]) -> dict[str, Any]:
    """The cells that are hidden whatever they count, as `protect` and `audit` are told them."""
    return {
        "few": frozenset().union(*(each.few for each in tables)),
        "silent": frozenset().union(*(each.silent for each in tables)),
    }


def nothing_new(
    tables: Sequence[CountTable],
    why: str,
    *,
    as_of: str,
    snapshot: str,
    threshold: int,
    ledger: Sequence[Earlier] = (),
) -> Released:
    """The same rows and columns, in which every number stands at the last value shown, or is not shown."""
    known = last_shown(release_from(each.document) for each in ledger)
    last = {key: replace(printed, frozen=True) for key, printed in known.items()}
    shapes = tuple(dict.fromkeys(each.shape for each in tables))
    system = system_of(shapes)
    keys = [key for key, published in zip(system.keys, system.published, strict=True) if published]
    cells = {key: last.get(key, NOT_SHOWN) for key in keys}
    return Released(Release(as_of, snapshot, threshold, shapes, cells).document(), why)


def known_to(tables: Sequence[CountTable], ledger: Sequence[Earlier]) -> dict[str, Any]:
    """What the auditor is told, by the names that it has for it, of what was exact before and of who knows what."""
    return _known_of(held_within(tables, ledger), ledger)


def _known_of(held: Held, ledger: Sequence[Earlier]) -> dict[str, Any]:
    return {
        "exact_before": {place: each.counts for place, each in enumerate(ledger) if each.counts is not None},
        "parts": held.parts,
        "parts_before": _placed(held, [each.document for each in ledger]),
    }


def _placed(held: Held, before: Sequence[Mapping[str, Any]]) -> dict[str, dict[int, Mapping[Key, int]]]:
    """The earlier parts by the place of the last release of their snapshot."""
    places = {document["snapshot"]: place for place, document in enumerate(before)}
    return {
        name: {places[snapshot]: counts for snapshot, counts in found.items() if snapshot in places}
        for name, found in held.before.items()
    }


def released_of_one(
    tables: Sequence[CountTable], institution: str, *, ledger: Sequence[Earlier], **known: Any
) -> Released:
    """As `released`, of one institution, part of whose numbers may have left with those of others.

    Of the very same rows as are in a pool nothing new is told: what the others have in it would have to be known.
    """
    if not any(each.pooled for each in ledger):
        return released(tables, ledger=ledger, **known)
    before, own = lifted_ledger(ledger, institution), [lifted_table(each, institution) for each in tables]
    if any(each.pooled and each.digest == known["snapshot"] for each in ledger):
        found = nothing_new(own, SAME_ROWS, ledger=before, **known)
    else:
        found = released(own, ledger=before, **known)
    return replace(found, document=lowered(found.document))


def lifted_ledger(ledger: Sequence[Earlier], institution: str) -> list[Earlier]:
    """A ledger all of which says whose its numbers are."""
    return [each if each.pooled else _lifted(each, institution) for each in ledger]


def _lifted(earlier: Earlier, institution: str) -> Earlier:
    counts = None if earlier.counts is None else lifted_counts(earlier.counts, institution)
    tables = [said_of_table(lifted_table(table_from(each), institution)) for each in earlier.tables]
    return replace(earlier, document=lifted(earlier.document, institution), counts=counts, tables=tables)


def cells_of(document: Mapping[str, Any]) -> Mapping[Key, Printed]:
    """What is printed in a document of `released`."""
    return release_from(document).cells
