"""Several institutions' exact counts as one: each number by whose it is, and each thing once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from typing import Any

import orjson

from tenants.outcomes.identity import identified_once
from tenants.reporting.lifting import INSTITUTION, PRODUCTS, axis_of, lifted, lifted_counts, lifted_key
from tenants.reporting.metric import Metric, nothing
from tenants.reporting.pools.content import Contribution, Thing
from tenants.reporting.releasing import SAME_ROWS, Earlier, Held, Released, cells_of, nothing_new, released
from tenants.reporting.suppression.model import ImpossibleTables, Key, key_of
from tenants.reporting.tables import Axis, Code, CountTable

OTHERS = "others"
"""Of products: what an institution does not have."""
KIND = "product_kind"
Given = Mapping[str, Contribution]
"""What was contributed, by the institution's id."""


@dataclass(frozen=True)
class Pool:
    """All that is protected together.

    ``tables``     by the metric's id, spread over institutions. ``held``: whose part is which.
    ``ledger``     what had left any of them before, and the funder's earlier pools, each in terms of the pool.
    ``snapshot``   of the very same rows of the very same institutions, the same.
    ``threshold``  the highest that any of them has.
    ``overlaps``   whether rows of some are in an earlier pool as they are, beside others: from two sums with some
                   rows in common what else is in them could be told.
    """

    tables: Mapping[str, Sequence[CountTable]]
    held: Held
    ledger: Sequence[Earlier]
    snapshot: str
    threshold: int
    overlaps: bool


def pooled(
    given: Given, metrics: Sequence[Metric], *, before: Sequence[Earlier] = (), threshold: int
) -> Pool:
    """The pool of these metrics, as far as all have the same tables of them. before: what the funder had pooled."""
    tables: dict[str, list[CountTable]] = {}
    parts: dict[str, dict[Key, int]] = {each: {} for each in given}
    for metric in metrics:
        for table in _common(given, metric):
            found = _once if table.unit == PRODUCTS else _summed
            tables.setdefault(metric.id, []).extend(found(given, metric, table, parts))
    snapshot = sha256(
        orjson.dumps([(each, given[each].digest) for each in sorted(given)], default=str)
    ).hexdigest()
    shared = {each.name for found in tables.values() for table in found for each in table.axes}
    shared |= {name for found in tables.values() for table in found for name, _ in table.within}
    ledger, more = _ledger(given, before, snapshot, shared)
    for institution, counts in more.items():
        parts[institution] = {**counts, **parts[institution]}
    same = {key: number for counts in more.values() for key, number in counts.items()}
    held = Held(parts, same, _parts_before(given, snapshot))
    highest = max([threshold, *(each.threshold for each in given.values())])
    told = _told(ledger, snapshot)
    left = {name: [replace(each, few=each.few - told) for each in found] for name, found in tables.items()}
    return Pool(left, held, ledger, snapshot, highest, _overlaps(given, snapshot))


def released_of(pool: Pool, *, as_of: str) -> Released:
    """What may leave of a pool.

    Of a product that several have, each says of what kind it is, and one that released its own of the very same rows
    told them by cohorts, say, which the others do not know. Where that contradicts the pool, nothing new is told of
    products, and all of people.
    """
    tables = [table for found in pool.tables.values() for table in found]
    known: dict[str, Any] = {"as_of": as_of, "snapshot": pool.snapshot, "threshold": pool.threshold}
    known["ledger"] = pool.ledger
    if pool.overlaps:
        return nothing_new(tables, SAME_ROWS, **known)
    found = released(tables, held=pool.held, **known)
    people = [each for each in tables if each.unit != PRODUCTS]
    if found.refused != ImpossibleTables.__name__ or len(people) in (0, len(tables)):
        return found
    told = released(people, held=_of_people(pool.held), **known)
    if told.refused:
        return found
    mine = {key_of(each["at"]) for each in told.document["cells"]}
    stand = [each for each in found.document["cells"] if key_of(each["at"]) not in mine]
    return Released({**told.document, "cells": [*told.document["cells"], *stand]})


def _of_people(held: Held) -> Held:
    """What is known besides, and of products only what was released of the very same rows, each by whose they are."""
    own = {
        name: {key: n for key, n in held.more.items() if dict(key).get(axis_of(dict(key), name)) == name}
        for name in held.parts
    }
    parts = {
        name: {**{key: n for key, n in part.items() if ("unit", PRODUCTS) not in key}, **own[name]}
        for name, part in held.parts.items()
    }
    return replace(held, parts=parts)


def _told(ledger: Sequence[Earlier], snapshot: str) -> set[Key]:
    """What was shown of the very same rows: it cannot be hidden any more, though few of another are behind it."""
    return {
        key
        for each in ledger
        if each.document["snapshot"] == snapshot
        for key, printed in cells_of(each.document).items()
        if printed.value is not None and not printed.frozen
    }


def _overlaps(given: Given, snapshot: str) -> bool:
    return any(
        each.pooled and each.digest == one.digest and each.document["snapshot"] != snapshot
        for one in given.values()
        for each in one.ledger
    )


def _common(given: Given, metric: Metric) -> list[CountTable]:
    """The tables that all have in the same form; of a metric that draws figures, all of its tables or none."""
    of_each = [{_form(each): each for each in one.tables.get(metric.id, ())} for one in given.values()]
    common = [table for form, table in of_each[0].items() if all(form in each for each in of_each)]
    whole = all(len(each) == len(common) for each in of_each)
    return common if whole or metric.figures is nothing else []


def _form(table: CountTable) -> Any:
    return table.name, table.unit, table.within, tuple(each.dimension for each in table.axes)


def _summed(
    given: Given, metric: Metric, table: CountTable, parts: Mapping[str, dict[Key, int]]
) -> list[CountTable]:
    """What each institution has of its own, side by side."""
    own = {
        institution: next(each for each in one.tables[metric.id] if _form(each) == _form(table))
        for institution, one in given.items()
    }
    counts: dict[Key, int] = {}
    for institution, each in own.items():
        mine = lifted_counts(each.counts, institution)
        parts[institution].update(mine)
        counts.update(mine)
    names = tuple(Code(each, given[each].name) for each in sorted(given))
    whose = Axis(INSTITUTION, "Institution", names, holders=True)
    return [replace(table, counts=counts, few=_few(own), spread=(whose,))]


def _few(own: Mapping[str, CountTable]) -> frozenset[Key]:
    """The cells of things with few people behind: each institution's own, and sums of which for one of them nothing is
    left but such.
    """
    found = {lifted_key(key, institution) for institution, each in own.items() for key in each.few}
    for key in {key for each in own.values() for key in each.few}:
        enough = [each for each in own.values() if key not in each.few and _number(each, key)]
        if len(enough) < 2:
            found.add(key)
    return frozenset(found)


def _number(table: CountTable, key: Key) -> int:
    wanted = set(key)
    return sum(number for cell, number in table.counts.items() if wanted <= set(cell))


def _once(
    given: Given, _: Metric, table: CountTable, parts: Mapping[str, dict[Key, int]]
) -> list[CountTable]:
    """The products, each once, told by what each institution has of them."""
    highest = max(each.threshold for each in given.values())
    together = list(_together(given))
    found = []
    for one in sorted(given):
        whose = axis_of(dict(table.within), one)
        counts: dict[Key, int] = defaultdict(int)
        behind: dict[Key, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
        for told in together:
            those = {institution for institution, _ in told}
            codes = {
                KIND: min(each.kind for _, each in told),
                whose: one if one in those else OTHERS,
            }
            inner = key_of({**dict(table.within), **codes})
            counts[inner] += 1
            for institution in those:
                parts[institution][inner] = parts[institution].get(inner, 0) + 1
            for key in _sums(codes, table.within):
                for institution, each in told:
                    behind[key][institution].update(each.people)
        few = frozenset(key for key, people in behind.items() if _is_few(people, highest))
        names = (Code(one, given[one].name), Code(OTHERS, "Others alone"))
        axis = Axis(whose, f"Of {given[one].name}", names, holders=True)
        found.append(replace(table, counts=dict(counts), few=few, spread=(axis,)))
    return found


def _together(given: Given) -> Iterator[list[tuple[str, Thing]]]:
    told = [(institution, each) for institution in sorted(given) for each in given[institution].things]
    for places in identified_once([each.known_by for _, each in told]):
        yield [told[place] for place in places]


def _sums(codes: Mapping[str, str], within: Key) -> Iterator[Key]:
    """An inner cell with all that it is a part of."""
    for named in product((True, False), repeat=len(codes)):
        kept = {name: code for (name, code), keep in zip(codes.items(), named, strict=True) if keep}
        yield key_of({**dict(within), **kept})


def _is_few(people: Mapping[str, set[int]], threshold: int) -> bool:
    """Whether at most so many people are behind, or for one of the institutions behind all that is not its own."""
    numbers = [len(each) for each in people.values() if each]
    rests = [sum(numbers), *(sum(numbers) - each for each in numbers)]
    return any(1 <= rest <= threshold for rest in rests)


def _ledger(
    given: Given, before: Sequence[Earlier], snapshot: str, shared: set[str]
) -> tuple[list[Earlier], dict[str, dict[Key, int]]]:
    """What left before; and of what was released of the very same rows as are pooled, the counts by institution."""
    found = {orjson.dumps(each.document): each for each in before}
    same: dict[str, dict[Key, int]] = {}
    for institution, one in given.items():
        for each in one.ledger:
            earlier = each if each.pooled else _raised(each, institution, shared)
            if not each.pooled and each.document["snapshot"] == one.digest and earlier.counts is not None:
                same.setdefault(institution, {}).update(earlier.counts)
                earlier = replace(earlier, document={**earlier.document, "snapshot": snapshot})
            found.setdefault(orjson.dumps(earlier.document), earlier)
    return sorted(found.values(), key=lambda each: each.at), same


def _parts_before(given: Given, snapshot: str) -> dict[str, dict[str, dict[Key, int]]]:
    found: dict[str, dict[str, dict[Key, int]]] = {}
    for institution, one in given.items():
        for each in one.ledger:
            pool = each.document["snapshot"]
            if each.part is not None and pool != snapshot:
                found.setdefault(institution, {}).setdefault(pool, {}).update(each.part)
    return found


def _raised(earlier: Earlier, institution: str, shared: set[str]) -> Earlier:
    document = lifted(earlier.document, institution, shared=shared)
    counts = earlier.counts
    if counts is not None:
        counts = lifted_counts(counts, institution, shared=shared)
    return replace(earlier, document=document, counts=counts)
