"""Why everybody cannot be placed, or how they can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from tenants.matching.solver.clash import Clash, Part
from tenants.matching.solver.feasibility.arithmetic import find
from tenants.matching.solver.feasibility.counting import Unknown
from tenants.matching.solver.feasibility.demands import Block, Case, Count, Demand, Sizes
from tenants.matching.solver.feasibility.finding import Finding
from tenants.matching.solver.feasibility.judging import Arithmetic, Exact
from tenants.matching.solver.feasibility.reading import read
from tenants.matching.solver.feasibility.relaxing import relaxations
from tenants.matching.solver.feasibility.smallest import smallest
from tenants.matching.solver.hours import START
from tenants.matching.solver.model import Group, Pool, Recipe

FEW = 12
"""Parts that arithmetic found of which the model tries whether each is needed."""

LARGE = 1_000
"""People above whom only arithmetic looks for clashes."""


def clash(pool: Pool, recipe: Recipe, *, effort: float = 1.0, start: date = START) -> Clash | None:
    """The clash that forbids placing everybody, or None where none was found.

    Simple arithmetic looks first; for up to LARGE people the counting model then decides, which is proof
    either way unless its effort is used up. ``Clash.proven`` is False where it could not be decided whether
    each part is needed. ``effort`` scales the deterministic time that CP-SAT may spend: at 1 10 seconds on the
    clash and 15 on its relaxations, which may take the clock two or three times as long.
    """
    if len(pool.ids) > LARGE:
        return arithmetic_clash(pool, recipe, start=start)
    judge = Exact(effort)
    for case in _public_first(read(pool, recipe, start)):
        found = find(case)
        if found or judge.refutes(case):
            return _explained(case, found, judge, effort)
    return None


def _explained(case: Case, found: Finding | None, judge: Exact, effort: float) -> Clash:
    """The clash of a case that cannot be kept."""
    parts: Sequence[Demand] = case.demands if found is None else found.demands
    if found is None or len(parts) <= FEW:
        parts = smallest(sorted(parts, key=_reluctance), lambda some: judge.refutes(case.of(some)))
    said = found.said if found and len(parts) == len(found.demands) else ""
    few = case.of(parts)
    relaxed = relaxations(case, few, Exact(effort), Exact(effort / 2))
    return Clash(told(few), _sentence(few, said), relaxed, judge.sure)


def _public_first(case: Case) -> Iterator[Case]:
    """The case without what people wished for themselves and, if there is any of that, with it."""
    public = case.of(demand for demand in case.demands if not demand.private)
    yield public
    if len(public.demands) < len(case.demands):
        yield case


def arithmetic_clash(pool: Pool, recipe: Recipe, *, start: date = START) -> Clash | None:
    """The clash that counting alone finds, fast however many people; None proves nothing.

    Its relaxations are checked by the same arithmetic, and say that they may leave other clashes.
    """
    for case in _public_first(read(pool, recipe, start)):
        found = find(case)
        if found:
            few = case.of(found.demands)
            relaxed = relaxations(case, few, Arithmetic(found.people))
            return Clash(told(few), _sentence(few, found.said), relaxed)
    return None


def refuted(pool: Pool, recipe: Recipe, *, start: date = START) -> bool:
    """Whether counting alone shows that not everybody can be placed; fast however many people, False proves nothing."""
    return find(read(pool, recipe, start)) is not None


def placing(pool: Pool, recipe: Recipe, *, effort: float = 1.0, start: date = START) -> list[Group] | None:
    """Some groups that keep all rules which always hold and place everybody, by CP-SAT.

    None if there are none or none was found in the effort.
    """
    try:
        return Exact(effort).placing(read(pool, recipe, start))
    except Unknown:
        return None


def fewest_left(
    pool: Pool, recipe: Recipe, *, effort: float = 1.0, start: date = START
) -> tuple[list[Group], bool]:
    """Some groups that keep all rules which always hold and leave few people out, by CP-SAT, and whether it is proved
    that none leave fewer; no groups if all people were left out, or if none were found."""
    return Exact(effort).fewest_left(read(pool, recipe, start))


def told(clash: Case) -> tuple[Part, ...]:
    """The parts as they may be told: a private wish, and whoever is in it, is named nowhere in its clash."""
    if not any(demand.private for demand in clash.demands):
        return tuple(demand.part for demand in clash.demands)
    return tuple(replace(demand.part, said=demand.unnamed, people=(), value=None) for demand in clash.demands)


def _sentence(clash: Case, said: str) -> str:
    """What arithmetic says or, if it says nothing or the clash has a private wish, the parts in a row."""
    if said and not any(demand.private for demand in clash.demands):
        return said
    times = Counter(part.said for part in told(clash))
    words = [part if number == 1 else f"{part} ({number} times)" for part, number in times.items()]
    return f"This cannot be kept for {clash.people} people: {'; '.join(words)}."


def _reluctance(demand: Demand) -> tuple[bool, int]:
    """Which parts a clash is rather told by: sizes and counts first, what people wished for themselves last."""
    match demand:
        case Sizes():
            form = 0
        case Count() if demand.change or demand.lone:
            form = 1
        case Block():
            form = 2
        case _:
            form = 3
    return demand.private, form
