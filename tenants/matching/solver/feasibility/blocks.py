"""People who must be together, directly or through others, and so break something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import combinations

from tenants.matching.solver.compiling import merged
from tenants.matching.solver.feasibility.demands import Block, Case, Common, Demand, Sizes
from tenants.matching.solver.feasibility.finding import Finding
from tenants.matching.solver.model import Group

Test = Callable[[Sequence[Block]], bool]


Components = dict[int, list[Block]]
"""By component of people joined, the blocks that join them."""

Suspicion = tuple[int, Test, tuple[Demand, ...], str]
"""A component, whether blocks break something, what they break, and that in words."""


def broken_block(case: Case) -> Finding | None:
    """Blocks that force two locked lists into one group, a group too large, or a rule broken within a group."""
    blocks = [block for block in case.blocks() if block.members and not block.spare]
    if not blocks:
        return None
    component = {
        person: number
        for number, members in enumerate(merged([block.members for block in blocks]))
        for person in members
    }
    by_component: Components = {}
    for block in blocks:
        by_component.setdefault(component.get(block.members[0], -1), []).append(block)
    by_component.pop(-1, None)
    for suspected in (
        _locked_together(by_component),
        _too_large(case, by_component),
        _too_many(case, component),
        _too_little(case, by_component),
    ):
        for number, test, broken, why in suspected:
            if not test(by_component[number]):
                continue
            causes = pruned(by_component[number], test)
            people = merged([block.members for block in causes])[0]
            said = f"{case.named(people)} must be in one group, but {why}."
            return Finding((*causes, *broken), said, people)
    return None


def _locked_together(components: Components) -> Iterator[Suspicion]:
    for number in components:
        yield number, two_locked, (), "two locked lists each begin a group of their own"


def _too_large(case: Case, components: Components) -> Iterator[Suspicion]:
    for demand in case.demands:
        if isinstance(demand, Sizes):
            most = demand.size.max
            for number in components:
                yield number, partial(larger, most), (demand,), f"a group has at most {most}"


def _too_many(case: Case, component: dict[int, int]) -> Iterator[Suspicion]:
    for count in case.counts():
        if count.most is not None and not count.spare:
            held = Counter(component[person] for person in count.holders if person in component)
            test = partial(crowded, frozenset(count.holders), count.most)
            for number, holders in held.items():
                if holders > count.most:
                    yield number, test, (count,), f"the rule is: {count.part.said}"


def _too_little(case: Case, components: Components) -> Iterator[Suspicion]:
    for common in case.commons():
        for number in components:
            yield number, partial(poor, common), (common,), f"the rule is: {common.part.said}"


def pruned(blocks: Sequence[Block], test: Test) -> list[Block]:
    """Blocks without any one of which the test fails."""
    kept = list(blocks)
    for block in blocks:
        rest = [other for other in kept if other is not block]
        if test(rest):
            kept = rest
    return kept


def two_locked(blocks: Sequence[Block]) -> bool:
    """Whether two locked lists of a rule are joined."""
    own = [block for block in blocks if block.own]
    joined = _joined(blocks)
    for one, other in combinations(own, 2):
        if one.part.rule == other.part.rule and any(
            one.members[0] in members and other.members[0] in members for members in joined
        ):
            return True
    return False


def larger(most: int, blocks: Sequence[Block]) -> bool:
    """Whether more than so many people are joined."""
    return any(len(members) > most for members in merged([block.members for block in blocks]))


def crowded(holders: frozenset[int], most: int, blocks: Sequence[Block]) -> bool:
    """Whether more than so many of the holders are joined."""
    return any(len(holders.intersection(members)) > most for members in _joined(blocks))


def poor(common: Common, blocks: Sequence[Block]) -> bool:
    """Whether people are joined who have too little in common."""
    return any(not common.fits({common.token[person] for person in members}) for members in _joined(blocks))


def _joined(blocks: Sequence[Block]) -> list[Group]:
    return merged([block.members for block in blocks])
