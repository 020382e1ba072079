"""What counting alone refutes, in linear time: the number of groups, and who can be in none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tenants.matching.solver.feasibility.apartness import Apartness, alone, clique
from tenants.matching.solver.feasibility.blocks import broken_block
from tenants.matching.solver.feasibility.demands import Case, Count, Demand, Sizes, counted
from tenants.matching.solver.feasibility.finding import Finding
from tenants.matching.solver.model import Group


@dataclass(frozen=True)
class Limit:
    """A number of groups that demands allow at least or at most, and why.

    ``people`` are those of whom some would have to go for another limit.
    """

    groups: int
    demands: tuple[Demand, ...]
    why: str = ""
    people: Group = ()


def find(case: Case) -> Finding | None:
    """Demands that clash by simple arithmetic, smallest as far as arithmetic sees; None proves nothing.

    Nobody is always placed: in no group.
    """
    if not case.people:
        return None
    return (
        _sizes(case)
        or _isolates(case)
        or _poor(case)
        or broken_block(case)
        or _crossing(case)
        or _apart(case)
    )


def _sizes(case: Case) -> Finding | None:
    size = case.size
    if size is None or -(-case.people // size.max) <= case.people // size.min:
        return None
    people = counted(case.people, "person", "people")
    if case.people < size.min:
        said = f"{people}: fewer than the smallest group of {size.min}."
    else:
        sizes = str(size.min) if size.min == size.max else f"{size.min} to {size.max}"
        said = f"{people} cannot be divided into groups of {sizes}."
    return Finding(tuple(d for d in case.demands if isinstance(d, Sizes)), said, tuple(range(case.people)))


def _isolates(case: Case) -> Finding | None:
    for demand in case.counts():
        if demand.lone and len(demand.holders) == 1:
            name = case.named(demand.holders)
            said = f"{demand.noun}: {name} is the only one and would be alone with it in any group."
            return Finding((demand,), said, demand.holders)
    return None


def _poor(case: Case) -> Finding | None:
    """Somebody who alone has not as much as all of a group must have in common."""
    for demand in case.commons():
        enough = np.bitwise_count(demand.bits).sum(axis=-1).min(axis=-1) >= demand.need
        poor = tuple(np.flatnonzero(~enough[np.array(demand.token)]).tolist())
        if poor:
            who = "has" if len(poor) == 1 else "have"
            said = f"{demand.part.said}: {case.named(poor)} {who} less than that."
            return Finding((demand,), said, poor)
    return None


def least_groups(case: Case) -> Iterator[Limit]:
    """Numbers of groups that are needed."""
    yield Limit(1, ())
    size, people = case.size, case.people
    for demand in case.demands:
        match demand:
            case Sizes() if size is not None:
                groups = -(-people // size.max)
                why = (
                    f"{people} people in groups of at most {size.max}, so at least {counted(groups, 'group')}"
                )
                yield Limit(groups, (demand,), why, tuple(range(people)))
            case Count(most=int(most)) if most > 0 and len(demand.holders) > most and not demand.spare:
                held = len(demand.holders)
                groups = -(-held // most)
                each = "them" if most > 1 else "these"
                why = (
                    f"{demand.noun}: {held} people, at most {most} of {each} in each group, "
                    f"so at least {counted(groups, 'group')}"
                )
                yield Limit(groups, (demand,), why, demand.holders)
    for blocks in case.own_blocks():
        own = tuple(block for block in blocks if len(block.members) > block.spare)
        if len(own) > 1:
            why = f"{len(own)} locked lists, each in a group of its own"
            yield Limit(len(own), own, why, tuple(person for block in own for person in block.members))


def most_groups(case: Case) -> Iterator[Limit]:
    """Numbers of groups that are possible."""
    people = case.people
    yield Limit(people, ())
    for demand in case.demands:
        match demand:
            case Sizes(size=size):
                groups = people // size.min
                why = (
                    f"{people} people in groups of at least {size.min}, so at most {counted(groups, 'group')}"
                )
                yield Limit(groups, (demand,), why)
            case Count(least=least) if least > 0:
                held = len(demand.holders)
                groups = held // least
                why = (
                    f"{demand.noun}: {counted(held, 'person', 'people')}, at least {least} of them in each "
                    f"group, so at most {counted(groups, 'group')}"
                )
                yield Limit(groups, (demand,), why)


def group_range(case: Case) -> tuple[int, int]:
    """The fewest and the most groups that single demands allow."""
    least = max(limit.groups for limit in least_groups(case))
    return least, min(limit.groups for limit in most_groups(case))


def _crossing(case: Case) -> Finding | None:
    """More groups needed than possible; of all such pairs of limits one with the fewest demands."""
    needed: dict[int, Limit] = {}
    for limit in least_groups(case):
        known = needed.setdefault(min(len(limit.demands), 2), limit)
        if limit.groups > known.groups:
            needed[min(len(limit.demands), 2)] = limit
    possible: dict[int, Limit] = {}
    for limit in most_groups(case):
        known = possible.setdefault(len(limit.demands), limit)
        if limit.groups < known.groups:
            possible[len(limit.demands)] = limit
    crossing = [
        (least, most) for least in needed.values() for most in possible.values() if least.groups > most.groups
    ]
    if not crossing:
        return None
    least, most = min(crossing, key=lambda pair: len(pair[0].demands) + len(pair[1].demands))
    if len(least.demands) > 1:
        # So many locked lists clash already.
        least = Limit(least.groups, least.demands[: most.groups + 1], least.why, least.people)
    return Finding((*least.demands, *most.demands), _crossed(least, most), least.people)


def _crossed(least: Limit, most: Limit) -> str:
    needs, gives = least.demands[:1], most.demands[:1]
    if gives and isinstance(gives[0], Count) and not (needs and isinstance(needs[0], Count)):
        seats, groups = gives[0], least.groups
        why = f", {least.why.split(', so ')[-1]}" if needs and isinstance(needs[0], Sizes) else ""
        held = len(seats.holders)
        return (
            f"{seats.noun}: {counted(held, 'person', 'people')}{why}, at least {seats.least} of them in each: "
            f"{groups * seats.least - held} too few."
        )
    at_most = f"at most {counted(most.groups, 'group')}"
    if needs and isinstance(needs[0], Count) and not (gives and isinstance(gives[0], Count)):
        held, limit = len(needs[0].holders), needs[0].most or 0
        return (
            f"{needs[0].noun}: {held} people, {at_most}, at most {limit} of them in each: "
            f"{held - most.groups * limit} too many."
        )
    if needs and isinstance(needs[0], Count):
        return f"{least.why}; {most.why}."
    return f"{least.why}; {at_most}: {least.groups - most.groups} too many."


def _apart(case: Case) -> Finding | None:
    """More people who are all apart than groups, or somebody apart from too many."""
    apart = Apartness(case)
    limit = min(most_groups(case), key=lambda each: (each.groups, len(each.demands)))
    found = clique(apart, limit.groups)
    if found:
        demands = apart.between(found)
        said = (
            f"{case.named(found)}: {len(found)} people who are all apart from each other, "
            f"at most {counted(limit.groups, 'group')}: {len(found) - limit.groups} too many."
        )
        return Finding((*demands, *limit.demands), said, tuple(found))
    return alone(case, apart)
