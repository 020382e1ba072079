"""Whose something is that was found, how that is known, and what makes two findings one. Pure."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from tenants.outcomes.verification.sources.found import AWARD, Credited, Found
from tenants.outcomes.verification.sources.reading import name_said, orcid_of

SCORES = {"orcid": 1.0, "name_and_institution": 0.9, "initial_and_institution": 0.7, "name": 0.5}
"""How sure each way of matching is, by judgement: an iD is somebody's own, a name is anybody's. An initial alone is
nobody's.
"""
_LETTERS = re.compile(r"[^\W\d_]+")
_DEGREES = re.compile(
    r",\s*(?:(?:ph\.?d|m\.?d|m\.?p\.?h|sc\.?d|dr\.?p\.?h|r\.?n|jr|sr|iii?)\b\.?,?\s*)+$", re.IGNORECASE
)
_NIH = re.compile(r"[1-9]?([A-Z]\d{2}|[A-Z]{2}\d)([A-Z]{2}\d{6}).*")

Same = Callable[[str, str], bool]
"""Whether two printed names are one institution's."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """Whom something is looked for, as her tenant knows her."""

    name: str | None
    orcid: str | None
    institution: str | None

    @property
    def asked_as(self) -> tuple[str, str]:
        """The first given name and the family name by which sources are asked; both empty for a single word."""
        given, family = name_said(_plain(self.name))
        return (given.split()[0], family) if given and family else ("", "")

    @property
    def known_orcid(self) -> str | None:
        """Her ORCID iD, if what is noted as such is one."""
        return orcid_of(self.orcid)


@dataclass(frozen=True, slots=True)
class Match:
    """How something was matched: a key of SCORES, and the institution that was printed with her."""

    by: str
    institution: str | None

    @property
    def score(self) -> float:
        """0 to 1."""
        return SCORES[self.by]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is perhaps somebody's, from one or several sources."""

    found: Found
    match: Match
    sources: tuple[str, ...]
    key: str


def match(who: Somebody, found: Found, same: Same) -> Match | None:
    """The surest way in which anybody who is credited is her, or None. Another's iD is never hers."""
    ways = [way for credited in found.credited if (way := _match(who, credited, same))]
    return max(ways, key=lambda way: way.score, default=None)


def _match(who: Somebody, credited: Credited, same: Same) -> Match | None:
    first = credited.institutions[0] if credited.institutions else None
    if who.known_orcid and credited.orcid:
        return Match("orcid", first) if who.known_orcid == credited.orcid else None
    likeness = _likeness(who.name, credited)
    if likeness is None:
        return None
    there = [each for each in credited.institutions if who.institution and same(who.institution, each)]
    if there:
        return Match(f"{likeness}_and_institution", there[0])
    return Match("name", first) if likeness == "name" else None


def _likeness(name: str | None, credited: Credited) -> str | None:
    """`name` where family and first given name are the same, `initial` where one of the two is that of the other."""
    given, family = _order(name)
    theirs, their_family = _words(credited.given), _words(credited.family)
    whole = [*given, *family]
    if not (theirs and their_family and len(whole) > len(their_family)):
        return None
    if whole[-len(their_family) :] != their_family or whole[0][0] != theirs[0][0]:
        return None
    if whole[0] == theirs[0]:
        return "name" if len(whole[0]) > 1 else "initial"
    return "initial" if 1 in (len(whole[0]), len(theirs[0])) else None


def _order(name: str | None) -> tuple[list[str], list[str]]:
    given, family = name_said(_plain(name))
    return _words(given), _words(family)


def _plain(name: str | None) -> str:
    """A name without what somebody put in brackets, and without degrees after a comma."""
    said = re.sub(r"\([^)]*\)", " ", name or "")
    return _DEGREES.sub("", said)


def _words(said: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", said)
    plain = "".join(char for char in folded if not unicodedata.combining(char)).casefold()
    return _LETTERS.findall(plain.replace("'", "").replace("’", ""))


def merged(matched: Iterable[tuple[str, Found, Match]]) -> list[Finding]:
    """One finding for what several sources have, in a stable order: the same by DOI, by PMID or by key."""
    kept: list[Finding] = []
    places: dict[tuple[str, str], int] = {}
    for source, found, way in matched:
        known = [places[name] for name in _names(found) if name in places]
        if known:
            place = min(known)
            kept[place] = _joined(kept[place], source, found, way)
        else:
            place = len(kept)
            kept.append(Finding(found, way, (source,), natural_key(found)))
        for name in _names(kept[place].found):
            places[name] = min(place, places.get(name, place))
    return kept


def _names(found: Found) -> list[tuple[str, str]]:
    """All by which it is known again: its DOI, its PMID, its key."""
    ids = [f"{name}:{value}" for name in ("doi", "pmid") if (value := getattr(found, name))]
    return [(found.kind, name) for name in dict.fromkeys((*ids, natural_key(found)))]


def _joined(known: Finding, source: str, found: Found, way: Match) -> Finding:
    names = ("title", "date", "doi", "pmid", "project_number", "code")
    filled = {name: getattr(known.found, name) or getattr(found, name) for name in names}
    both = replace(known.found, **filled)
    surest = way if way.score > known.match.score else known.match
    place = surest.institution or known.match.institution or way.institution
    sources = tuple(dict.fromkeys((*known.sources, source)))
    return Finding(both, Match(surest.by, place), sources, natural_key(both))


def natural_key(found: Found) -> str:
    """What identifies it among somebody's findings: the core project number of an award; of a product its DOI, else its
    PMID, else its title regardless of case and spacing.
    """
    if found.kind == AWARD:
        return f"award:{core_number(found.project_number)}"
    if found.doi or found.pmid:
        return f"doi:{found.doi}" if found.doi else f"pmid:{found.pmid}"
    words = " ".join((found.title or "").casefold().split())
    return f"title:{sha256(words.encode()).hexdigest()}"


def core_number(project_number: str | None) -> str | None:
    """What all years of an NIH award share, such as R01HL000001 of 5R01HL000001-03; any other number as it is."""
    said = re.sub(r"[\s-]+", "", project_number or "").upper()
    nih = _NIH.fullmatch(said)
    return nih[1] + nih[2] if nih else project_number


def activity_code(found: Found) -> str | None:
    """An award's activity code, also where only its number tells it; None for awards that have none."""
    nih = _NIH.fullmatch(re.sub(r"[\s-]+", "", found.project_number or "").upper())
    return found.code or (nih[1] if nih else None)


def worth_keeping(found: Found) -> bool:
    """Whether it says enough to be shown and known again."""
    return bool(found.project_number) if found.kind == AWARD else bool(found.title or found.doi or found.pmid)


def places_of(who: Somebody, found: Sequence[Found]) -> set[str]:
    """All printed names of institutions that comparing them would ask about."""
    printed = {place for each in found for credited in each.credited for place in credited.institutions}
    return printed | ({who.institution} if who.institution else set())
