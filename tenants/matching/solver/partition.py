"""What comes out of group formation: groups, what they are worth, and how that comes about."""

from __future__ import annotations

from dataclasses import dataclass

from tenants.matching.solver.clash import Clash
from tenants.matching.solver.model import Bound, Group, Unplaced


@dataclass(frozen=True)
class TermTold:
    """A term over the whole pool. ``bound``: no partition has a higher mean of this term, whatever the others;
    None for pools too large to tell. ``missing`` people have no value and count as ``neutral`` (one half)."""

    attribute: str
    prefer: str
    weight: float
    value: float
    bound: float | None
    missing: int


@dataclass(frozen=True)
class GroupTerm:
    """A term in one group: its mean over the pairs, as a share of the term's bound too, and in words."""

    attribute: str
    prefer: str
    weight: float
    value: float
    share_of_bound: float | None
    said: str


@dataclass(frozen=True)
class GroupTold:
    """A group: its terms, and the hours a week that all are free where availability is known."""

    terms: tuple[GroupTerm, ...]
    common_hours: float | None


@dataclass(frozen=True)
class Alternative:
    """The best other place of a member: in which group, in exchange with whom (None: with nobody), and what
    the partition's value would lose; below 0 it would gain."""

    group: int
    counterpart: int | None
    cost: float


@dataclass(frozen=True)
class MemberTold:
    """A member: the mean score with the partners, whole and by term, and the best other place.

    ``open_affinity`` and ``said`` are the member's own telling, of attributes that are not sensitive.
    """

    affinity: float
    terms: tuple[float, ...]
    open_affinity: float | None
    alternative: Alternative | None
    said: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """All that is told; ``members[g]`` are in the order of the group."""

    terms: tuple[TermTold, ...]
    groups: tuple[GroupTold, ...]
    members: tuple[tuple[MemberTold, ...], ...]


@dataclass(frozen=True)
class Partition:
    """Groups, who is in none, and what the partition is worth; groups in order of their first member.

    ``value`` and ``group_values`` are defined by :func:`tenants.matching.solver.solve`; the ``certificate`` tells
    how they come about.
    ``owed[g]`` what group g costs by soft rules. ``stopped_by`` is ``proof``, ``sweeps`` or ``time``.
    ``continues[g]`` is the list of the rule that keeps groups which group g goes on from, None for a new
    one; ``moved`` is who is of a list and not in the group that goes on from it.
    ``clash`` is why not everybody could be placed, where somebody is left over.
    """

    groups: tuple[Group, ...]
    unplaced: tuple[Unplaced, ...]
    value: float
    group_values: tuple[float, ...]
    owed: tuple[float, ...]
    bound: Bound
    stopped_by: str
    certificate: Certificate
    continues: tuple[int | None, ...] = ()
    moved: Group = ()
    clash: Clash | None = None

    @property
    def gap(self) -> float:
        """How far the value may be below the best, as a share of the bound."""
        return max(0.0, (self.bound.value - self.value) / self.bound.value) if self.bound.value > 0 else 0.0
