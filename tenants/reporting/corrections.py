"""What one release says otherwise than another, from what was released alone. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

NOT_SHOWN = {"value": None, "as_of": None}


def corrections(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The cells whose number or day differs between two documents of reports, in the order of the later one.

    A cell that only one of them has counts as not shown in the other.
    """
    was, found = dict(_cells(before)), dict(_cells(after))
    changed = []
    for key in dict.fromkeys((*found, *was)):
        earlier, later = was.get(key, NOT_SHOWN), found.get(key, NOT_SHOWN)
        if earlier != later:
            metric, table, at = key
            changed.append(
                {"metric": metric, "table": table, "at": dict(at), "before": earlier, "after": later}
            )
    return changed


def nothing_to_report(document: Mapping[str, Any]) -> bool:
    """Whether a release shows every number, and all of them are 0."""
    return all(cell["value"] == 0 for _, cell in _cells(document))


def _cells(document: Mapping[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    for section in document["sections"]:
        for table in section["tables"]:
            for cell in table["cells"]:
                key = (section["id"], table["name"], tuple(sorted(cell["at"].items())))
                yield key, {"value": cell["value"], "as_of": cell["as_of"]}
