"""What goes into group formation and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EMPHASIS = 0.5
"""Share of a partition's value that its weakest group decides, unless the recipe says otherwise."""

NEUTRAL = 0.5
"""Score of a term for a pair of which at least one person has no value."""

Group = tuple[int, ...]
"""Members as indices into the pool, ascending."""


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


@dataclass(frozen=True)
class Attribute:
    """One attribute of everybody in the pool.

    ``kind``     what ``values`` holds: ``categorical`` str, ``boolean`` bool, ``ordinal`` a key of
                 ``levels``, ``number`` int or float, ``date`` ISO 8601 day, ``set`` list of str,
                 ``reference`` list of ids of people (who need not be in the pool), ``text`` str,
                 ``availability`` {"time_zone": IANA name, "slots": [{"day": "mon", "start": "09:00",
                 "end": "11:00"}]} in the zone's own time.
    ``values``   one entry a person, in the order of ``Pool.ids``; None where it is missing.
    ``levels``   the levels of an ordinal attribute, lowest first.
    ``parents``  for levels of a two-level taxonomy the level above, by level.
    ``sensitive`` a person's value is shown to no other member.
    """

    kind: str
    values: Sequence[Any]
    levels: Sequence[str] | None = None
    parents: Mapping[str, str] = field(default_factory=dict)
    sensitive: bool = False


@dataclass(frozen=True)
class Pool:
    """The people to be grouped: their ids and, by key, their attributes."""

    ids: tuple[str, ...]
    attributes: Mapping[str, Attribute]


@dataclass(frozen=True)
class Size:
    """Fewest and most people in a group, 2 <= min <= max, and the mean size wished for (else their middle)."""

    min: int
    max: int
    target: float | None = None

    @property
    def wished(self) -> float:
        """The mean size to come near to."""
        return (self.min + self.max) / 2 if self.target is None else self.target


@dataclass(frozen=True)
class Term:
    """A wish: people of a group should be ``similar``, ``different`` or ``near`` in an attribute; weight > 0."""

    attribute: str
    prefer: str
    weight: float


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What must hold in every group or, at a price, should.

    ``price``   None for a rule that always holds; else what each violation costs, in units of one
                member's affinity.
    ``private`` told to nobody, not even to organisers: a person's own wish.
    ``called``  what a rule that no recipe has is called, instead of its number and words.
    """

    price: float | None = None
    private: bool = False
    called: str | None = None


@dataclass(frozen=True)
class Cap(Rule):
    """At most ``max`` people of a group share a value (for lists: an element) of an attribute.

    People without a value share it with nobody. A violation is each person too many.
    """

    attribute: str
    max: int


@dataclass(frozen=True)
class Seats(Rule):
    """From ``min`` to ``max`` people of a group have the value (for lists: the element).

    For facilitators, near-peers, somebody who can convene; no ``max`` is no upper limit. A violation is
    each person missing or too many.
    """

    attribute: str
    value: str | bool
    min: int = 1
    max: int | None = None


@dataclass(frozen=True)
class NoIsolate(Rule):
    """No value (of ``values``, else of all) is held by exactly one person of a group; else a violation."""

    attribute: str
    values: tuple[str | bool, ...] | None = None


@dataclass(frozen=True)
class Shared(Rule):
    """All people of a group have at least ``min`` elements of a list in common: a language. One without a
    value has none. A violation is each element missing."""

    attribute: str
    min: int = 1


@dataclass(frozen=True)
class CommonSlots(Rule):
    """All people of a group are free together at least ``hours`` a week, in every week of the year.

    One without a value is never free. A violation is each hour missing.
    """

    attribute: str
    hours: float


@dataclass(frozen=True)
class Apart(Rule):
    """The two of a pair, and any two of a list, are in different groups. A violation is each pair together.

    Ids that are not in the pool are passed over.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    lists: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class SimilarText(Rule):
    """Two people are in different groups if the cosine of their texts is ``similarity`` or more.

    A violation is each such pair together.
    """

    attribute: str
    similarity: float


@dataclass(frozen=True)
class Hierarchy(Rule):
    """Somebody and the people whom they name (``reference``: supervisor, evaluators) are in different groups.

    With ``shared`` so are two who name the same person: one principal investigator, one primary mentor.
    A violation is each person together with somebody whom they name and, with ``shared``, for each person
    named everybody but one who names them.
    """

    attributes: tuple[str, ...]
    shared: bool = False


@dataclass(frozen=True)
class Together(Rule):
    """The two of a pair, and all of a list, are in one group. Ids that are not in the pool are passed over.

    Always hard: it has no price.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    lists: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Locked(Rule):
    """Each list is the beginning of a group of its own, a seed pair for one, or a group that grows.

    Always hard: it has no price.
    """

    lists: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Keep(Rule):
    """Each list is a group that exists: one group at most goes on from it, and who is in another, or none, moves.

    Without a ``price`` as few as possible move, which comes before the value; with one each of them costs it.
    ``max`` is how many may move at most, None for any number. At most one rule of a recipe is of this kind.
    """

    lists: tuple[tuple[str, ...], ...] = ()
    max: int | None = None


@dataclass(frozen=True)
class Recipe:
    """How groups are to be: sizes and rules, which always hold, and wishes, which are weighed.

    ``emphasis``  share of the value that the weakest group decides, in [0, 1].
    ``waitlist``  whether people may be left over when not all can be placed.
    ``priority``  a number, ordinal or boolean attribute: who has more of it is left over last.
    """

    size: Size
    terms: tuple[Term, ...]
    rules: tuple[Rule, ...] = ()
    emphasis: float = EMPHASIS
    waitlist: bool = False
    priority: str | None = None


@dataclass(frozen=True)
class Unplaced:
    """Somebody in no group; ``code`` is stable, ``reason`` a sentence true of the partition."""

    index: int
    code: str
    reason: str


@dataclass(frozen=True)
class Bound:
    """No partition that keeps the rules is worth more than ``value``; ``name`` says what proved it."""

    value: float
    name: str
