"""Why the rules cannot all hold, and what would help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One of the things that clash.

    ``rule``    its place in ``Recipe.rules``; None for the sizes of groups.
    ``people``  whom it binds: the pair or list, the holders of the value; by index, empty for all.
    ``value``   the value that is too frequent, or too rare, in words.
    ``said``    the part in words: "at most 1 of institution “X” in a group: 12 people".
    """

    rule: int | None
    said: str
    people: tuple[int, ...] = ()
    value: str | None = None


@dataclass(frozen=True)
class Relaxation:
    """A change after which the clash is gone: what to change, in words, and by how much.

    ``rule`` is its place in ``Recipe.rules``, None for the sizes; ``amount`` counts people left out or
    steps of a number, so that the cheapest come first.
    """

    rule: int | None
    said: str
    amount: int


@dataclass(frozen=True)
class Clash:
    """A smallest set of parts that cannot all hold: without any one of them the others can.

    ``proven`` is False where a limited search found nothing, which proves nothing.
    """

    parts: tuple[Part, ...]
    said: str
    relaxations: tuple[Relaxation, ...] = ()
    proven: bool = True


class Infeasible(Exception):
    """The rules cannot all hold for everybody; ``clash`` says why."""

    def __init__(self, clash: Clash) -> None:
        super().__init__(clash.said)
        self.clash = clash
