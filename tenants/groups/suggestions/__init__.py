"""What we suggest to the groups of a program that says nothing else: data beside this file, in our own words."""

from functools import cache
from pathlib import Path
from typing import Any

from tenants.cohorts.templates import topics_of_ours


@cache
def suggested(kind: str) -> dict[str, Any]:
    """The content of a `ProgramDocument` of this kind: {text}, {items} or {topics}."""
    if kind == "topics":
        return {"topics": [dict(topic) for topic in topics_of_ours()]}
    text = (Path(__file__).parent / f"{kind}.txt").read_text(encoding="utf-8").strip()
    return {"text": text} if kind == "charter_template" else {"items": text.splitlines()}
