"""How well people go together: the terms of a recipe as arrays, and the score of pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tenants.matching.solver.model import EMPHASIS, NEUTRAL, Attribute, Pool, Recipe
from tenants.matching.solver.validation import LIST_KINDS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MATRIX_LIMIT = 2000
"""Pools up to this many people keep all pair scores in one matrix (32 MB at the limit)."""


class Similarity(Protocol):
    """Similarity in [0, 1] of people on the left with people on the right: (p, a), (p, b) -> (p, a, b)."""

    def __call__(self, left: Ints, right: Ints) -> Floats: ...


@dataclass(frozen=True)
class Equality:
    """1 where the codes are equal, else 0."""

    codes: Ints

    def __call__(self, left: Ints, right: Ints) -> Floats:
        equal: Bools = self.codes[left][:, :, None] == self.codes[right][:, None, :]
        return equal.astype(np.float64)


@dataclass(frozen=True)
class Closeness:
    """1 less the distance on a scale of length 1."""

    positions: Floats

    def __call__(self, left: Ints, right: Ints) -> Floats:
        distance = self.positions[left][:, :, None] - self.positions[right][:, None, :]
        np.abs(distance, out=distance)
        return np.subtract(1.0, distance, out=distance)


@dataclass(frozen=True)
class Overlap:
    """Jaccard's index, elements shared over elements held by either; two empty lists are equal, 1.

    ``bits`` (words, n + 1) holds the elements that more than one person has, 64 in a word;
    ``sizes`` the number of all elements.
    """

    bits: NDArray[np.uint64]
    sizes: Ints

    def __call__(self, left: Ints, right: Ints) -> Floats:
        shared = np.zeros((*left.shape, right.shape[1]), dtype=np.int64)
        for word in self.bits:
            shared += np.bitwise_count(word[left][:, :, None] & word[right][:, None, :])
        either = self.sizes[left][:, :, None] + self.sizes[right][:, None, :] - shared
        return np.where(either == 0, 1.0, shared / np.maximum(either, 1))


@dataclass(frozen=True)
class TermScore:
    """One term: its share of all weights (the shares add up to 1) and the score of pairs."""

    share: float
    similarity: Similarity
    different: bool
    missing: Bools

    def __call__(self, left: Ints, right: Ints) -> Floats:
        score = self.similarity(left, right)
        if self.different:
            np.subtract(1.0, score, out=score)
        if self.missing[:-1].any():
            score[self.missing[left][:, :, None] | self.missing[right][:, None, :]] = NEUTRAL
        return score


class Affinity:
    """Pair scores of a pool under a recipe. Index n, one past the last person, stands for an empty seat."""

    def __init__(self, pool: Pool, recipe: Recipe) -> None:
        self.people = len(pool.ids)
        total = sum(term.weight for term in recipe.terms)
        self.terms = [
            _term_score(pool.attributes[term.attribute], term.weight / total, term.prefer == "different")
            for term in recipe.terms
        ]
        self.matrix: Floats | None = self._matrix() if self.people <= MATRIX_LIMIT else None

    def block(self, people: Ints) -> Floats:
        """Pair scores within each row, (p, m) -> (p, m, m); 0 for empty seats and on the diagonal."""
        if self.matrix is not None:
            return self.matrix[people[:, :, None], people[:, None, :]]
        score = self._weighted(people, people)
        empty = people == self.people
        score[empty] = 0.0
        score.swapaxes(1, 2)[empty] = 0.0
        diagonal = np.arange(people.shape[1])
        score[:, diagonal, diagonal] = 0.0
        return score

    def contributions(self, group: Sequence[int]) -> tuple[float, ...]:
        """For each term the mean of its score over the pairs of a group."""
        upper = np.triu_indices(len(group), 1)
        members = np.asarray([group], dtype=np.int64)
        return tuple(float(term(members, members)[0][upper].mean()) for term in self.terms)

    def group_value(self, contributions: Sequence[float]) -> float:
        """The mean pair score of a group from the means of its terms."""
        return sum(term.share * part for term, part in zip(self.terms, contributions, strict=True))

    def _weighted(self, left: Ints, right: Ints) -> Floats:
        score = np.zeros((*left.shape, right.shape[1]))
        for term in self.terms:
            part = term(left, right)
            part *= term.share
            score += part
        return score

    def _matrix(self) -> Floats:
        matrix = np.zeros((self.people + 1, self.people + 1))
        everybody = np.arange(self.people)
        for start in range(0, self.people, 128):
            rows = everybody[start : start + 128]
            matrix[rows, : self.people] = self._weighted(rows[None], everybody[None])[0]
        np.fill_diagonal(matrix, 0.0)
        return matrix


def partition_value(sizes: Sequence[int], group_values: Sequence[float]) -> float:
    """(1 - e) times the mean over members plus e times the weakest group, e = EMPHASIS."""
    mean = sum(size * value for size, value in zip(sizes, group_values, strict=True)) / sum(sizes)
    return (1 - EMPHASIS) * mean + EMPHASIS * min(group_values)


def _term_score(attribute: Attribute, share: float, different: bool) -> TermScore:
    missing = np.array([value is None for value in attribute.values] + [True])
    return TermScore(share, _similarity(attribute, missing), different, missing)


def _similarity(attribute: Attribute, missing: Bools) -> Similarity:
    if attribute.kind in LIST_KINDS:
        return _overlap(attribute)
    if attribute.kind in ("categorical", "boolean"):
        code = {value: position for position, value in enumerate(dict.fromkeys(attribute.values))}
        return Equality(np.array([code[value] for value in attribute.values] + [-1], dtype=np.int64))
    positions = np.zeros(len(missing))
    positions[~missing] = [_number(attribute, value) for value in attribute.values if value is not None]
    known = positions[~missing]
    if attribute.kind == "ordinal":
        low, length = 0.0, len(attribute.levels or ()) - 1.0
    else:
        low, length = (float(known.min()), float(np.ptp(known))) if known.size else (0.0, 0.0)
    return Closeness((positions - low) / length if length > 0 else np.zeros_like(positions))


def _number(attribute: Attribute, value: str | float) -> float:
    if attribute.kind == "ordinal":
        return float(list(attribute.levels or ()).index(str(value)))
    return float(date.fromisoformat(str(value)).toordinal() if attribute.kind == "date" else value)


def _overlap(attribute: Attribute) -> Overlap:
    held = [set(value or ()) for value in attribute.values]
    counts = Counter(element for elements in held for element in elements)
    shared = {element: bit for bit, element in enumerate(e for e in sorted(counts) if counts[e] > 1)}
    bits = np.zeros(((len(shared) + 63) // 64, len(held) + 1), dtype=np.uint64)
    for person, elements in enumerate(held):
        for element in elements & shared.keys():
            word, bit = divmod(shared[element], 64)
            bits[word, person] |= np.uint64(1 << bit)
    return Overlap(bits, np.array([len(elements) for elements in held] + [0], dtype=np.int64))
