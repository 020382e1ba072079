"""What the demo prints: steps with their times, bars that fill, tables and a curve, in plain text."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

import click

WIDTH = 98
BAR = 36
INDENT = "   "

_steps = count(1)


@contextmanager
def step(title: str) -> Iterator[None]:
    """A numbered step of the story; how long it took stands at its end."""
    click.echo(f"\n{next(_steps):>2} {title}")
    began = time.monotonic()
    yield
    click.echo(f"{f'{time.monotonic() - began:.1f} s':>{WIDTH}}")


def say(text: str = "") -> None:
    """A line of a step."""
    click.echo((INDENT + text).rstrip())


def table(rows: Sequence[Sequence[object]]) -> None:
    """Rows under one another, as wide as they have to be; what is too long for the screen is cut."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(cells[0]))] if cells else []
    for row in cells:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = line.rstrip()
        say(line if len(line) <= WIDTH - len(INDENT) else line[: WIDTH - len(INDENT) - 1] + "…")


def bar(share: float) -> str:
    """A bar, filled to `share` of it (0 to 1)."""
    filled = round(BAR * min(max(share, 0.0), 1.0))
    return "#" * filled + "." * (BAR - filled)


class Progress:
    """A bar in one line that is drawn again and again; only its end where nobody watches."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._watched = sys.stdout.isatty()

    def show(self, share: float, state: str) -> None:
        """Draw the bar as it is now."""
        if self._watched:
            click.echo("\r" + self._line(share, state).ljust(WIDTH), nl=False)

    def end(self, share: float, state: str) -> None:
        """Draw the bar for the last time."""
        click.echo(("\r" if self._watched else "") + self._line(share, state).ljust(WIDTH).rstrip())

    def _line(self, share: float, state: str) -> str:
        return f"{INDENT}{self._label:<13} [{bar(share)}] {share:4.0%}  {state}"


class Year(NamedTuple):
    """One point of a curve: the share that had the event by x years, None where nothing can be said."""

    x: int
    y: float | None
    lower: float | None
    upper: float | None
    at_risk: int


def curve(years: Sequence[Year]) -> None:
    """A rising curve, a line for each year: `#` up to the share, `|` at the limits of its interval."""
    highest = [bound for year in years for bound in (year.y, year.upper) if bound is not None]
    top = max(highest, default=0.0) or 1.0
    for each in years:
        if each.y is not None:
            limits = (
                "" if each.lower is None or each.upper is None else f"({each.lower:.1%} to {each.upper:.1%})"
            )
            say(
                f"year {each.x:>2}  {_rising(each, top)} {each.y:6.1%}"
                f"  {limits:<17} {each.at_risk:>6,} at risk"
            )


def _rising(year: Year, top: float) -> str:
    """The share as a bar and its interval around the bar's end, in BAR + 1 characters for 0 to `top`."""
    share = round(BAR * (year.y or 0.0) / top)
    line = list("#" * share + " " * (BAR + 1 - share))
    if year.lower is not None and year.upper is not None:
        first, last = round(BAR * year.lower / top), round(BAR * year.upper / top)
        line[first : last + 1] = ["=" if place < share else "-" for place in range(first, last + 1)]
        line[first] = line[last] = "|"
    return "".join(line)
