"""The two files that `peerloom solve` reads, and what may be wrong with them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from api.v1.recipes.schemas import RecipeCreate
from tenants.cohorts.models import ATTRIBUTE_KINDS
from tenants.cohorts.tabular import BadRow, UnreadableFile, open_table
from tenants.cohorts.values import InvalidValue, ValueReader
from tenants.matching import solver

MOST_FAULTS = 10
"""Faults of a file that are named."""

Attributes = dict[str, dict[str, Any]]
"""By key: `kind` and `levels`, each {key, parent, aliases}, where there are any."""


class BadInput(Exception):
    """A file cannot be used; the message says where and why."""


def read_recipe(path: Path) -> tuple[dict[str, Any], Attributes]:
    """The words of the recipe, as the API would keep them, and its attributes. Raises BadInput."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path.name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadInput(f"{path.name} must hold one JSON object.")
    attributes = _attributes(document.pop("attributes", None))
    try:
        words = RecipeCreate(exclude=("program_id", "name")).load(document)
    except ValidationError as error:
        raise BadInput(_said(error.messages_dict)) from error
    return {"size": {"min": 5, "max": 7}, "rules": [], **words}, attributes


def _attributes(words: Any) -> Attributes:
    if not isinstance(words, dict):
        raise BadInput('/attributes: must be an object such as {"institution": "categorical"}.')
    found: Attributes = {}
    for key, said in words.items():
        attribute = said if isinstance(said, dict) else {"kind": said}
        if attribute.get("kind") not in ATTRIBUTE_KINDS:
            raise BadInput(f"/attributes/{key}: the kind must be one of {', '.join(ATTRIBUTE_KINDS)}.")
        levels = [
            level if isinstance(level, dict) else {"key": level} for level in attribute.get("levels") or ()
        ]
        if not all(isinstance(level.get("key"), str) for level in levels):
            raise BadInput(f"/attributes/{key}/levels: must be a list of texts, or of objects with a key.")
        found[key] = {"kind": attribute["kind"], "levels": levels}
    return found


def _said(messages: Mapping[str, Any], pointer: str = "") -> str:
    """marshmallow's nested messages on one line."""
    said = []
    for name, message in messages.items():
        where = f"{pointer}/{name}"
        if isinstance(message, Mapping):
            said.append(_said(message, where))
        else:
            said += [f"{where}: {each}" for each in message]
    return " ".join(said)


def read_pool(path: Path, attributes: Attributes) -> solver.Pool:
    """Everybody in the file. Raises BadInput with the line and column of what cannot be read."""
    readers = {
        key: ValueReader(key=key, kind=said["kind"], levels=said["levels"], is_open=True)
        for key, said in attributes.items()
    }
    ids: list[str] = []
    values: dict[str, list[Any]] = {key: [] for key in attributes}
    faults: list[str] = []
    lines: dict[str, int] = {}
    try:
        with open_table(path, wanted=["external_id", *attributes]) as rows:
            missing = [key for key in ("external_id", *attributes) if key not in rows.columns]
            if missing:
                raise BadInput(f"{path.name} has no column {', '.join(missing)}.")
            for row in rows:
                if isinstance(row, BadRow):
                    faults.append(f"line {row.line}: {row.message}")
                    continue
                external_id = row.cells[rows.columns["external_id"]]
                if not external_id:
                    faults.append(f"line {row.line}, external_id: is missing.")
                elif external_id in lines:
                    faults.append(f"line {row.line}, external_id: is on line {lines[external_id]} too.")
                lines[external_id] = row.line
                ids.append(external_id)
                for key, reader in readers.items():
                    cell = row.cells[rows.columns[key]]
                    try:
                        values[key].append(reader.from_cell(cell) if cell else None)
                    except InvalidValue as error:
                        faults.append(f"line {row.line}, {key}: {error}")
    except UnreadableFile as error:
        raise BadInput(f"{path.name}: {error}") from error
    if faults:
        more = f" And {len(faults) - MOST_FAULTS} more." if len(faults) > MOST_FAULTS else ""
        raise BadInput(f"{path.name}: {' '.join(faults[:MOST_FAULTS])}{more}")
    return solver.Pool(tuple(ids), {key: _attribute(said, values[key]) for key, said in attributes.items()})


def _attribute(said: dict[str, Any], values: list[Any]) -> solver.Attribute:
    levels = [level["key"] for level in said["levels"]]
    if said["kind"] == "ordinal" and not levels:
        levels = _in_order({value for value in values if value is not None})
    parents = {level["key"]: level["parent"] for level in said["levels"] if level.get("parent")}
    return solver.Attribute(said["kind"], values, levels or None, parents)


def _in_order(levels: set[str]) -> list[str]:
    """Levels nobody gave an order: as numbers if they all are, else as text."""
    try:
        return sorted(levels, key=float)
    except ValueError:
        return sorted(levels)
