"""What one institution contributes to a pool: exact counts of those who agreed, products, its ledger. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from uuid import UUID

from tenants.reporting.releasing import Earlier
from tenants.reporting.suppression.model import Key, key_of
from tenants.reporting.tables import COHORT, YES, CountTable, said_of_table, table_from


class Thing(NamedTuple):
    """A product: its kind, what it is known by in this pool, and who of the institution is behind it, by number."""

    kind: str
    known_by: Sequence[str]
    people: Sequence[int]


@dataclass(frozen=True)
class Contribution:
    """``name``    the institution's. ``declared``: it runs no program here, and told the numbers itself.
    ``digest``    of the rows that were counted.
    ``tables``    exact, by the metric's id, of those alone who agreed to be shared with the funder.
    ``things``    the products, that several institutions may have; none of what was declared.
    ``ledger``    all that had left the institution's program before, and the counts behind it.
    """

    name: str
    declared: bool
    threshold: int
    digest: str
    tables: Mapping[str, Sequence[CountTable]]
    things: Sequence[Thing] = ()
    ledger: Sequence[Earlier] = field(default_factory=tuple)

    def said(self) -> dict[str, Any]:
        """All of it as what JSON can hold."""
        return {
            "name": self.name,
            "declared": self.declared,
            "threshold": self.threshold,
            "digest": self.digest,
            "tables": {
                name: [said_of_table(each) for each in tables] for name, tables in self.tables.items()
            },
            "things": [list(each) for each in self.things],
            "ledger": [_said_of_earlier(each) for each in self.ledger],
        }


def contribution_from(said: Mapping[str, Any]) -> Contribution:
    """The contribution that was said. Raises KeyError or TypeError for anything else."""
    return Contribution(
        said["name"],
        said["declared"],
        said["threshold"],
        said["digest"],
        {name: [table_from(each) for each in tables] for name, tables in said["tables"].items()},
        [Thing(*each) for each in said["things"]],
        [_earlier_from(each) for each in said["ledger"]],
    )


def of_those_who_agreed(table: CountTable, shares: str) -> CountTable | None:
    """The part of a table of those who agreed (on the axis `shares`), whatever their cohort; None if it has no such
    part, or is of one cohort, of which no other institution can have it.
    """
    agreed = (shares, YES)
    if shares not in {each.name for each in table.spread} or COHORT in dict(table.within):
        return None
    counts: dict[Key, int] = {}
    for key, number in table.counts.items():
        if agreed in key:
            whole = tuple(pair for pair in key if pair[0] != COHORT)
            counts[whole] = counts.get(whole, 0) + number
    few = frozenset(key for key in table.few if agreed in key and COHORT not in dict(key))
    within = key_of({**dict(table.within), shares: YES})
    return replace(table, within=within, counts=counts, few=few, spread=(), parts={})


def known_by(pool: UUID, identifiers: Iterable[str]) -> list[str]:
    """Identifiers as they are held against each other within one pool, and within no other."""
    return sorted(hmac.digest(pool.bytes, each.encode(), "sha256").hex() for each in identifiers)


def _said_of_earlier(earlier: Earlier) -> dict[str, Any]:
    return {
        "document": earlier.document,
        "counts": said_of_counts(earlier.counts),
        "pooled": earlier.pooled,
        "part": said_of_counts(earlier.part),
        "at": earlier.at,
        "digest": earlier.digest,
    }


def _earlier_from(said: Mapping[str, Any]) -> Earlier:
    counts, part = counts_from(said["counts"]), counts_from(said["part"])
    return Earlier(
        said["document"], counts, pooled=said["pooled"], part=part, at=said["at"], digest=said["digest"]
    )


def said_of_counts(counts: Mapping[Key, int] | None) -> list[Any] | None:
    """Counts by cell as what JSON can hold; `counts_from` is its inverse."""
    return None if counts is None else [[dict(key), number] for key, number in sorted(counts.items())]


def counts_from(said: Sequence[Any] | None) -> dict[Key, int] | None:
    """The counts that were said."""
    return None if said is None else {key_of(codes): number for codes, number in said}
