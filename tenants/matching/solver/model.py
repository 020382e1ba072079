"""What goes into group formation and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

EMPHASIS = 0.5
"""Share of a partition's value that its weakest group decides; the rest is the mean over members."""

NEUTRAL = 0.5
"""Score of a term for a pair of which at least one person has no value."""


class InvalidRecipe(ValueError):
    """The recipe cannot be used; ``field`` is the path of the culprit, such as ``terms/0/weight``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class InvalidPool(ValueError):
    """A value does not fit the kind of its attribute; ``field`` is such as ``attributes/rank/values/3``."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Infeasible(Exception):
    """No group at all can be formed; ``reasons`` says why, one sentence each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


@dataclass(frozen=True)
class Attribute:
    """One attribute of everybody in the pool.

    ``kind``    what ``values`` holds: ``categorical`` str, ``boolean`` bool, ``ordinal`` a key of
                ``levels``, ``number`` int or float, ``date`` ISO 8601 day, ``set`` list of str,
                ``reference`` list of ids.
    ``values``  one entry a person, in the order of ``Pool.ids``; None where it is missing.
    ``levels``  the levels of an ordinal attribute, lowest first.
    """

    kind: str
    values: Sequence[Any]
    levels: Sequence[str] | None = None


@dataclass(frozen=True)
class Pool:
    """The people to be grouped: their ids and, by key, their attributes."""

    ids: tuple[str, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Size:
    """Fewest and most people in a group, 2 <= min <= max."""

    min: int
    max: int


@dataclass(frozen=True)
class Term:
    """A wish: people of a group should be ``similar`` or ``different`` in an attribute; weight > 0."""

    attribute: str
    prefer: str
    weight: float


@dataclass(frozen=True)
class Cap:
    """A rule: at most ``max`` people of a group share a value (for lists: an element) of an attribute.

    People without a value share it with nobody.
    """

    attribute: str
    max: int


@dataclass(frozen=True)
class Recipe:
    """How groups are to be: sizes and rules, which always hold, and wishes, which are weighed."""

    size: Size
    terms: tuple[Term, ...]
    rules: tuple[Cap, ...] = ()


@dataclass(frozen=True)
class Unplaced:
    """Somebody in no group; ``code`` is ``cap`` or ``size``, ``reason`` a sentence true of the partition."""

    index: int
    code: str
    reason: str


@dataclass(frozen=True)
class Partition:
    """Groups as tuples of indices into the pool, who is in none, and what the partition is worth.

    ``value`` and ``group_values`` lie in [0, 1]; :func:`tenants.matching.solver.solve` defines them.
    ``contributions[g][t]`` is the mean score of the recipe's term t over the pairs of group g, in [0, 1].
    """

    groups: tuple[tuple[int, ...], ...]
    unplaced: tuple[Unplaced, ...]
    value: float
    group_values: tuple[float, ...]
    contributions: tuple[tuple[float, ...], ...]

    def to_canonical(self) -> Partition:
        """The same partition with members ascending and groups ordered by their first member."""
        members = [tuple(sorted(group)) for group in self.groups]
        order = sorted(range(len(members)), key=members.__getitem__)
        return replace(
            self,
            groups=tuple(members[g] for g in order),
            unplaced=tuple(sorted(self.unplaced, key=lambda person: person.index)),
            group_values=tuple(self.group_values[g] for g in order),
            contributions=tuple(self.contributions[g] for g in order),
        )
