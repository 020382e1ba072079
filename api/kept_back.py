"""What of an answer is not kept for a repeated request: what groups write, and who does what in them."""

from typing import Any

from marshmallow import Schema, fields

from api.fields import sealed_in


class Whose(fields.UUID):
    """The membership of whoever wrote or did something in a group."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)  # null where a repeated request is answered


def kept_back(schema: type[Schema] | None) -> tuple[str, ...]:
    """The names of such fields of a schema: they have no second copy."""
    names = [name for name, field in schema().fields.items() if isinstance(field, Whose)] if schema else []
    return (*sealed_in(schema), *names)
