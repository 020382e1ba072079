"""How alike people are in one attribute: categories, lists and places on a scale."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from copy import copy
from datetime import date
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tenants.matching.solver.model import Attribute

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Whole = TypeVar("Whole")


class Similarity(Protocol):
    """Similarity in [0, 1] of people on the left with people on the right: (a,), (b,) -> (a, b).

    Of somebody without a value it is any number in [0, 1].
    """

    def __call__(self, left: Ints, right: Ints) -> Floats: ...

    def among(self, people: Ints) -> Self:
        """The same for some of the people, numbered in their order."""
        ...


def changed(whole: Whole, **parts: Any) -> Whole:
    """A copy with other attributes."""
    part = copy(whole)
    vars(part).update(parts)
    return part


class Sameness:
    """1 for equal levels, 1/2 for different levels with the same parent, else 0."""

    def __init__(self, attribute: Attribute) -> None:
        parents = attribute.parents
        self.levels = _codes(attribute.values)
        # A level without a parent is its own, so that the mean of both comparisons is the similarity.
        self.parents = _codes([(v in parents, parents.get(v, v)) for v in attribute.values])

    def __call__(self, left: Ints, right: Ints) -> Floats:
        score: Floats = (self.levels[left][:, None] == self.levels[right]).astype(np.float32)
        score += self.parents[left][:, None] == self.parents[right]
        score *= np.float32(0.5)
        return score

    def among(self, people: Ints) -> Self:
        """The same for some of the people."""
        return changed(self, levels=self.levels[people], parents=self.parents[people])


class Overlap:
    """Jaccard's index: elements held by both over elements held by either; 1 for two empty lists.

    An element counts as its parent, too: lists are extended by the parents of their elements.
    """

    def __init__(self, attribute: Attribute) -> None:
        parents = attribute.parents
        lists = [set(value or ()) for value in attribute.values]
        lists = [held | {parents[element] for element in held & parents.keys()} for held in lists]
        columns = {element: column for column, element in enumerate(sorted(set().union(*lists)))}
        self.sizes = np.array([len(held) for held in lists], dtype=np.int32)
        rows = np.repeat(np.arange(len(lists)), self.sizes)
        held_columns = [columns[element] for held in lists for element in sorted(held)]
        self.held = sparse.csr_array(
            (np.ones(len(rows), dtype=np.int32), (rows, held_columns)), shape=(len(lists), len(columns))
        )

    def __call__(self, left: Ints, right: Ints) -> Floats:
        both = (self.held[left] @ self.held[right].T).toarray()
        either = self.sizes[left][:, None] + self.sizes[right] - both
        both[either == 0] = 1
        np.maximum(either, 1, out=either)
        score: Floats = np.divide(both, either, dtype=np.float32)
        return score

    def among(self, people: Ints) -> Self:
        """The same for some of the people."""
        return changed(self, sizes=self.sizes[people], held=self.held[people])


class Closeness:
    """1 - |x - y| / range: the levels of an ordinal attribute, else the values of the pool; 1 if the range is 0."""

    def __init__(self, attribute: Attribute) -> None:
        places = _places(attribute)
        known = places[~np.isnan(places)]
        low, length = (float(known.min()), float(np.ptp(known))) if known.size else (0.0, 0.0)
        if attribute.kind == "ordinal":
            low, length = 0.0, len(attribute.levels or ()) - 1.0
        scaled = (places - low) / length if length > 0 else np.zeros_like(places)
        self.places = np.nan_to_num(scaled).astype(np.float32)

    def __call__(self, left: Ints, right: Ints) -> Floats:
        score = self.places[left][:, None] - self.places[right]
        np.abs(score, out=score)
        np.subtract(np.float32(1), score, out=score)
        return score

    def among(self, people: Ints) -> Self:
        """The same for some of the people."""
        return changed(self, places=self.places[people])


def _codes(values: Sequence[Hashable]) -> Ints:
    code = {value: position for position, value in enumerate(dict.fromkeys(values))}
    return np.array([code[value] for value in values], dtype=np.int64)


def _places(attribute: Attribute) -> NDArray[np.float64]:
    """Values as numbers, dates in days, levels by their order; nan where there is none."""
    order = {level: place for place, level in enumerate(attribute.levels or ())}

    def place(value: Any) -> float:
        if value is None:
            return np.nan
        if attribute.kind == "ordinal":
            return float(order[value])
        return float(date.fromisoformat(value).toordinal() if attribute.kind == "date" else value)

    return np.array([place(value) for value in attribute.values], dtype=np.float64)
