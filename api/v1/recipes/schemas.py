"""Recipes."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import fields, pre_load, validate

from api.fields import Choice, EditableResource, Key, Number, PageQuery, Schema, Text, Whole
from tenants.kernel.errors import FieldError, Invalid

WEIGHT = validate.Range(min=0, max=1000, min_inclusive=False)


class Size(Schema):
    """Fewest and most members of a group."""

    min = Whole(least=2, most=12, required=True)
    max = Whole(least=2, most=50, required=True)


class Term(Schema):
    """What members should have in common, or not, and how much that matters beside other terms."""

    attribute = Key(required=True)
    prefer = Choice(("different", "similar"), required=True)
    weight = Number(load_default=1.0, validate=WEIGHT)


class Cap(Schema):
    """At most `max` members of a group share a value of the attribute."""

    rule = Choice(("cap",), required=True)
    attribute = Key(required=True)
    max = Whole(least=1, most=50, required=True)


class RecipePatch(Schema):
    """What to change of a recipe."""

    name = Text(most=200)
    size = fields.Nested(Size, metadata={"description": "5 to 7 unless you say otherwise."})
    terms = fields.List(fields.Nested(Term), validate=validate.Length(min=1, max=20))
    rules = fields.List(fields.Nested(Cap), validate=validate.Length(max=20))

    @pre_load
    def _name_what_comes_later(self, data: Any, **_: Any) -> Any:
        """A rule of another name has other fields, so it is told apart before its fields are looked at."""
        later = [
            *_other("/rules", "rule", data.get("rules"), known=lambda rule: rule == "cap"),
            *_other("/terms", "prefer", data.get("terms"), known=lambda prefer: prefer != "near"),
        ]
        if later:
            raise Invalid(*later)
        return data


class RecipeCreate(RecipePatch):
    """How to form groups of a program."""

    example: ClassVar = {
        "program_id": "01922b6e-0000-7000-8000-000000000001",
        "name": "Same award, different places",
        "size": {"min": 5, "max": 7},
        "terms": [{"attribute": "activity_code", "prefer": "similar", "weight": 2}],
        "rules": [{"rule": "cap", "attribute": "institution", "max": 1}],
    }
    program_id = fields.UUID(required=True)
    name = Text(most=200, required=True)
    terms = fields.List(fields.Nested(Term), validate=validate.Length(min=1, max=20), required=True)


class RecipeWords(Schema):
    """What a recipe asks for."""

    name = fields.String()
    size = fields.Nested(Size)
    terms = fields.List(fields.Nested(Term))
    rules = fields.List(fields.Nested(Cap))


class Recipe(EditableResource, RecipeWords):
    """How groups of a program are formed."""

    program_id = fields.UUID()


class RecipeQuery(PageQuery):
    """Which recipes."""

    program_id = fields.UUID(load_default=None)


def _other(pointer: str, key: str, entries: Any, *, known: Any) -> list[FieldError]:
    named = [
        (place, entry.get(key))
        for place, entry in enumerate(entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping)
    ]
    return [
        FieldError(f"{pointer}/{place}/{key}", "not_yet_available", f"{key} {word:.60} is not yet available.")
        for place, word in named
        if isinstance(word, str) and not known(word)
    ]
