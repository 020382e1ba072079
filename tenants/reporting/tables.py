"""Exact results of a metric, before anybody sees them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tenants.reporting.disclosure import Cell
from tenants.reporting.survival import Curve

FOLLOWED = "followed"
"""The label of those whom a curve has, among everybody of the scope."""


@dataclass(frozen=True)
class Breakdown:
    """Cells that add up to a total.

    population: where not None, the people behind each cell are printed too (`n`), out of this many.
    outward: the coarser breakdown that leaves the tenant in place of this one.
    among: where not None, the total is of these people, and who is missing from it must not be few either.
    sensitive: that nobody, or everybody, is in a cell says too much as well.
    """

    cells: tuple[Cell, ...]
    total: Cell
    population: int | None = None
    outward: "Breakdown | None" = None
    among: int | None = None
    sensitive: bool = False


@dataclass(frozen=True)
class TimeToEvent:
    """A curve (None where nobody is followed), and everybody of the scope by whether the curve has them."""

    people: Breakdown
    curve: Curve | None


Table = Breakdown | TimeToEvent
Tables = Mapping[str, Table]


def cells_of(labels: Iterable[str], counted: Mapping[str, tuple[int, int]]) -> tuple[Cell, ...]:
    """A cell for each label, in this order, from (count, people); zero where there is none."""
    return tuple(Cell(label, *counted.get(label, (0, 0))) for label in labels)


def people_breakdown(labels: Iterable[str], people: Mapping[str, int]) -> Breakdown:
    """The breakdown of a number of people into disjoint parts."""
    cells = cells_of(labels, {label: (n, n) for label, n in people.items()})
    total = sum(cell.count for cell in cells)
    return Breakdown(cells, Cell("total", total, total))
