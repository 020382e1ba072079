"""Which organization a printed name or affiliation means. Pure.

Better none than a wrong one: an organization is chosen where a name of its own stands there, and nothing that is said
of the place speaks against it; where several have that name, where the place says which.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from tenants.outcomes.organizations.aliases import ALIASES
from tenants.outcomes.organizations.countries import COUNTRIES
from tenants.outcomes.organizations.naming import key_of, pieces, shorter, without_brackets

WHOLE, PART, PIECE = 1.0, 0.9, 0.8
"""How sure it is that the whole name is an organization's, that of which it is a part, or a piece between commas."""
MOST_KEYS = 40
_NUMBERS = re.compile(r"\d")
_UNIT = re.compile(
    r"^(?:department|division|section|unit|laboratory|service|program|clinic|school|faculty|college|institute"
    r"|center|group|ministry|national institute|graduate school)\b"
)
"""How names begin that many organizations have within them."""


@dataclass(frozen=True, slots=True)
class Organization:
    """One of ROR's: its id, its name, the keys of its names, and where it is."""

    id: str
    name: str
    keys: frozenset[str]
    city: str | None
    region: str | None
    country_code: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of where an institution is, beside what its name says. `region` is a state's two letters."""

    city: str | None = None
    region: str | None = None
    country_code: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """An organization that may be meant, and how sure that is (0 to 1). `chosen`: it is taken to be the one."""

    organization: Organization
    score: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class _Printed:
    """An affiliation as it is printed, taken apart."""

    keys: tuple[tuple[str, float], ...]
    said: str
    countries: frozenset[str]
    place: Place
    parts: frozenset[str]


NOWHERE = Place()


def keys_asked(printed: str) -> list[str]:
    """All keys by which an organization could be found that is meant."""
    return [key for key, _ in _keys(printed)]


def _keys(printed: str) -> list[tuple[str, float]]:
    """Keys and how sure each is, the surest first: of the whole, of what it is a part of, of its pieces."""
    parts = pieces(printed)
    known: dict[str, float] = {}

    def add(said: str, sure: float, *, short: bool = True) -> None:
        key = ALIASES.get(key_of(said), key_of(said))
        known.setdefault(key, sure)
        for above in shorter(key) if short else ():
            known.setdefault(ALIASES.get(above, above), min(sure, PART) - 0.01)

    add(printed, WHOLE)
    if "(" in printed:
        add(without_brackets(printed), WHOLE)
    if len(parts) > 1:
        for one, other in pairwise(parts):
            add(f"{one} {other}", PIECE + 0.05, short=False)
        for part in parts:
            add(part, PIECE)
            if "(" in part:
                add(without_brackets(part), PIECE)
    known.pop("", None)
    return list(known.items())[:MOST_KEYS]


def candidates(
    printed: str, organizations: Iterable[Organization], place: Place = NOWHERE
) -> list[Candidate]:
    """The organizations among these that may be meant, the surest first; at most one is chosen."""
    by_key: dict[str, list[Organization]] = {}
    for organization in organizations:
        for key in organization.keys:
            by_key.setdefault(key, []).append(organization)
    return _judged(_taken_apart(printed, place), by_key)


def chosen(
    printed: str, by_key: Mapping[str, Collection[Organization]], place: Place = NOWHERE
) -> str | None:
    """The id of the one that is meant, or None."""
    found = _judged(_taken_apart(printed, place), by_key)
    return next((each.organization.id for each in found if each.chosen), None)


def _taken_apart(printed: str, place: Place) -> _Printed:
    parts = [key_of(part) for part in pieces(printed)]
    last = [_NUMBERS.sub(" ", part) for part in parts[-2:]]
    tail = {" ".join(part.split()) for part in last}
    said = frozenset(COUNTRIES[part] for part in tail if part in COUNTRIES)
    if not said and parts:
        words = last[-1].split()
        said = frozenset(COUNTRIES[end] for end in (" ".join(words[-2:]), *words[-1:]) if end in COUNTRIES)
    if place.country_code:
        said = frozenset({place.country_code})
    whole = f" {' '.join(parts)} "
    return _Printed(tuple(_keys(printed)), whole, said, place, frozenset(parts))


def _judged(printed: _Printed, by_key: Mapping[str, Collection[Organization]]) -> list[Candidate]:
    scores: dict[Organization, float] = {}
    best: Organization | None = None
    sure = 0.0
    for key, how in printed.keys:
        there = [each for each in by_key.get(key, ()) if _can_be(printed, each)]
        told = there[0] if len(there) == 1 else _told_by_place(printed, there, key)
        for each in there:
            score = how if each is told else how / (2 * len(there))
            scores[each] = max(scores.get(each, 0.0), round(score, 3))
        if told is not None and _is_trusted(printed, told, key, how):
            better = how + _weight(printed, told, key)
            if best is None or better > sure:
                best, sure = told, better
    ranked = sorted(scores.items(), key=lambda pair: (pair[0] is not best, -pair[1], pair[0].id))
    return [Candidate(each, score, each is best) for each, score in ranked]


def _can_be(printed: _Printed, organization: Organization) -> bool:
    return not printed.countries or organization.country_code in printed.countries


def _told_by_place(printed: _Printed, there: list[Organization], key: str) -> Organization | None:
    """The one of several of the same name that is in the city or region that is said, or whose own name it is."""
    for narrowed in (
        [each for each in there if _in_city(printed, each)],
        [each for each in there if printed.place.region and each.region == printed.place.region],
        [each for each in there if key_of(each.name) == key],
    ):
        if len(narrowed) == 1:
            return narrowed[0]
    return None


def _in_city(printed: _Printed, organization: Organization) -> bool:
    city = key_of(organization.city or "")
    if printed.place.city and city == key_of(printed.place.city):
        return True
    return bool(city) and f" {city} " in printed.said


def _is_trusted(printed: _Printed, organization: Organization, key: str, how: float) -> bool:
    """Whether the key alone says enough. A piece that could be a unit of anybody's needs its city; a single word that
    is not all there is, its country as well.
    """
    if how >= PART - 0.1 and len(printed.parts) <= 1:
        return " " in key or how == WHOLE
    if " " not in key:
        return _in_city(printed, organization) and bool(printed.countries)
    if _UNIT.match(key):
        return _in_city(printed, organization)
    return True


def _weight(printed: _Printed, organization: Organization, key: str) -> float:
    """What makes one of several pieces the likelier: its city is said, it is a university, its name is long."""
    return (
        0.06 * _in_city(printed, organization)
        + 0.05 * ("university" in key or "universit" in key)
        + 0.002 * min(len(key.split()), 10)
    )
