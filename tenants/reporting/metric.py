"""What a metric is: a way to count, the words that tell a reader how, and what is drawn from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants.reporting.counting import Counting
from tenants.reporting.tables import CountTable, ShownTable

Figure = dict[str, Any]
"""A figure as documents have it: id, title, kind, caption, tables, and what its kind asks for."""
Shown = Mapping[str, ShownTable]
"""A metric's tables as printed, by name."""


@dataclass(frozen=True)
class Found:
    """``tables``  what is counted. ``exact``  figures for the tenant itself, from the people rather than the tables."""

    tables: Sequence[CountTable]
    exact: Sequence[Figure] = field(default_factory=tuple)


def nothing(_: Shown) -> Sequence[Any]:
    """Of a metric that is numbers alone."""
    return ()


@dataclass(frozen=True)
class Metric:
    """One way to count. A change of how, or of the words, is a new version.

    ``how``      the choices that were made where others could have been, for the id.
    ``inputs``   what it is computed from, in words. ``caveats``  what its numbers must not be taken for.
    ``inside``   whether only internal reports have it.
    ``figures``  what is computed from its tables as printed, and from nothing else; ``notes``: what is said of these.
    """

    name: str
    version: int
    title: str
    text: str
    count: Callable[[Counting], Found]
    inputs: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    figures: Callable[[Shown], Sequence[Figure]] = nothing
    notes: Callable[[Shown], Sequence[str]] = nothing
    how: tuple[str, ...] = ()
    inside: bool = False

    @property
    def id(self) -> str:
        """The name with what was chosen and its version, such as reach.v1."""
        return ".".join((self.name, *self.how, f"v{self.version}"))
