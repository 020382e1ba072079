"""Plain aligned tables."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def printed(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    print(f"\n{title}\n")
    for row in (header, ["-" * width for width in widths], *rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip(), flush=True)


def percent(share: float) -> str:
    """A share as a percentage with two decimals."""
    return f"{100 * share:.2f} %"


def told(name: str, holds: bool) -> bool:
    """Print whether a promise holds; the same."""
    print(f"{'held' if holds else 'NOT HELD'}: {name}", flush=True)
    return holds


def under_way(text: str) -> None:
    """Say on the error stream what is done: tables take minutes."""
    print(f"… {text}", file=sys.stderr, flush=True)
