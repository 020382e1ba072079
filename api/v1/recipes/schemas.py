"""Recipes."""

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from api.fields import (
    Choice,
    EditableResource,
    Flag,
    Key,
    Number,
    PageQuery,
    Schema,
    Text,
    Value,
    Variant,
    Whole,
)
from tenants.matching.solver.validation import MOST_EXPENSIVE

WEIGHT = validate.Range(min=0, max=1000, min_inclusive=False)


class Size(Schema):
    """Fewest and most members of a group."""

    min = Whole(least=2, most=12, required=True)
    max = Whole(least=2, most=50, required=True)
    target = Number(
        validate=validate.Range(min=2, max=50),
        metadata={
            "description": "The mean to come near to; halfway from min to max unless you say otherwise."
        },
    )


class Term(Schema):
    """What members should have in common, or not, and how much that matters beside other terms."""

    attribute = Key(required=True)
    prefer = Choice(("different", "near", "similar"), required=True)
    weight = Number(load_default=1.0, validate=WEIGHT)


class Rule(Schema):
    """What must hold in every group or, at a price, should."""

    price = Number(
        allow_none=True,
        validate=validate.Range(min=0, max=MOST_EXPENSIVE),
        metadata={
            "description": "What each violation costs, in units of one member's affinity. "
            "Without a price the rule always holds."
        },
    )


class Cap(Rule):
    """At most `max` members of a group share a value of the attribute."""

    rule = Choice(("cap",), required=True)
    attribute = Key(required=True)
    max = Whole(least=1, most=50, required=True)


class AtLeast(Rule):
    """At least `min` members of a group have the value."""

    rule = Choice(("at_least",), required=True)
    attribute = Key(required=True)
    value = Value(required=True)
    min = Whole(least=1, most=50, required=True)


class Seats(Rule):
    """From `min` to `max` members of a group have the value."""

    rule = Choice(("seats",), required=True)
    attribute = Key(required=True)
    value = Value(required=True)
    min = Whole(most=50, required=True)
    max = Whole(least=1, most=50, required=True)


class NoIsolate(Rule):
    """Nobody is the only one in a group with their value of the attribute."""

    rule = Choice(("no_isolate",), required=True)
    attribute = Key(required=True)
    values = fields.List(
        Value(),
        validate=validate.Length(min=1, max=200),
        metadata={"description": "The values that nobody is to be alone with; all unless you name some."},
    )


class Shared(Rule):
    """All members of a group have at least `min` elements of a set in common, such as a language."""

    rule = Choice(("shared",), required=True)
    attribute = Key(required=True)
    min = Whole(least=1, most=50, required=True)


class CommonSlots(Rule):
    """All members of a group are free at the same time for at least so many hours of every week."""

    rule = Choice(("common_slots",), required=True)
    attribute = Key(required=True)
    hours = Number(validate=validate.Range(min=0, max=168, min_inclusive=False), required=True)


class SimilarText(Rule):
    """Two people whose texts are as similar as that, or more, are in different groups."""

    rule = Choice(("similar_text",), required=True)
    attribute = Key(required=True)
    similarity = Number(
        validate=validate.Range(min=0, max=1, min_inclusive=False),
        required=True,
        metadata={"description": "Cosine of the two texts; 1 for the same text."},
    )


class Hierarchy(Rule):
    """People and those whom they name (as mentor, supervisor or evaluator) are in different groups."""

    rule = Choice(("hierarchy",), required=True)
    attributes = fields.List(Key(), validate=validate.Length(min=1, max=20), required=True)
    shared = Flag(metadata={"description": "Whether two who name the same person are kept apart too."})


def _differ(people: list[str]) -> None:
    if len(set(people)) < len(people):
        raise ValidationError("Nobody can be named twice.")


def _people(size: validate.Length) -> fields.List[Any]:
    return fields.List(Text(most=200), validate=[size, _differ], metadata={"uniqueItems": True})


PAIRS = fields.List(
    _people(validate.Length(equal=2)),
    validate=validate.Length(max=20_000),
    metadata={"description": "Pairs of people, by external id."},
)
LISTS = fields.List(
    _people(validate.Length(max=200)),
    validate=validate.Length(max=500),
    metadata={"description": "Lists of people, by external id."},
)


class Apart(Rule):
    """The two of a pair, and any two of a list, are in different groups."""

    rule = Choice(("apart",), required=True)
    pairs = PAIRS
    lists = LISTS


class Together(Schema):
    """The two of a pair, and all of a list, are in one group; always."""

    rule = Choice(("together",), required=True)
    pairs = PAIRS
    lists = LISTS


class Locked(Schema):
    """Each list is the beginning of a group of its own; always."""

    rule = Choice(("locked",), required=True)
    lists = LISTS


class Keep(Rule):
    """Each list is a group that exists: as few as possible move out of it, or each at the price, and never more
    than `max`."""

    rule = Choice(("keep",), required=True)
    lists = LISTS
    max = Whole(most=100_000, metadata={"description": "How many people may move at most."})


RULES: dict[str, type[Schema]] = {
    "cap": Cap,
    "at_least": AtLeast,
    "seats": Seats,
    "no_isolate": NoIsolate,
    "shared": Shared,
    "common_slots": CommonSlots,
    "similar_text": SimilarText,
    "hierarchy": Hierarchy,
    "apart": Apart,
    "together": Together,
    "locked": Locked,
    "keep": Keep,
}
EMPHASIS = {"description": "Share of the value that the weakest group decides; 0.5 unless you say otherwise."}
WAITLIST = {"description": "Whether people may be left over when not all can be placed."}
PRIORITY = {
    "description": "A number, ordinal or boolean attribute: who has more of it is left over last. "
    "Null when there is none."
}


FIDELITY = {"description": "What its groups do that follows the model; see /v1/groups/{group_id}/fidelity."}


class RecipeAsked(Schema):
    """How groups are to be formed."""

    size = fields.Nested(Size, metadata={"description": "5 to 7 unless you say otherwise."})
    terms = fields.List(fields.Nested(Term), validate=validate.Length(min=1, max=20), required=True)
    rules = fields.List(Variant("rule", RULES), validate=validate.Length(max=20))
    emphasis = Number(validate=validate.Range(min=0, max=1), metadata=EMPHASIS)
    waitlist = Flag(metadata=WAITLIST)
    priority = Key(allow_none=True, metadata=PRIORITY)


def _fidelity() -> fields.List:
    return fields.List(Text(most=200), validate=validate.Length(max=30), metadata=FIDELITY)


class RecipePatch(RecipeAsked):
    """What to change of a recipe."""

    name = Text(most=200)
    fidelity = _fidelity()
    terms = fields.List(fields.Nested(Term), validate=validate.Length(min=1, max=20))


class RecipeCreate(RecipeAsked):
    """How to form groups of a program."""

    example: ClassVar = {
        "program_id": "01922b6e-0000-7000-8000-000000000001",
        "name": "Same award, different places",
        "size": {"min": 5, "max": 7, "target": 6},
        "terms": [{"attribute": "activity_code", "prefer": "similar", "weight": 2}],
        "rules": [
            {"rule": "cap", "attribute": "institution", "max": 1},
            {"rule": "no_isolate", "attribute": "rank", "price": 0.5},
        ],
    }
    program_id = fields.UUID(required=True)
    name = Text(most=200, required=True)
    fidelity = _fidelity()


class RecipeWords(Schema):
    """What a recipe asks for."""

    # All that the oldest runs kept, and those that simulate what has no name.
    across: ClassVar = {"required": ["size", "terms", "rules"]}
    name = fields.String()
    size = fields.Nested(Size)
    terms = fields.List(fields.Nested(Term))
    rules = fields.List(Variant("rule", RULES))
    emphasis = fields.Float(metadata=EMPHASIS)
    waitlist = fields.Boolean(metadata=WAITLIST)
    priority = fields.String(allow_none=True, metadata=PRIORITY)


class Recipe(EditableResource, RecipeWords):
    """How groups of a program are formed."""

    across: ClassVar = {}
    program_id = fields.UUID()
    fidelity = fields.List(fields.String(), metadata=FIDELITY)
    warnings = fields.List(fields.String(), metadata={"description": "What works but is hardly meant."})


class RecipeQuery(PageQuery):
    """Which recipes."""

    program_id = fields.UUID(load_default=None)
