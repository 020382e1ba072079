"""Times of a clock, which are a moment only together with a time zone."""

import re
from contextlib import suppress
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields


class LocalTime(fields.String):
    """What a clock shows, on which date, without an offset: 2027-03-09T10:00:00."""

    FORMAT = "%Y-%m-%dT%H:%M:%S"

    def __init__(self, **kwargs: Any) -> None:
        said = {
            "format": "local-date-time",
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
        }
        super().__init__(**{**kwargs, "metadata": {**said, **kwargs.get("metadata", {})}})

    def _serialize(self, value: datetime | None, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.strftime(self.FORMAT)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> datetime:
        text: str = super()._deserialize(value, *args, **kwargs)
        if re.fullmatch(self.metadata["pattern"], text):
            with suppress(ValueError):
                return datetime.fromisoformat(text)
        raise ValidationError(
            "Write a date and a time of the clock, such as 2027-03-09T10:00:00, without an offset."
        )
