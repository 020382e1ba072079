"""From exact tables to what may leave: protected, then attacked by the auditor. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenants.reporting.audit.auditing import audit
from tenants.reporting.audit.ranges import Unfinished
from tenants.reporting.audit.reading import Contradiction
from tenants.reporting.suppression.linear import UnsolvedProgram
from tenants.reporting.suppression.model import (
    NOT_SHOWN,
    ImpossibleTables,
    Key,
    Printed,
    Release,
    Table,
    release_from,
)
from tenants.reporting.suppression.protecting import protect
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import CountTable

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Earlier:
    """A release of the ledger, and the exact counts and tables behind it as far as they are kept."""

    document: Mapping[str, Any]
    counts: Mapping[Key, int] | None = None
    tables: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Released:
    """``document``  what may leave. ``refused``  why, if the auditor let nothing new through."""

    document: dict[str, Any]
    refused: str | None = None


def released(
    tables: Sequence[CountTable], *, as_of: str, snapshot: str, threshold: int, ledger: Sequence[Earlier] = ()
) -> Released:
    """What may leave of these tables after all that has.

    Where the auditor finds a number that could be worked out, or protection fails, what leaves has the same rows and
    columns and tells nothing new: every number stands at the last value shown, or is not shown.
    """
    shapes = tuple(dict.fromkeys(each.shape for each in tables))
    counts = {key: number for each in tables for key, number in each.counts.items()}
    few = frozenset().union(*(each.few for each in tables))
    before = [each.document for each in ledger]
    known = (as_of, snapshot)
    try:
        release = protect(
            shapes,
            counts,
            as_of=as_of,
            snapshot=snapshot,
            ledger=tuple(map(release_from, before)),
            threshold=threshold,
            few=few,
            recurring=True,
        )
        found = audit(
            release.document(),
            before,
            exact=counts,
            few=few,
            exact_before={place: each.counts for place, each in enumerate(ledger) if each.counts is not None},
            ends=False,
        )
    except (ImpossibleTables, UnsolvedProgram, Contradiction, Unfinished) as problem:
        log.warning("nothing new is released of a program: %s", type(problem).__name__)
        return Released(_nothing_new(shapes, known, threshold, before).document(), type(problem).__name__)
    if found.unsafe:
        return Released(_nothing_new(shapes, known, threshold, before).document(), "unsafe")
    return Released(release.document())


def cells_of(document: Mapping[str, Any]) -> Mapping[Key, Printed]:
    """What is printed in a document of `released`."""
    return release_from(document).cells


def _nothing_new(
    shapes: tuple[Table, ...], known: tuple[str, str], threshold: int, before: Sequence[Mapping[str, Any]]
) -> Release:
    last: dict[Key, Printed] = {}
    for document in before:
        for key, printed in release_from(document).cells.items():
            if printed.value is not None:
                last[key] = replace(printed, frozen=True)
    system = system_of(shapes)
    keys = [key for key, published in zip(system.keys, system.published, strict=True) if published]
    cells = {key: last.get(key, NOT_SHOWN) for key in keys}
    return Release(*known, threshold, shapes, cells)
