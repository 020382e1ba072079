"""Drawing by lot who starts when: within strata, by a seed, and from nothing else.

**Units.** People who are to be together are drawn as one unit. A unit belongs to the stratum of its member with
the lowest id; what is said below of units is true of people where nobody is kept together.

**The draw** is a systematic sample with a random start (Madow and Madow 1944) of a list that is ordered by
stratum, strata and the units of each in random order. With equal arms the unit at place i goes to the arm at
place i mod k of a random order of the k arms. With a share, it starts now where a whole number lies in
(i * share + u, (i + 1) * share + u], u being the start in [0, 1), and else later.

Of any n units that follow each other, each arm so gets the floor or the ceiling of its share of n. The units of
a stratum follow each other, and so do all units: in every stratum, and over all strata, an arm's number differs
from its share by less than one. What is left of one stratum is carried into the next. Every unit has the same
chance of each arm, and units of a stratum are drawn by a random permutation of them.

**The stream.** The draw takes 64-bit words from NumPy's PCG64, seeded by SeedSequence(seed, spawn_key=(STREAM,)):
one for each unit in ascending order of its lowest id, then one for each stratum in the order in which these
units first show it, then one for each arm from 1 (equal arms) or one for the start (a share). Whatever is put
in random order is sorted by its words; the start is its word / 2^64. NumPy promises these words for all its
versions, as it does not for the methods of Generator, so that a draw can be repeated years later.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID

import numpy as np

MOST_ARMS = 6
STREAM = 0x4C4F54
"""Keeps the words of the draw apart from those of the search, which has the same seed."""
ALGORITHM = "madow-1"
"""What is said above, by a name that changes with it."""
_WORDS = 1 << 64


def stratum_of(values: Mapping[str, Any]) -> str | None:
    """What a stratum is called: each attribute with its value as JSON; None where nothing is stratified by.

    Nobody's missing value is anybody's value: it is null, and a stratum of its own.
    """
    said = (f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in values.items())
    return ", ".join(said) or None


def draw(
    people: Sequence[UUID],
    strata: Sequence[str | None],
    together: Iterable[Sequence[int]] = (),
    *,
    arms: int,
    share: float | None = None,
    seed: int,
) -> list[int]:
    """The arm, from 1, of each of `people`, who are by id and differ.

    `strata`    the stratum of each.
    `together`  places in `people` of those who get the same arm; what overlaps is one unit.
    `arms`      2 to MOST_ARMS, of equal shares unless there is a
    `share`     in (0, 1) of arm 1, for two arms.
    `seed`      0 or more. Equal arguments give equal arms, in whatever order the people come.

    Raises ValueError where these do not hold.
    """
    _check(people, strata, arms, share, seed)
    ids = sorted(range(len(people)), key=lambda place: people[place])
    units = _units(ids, together)
    found = list(dict.fromkeys(strata[unit[0]] for unit in units))
    stream = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(STREAM,)))
    words = [int(word) for word in stream.random_raw(len(units) + len(found) + arms)]
    of_stratum = dict(zip(found, words[len(units) :], strict=False))
    listed = sorted(
        range(len(units)), key=lambda unit: (of_stratum[strata[units[unit][0]]], words[unit], unit)
    )
    rest = words[len(units) + len(found) :]
    dealt = _in_turn(len(units), rest) if share is None else _by_share(len(units), share, rest[0])
    drawn = [0] * len(people)
    for unit, arm in zip(listed, dealt, strict=True):
        for place in units[unit]:
            drawn[place] = arm
    return drawn


def digest(
    people: Sequence[UUID],
    strata: Sequence[str | None],
    together: Iterable[Sequence[int]] = (),
    *,
    arms: int,
    share: float | None = None,
) -> str:
    """SHA-256 of what a draw is made from but for its seed, so that it can be told before one is agreed on: the JSON
    array [ALGORITHM, arms, share, units] in UTF-8, without blanks. Units are as the draw has them, in ascending
    order, each [stratum, [ids of its people, ascending]].
    """
    ids = sorted(range(len(people)), key=lambda place: people[place])
    units = [
        [strata[unit[0]], [str(people[place]) for place in sorted(unit, key=lambda place: people[place])]]
        for unit in _units(ids, together)
    ]
    said = json.dumps([ALGORITHM, arms, share, units], ensure_ascii=False, separators=(",", ":"))
    return sha256(said.encode()).hexdigest()


def _check(
    people: Sequence[UUID], strata: Sequence[str | None], arms: int, share: float | None, seed: int
) -> None:
    if len(set(people)) < len(people) or len(strata) != len(people):
        raise ValueError("people must differ, and each have a stratum")
    if not 2 <= arms <= MOST_ARMS or seed < 0:
        raise ValueError(f"arms must be 2 to {MOST_ARMS}, the seed 0 or more")
    if share is not None and not (arms == 2 and 0 < share < 1):
        raise ValueError("a share must be between 0 and 1, and for 2 arms")


def _units(ids: Sequence[int], together: Iterable[Sequence[int]]) -> list[list[int]]:
    """Places of those who are drawn as one, each unit and all units in ascending order of ids."""
    first = {place: place for place in ids}

    def root(place: int) -> int:
        while first[place] != place:
            first[place] = first[first[place]]
            place = first[place]
        return place

    for bound in together:
        for one, other in pairwise(bound):
            first[root(one)] = root(other)
    units: dict[int, list[int]] = {}
    for place in ids:
        units.setdefault(root(place), []).append(place)
    return list(units.values())


def _in_turn(number: int, words: Sequence[int]) -> list[int]:
    order = sorted(range(len(words)), key=lambda arm: (words[arm], arm))
    return [order[place % len(order)] + 1 for place in range(number)]


def _by_share(number: int, share: float, word: int) -> list[int]:
    """In whole numbers, so that nothing is rounded: the share is `part` / `whole`, the start `word` / 2^64."""
    part, whole = share.as_integer_ratio()
    ends = [(place * part * _WORDS + word * whole) // (whole * _WORDS) for place in range(number + 1)]
    return [1 if after > before else 2 for before, after in pairwise(ends)]
