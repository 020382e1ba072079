"""How well people go together: the score of pairs under the terms of a recipe, and of groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.hours import START, Hours, SharedHours
from tenants.matching.solver.model import NEUTRAL, Attribute, Pool, Recipe
from tenants.matching.solver.similarity import (
    Bools,
    Closeness,
    Floats,
    Ints,
    Overlap,
    Sameness,
    Similarity,
    changed,
)
from tenants.matching.solver.texts import Cosine

PAIRS = 2**21
"""Pairs of a matrix that are scored at a time: few enough for temporaries below 64 MB."""


class Affinity:
    """Pair scores of a pool under a recipe.

    A term scores a pair by how alike the two are in its attribute, sim in [0, 1]:

        similar    sim
        different  1 - sim
        near       1 - |2 sim - 1|: best at one half, for people alike but not the same, since the same
                   are rivals and strangers have nothing to share

    and NEUTRAL if either has no value. The score of a pair is the mean of its terms by their weights, that
    of a group the mean of its pairs.

    ``people``  how many there are.
    ``shares``  the terms' weights divided by their sum.
    ``missing`` for each term (n,), True where there is no value to compare.

    ``start`` is a day of the week in which the year begins over which availability is compared. Raises
    ValueError for an unknown time zone.
    """

    def __init__(self, pool: Pool, recipe: Recipe, start: date = START) -> None:
        self.people = len(pool.ids)
        total = sum(term.weight for term in recipe.terms)
        self.shares = tuple(term.weight / total for term in recipe.terms)
        self._prefer = [term.prefer for term in recipe.terms]
        self._values = [pool.attributes[term.attribute].values for term in recipe.terms]
        compared = [_compared(pool.attributes[term.attribute], start) for term in recipe.terms]
        self._similarities = [similarity for similarity, _ in compared]
        self.missing = tuple(missing for _, missing in compared)

    def among(self, people: Ints) -> Self:
        """The same for some of the people, numbered in their order: as many numbers as there are of them, no more."""
        return changed(
            self,
            people=len(people),
            missing=tuple(missing[people] for missing in self.missing),
            _values=(),
            _similarities=[similarity.among(people) for similarity in self._similarities],
        )

    def term(self, t: int, left: Ints, right: Ints) -> Floats:
        """The scores of pairs under term t, (a,), (b,) -> (a, b), also of people with themselves."""
        score = self._similarities[t](left, right)
        if self._prefer[t] == "near":
            score *= 2
            score -= 1
            np.abs(score, out=score)
        if self._prefer[t] != "similar":
            np.subtract(np.float32(1), score, out=score)
        missing = self.missing[t]
        score[missing[left]] = NEUTRAL
        score[:, missing[right]] = NEUTRAL
        return score

    def block(self, left: Ints, right: Ints) -> Floats:
        """The scores of pairs, (a,), (b,) -> (a, b); 0 of people with themselves."""
        score = self.part(range(len(self.shares)), left, right)
        score[left[:, None] == right] = 0
        return score

    def part(self, terms: Iterable[int], left: Ints, right: Ints) -> Floats:
        """What some of the terms give to the scores of pairs, also of people with themselves."""
        score = np.zeros((len(left), len(right)), dtype=np.float32)
        for t in terms:
            part = self.term(t, left, right)
            part *= np.float32(self.shares[t])
            score += part
        return score

    def highest(self, terms: Iterable[int]) -> NDArray[np.float64]:
        """The most that some of the terms can give to any score of each person, (n,)."""
        most = np.zeros(self.people)
        for t in terms:
            most += self.shares[t] * np.where(self.missing[t], NEUTRAL, 1.0)
        return most

    def kinds(self, most: int) -> tuple[list[int], Ints]:
        """The terms, by weight, whose values together are of at most so many kinds, and each person's kind, (n,).

        Under those terms people of one kind score the same with anybody.
        """
        terms: list[int] = []
        kind = np.zeros(self.people, dtype=np.int64)
        for t in sorted(range(len(self.shares)), key=lambda t: -self.shares[t]):
            of_term = _kinds(self._values[t], most)
            if of_term is not None:
                joint = np.unique(kind * most + of_term, return_inverse=True)[1].astype(np.int64)
                if joint.max(initial=0) < most:
                    terms.append(t)
                    kind = joint
        return terms, kind

    def matrix(self, people: Ints | None = None) -> Floats:
        """The scores of all pairs of some people, else of all: (m, m), symmetric, 0 on the diagonal."""
        chosen = np.arange(self.people) if people is None else people
        matrix = np.empty((len(chosen), len(chosen)), dtype=np.float32)
        step = max(1, PAIRS // max(1, len(chosen)))
        for first in range(0, len(chosen), step):
            rows = slice(first, first + step)
            matrix[rows, first:] = self.block(chosen[rows], chosen[first:])
            matrix[first:, rows] = matrix[rows, first:].T
        return matrix

    def contributions(self, group: Sequence[int]) -> tuple[float, ...]:
        """For each term the mean of its scores over the pairs of a group of two or more."""
        members = np.array(group, dtype=np.int64)
        pairs = np.triu_indices(len(members), 1)
        return tuple(
            float(self.term(t, members, members)[pairs].mean(dtype=np.float64))
            for t in range(len(self.shares))
        )

    def value(self, contributions: Sequence[float]) -> float:
        """The score of a group, from its contributions."""
        return sum(share * part for share, part in zip(self.shares, contributions, strict=True))


def _kinds(values: Sequence[Any], most: int) -> Ints | None:
    """Numbers of which equal values have the same; None if there are more than so many."""
    number: dict[str, int] = {}
    found = np.empty(len(values), dtype=np.int64)
    for person, value in enumerate(values):
        # As it is written: what is equal in another order or type is two kinds, which does no harm.
        found[person] = number.setdefault(repr(value), len(number))
        if len(number) > most:
            return None
    return found


def _compared(attribute: Attribute, start: date) -> tuple[Similarity, Bools]:
    missing: Bools = np.array([value is None for value in attribute.values], dtype=np.bool_)
    match attribute.kind:
        case "text":
            cosine = Cosine(attribute.values)
            return cosine, cosine.missing
        case "availability":
            return SharedHours(Hours(attribute.values, start)), missing
        case "set" | "reference":
            return Overlap(attribute), missing
        case "ordinal" | "number" | "date":
            return Closeness(attribute), missing
        case _:
            return Sameness(attribute), missing
