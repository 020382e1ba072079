"""Program templates: attributes, words and a recipe that a sensible director would start with.

They are data: one YAML file each, beside `shared.yaml` with the attributes that several ask for. An
attribute written as a bare key is taken from there. What a file leaves out has these defaults: `open` when
no levels are given, not required, not sensitive, and levels in the order written.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tenants.cohorts.templates.shape import (
    Attribute,
    InvalidTemplate,
    Level,
    Recipe,
    Size,
    Template,
    Term,
)

__all__ = [
    "Attribute",
    "InvalidTemplate",
    "Level",
    "Recipe",
    "Size",
    "Template",
    "Term",
    "UnknownTemplate",
    "template",
    "templates",
    "topics_of_ours",
]

_KEYS = ("nih_k_awardees", "ctsi_scholars", "society_early_career")


class UnknownTemplate(ValueError):
    """No template has this key."""


@cache
def templates() -> tuple[Template, ...]:
    """All templates; InvalidTemplate when a file contradicts itself."""
    shared = {document["key"]: document for document in _document("shared")["attributes"]}
    return tuple(_template(_document(key), shared) for key in _KEYS)


def template(key: str) -> Template:
    """The template with this key; UnknownTemplate when there is none."""
    for candidate in templates():
        if candidate.key == key:
            return candidate
    raise UnknownTemplate(f"There is no template {key!r}; there are {', '.join(_KEYS)}.")


@cache
def topics_of_ours() -> tuple[dict[str, Any], ...]:
    """What groups may talk about, in our words: key, label, and whether it is `sensitive`."""
    topics = next(each for each in _document("shared")["attributes"] if each["key"] == "topics")
    return tuple({"sensitive": False, **level} for level in topics["levels"])


def _document(name: str) -> dict[str, Any]:
    text = (Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8")
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def _template(document: Mapping[str, Any], shared: Mapping[str, Any]) -> Template:
    recipe = document["recipe"]
    return Template(
        key=document["key"],
        name=document["name"],
        kinds=tuple(document["kinds"]),
        labels=document["labels"],
        attributes=tuple(
            _attribute(shared[entry] if isinstance(entry, str) else entry) for entry in document["attributes"]
        ),
        recipe=Recipe(
            name=recipe["name"],
            size=Size(**recipe["size"]),
            terms=tuple(Term(**term) for term in recipe["terms"]),
            rules=tuple(recipe["rules"]),
        ),
    )


def _attribute(document: Mapping[str, Any]) -> Attribute:
    given = document.get("levels", ())
    levels = tuple(
        Level(**{**level, "order": order, "aliases": tuple(level.get("aliases", ()))})
        for order, level in enumerate(given, start=1)
    )
    optional = {"open": not levels, "required": False, "sensitive": False, "parent": None}
    return Attribute(**{**optional, **document, "uses": tuple(document["uses"]), "levels": levels})
