"""Reading what others send: nothing in it is taken to be of the type, or of the length, that it should have. Pure."""

import datetime as dt
import html
import re
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import orjson

from tenants.outcomes.rules import MAX_DOI, MAX_NAME, MAX_TITLE
from tenants.outcomes.verification.sources.found import Unreadable

MOST_CREDITED = 200
"""Of those who are credited with one publication only so many are looked at."""
MOST_NAME = 200
_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_PMID = re.compile(r"[1-9][0-9]{0,9}")
_ORCID = re.compile(r"(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])$")
_TAGS = re.compile(r"<[^<>]{0,200}>")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def json_of(page: bytes) -> Any:
    """The JSON of a page. Raises Unreadable."""
    try:
        return orjson.loads(page)
    except orjson.JSONDecodeError as error:
        raise Unreadable("not JSON") from error


def xml_of(page: bytes) -> Element:
    """The XML of a page, which may not declare entities. Raises Unreadable."""
    builder, parser = TreeBuilder(), expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise Unreadable("an entity is declared")

    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(page, True)
        return builder.close()
    except (expat.ExpatError, AssertionError, LookupError, ValueError) as error:  # the last two: its encoding
        raise Unreadable("not XML") from error


def dig(found: Any, *path: str | int) -> Any:
    """What is there along a path of keys and places, or None."""
    for step in path:
        if isinstance(found, dict) and isinstance(step, str):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return None
    return found


def each(found: Any, *path: str | int) -> list[Any]:
    """The list that is there along a path, or an empty one."""
    listed = dig(found, *path)
    return listed if isinstance(listed, list) else []


def text(found: Any, most: int = MOST_NAME) -> str:
    """What is text, in one line, without mark-up and control characters, cut off after so many characters."""
    if not isinstance(found, str):
        return ""
    plain = html.unescape(_TAGS.sub("", found[: 4 * most]))
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())[:most].strip()


def title_of(found: Any) -> str | None:
    """A title, or None."""
    return text(found, MAX_TITLE) or None


def code_of(found: Any) -> str | None:
    """A code or number of an award, or None."""
    return text(found, MAX_NAME) or None


def doi_of(found: Any) -> str | None:
    """A DOI in lower case without a resolver's address, or None for what is none. Angle brackets are part of some."""
    said = (
        html.unescape(found).strip().lower() if isinstance(found, str) and len(found) <= 2 * MAX_DOI else ""
    )
    doi = re.sub(r"^(https?://(dx\.)?doi\.org/|doi:\s*)", "", said)
    return doi if len(doi) <= MAX_DOI and _DOI.fullmatch(doi) and doi.isprintable() else None


def pmid_of(found: Any) -> str | None:
    """A PMID, with or without the address of its page, or None for what is none."""
    said = text(found).rstrip("/").rpartition("/")[2]
    return said if _PMID.fullmatch(said) else None


def orcid_of(found: Any) -> str | None:
    """An ORCID iD in groups of four, with or without its address, or None where that or its check digit is wrong.

    The check digit is that of ISO 7064, MOD 11-2.
    """
    matched = _ORCID.search(text(found))
    if not matched:
        return None
    digits = "".join(matched.groups()).upper()
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return "-".join(matched.groups()).upper() if digits[-1] == ("X" if check == 10 else str(check)) else None


def day_of(year: Any, month: Any = None, day: Any = None) -> dt.date | None:
    """A day of numbers or of text, the first that it can be where a part is missing; None without a year."""
    try:
        return dt.date(int(year), _month(month), int(day or 1))
    except (TypeError, ValueError, OverflowError):
        return _first_of(year)


def _month(month: Any) -> int:
    if isinstance(month, str) and month[:3].lower() in _MONTHS:
        return _MONTHS.index(month[:3].lower()) + 1
    return int(month or 1)


def _first_of(year: Any) -> dt.date | None:
    try:
        return dt.date(int(year), 1, 1)
    except (TypeError, ValueError, OverflowError):
        return None


def day_said(found: Any) -> dt.date | None:
    """The day of a date or moment in ISO 8601, or None."""
    try:
        return dt.date.fromisoformat(text(found)[:10])
    except ValueError:
        return None


def name_said(found: Any) -> tuple[str, str]:
    """(given names, family name) of a name in one piece: "Family, Given", or "Given Family" whose last word counts."""
    said = text(found)
    family, comma, given = said.partition(",")
    if comma:
        return given.strip(), family.strip()
    given, _, family = said.rpartition(" ")
    return given.strip(), family
