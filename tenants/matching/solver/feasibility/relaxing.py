"""The cheapest changes after which a clash is gone, each of them tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tenants.matching.solver.clash import Relaxation
from tenants.matching.solver.feasibility.counting import Unknown
from tenants.matching.solver.feasibility.demands import Block, Case, Common, Count, Demand, Sizes, counted
from tenants.matching.solver.feasibility.judging import Judge
from tenants.matching.solver.model import Size

OTHERS_LEFT = ", which may leave other clashes"


@dataclass(frozen=True)
class Ladder:
    """One thing to change, step by step: what it says and what is demanded after so many steps.

    ``replaced`` is the demand that is changed; None for leaving people out.
    """

    replaced: Demand | None
    steps: int
    said: Callable[[int], str]
    changed: Callable[[int], Demand | None]

    @property
    def rule(self) -> int | None:
        """The place of the rule that is changed."""
        return self.replaced.part.rule if self.replaced else None


def relaxations(case: Case, clash: Case, judge: Judge, whole: Judge | None = None) -> tuple[Relaxation, ...]:
    """Changes to single demands of a clash, and people left out, cheapest first.

    Each makes the clash go away; one that may leave others in the recipe, as ``whole`` judges if there is such a
    judge, says so. Where a person's own wish is among them, only the number of people left out is offered.
    """
    private = any(demand.private for demand in clash.demands)
    ladders = [] if private else [ladder for demand in clash.demands for ladder in _ladders(demand, case)]
    found = []
    for ladder in (*ladders, _waiting(case.people)):
        steps = _first_step(ladder, clash, judge)
        if steps is None:
            continue
        for_all = _first_step(ladder, case, whole, steps) if whole else None
        said = ladder.said(for_all or steps) + ("" if for_all else OTHERS_LEFT)
        found.append(Relaxation(ladder.rule, said, for_all or steps))
    return tuple(sorted(found, key=lambda each: (each.amount, each.said.endswith(OTHERS_LEFT))))


def _first_step(ladder: Ladder, case: Case, judge: Judge, start: int = 1) -> int | None:
    """The fewest steps, from ``start`` on, after which the demands can be kept; more steps always do as well."""
    if start <= ladder.steps and _can(ladder, start, case, judge):
        return start
    if start >= ladder.steps or not _can(ladder, ladder.steps, case, judge):
        return None
    low, high = start, start + 1
    while high < ladder.steps and not _can(ladder, high, case, judge):
        low, high = high, min(start + 2 * (high - start), ladder.steps)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _can(ladder, middle, case, judge) else (middle, high)
    return high


def _can(ladder: Ladder, steps: int, case: Case, judge: Judge) -> bool:
    demands = case.demands
    if ladder.replaced is not None:
        changed = ladder.changed(steps)
        rest = [each for each in demands if each is not ladder.replaced]
        demands = tuple(rest) if changed is None else (changed, *rest)
    try:
        return judge.placing(case.of(demands), 0 if ladder.replaced else steps) is not None
    except Unknown:
        return False


def _waiting(people: int) -> Ladder:
    return Ladder(
        None,
        people - 1,
        lambda steps: f"leave {counted(steps, 'person', 'people')} to the waitlist",
        lambda _: None,
    )


def _ladders(demand: Demand, case: Case) -> Iterator[Ladder]:
    match demand:
        case Sizes(size=size):
            yield Ladder(
                demand,
                size.min - 2,
                lambda steps: f"allow groups of {size.min - steps}",
                lambda steps: replace(demand, size=Size(size.min - steps, size.max)),
            )
            yield Ladder(
                demand,
                case.people - size.max,
                lambda steps: f"allow groups of {size.max + steps}",
                lambda steps: replace(demand, size=Size(size.min, size.max + steps)),
            )
        case Count() if demand.change:
            start, rungs = demand.least, demand.least
            sign = -1
            if demand.most is not None:
                start, rungs, sign = demand.most, len(demand.holders) - demand.most, 1
            yield Ladder(demand, rungs, lambda steps: _bound(demand, start + sign * steps), demand.loosened)
        case Common():
            rungs = -(-demand.need // demand.step)
            start_at = demand.need / demand.step
            yield Ladder(demand, rungs, lambda steps: _bound(demand, start_at - steps), demand.loosened)
        case Count(holders=people) | Block(members=people) if len(people) > 2 and not _is_lone(demand):
            yield Ladder(
                demand,
                len(people) - 1,
                lambda steps: (
                    f"take {counted(steps, 'person', 'people')} out of the list: {demand.part.said}"
                ),
                lambda steps: replace(demand, spare=steps),
            )
        case _:
            yield Ladder(demand, 1, lambda _: demand.release, lambda _: None)


def _is_lone(demand: Demand) -> bool:
    return isinstance(demand, Count) and demand.lone


def _bound(demand: Count | Common, bound: float) -> str:
    return demand.change.format(f"{bound:g}") if bound > 0 else demand.release
