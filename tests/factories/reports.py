"""Reports as tests read them."""

from typing import Any


def cells(found: Any, table: str) -> dict[tuple[str, ...], int | None]:
    """The cells of a report's table by their codes; its total is at ()."""
    tables = [each for section in found["sections"] for each in section["tables"] if each["name"] == table]
    return {tuple(cell["at"].values()): cell["value"] for cell in tables[0]["cells"]}
