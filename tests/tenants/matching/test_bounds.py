"""Bounds hold for every partition, and the tight ones meet the best."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.matching.solver.bounds import Shape, column_bound, priced_mean, star_bound, weakest_bound
from tenants.matching.solver.bounds.branching import Pricing, begin, best_groups
from tenants.matching.solver.bounds.fitting import part_misfits
from tenants.matching.solver.bounds.nearby import good_groups

TINY = 1e-9


@dataclass(frozen=True)
class Instance:
    score: np.ndarray
    forbidden: np.ndarray
    shape: Shape
    emphasis: float

    @property
    def people(self) -> int:
        return len(self.score)

    def rows(self, people: np.ndarray) -> np.ndarray:
        return np.where(self.forbidden[people], -np.inf, self.score[people]).astype(np.float32)

    def group_value(self, group: tuple[int, ...]) -> float:
        return float(np.mean([self.score[pair] for pair in combinations(group, 2)]))

    def value(self, groups: tuple[tuple[int, ...], ...]) -> float:
        values = [self.group_value(group) for group in groups]
        mean = (
            sum(len(group) * value for group, value in zip(groups, values, strict=True)) / self.shape.placed
        )
        return (1 - self.emphasis) * mean + self.emphasis * min(values)

    def partitions(self, people: tuple[int, ...] | None = None) -> Iterator[tuple[tuple[int, ...], ...]]:
        """All partitions that keep the shape and the pairs apart."""
        everybody = people is None
        people = tuple(range(self.people)) if people is None else people
        if not people:
            yield ()
            return
        first, *others = people
        if self.people > self.shape.placed:
            yield from self._fitting(everybody, self.partitions(tuple(others)))
        for size in range(self.shape.least, self.shape.most + 1):
            for partners in combinations(others, size - 1):
                group = (first, *partners)
                if not any(self.forbidden[pair] for pair in combinations(group, 2)):
                    left = tuple(i for i in others if i not in partners)
                    rest = ((group, *more) for more in self.partitions(left))
                    yield from self._fitting(everybody, rest)

    def _fitting(self, everybody, partitions):
        for groups in partitions:
            counts = Counter(map(len, groups))
            if not everybody or (
                len(groups) == self.shape.groups
                and sum(map(len, groups)) == self.shape.placed
                and (self.shape.sizes is None or counts == Counter(self.shape.sizes))
            ):
                yield groups


SHAPES = [
    (6, Shape(6, 2, 3, 3, {3: 2})),
    (7, Shape(7, 2, 3, 4, {3: 1, 4: 1})),
    (7, Shape(7, 3, 2, 3)),
    (8, Shape(8, 3, 2, 4, {2: 2, 4: 1})),
    (8, Shape(8, 2, 3, 5)),
    (8, Shape(7, 2, 3, 4)),
    (8, Shape(6, 2, 3, 3, {3: 2})),
    (9, Shape(9, 3, 2, 4, {2: 1, 3: 1, 4: 1})),
    (9, Shape(9, 3, 2, 5)),
    (10, Shape(10, 2, 5, 5, {5: 2})),
]


@st.composite
def instances(draw) -> Instance:
    people, shape = draw(st.sampled_from(SHAPES))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    score = chance.random((people, people))
    if draw(st.booleans()):
        kinds = chance.integers(0, 3, people)
        score = (score.round() + (kinds[:, None] == kinds)) / 2
    apart = chance.random((people, people)) < draw(st.sampled_from([0, 0.1, 0.25]))
    score, apart = np.triu(score, 1), np.triu(apart, 1)
    emphasis = draw(st.sampled_from([0.0, 0.3, 0.5, 1.0]))
    return Instance(score + score.T, apart | apart.T, shape, emphasis)


def columns(instance: Instance, start: tuple[tuple[int, ...], ...], value: float = 0.0, **limits) -> float:
    """The bound from columns, searched for as if no more than ``value`` were known."""
    return column_bound(
        instance.score,
        instance.forbidden,
        instance.shape,
        instance.emphasis,
        groups=start,
        value=value,
        **limits,
    ).value


@settings(max_examples=150, deadline=None)
@given(instances())
def test_no_partition_is_worth_more_than_the_star_bound(instance):
    bound = star_bound(instance.rows, instance.people, instance.shape, instance.emphasis)
    assert all(instance.value(groups) <= bound.value for groups in instance.partitions())


@settings(max_examples=150, deadline=None)
@given(instances())
def test_no_partition_has_a_higher_mean_than_partners_at_a_price(instance):
    bound = priced_mean(instance.rows, instance.people, instance.shape, lambda: False)
    mean = replace(instance, emphasis=0.0)
    assert all(mean.value(groups) <= bound + TINY for groups in instance.partitions())


@settings(max_examples=150, deadline=None)
@given(instances(), st.integers(0, 3))
def test_no_partition_has_a_better_weakest_group_than_the_best_group_of_anybody(instance, which):
    weakest = [min(map(instance.group_value, groups)) for groups in instance.partitions()]
    known = weakest[which % len(weakest)] if weakest else 0.0
    rows = instance.rows(np.arange(instance.people))
    bound = weakest_bound(rows, instance.shape, known, lambda: False)
    assert all(each <= bound + 1e-6 for each in weakest)


def test_a_price_tells_that_not_everybody_can_have_the_same_partner():
    """Four want the one who is liked by all; two pairs of them can be had, each with half of that."""
    score = np.zeros((4, 4))
    score[0, 1:] = score[1:, 0] = 1.0
    shape = Shape(4, 2, 2, 2, {2: 2})
    rows = lambda people: score[people]  # noqa: E731
    assert star_bound(rows, 4, shape, 0.0).value == pytest.approx(1.0)
    assert priced_mean(rows, 4, shape, lambda: False) < 0.8


@settings(max_examples=150, deadline=None)
@given(instances(), st.booleans(), st.sampled_from([0, 50, 1e9]), st.integers(1, 20))
def test_no_partition_is_worth_more_than_the_column_bound_however_early_it_ends(
    instance, known, budget, steps
):
    partitions = list(instance.partitions())
    if not partitions:
        return
    best = max(map(instance.value, partitions))
    left = iter(range(steps))
    bound = columns(
        instance,
        partitions[0],
        value=best if known else 0.0,
        budget=budget,
        stop=lambda: next(left, None) is None,
    )
    assert best <= bound + TINY


@settings(max_examples=100, deadline=None)
@given(instances())
def test_two_groups_that_take_everybody_are_bounded_exactly_without_emphasis(instance):
    """Every group then comes with its complement, so that the linear program is a mean of partitions."""
    partitions = list(instance.partitions())
    shape = instance.shape
    if not partitions or shape.groups > 2 or shape.placed < instance.people or instance.emphasis:
        return
    best = max(map(instance.value, partitions))
    assert columns(instance, partitions[0], value=best) == pytest.approx(best, abs=TINY)


@settings(max_examples=100, deadline=None)
@given(
    instances(),
    st.integers(2, 5),
    st.sampled_from([0.0, 0.5, 0.7]),
    st.sampled_from([0.0, 20.0, np.inf]),
    st.integers(0, 2**32 - 1),
)
def test_branch_and_bound_finds_the_group_that_gains_most_and_a_bound_when_its_work_ends(
    instance, size, least, work, seed
):
    person = np.random.default_rng(seed).random(instance.people) / 4
    score = np.where(instance.forbidden, -1.0, instance.score)
    half = size * (size - 1) / 2
    gains = {
        group: instance.group_value(group) - person[list(group)].sum()
        for group in combinations(range(instance.people), size)
        if not any(instance.forbidden[pair] for pair in combinations(group, 2))
        and instance.group_value(group) >= least
    }
    most = max(gains.values(), default=-2.0)
    pricing = Pricing(score, person, 1 / half, size, least * half)
    path = begin(pricing, -2.0)
    bound, _ = best_groups(pricing, path, work)
    groups = [tuple(sorted(group)) for group in path.found.tolist() if group[0] >= 0]
    assert bound >= most - TINY
    if work == np.inf:
        reached = max((gains[group] for group in groups), default=-2.0)
        assert reached == pytest.approx(bound) == pytest.approx(most)
    quick, worth = good_groups(pricing)
    for group, value in zip(quick.tolist(), worth, strict=True):
        assert value == -np.inf or gains[tuple(group)] == pytest.approx(value)


@settings(max_examples=100, deadline=None)
@given(instances(), st.sampled_from([0.3, 0.5, 0.6, 0.7]))
def test_pairs_that_are_parted_are_in_no_group_worth_so_much(instance, least):
    score = np.where(instance.forbidden, -1.0, instance.score)
    part_misfits(score, instance.shape, least)
    for size in instance.shape.allowed:
        for group in combinations(range(instance.people), size):
            pairs = list(combinations(group, 2))
            if instance.group_value(group) >= least and not any(instance.forbidden[pair] for pair in pairs):
                assert all(score[pair] >= 0 for pair in pairs)


def places(*sizes: int) -> np.ndarray:
    """People of places of these sizes: 1 for a pair of one place, else 0."""
    place = np.repeat(range(len(sizes)), sizes)
    return (place[:, None] == place).astype(float) - np.eye(len(place))


def test_a_partition_that_meets_the_bound_is_proved_optimal():
    instance = Instance(places(4, 4, 4), np.zeros((12, 12), bool), Shape(12, 3, 4, 4, {4: 3}), 0.5)
    best = ((0, 1, 2, 3), (4, 5, 6, 7), (8, 9, 10, 11))
    assert columns(instance, best, value=1.0) == pytest.approx(1.0, abs=TINY)


def test_columns_see_a_chain_that_stars_do_not():
    """Everybody in a chain of six has a good partner or two, but only two trios lie in it."""
    chain = np.eye(6, k=1) + np.eye(6, k=-1)
    instance = Instance(chain, np.zeros((6, 6), bool), Shape(6, 2, 3, 3, {3: 2}), 0.0)
    best = ((0, 1, 2), (3, 4, 5))
    assert star_bound(instance.rows, 6, instance.shape, 0.0).value == pytest.approx(5 / 6)
    value = instance.value(best)
    assert value == pytest.approx(2 / 3)
    assert columns(instance, best, value=value) == pytest.approx(value, abs=TINY)


def test_not_everybody_can_be_in_the_smallest_group():
    """Five people whose only good partner is one other: in a pair they have 1, in a trio 1/2."""
    score = places(2, 2, 1)
    shape = Shape(5, 2, 2, 3)
    bound = star_bound(lambda people: score[people], 5, shape, 0.0)
    assert bound.value == pytest.approx((1 + 1 + 0.5 + 0.5 + 0) / 5)


def test_the_weakest_group_is_bounded_by_whoever_fits_nowhere():
    score = places(3, 3)
    score[5, :] = score[:, 5] = 0.0
    shape = Shape(6, 2, 3, 3, {3: 2})
    bound = star_bound(lambda people: score[people], 6, shape, 1.0)
    assert bound.value == pytest.approx(1 / 3)


def test_somebody_kept_apart_from_everybody_leaves_no_partition():
    score = places(4)
    apart = np.zeros((4, 4), bool)
    apart[0, 1:] = apart[1:, 0] = True
    instance = Instance(score, apart, Shape(4, 2, 2, 2, {2: 2}), 0.5)
    assert star_bound(instance.rows, 4, instance.shape, 0.5).value == -np.inf


def test_a_step_over_the_weakest_value_leaves_a_smaller_gap_than_the_mean_alone():
    """Whoever fits nowhere makes one group weak; without them the others would be worth 1."""
    score = places(3, 3, 3)
    score[8, :] = score[:, 8] = 0.0
    instance = Instance(score, np.zeros((9, 9), bool), Shape(9, 3, 3, 3, {3: 3}), 0.5)
    best = ((0, 1, 2), (3, 4, 5), (6, 7, 8))
    value = instance.value(best)
    assert value == pytest.approx((7 / 9 + 1 / 3) / 2)
    assert columns(instance, best, value=value) == pytest.approx(value, abs=TINY)
