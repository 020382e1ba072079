"""Fields for what groups write: words, which are kept encrypted, and whose they are. Neither has a second copy."""

from typing import Any

from marshmallow import Schema, fields


class Sealed(fields.String):
    """Words of a group, kept encrypted in this table: a list opens them row by row (see `api.pages`)."""

    def __init__(self, table: str, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)  # null where a repeated request is answered
        self.table = table


class SealedList(fields.List):
    """As `Sealed`, of a list."""

    def __init__(self, table: str, inner: Any, **kwargs: Any) -> None:
        super().__init__(inner, allow_none=True, **kwargs)
        self.table = table


class SealedWords(fields.Dict):
    """All words of a row of any table: the list has `kind`, the table, and `sealed`, ciphertexts by column."""


def sealed_in(schema: type[Schema] | None) -> dict[str, str]:
    """The fields of a schema that are kept encrypted: by name, the table."""
    known = schema().fields if schema else {}
    return {name: each.table for name, each in known.items() if isinstance(each, Sealed | SealedList)}


class Whose(fields.UUID):
    """The membership of whoever wrote or did something in a group."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)  # null where a repeated request is answered


def kept_back(schema: type[Schema] | None) -> tuple[str, ...]:
    """The names of the fields of a schema that a repeated request is not told: words of a group, and whose they are."""
    names = [name for name, field in schema().fields.items() if isinstance(field, Whose)] if schema else []
    return (*sealed_in(schema), *names)
