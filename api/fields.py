"""What schemas are made of: fields that refuse what PostgreSQL or JSON Schema would refuse."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from unicodedata import normalize

from marshmallow import RAISE, ValidationError, fields, validate
from marshmallow import Schema as BaseSchema

from tenants.cohorts.values import InvalidValue, email_address

BIGINT = 2**63 - 1
UPDATED_SINCE = {
    "description": "Changed at this moment or later. Go on with the latest updated_at that you saw: what is still "
    "being written is left out until it is whole, and none is missed."
}


class Schema(BaseSchema):
    """All of ours: unknown fields are errors."""

    across: ClassVar[dict[str, Any]] = {}
    """Rules across fields, as JSON Schema states them; `tenants/` holds them."""
    example: ClassVar[dict[str, Any]] = {}
    """A body as somebody would send it, for the document."""

    class Meta:
        unknown = RAISE


class Pattern(validate.Regexp):
    """The pattern of a whole text, written with `^` and `$` as JSON Schema needs it.

    It must take linear time: a text of a megabyte may come.
    """

    def __call__(self, value: str) -> str:
        if not self.regex.fullmatch(value):  # where `$` would admit a line end
            raise ValidationError(self._format_error(value))
        return value


class Text(fields.String):
    """One line of at most `most` characters: not blank, no control characters, trimmed, in NFC."""

    VISIBLE = r"^ *[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"

    def __init__(self, *, most: int = 500, **kwargs: Any) -> None:
        visible = Pattern(self.VISIBLE, error="Write one line that is not blank.")
        checks = [validate.Length(min=1, max=most), *_listed(kwargs.pop("validate", visible))]
        super().__init__(validate=checks, **kwargs)
        self.most = most

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        if len(text) > self.most:  # before it is trimmed, as the document says
            raise ValidationError(f"Longer than maximum length {self.most}.")
        return normalize("NFC", text.strip()) or text


class Prose(fields.String):
    """Text of several lines: not blank, no control characters but line ends and tabs."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(validate=validate.Length(min=1, max=most), **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, *args, **kwargs)
        if any((each < " " and each not in "\n\t") or each == "\x7f" for each in text):
            raise ValidationError("Write without control characters, and end lines with a line feed.")
        if not text.strip():
            raise ValidationError("Write something that is not blank.")
        return text


class Choice(Text):
    """One of a closed list of words."""

    def __init__(self, choices: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(choices, error="Must be one of: {choices}."), **kwargs)


class Link(Text):
    """The https address of a page, without a name or password in it."""

    def __init__(self, *, most: int = 2000, **kwargs: Any) -> None:
        pattern = Pattern(
            r"^https://[A-Za-z0-9][A-Za-z0-9.-]{0,252}(:[0-9]{1,5})?([/?#][!-~]*)?$",
            error="Give an address that begins with https://.",
        )
        super().__init__(most=most, validate=pattern, **kwargs)


class Key(Text):
    """A snake_case key that appears in URLs, recipes and files."""

    def __init__(self, **kwargs: Any) -> None:
        pattern = Pattern(
            r"^[a-z][a-z0-9_]{0,62}$",
            error="Use lower-case letters, digits and underscores, a letter first.",
        )
        super().__init__(most=63, validate=pattern, **kwargs)


class Value(Text):
    """What an attribute can say of somebody: a level, or true or false."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most=200, metadata={"type": ["string", "boolean"]}, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return value if isinstance(value, bool) else super()._deserialize(value, *args, **kwargs)

    def _validate(self, value: Any) -> None:
        if not isinstance(value, bool):
            super()._validate(value)


class Variant(fields.Field[Any]):
    """An object of one of several schemas: the word in its field `by` says which."""

    def __init__(self, by: str, schemas: Mapping[str, type[Schema]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.by = by
        self.schemas = {word: schema() for word, schema in schemas.items()}

    def _serialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value  # as it was taken and stored, which is what lists show

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, dict):
            raise self.make_error("validator_failed")
        if self.by not in value:
            raise ValidationError({self.by: ["Missing data for required field."]})
        word = value[self.by]
        if not isinstance(word, str) or word not in self.schemas:
            raise ValidationError({self.by: [f"Must be one of: {', '.join(self.schemas)}."]})
        return self.schemas[word].load(value)


class Object(fields.Dict):
    """An object of at most `most` entries."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = most

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict) and len(value) > self.most:
            raise ValidationError(f"There may be at most {self.most} entries.")
        try:
            return super()._deserialize(value, *args, **kwargs)
        except ValidationError as wrong:
            if not isinstance(wrong.messages, dict):
                raise
            # marshmallow says apart what is wrong with a name and with what it names; both are at that name.
            found = {name: [*each.values()] for name, each in wrong.messages.items()}
            raise ValidationError(found) from wrong


class Email(Text):
    """An e-mail address, by the rule that rosters follow."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(most=254, metadata={"format": "email"}, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        try:
            return email_address(super()._deserialize(value, *args, **kwargs))
        except InvalidValue as refused:
            raise ValidationError(str(refused)) from refused


class Whole(fields.Integer):
    """A whole number; 8.0 is one, "8" and true are not."""

    def __init__(self, *, least: int = 0, most: int = BIGINT, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(min=least, max=most), **kwargs)

    def _validated(self, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise self.make_error("invalid", input=value)
        return int(value)


class QueryWhole(fields.Integer):
    """A whole number in a query string, where everything is text."""

    def _validated(self, value: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
            raise self.make_error("invalid", input=value)
        return int(value)


class QueryNumber(fields.Float):
    """A finite number in a query string, where everything is text."""

    def _validated(self, value: Any) -> float:
        as_json = r"-?[0-9]{1,18}(\.[0-9]{1,400})?([eE][-+]?[0-9]{1,3})?"
        if not isinstance(value, str) or not re.fullmatch(as_json, value) or abs(float(value)) > 1e12:
            raise self.make_error("invalid", input=value)
        return float(value)


class QueryFlag(fields.Boolean):
    """true or false in a query string, where everything is text."""

    truthy: ClassVar[set[Any]] = {"true"}
    falsy: ClassVar[set[Any]] = {"false"}


class Flag(fields.Boolean):
    """true or false, and nothing that looks like them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Number(fields.Float):
    """A finite number."""

    def _validated(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e12:
            raise self.make_error("invalid", input=value)
        return float(value)


class Day(fields.Date):
    """A calendar day, YYYY-MM-DD."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE)
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error


class Timestamp(fields.DateTime):
    """A moment in UTC, RFC 3339, always with microseconds."""

    FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"
    SQL_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).strftime(self.FORMAT)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        moment: datetime = super()._deserialize(value, *args, **kwargs)
        if moment.tzinfo is None:
            raise ValidationError("Say the offset from UTC, for example 2026-09-01T12:00:00Z.")
        try:
            return moment.astimezone(UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type=self.OBJ_TYPE) from error


class Resource(Schema):
    """What every resource says of itself."""

    id = fields.UUID(dump_only=True)
    created_at = Timestamp(dump_only=True)


class EditableResource(Resource):
    """A resource with an ETag: `version` is what it holds."""

    updated_at = Timestamp(dump_only=True)
    version = fields.Integer(dump_only=True, metadata={"description": "Also in the ETag."})


class PageQuery(Schema):
    """Which page of a list."""

    cursor = fields.String(
        load_default=None,
        validate=[validate.Length(min=1, max=400), Pattern(r"^[A-Za-z0-9_.-]+$")],
        metadata={"description": "next_cursor of the page before."},
    )
    limit = QueryWhole(
        load_default=50, validate=validate.Range(min=1, max=100), metadata={"description": "Rows a page."}
    )


def _listed(checks: Any) -> list[Any]:
    return [] if checks is None else list(checks) if isinstance(checks, list | tuple) else [checks]
