"""The attack on a release before it goes: what could be worked out from it and all that went before.

It works on documents alone and shares no code with what protected them. Given exact counts, by the tenant whose they
are, it says which of them are unsafe:

- a count of 1 to T (the threshold) unless it could be anything from the number of non-zero cells under it to T;
- a change of 1 to T since an earlier release, up or down, unless it could be any of 1 to T (a fall: or as much as the
  non-zero cells under the new count allow);
- where a dimension is sensitive, none and all as well, 0 being the least;
- the same of what is left of a cell without the part of an institution, for whoever knows that part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tenants.reporting.audit.judging import Goal, Truth
from tenants.reporting.audit.ranges import NEAR, Polytope
from tenants.reporting.audit.reading import (
    Cell,
    Contradiction,
    Counts,
    Document,
    Reading,
    exact_counts,
    less,
    reading_of,
    without,
)

At = tuple[tuple[str, str], ...]

MANY = 400
"""Above so many numbers not shown a range is followed only as far as the rules ask, not to its ends."""

FAR = 30.0


@dataclass(frozen=True)
class Range:
    """How low and high a number, or its change since an earlier release, has been seen to be possible.

    ``since``  the place in the ledger of the earlier release, None for the count itself.
    ``knower`` the institution whose part is taken as known, None for anybody; the range is that of the rest.
    """

    at: At
    low: float
    high: float
    since: int | None = None
    knower: str | None = None


@dataclass(frozen=True)
class Finding(Range):
    """A range that is too narrow: it had to reach from ``low_asked`` to ``high_asked``."""

    low_asked: float = 0
    high_asked: float = 0


@dataclass(frozen=True)
class Audit:
    """``ranges`` of every number not shown and of every change to or from one; ``unsafe`` only with exact counts."""

    ranges: tuple[Range, ...]
    unsafe: tuple[Finding, ...]


def audit(
    release: Document,
    ledger: Sequence[Document] = (),
    *,
    exact: Counts | None = None,
    few: Collection[At] = (),
    silent: Collection[At] = (),
    exact_before: Mapping[int, Counts] | None = None,
    parts: Mapping[str, Counts] | None = None,
    parts_before: Mapping[str, Mapping[int, Counts]] | None = None,
    ends: bool = True,
) -> Audit:
    """Attack a release with all that went before it.

    exact: its inner counts. few: cells of things with few people behind them, whatever they count. silent: cells that,
    whatever they count, are not told but for a difference of 1 to T. exact_before: the counts of earlier releases by
    their place in the ledger, as far as they are known; a change since a number that was not shown and is not known is
    judged as if it had been any that is possible. parts: each institution's own part of the counts; needs exact.
    parts_before: the same by institution and place; only for these are changes of the rest looked at. ends: whether to
    follow ranges to their ends, up to MANY numbers; else only as far as the rules ask.
    Raises Contradiction where documents and counts cannot be true together, Unfinished when a solver fails.
    """
    same = [each for each in ledger if each["snapshot"] == release["snapshot"]]
    reading = reading_of([*same, release])
    told = reading_of(same).shown  # of this very snapshot: whatever an institution makes of it, it stands
    counts = None if exact is None else _checked(reading, exact)
    now, before = Polytope(reading, max((counts or {}).values(), default=0)), _before(release, ledger)
    unsafe: list[Finding] = []
    if counts is not None:
        marked = (reading.cells.keys() & {frozenset(at) for at in each} for each in (few, silent))
        truth = Truth(reading, counts, release["threshold"], *marked)
        unsafe = _failed(truth.count_goals(), now, None)
        known = {
            place: exact_counts(before[place].reading, counts)
            for place, counts in (exact_before or {}).items()
            if place in before
        }
        for place, seen in before.items():
            unsafe += _changes(truth, now, _Earlier(place, seen.polytope, known.get(place)), None)
        for name, part in sorted((parts or {}).items()):
            knower = _Knower(name, part, (parts_before or {}).get(name, {}), _axes([release, *ledger]))
            found = _rest(knower, truth, now, _Past(before, known))
            unsafe += [each for each in found if frozenset(each.at) not in told]
    elif parts:
        raise Contradiction("What is left without a part can be judged only with exact counts.")
    if ends or exact is None:
        _widen(now, now.cells)
        for seen in before.values():
            _widen(seen.polytope, [cell for cell in seen.polytope.cells if cell in reading.cells])
    return Audit(tuple(_ranges(reading, now, before)), tuple(unsafe))


@dataclass(frozen=True)
class _Seen:
    reading: Reading
    polytope: Polytope


@dataclass(frozen=True)
class _Past:
    """What the earlier releases tell, by place, and their exact counts as far as they are known."""

    seen: Mapping[int, _Seen]
    exact: Mapping[int, Mapping[Cell, int]]


def _before(release: Document, ledger: Sequence[Document]) -> dict[int, _Seen]:
    """Each earlier snapshot but the release's own, by the place in the ledger of its last release."""
    places: dict[str, list[int]] = {}
    for place, each in enumerate(ledger):
        if each["snapshot"] != release["snapshot"]:
            places.setdefault(each["snapshot"], []).append(place)
    found = {}
    for those in places.values():
        reading = reading_of([ledger[place] for place in those])
        found[those[-1]] = _Seen(reading, Polytope(reading))
    return found


def _widen(polytope: Polytope, cells: Sequence[Cell]) -> None:
    """Find the ranges to their ends, or of many as far as FAR."""
    end = polytope.cap if len(polytope.cells) <= MANY else FAR
    polytope.reach(dict.fromkeys(cells, 0.0), dict.fromkeys(cells, end))


@dataclass(frozen=True)
class _Earlier:
    """An earlier release by its place in the ledger: what it tells, and its exact counts if they are known."""

    place: int
    polytope: Polytope
    exact: Mapping[Cell, int] | None


@dataclass(frozen=True)
class _Knower:
    """An institution with its parts of the counts now and before; ``axes`` are the dimensions of institutions."""

    name: str
    part: Counts
    before: Mapping[int, Counts]
    axes: frozenset[str]

    def rest(
        self, seen: _Seen, part: Counts, exact: Mapping[Cell, int] | None
    ) -> tuple[dict[Cell, int], _Seen]:
        """Its part of every cell, and how it sees what is left; of its own rows that is nothing."""
        own = exact_counts(seen.reading, part)
        rows = {cell for cell in seen.reading.cells if any((axis, self.name) in cell for axis in self.axes)}
        reading = without(seen.reading, own, rows)
        return own, _Seen(reading, seen.polytope.without(reading, own, rows, exact))


def _axes(documents: Sequence[Document]) -> frozenset[str]:
    return frozenset(
        each["name"]
        for document in documents
        for table in document["tables"]
        for each in table["dimensions"]
        if each["holders"]
    )


def _changes(truth: Truth, now: Polytope, earlier: _Earlier, knower: str | None) -> list[Finding]:
    """The changes since one earlier release that are unsafe.

    The range of an earlier number is first followed only a little: if that is enough, all of it is.
    """
    before = earlier.polytope
    open_cells = [cell for cell in before.cells if cell in truth.counts]
    if earlier.exact is None:
        _widen(before, open_cells)
    elif knower is None:  # whoever knows more begins with what was found possible for anybody
        before.reach(dict.fromkeys(open_cells, 1.0), dict.fromkeys(open_cells, FAR), alone=False)
    failed = _failed(truth.change_goals(before, earlier.place, earlier.exact), now, knower)
    again = [frozenset(each.at) for each in failed if frozenset(each.at) in before.place]
    if not again:
        return failed
    before.reach(dict.fromkeys(again, 0.0), dict.fromkeys(again, before.cap))
    return _failed(truth.change_goals(before, earlier.place, earlier.exact), now, knower)


def _checked(reading: Reading, exact: Counts) -> dict[Cell, int]:
    counts = exact_counts(reading, exact)
    for cell, value in reading.shown.items():
        if counts[cell] != value:
            raise Contradiction(f"{sorted(cell)} is shown as {value} and counts {counts[cell]}.")
    return counts


def _asked(goals: Sequence[Goal]) -> tuple[dict[Cell, float], dict[Cell, float]]:
    low: dict[Cell, float] = {}
    high: dict[Cell, float] = {}
    for goal in goals:
        low[goal.cell] = min(goal.low, low.get(goal.cell, goal.low))
        high[goal.cell] = max(goal.high, high.get(goal.cell, goal.high))
    return low, high


def _failed(goals: Sequence[Goal], polytope: Polytope, knower: str | None) -> list[Finding]:
    """Look for what is asked, and say what cannot be."""
    polytope.reach(*_asked(goals))
    found = []
    for goal in goals:
        low, high = polytope.range(goal.cell)
        if low > goal.low + NEAR or high < goal.high - NEAR:
            asked = {"low_asked": goal.low, "high_asked": goal.high}
            found.append(Finding(_at(goal.cell), low, high, goal.since, knower, **asked))
    return found


def _rest(knower: _Knower, truth: Truth, now: Polytope, past: _Past) -> list[Finding]:
    """What is unsafe of the rest, from somebody who knows one institution's part of every cell."""
    own, seen = knower.rest(_Seen(truth.reading, now), knower.part, truth.counts)
    rest = Truth(seen.reading, less(truth.counts, own), truth.threshold)
    found = _failed(rest.count_goals(), seen.polytope, knower.name)
    for place, part in knower.before.items():
        if place in past.seen:
            exact = past.exact.get(place)
            own_then, then = knower.rest(past.seen[place], part, exact)
            counts = None if exact is None else less(exact, own_then)
            found += _changes(rest, seen.polytope, _Earlier(place, then.polytope, counts), knower.name)
    return found


def _ranges(reading: Reading, now: Polytope, before: Mapping[int, _Seen]) -> list[Range]:
    found = [Range(_at(cell), *now.range(cell)) for cell in now.cells]
    for place, seen in before.items():
        for cell in reading.cells:
            if cell in seen.reading.cells and (cell in now.place or cell in seen.polytope.place):
                low, high = now.range(cell)
                least, most = seen.polytope.range(cell)
                found.append(Range(_at(cell), low - most, high - least, place))
    return found


def _at(cell: Cell) -> At:
    return tuple(sorted(cell))
