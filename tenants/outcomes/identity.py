"""What makes two records one thing, whoever told of it: across members, groups, tenants and funders. Pure.

Records are mappings of field to value, of products or of career events. Two are one if a chain of shared identifiers
connects them: a DOI, a PMID, or the core number of an award, under which the proposal, its resubmission, the award and
each of its years are one. A title is no identifier: what has nothing else is one with what has the same kind, date and
title, unless that could be either of two.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any

PROPOSALS = ("proposal_submitted", "proposal_awarded", "supplement")
"""Kinds of products that a project number names; other products only acknowledge a project."""

# NIH: application type, activity code, institute, serial number; support year and suffixes.
_NIH = re.compile(r"[1-9]?([A-Z][A-Z0-9]{2})-?([A-Z]{2})-?([0-9]{6})(-[0-9]{2}[A-Z0-9]*)?")
_SUPPLEMENT = re.compile(r"-[0-9]{2}(?:A[0-9]+)?S[0-9]+")


def core_project_number(number: str) -> str:
    """The number that all applications and years of one award share: of "1R01HL123456-01A1", "R01HL123456".

    A number that is not one of NIH's comes back in capitals and without spaces.
    """
    told = "".join(number.upper().split())
    found = _NIH.fullmatch(told)
    return "".join(found.group(1, 2, 3)) if found else told


def title_key(record: Mapping[str, Any]) -> str | None:
    """Kind, date and title, regardless of case and spacing; None without a title."""
    title = record.get("title")
    if not title:
        return None
    words = " ".join(title.casefold().split())
    return f"title:{record['kind']}:{record.get('date') or ''}:{sha256(words.encode()).hexdigest()}"


def identity_of(record: Mapping[str, Any]) -> frozenset[str]:
    """The identifiers of a canonical product or career event: doi:, pmid: and project:.

    A project number identifies proposals and awards alone, and a supplement by itself, not by the award it adds to.
    """
    found = {f"{name}:{record[name]}" for name in ("doi", "pmid") if record.get(name)}
    number = record.get("project_number")
    if number and (record["kind"] == "award" or record["kind"] in PROPOSALS):
        found.add(_project(record["kind"], number))
    return frozenset(found)


def _project(kind: str, number: str) -> str:
    core = core_project_number(number)
    if kind != "supplement":
        return f"project:{core}"
    told = "".join(number.upper().split())
    found = _NIH.fullmatch(told)
    year = found.group(4) if found else None
    return f"supplement:{core}{year if year and _SUPPLEMENT.match(year) else ''}"


def counted_once(records: Sequence[Mapping[str, Any]]) -> list[list[int]]:
    """The places of `records`, those of one thing together: in rising order, as are the groups.

    However the records are ordered, and whoever told of them, the same are together. What has neither an identifier nor
    a title is a thing of its own.
    """
    parents = _united([identity_of(record) for record in records])
    _unite_by_title(parents, records)
    return _together(parents)


def identified_once(identities: Sequence[Collection[str]]) -> list[list[int]]:
    """As `counted_once`, of things of which nothing is told but their identifiers, in whatever form."""
    return _together(_united(identities))


def _united(identities: Sequence[Collection[str]]) -> list[int]:
    leads: dict[str, int] = {}
    parents = list(range(len(identities)))
    for place, identity in enumerate(identities):
        for identifier in identity:
            _unite(parents, place, leads.setdefault(identifier, place))
    return parents


def _together(parents: list[int]) -> list[list[int]]:
    together = defaultdict(list)
    for place in range(len(parents)):
        together[_root(parents, place)].append(place)
    return list(together.values())


def _unite_by_title(parents: list[int], records: Sequence[Mapping[str, Any]]) -> None:
    """What is known by its title alone: with the one thing of that title, or with all that are known so too."""
    titled: dict[str, list[int]] = defaultdict(list)
    identified: dict[str, set[int]] = defaultdict(set)
    for place, record in enumerate(records):
        key = title_key(record)
        if key is None:
            continue
        if identity_of(record):
            identified[key].add(_root(parents, place))
        else:
            titled[key].append(place)
    for key, places in titled.items():
        alike = identified[key]
        first = next(iter(alike)) if len(alike) == 1 else places[0]
        for place in places:
            _unite(parents, place, first)


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = parents[parents[place]]
        place = parents[place]
    return place


def _unite(parents: list[int], one: int, other: int) -> None:
    first, second = sorted((_root(parents, one), _root(parents, other)))
    parents[second] = first
