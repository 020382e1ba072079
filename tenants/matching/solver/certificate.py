"""What a partition is worth, by term, group and member, in numbers and in words.

Two tellings: the organiser's has everything; the member's, made for one person and their partners, names
nobody outside the group, no rule that keeps people apart, and no attribute that is sensitive.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver import bounds
from tenants.matching.solver.affinity import Affinity
from tenants.matching.solver.bounding import bound_shape
from tenants.matching.solver.hours import Hours
from tenants.matching.solver.model import CommonSlots, Group, Pool, Recipe
from tenants.matching.solver.partition import (
    Alternative,
    Certificate,
    GroupTerm,
    GroupTold,
    MemberTold,
    TermTold,
)
from tenants.matching.solver.search.alternatives import best_alternatives
from tenants.matching.solver.search.annealing import aim_of
from tenants.matching.solver.search.rules import I64
from tenants.matching.solver.sizes import Shape
from tenants.matching.solver.task import MATRIX_LIMIT, Task, parts
from tenants.matching.solver.telling import group_said, member_said


def certificate(task: Task, pool: Pool, recipe: Recipe, shape: Shape, groups: Sequence[Group]) -> Certificate:
    """Tell all of a partition of a shape."""
    limits = term_bounds(task, shape)
    with_partners = _with_partners(task.affinity, groups)
    pair_means = np.array([means.mean(axis=1) for means in with_partners])
    sizes = np.array([len(group) for group in groups])
    means = sizes @ pair_means / sizes.sum()
    hours = _hours(task, pool, recipe)
    terms = tuple(
        TermTold(
            term.attribute,
            term.prefer,
            term.weight,
            float(means[t]),
            limits[t],
            int(task.affinity.missing[t].sum()),
        )
        for t, term in enumerate(recipe.terms)
    )
    told = tuple(
        GroupTold(
            tuple(
                GroupTerm(
                    term.attribute,
                    term.prefer,
                    term.weight,
                    float(pair_means[g, t]),
                    _share(float(pair_means[g, t]), limits[t]),
                    group_said(pool.attributes[term.attribute], term, group),
                )
                for t, term in enumerate(recipe.terms)
            ),
            None if hours is None else hours.common(group),
        )
        for g, group in enumerate(groups)
    )
    shown = [t for t, term in enumerate(recipe.terms) if not pool.attributes[term.attribute].sensitive]
    others = _alternatives(task, shape, groups)
    members = tuple(
        tuple(
            MemberTold(
                *_means_with_partners(task.affinity, tuple(terms), shown),
                others.get(person),
                _said(pool, recipe, group, place),
            )
            for place, (person, terms) in enumerate(zip(group, means.T.tolist(), strict=True))
        )
        for group, means in zip(groups, with_partners, strict=True)
    )
    return Certificate(terms, told, members)


def term_bounds(task: Task, shape: Shape) -> list[float | None]:
    """For each term the highest mean that any partition of the shape can have, by stars; None in large pools."""
    if task.people > MATRIX_LIMIT:
        return [None for _ in task.affinity.shares]
    everybody = np.arange(task.people)

    def limit(t: int) -> float:
        def rows(people: I64) -> NDArray[np.float32]:
            return task.affinity.term(t, people, everybody)

        return min(1.0, bounds.star_bound(rows, task.people, bound_shape(shape), 0.0).value)

    return [limit(t) for t in range(len(task.affinity.shares))]


def _share(value: float, limit: float | None) -> float | None:
    return None if limit is None else (min(1.0, value / limit) if limit > 0 else 1.0)


def _hours(task: Task, pool: Pool, recipe: Recipe) -> Hours | None:
    """Of the first attribute that a rule asks hours of, so that what is told shows the rule kept; else of a term."""
    keys = [rule.attribute for rule in recipe.rules if isinstance(rule, CommonSlots)]
    keys += [
        term.attribute for term in recipe.terms if pool.attributes[term.attribute].kind == "availability"
    ]
    return Hours(pool.attributes[keys[0]].values, task.start) if keys else None


def _scores_by_term(affinity: Affinity, people: I64) -> NDArray[np.float64]:
    terms = [affinity.term(t, people, people) for t in range(len(affinity.shares))]
    return np.array(terms, dtype=np.float64)


def _with_partners(affinity: Affinity, groups: Sequence[Group]) -> list[NDArray[np.float64]]:
    """For each group, by term, each member's mean score with the partners, (terms, n)."""

    def means(block: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = block.sum(axis=2) - block.diagonal(axis1=1, axis2=2)
        return np.asarray(sums / (block.shape[1] - 1), dtype=np.float64)

    return [means(block) for _, block in parts(groups, partial(_scores_by_term, affinity))]


def _alternatives(task: Task, shape: Shape, groups: Sequence[Group]) -> dict[int, Alternative]:
    """By person; none in pools too large to keep all pair scores."""
    if task.people > MATRIX_LIMIT or len(groups) < 2:
        return {}
    group_of = np.full(task.people, len(groups), dtype=np.int64)
    for number, group in enumerate(groups):
        group_of[list(group)] = number
    gain, to, other = best_alternatives(
        task.land(np.arange(task.people), task.layout(shape)),
        group_of,
        aim_of(task.emphasis, shape.placed),
    )
    return {
        person: Alternative(
            int(to[person]),
            None if other[person] < 0 else int(other[person]),
            float((0.0 - gain[person]) / shape.placed),  # of no gain, 0.0 and not -0.0
        )
        for person in np.flatnonzero(to >= 0).tolist()
    }


def _means_with_partners(
    affinity: Affinity, terms: tuple[float, ...], shown: list[int]
) -> tuple[float, tuple[float, ...], float | None]:
    """A member's mean score with the partners, whole, by term, and of the terms that are shown."""
    weight = sum(affinity.shares[t] for t in shown)
    seen = sum(affinity.shares[t] * terms[t] for t in shown) / weight if shown else None
    return affinity.value(terms), terms, seen


def _said(pool: Pool, recipe: Recipe, group: Group, place: int) -> tuple[str, ...]:
    open_terms = [term for term in recipe.terms if not pool.attributes[term.attribute].sensitive]
    told = (member_said(pool.attributes[term.attribute], term, group, place) for term in open_terms)
    return tuple(sentence for sentence in told if sentence is not None)
