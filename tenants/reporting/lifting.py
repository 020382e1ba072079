"""One institution's numbers among those of several: the same cells, with whose they are said of each. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from tenants.reporting.suppression.model import Key, key_of
from tenants.reporting.tables import CountTable

INSTITUTION = "institution"
"""The dimension of whose rows a pool is made of."""
PRODUCTS = "products"
"""The unit of what several institutions may have at once: of these each has a dimension of its own, of what it has."""

Document = Mapping[str, Any]


def lifted(document: Document, institution: str, *, shared: Collection[str] | None = None) -> dict[str, Any]:
    """A release of one institution's as a part of what several release.

    `shared`: the dimensions that mean the same everywhere; any other is the institution's own, and named so.
    """
    name = _named(institution, shared)
    return _changed(document, name, lambda at: {**at, axis_of(at, institution): institution})


def lowered(document: Document) -> dict[str, Any]:
    """The inverse of `lifted`, where nothing was named anew."""
    return _changed(
        document, str, lambda at: {each: code for each, code in at.items() if not _says_whose(each)}
    )


def lifted_counts(
    counts: Mapping[Key, int], institution: str, *, shared: Collection[str] | None = None
) -> dict[Key, int]:
    """The exact counts behind such a release."""
    return {lifted_key(key, institution, shared=shared): number for key, number in counts.items()}


def lifted_key(key: Key, institution: str, *, shared: Collection[str] | None = None) -> Key:
    """One cell of them."""
    name = _named(institution, shared)
    whose = axis_of(dict(key), institution)
    return key_of({**{name(each): code for each, code in key}, whose: institution})


def axis_of(at: Mapping[str, str], institution: str) -> str:
    """The dimension that says of a cell that it is this institution's."""
    return f"{INSTITUTION}:{institution}" if at.get("unit") == PRODUCTS else INSTITUTION


def _says_whose(name: str) -> bool:
    return name == INSTITUTION or name.startswith(f"{INSTITUTION}:")


def lifted_table(table: CountTable, institution: str) -> CountTable:
    """An exact table as the institution's own in a pool."""
    return replace(
        table,
        within=lifted_key(table.within, institution),
        counts=lifted_counts(table.counts, institution),
        few=frozenset(lifted_key(key, institution) for key in table.few),
        silent=frozenset(lifted_key(key, institution) for key in table.silent),
        parts={holder: lifted_counts(part, institution) for holder, part in table.parts.items()},
    )


def _named(institution: str, shared: Collection[str] | None) -> Callable[[str], str]:
    return lambda name: name if shared is None or name in {*shared, "unit"} else f"{name}:{institution}"


def _changed(
    document: Document, name: Callable[[str], str], place: Callable[[dict[str, str]], dict[str, str]]
) -> dict[str, Any]:
    def told(at: Mapping[str, str]) -> dict[str, str]:
        return place({name(each): code for each, code in at.items()})

    tables = [
        {
            **table,
            "within": dict(sorted(told(table["within"]).items())),
            "dimensions": [{**each, "name": name(each["name"])} for each in table["dimensions"]],
        }
        for table in document["tables"]
    ]
    cells = [{**cell, "at": dict(sorted(told(cell["at"]).items()))} for cell in document["cells"]]
    return {**document, "tables": tables, "cells": cells}
