"""The two files that `peerloom solve` reads, and what may be wrong with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from marshmallow import ValidationError

from api.v1.programs.schemas import AttributeCreate
from api.v1.recipes.schemas import RecipeCreate
from tenants.cohorts.actions import attribute_of, check_names
from tenants.cohorts.models import Attribute
from tenants.cohorts.tabular import BadRow, UnreadableFile, open_table
from tenants.cohorts.values import InvalidValue, ValueReader
from tenants.kernel.errors import Invalid
from tenants.matching import solver
from tenants.matching.models import Recipe
from tenants.matching.questions import as_attribute
from tenants.matching.recipe_checks import contradictions

MOST_FAULTS = 10
"""Faults of a file that are named."""

Attributes = dict[str, Attribute]
"""By key; of no program, and never kept."""


class BadInput(Exception):
    """A file cannot be used; the message says where and why."""


def read_recipe(path: Path) -> tuple[dict[str, Any], Attributes]:
    """The words of the recipe, as the API would keep them, and its attributes. Raises BadInput."""
    try:
        document = orjson.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
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
    schema = AttributeCreate(only=("key", "label", "kind", "sensitive", "levels"), partial=("label",))
    found: Attributes = {}
    faults: list[str] = []
    for key, said in words.items():
        try:
            told = schema.load({**_in_full(said), "key": key})
            found[key] = attribute_of(None, **{"label": key, **told})
            check_names(found[key])
        except ValidationError as error:
            faults.append(_said(error.messages_dict, f"/attributes/{key}"))
        except Invalid as error:
            faults += [f"/attributes/{key}{each.pointer}: {each.detail}" for each in error.errors]
    if faults:
        raise BadInput(_first(faults))
    return found


def _in_full(said: Any) -> dict[str, Any]:
    """An attribute as the API has it, where a file may name its kind alone, and levels by their keys alone."""
    attribute = said if isinstance(said, dict) else {"kind": said}
    levels = attribute.get("levels")
    if not isinstance(levels, list):
        return attribute
    return {**attribute, "levels": [{"key": each} if isinstance(each, str) else each for each in levels]}


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


def _first(faults: list[str]) -> str:
    more = f" And {len(faults) - MOST_FAULTS} more." if len(faults) > MOST_FAULTS else ""
    return f"{' '.join(faults[:MOST_FAULTS])}{more}"


def read_pool(path: Path, attributes: Attributes) -> solver.Pool:
    """Everybody in the file; attributes get the levels that only the file has.

    Raises BadInput with the line and column of what cannot be read.
    """
    readers = {key: _reader(attribute) for key, attribute in attributes.items()}
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
        raise BadInput(f"{path.name}: {_first(faults)}")
    return solver.Pool(
        tuple(ids), {key: _of_pool(attributes[key], reader, values[key]) for key, reader in readers.items()}
    )


def _reader(attribute: Attribute) -> ValueReader:
    """Cells may hold more than the levels that are given, save where they would have no place in the order."""
    ordered = attribute.kind == "ordinal" and bool(attribute.levels)
    return ValueReader(key=attribute.key, kind=attribute.kind, levels=attribute.levels, is_open=not ordered)


def _of_pool(attribute: Attribute, reader: ValueReader, values: list[Any]) -> solver.Attribute:
    """The attribute as the solver knows it, once it has the levels that were read."""
    new = _in_order(reader.new_levels) if attribute.kind == "ordinal" else reader.new_levels
    attribute.levels = [*attribute.levels, *({"key": level} for level in new)]
    return as_attribute(attribute, values)


def _in_order(levels: list[str]) -> list[str]:
    """Levels nobody gave an order: as numbers if they all are, else as text."""
    number = ValueReader(key="", kind="number", levels=(), is_open=False).from_cell
    try:
        return sorted(levels, key=lambda level: (number(level), level))
    except InvalidValue:
        return sorted(levels)


def recipe_for(words: dict[str, Any], attributes: Attributes) -> solver.Recipe:
    """The recipe, with values of rules read as cells are, of attributes that have the levels of the pool.

    Raises BadInput for what attributes cannot take, and where one is named twice that may be once.
    """
    rules = [_in_levels(rule, attributes) for rule in words["rules"]]
    broken = contradictions(Recipe(terms=words["terms"], rules=rules), attributes)
    if broken:
        raise BadInput(_first([f"{each.pointer}: {each.detail}" for each in broken]))
    return solver.recipe_of({**words, "rules": rules})


def _in_levels(rule: dict[str, Any], attributes: Attributes) -> dict[str, Any]:
    """The rule, its values by the keys of their levels where they have one."""
    attribute = attributes.get(rule.get("attribute", ""))
    if attribute is None:
        return rule
    reader, read = _reader(attribute), dict(rule)
    if "value" in rule:
        read["value"] = _key(reader, rule["value"])
    if "values" in rule:
        read["values"] = [_key(reader, value) for value in rule["values"]]
    return read


def _key(reader: ValueReader, value: str | bool) -> str | bool:
    return value if isinstance(value, bool) else reader.level_of(value) or value
