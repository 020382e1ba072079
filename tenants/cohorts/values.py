"""What an attribute admits: raw values, from JSON or from a cell of a file, made canonical or refused. Pure.

Canonical: categorical and ordinal a level's key; set and reference a sorted list without repetition; number
an int where it is whole, else a float; date "YYYY-MM-DD"; availability its slots in order of the week.
"""

import functools
import json
import re
import zoneinfo
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from unicodedata import normalize

MAX_LEVELS = 10_000
MAX_NAME = 200
MAX_TEXT = 5_000
MAX_MEMBERS = 200
MAX_NUMBER = 1e12
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
YES, NO = ("true", "yes", "1"), ("false", "no", "0")
NO_TIME_ZONES = {"localtime", "Factory"}
"""Names in the files of time zones that say nothing of a place: the machine's own clock, and one never set."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_LINE_END = re.compile(r"\r\n?|\n")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_LABEL = r"[^\W_]([\w-]*[^\W_])?"
_EMAIL = re.compile(rf"[^@\s,;:<>()\[\]\\\"]+@{_LABEL}(\.{_LABEL})+")
_BETWEEN = re.compile(r"[;|]")


class InvalidValue(ValueError):
    """A value breaks a rule: `code` is stable, the message a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def short_text(value: str, *, most: int = MAX_NAME) -> str:
    """Trimmed text on one line, tabs and line ends made spaces.

    Raises InvalidValue (too_long, control_character, required).
    """
    found = normalize("NFC", value.strip())
    if not found.isprintable():
        found = _LINE_END.sub(" ", found).replace("\t", " ")
    return _checked(found, most)


def _checked(found: str, most: int) -> str:
    if not found:
        raise InvalidValue("required", "Text is needed here.")
    if len(found) > most:
        raise InvalidValue("too_long", f"This text has {len(found):,} characters; at most {most:,} may be.")
    if not found.isprintable() and _CONTROL.search(found):
        raise InvalidValue("control_character", "This text holds a control character; remove it.")
    return found


def email_address(value: str) -> str:
    """An e-mail address as it was given. Raises InvalidValue (invalid_email)."""
    found = value.strip()
    if len(found) > 254 or not found.isprintable() or not _EMAIL.fullmatch(found):
        raise InvalidValue("invalid_email", f"{_shown(value)} is not an e-mail address.")
    return found


class ValueReader:
    """Reads the values of one attribute. Make one for many values: it holds the look-up of the levels.

    An open attribute takes what is no level as a new one; `new_levels` lists those in the order they came.
    """

    def __init__(self, *, key: str, kind: str, levels: Sequence[dict[str, Any]], is_open: bool) -> None:
        self.key = key
        self.new_levels: list[str] = []
        self._is_open = is_open
        self._known = len(levels)
        self._examples = ", ".join(str(level["key"]) for level in levels[:5])
        self._level_of = _names(levels)
        self.from_json, self.from_cell = self._readers(kind)

    from_json: Callable[[Any], Any]
    """The canonical value of a JSON value other than null. Raises InvalidValue."""
    from_cell: Callable[[str], Any]
    """The canonical value of a cell that is not empty. Raises InvalidValue."""

    def _readers(self, kind: str) -> tuple[Callable[[Any], Any], Callable[[str], Any]]:
        if kind in ("categorical", "ordinal"):
            return lambda raw: self._level(_nfc(_string(raw))), self._level
        if kind == "set":
            return (
                lambda raw: _members(raw, lambda each: self._level(_nfc(each))),
                lambda cell: _members(_split(cell), self._level),
            )
        return _READERS[kind]

    def level_of(self, name: str) -> str | None:
        """The level that goes by this key, label or alias, in any letter case; None where none does."""
        return self._level_of.get(name) or self._level_of.get(name.strip().casefold())

    def _level(self, name: str) -> str:
        return self.level_of(name) or self._new_level(name)

    def _new_level(self, name: str) -> str:
        level = short_text(name)
        if not self._is_open:
            hint = (
                f"use one of: {self._examples}" if self._known <= 5 else f"use for example {self._examples}"
            )
            raise InvalidValue("unknown_level", f"{_shown(name)} is not a level of {self.key}; {hint}.")
        if self._known + len(self.new_levels) >= MAX_LEVELS:
            raise InvalidValue("too_many_levels", f"{self.key} has {MAX_LEVELS:,} levels; it takes no more.")
        self.new_levels.append(level)
        self._level_of[level.casefold()] = level
        return level


def _names(levels: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Each key, alias and label in lower case, keys before aliases before labels, with the level's key."""
    found: dict[str, str] = {}
    for level in levels:
        found.setdefault(level["key"].casefold(), level["key"])
    for level in levels:
        for alias in level.get("aliases") or ():
            found.setdefault(alias.casefold(), level["key"])
    for level in levels:
        found.setdefault((level.get("label") or level["key"]).casefold(), level["key"])
    return found


def _shown(value: str) -> str:
    shown = value if len(value) <= 60 else value[:59] + "…"
    return '"' + "".join(character if character.isprintable() else "\ufffd" for character in shown) + '"'


def _nfc(text: str) -> str:
    """Cells are read in this form, so that one name is one level however it was typed."""
    return normalize("NFC", text)


def _string(raw: Any) -> str:
    if not isinstance(raw, str):
        raise InvalidValue("invalid", "This must be a string.")
    return raw


def _split(cell: str) -> list[str]:
    return [part for part in _BETWEEN.split(cell) if part.strip()]


def _members(raw: Any, member: Callable[[str], str]) -> list[str]:
    if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
        raise InvalidValue("invalid", "This must be a list of strings.")
    if len(raw) > MAX_MEMBERS:
        raise InvalidValue("too_many", f"This list has {len(raw):,} entries; at most {MAX_MEMBERS} may be.")
    return sorted({member(each) for each in raw})


def _number(value: float) -> int | float:
    if not abs(value) <= MAX_NUMBER:  # which NaN is not either
        raise InvalidValue("out_of_range", "This number is too large.")
    return int(value) if value == int(value) else value


def _json_number(raw: Any) -> int | float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise InvalidValue("invalid", "This must be a number.")
    return _number(raw)


def _cell_number(cell: str) -> int | float:
    if not _NUMBER.fullmatch(cell):
        raise InvalidValue(
            "invalid_number", f"{_shown(cell)} is not a number; write it like 1234.5, without separators."
        )
    return _number(float(cell))


def _date(raw: Any) -> str:
    text = _string(raw).strip()
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            pass
    raise InvalidValue("invalid_date", f"{_shown(text)} is not a date; write it like 2026-09-01.")


def _json_boolean(raw: Any) -> bool:
    if not isinstance(raw, bool):
        raise InvalidValue("invalid", "This must be true or false.")
    return raw


def _cell_boolean(cell: str) -> bool:
    word = cell.casefold()
    if word not in YES and word not in NO:
        raise InvalidValue("invalid_boolean", f"{_shown(cell)} is neither yes nor no.")
    return word in YES


def _text(raw: Any) -> str:
    return _checked(_nfc(_LINE_END.sub("\n", _string(raw)).strip()), MAX_TEXT)


def is_time_zone(name: str) -> bool:
    """Whether this is the IANA name of a time zone."""
    return name in _time_zones()


@functools.cache
def _time_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - NO_TIME_ZONES)


def _availability(raw: Any) -> dict[str, Any]:
    if not isinstance(raw, dict) or raw.keys() != {"time_zone", "slots"}:
        raise InvalidValue("invalid", "This must be an object with time_zone and slots.")
    zone, slots = raw["time_zone"], raw["slots"]
    if not isinstance(zone, str) or not is_time_zone(zone):
        raise InvalidValue("unknown_time_zone", "time_zone must be an IANA name such as America/Chicago.")
    if not isinstance(slots, list) or len(slots) > MAX_MEMBERS:
        raise InvalidValue("invalid", f"slots must be a list of at most {MAX_MEMBERS}.")
    spans = sorted({_span(slot) for slot in slots})
    ordered = [{"day": DAYS[day], "start": start, "end": end} for day, start, end in spans]
    return {"time_zone": zone, "slots": ordered}


def _span(slot: Any) -> tuple[int, str, str]:
    if isinstance(slot, dict) and slot.keys() == {"day", "start", "end"} and slot["day"] in DAYS:
        start, end = slot["start"], slot["end"]
        times = all(isinstance(time, str) and _TIME.fullmatch(time) for time in (start, end))
        if times and start < end:
            return DAYS.index(slot["day"]), start, end
    raise InvalidValue(
        "invalid_slot",
        'A slot reads {"day": "mon", "start": "09:00", "end": "11:00"}, its end after its start.',
    )


def _cell_availability(cell: str) -> dict[str, Any]:
    try:
        raw = json.loads(cell)
    except (ValueError, RecursionError):
        raise InvalidValue("invalid", "Availability is written as JSON: time_zone and slots.") from None
    return _availability(raw)


_READERS: dict[str, tuple[Callable[[Any], Any], Callable[[str], Any]]] = {
    "number": (_json_number, _cell_number),
    "date": (_date, _date),
    "boolean": (_json_boolean, _cell_boolean),
    "text": (_text, _text),
    "reference": (lambda raw: _members(raw, short_text), lambda cell: _members(_split(cell), short_text)),
    "availability": (_availability, _cell_availability),
}
