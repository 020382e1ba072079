"""What each institution has of a program's people, of which it knows: a society's program has people of many.

A person's institution is what any of their participations says of the attribute `institution`; it is read only of those
whose outcomes may be reported. Of things an institution knows those that any of its people are behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenants.reporting.suppression.model import Key, key_of
from tenants.reporting.tables import ANSWER, Axis

HOLDER_KEY = "institution"
"""The key of the attribute that says whose somebody is."""
HOLDERS = f"""
SELECT DISTINCT p.membership_id, '{ANSWER}' || CASE a.kind WHEN 'text' THEN lower(btrim(value)) ELSE value END AS holder
  FROM attribute a
  JOIN participant p ON p.tenant_id = a.tenant_id AND p.cohort_id = ANY(:cohorts)
  JOIN (SELECT membership_id FROM counted WHERE covered) people ON people.membership_id = p.membership_id
 CROSS JOIN LATERAL jsonb_array_elements_text(
       CASE jsonb_typeof(p.attributes -> a.key) WHEN 'array' THEN p.attributes -> a.key
            ELSE jsonb_build_array(p.attributes -> a.key) END) value
 WHERE a.tenant_id = :tenant AND a.program_id = :program AND a.key = '{HOLDER_KEY}' AND btrim(value) <> ''
"""  # noqa: S608 - constants are put in
"""Whose each person is, one row for each of their institutions, by the code of that answer."""
SEVERAL = f"SELECT count(DISTINCT holder) > 1 FROM ({HOLDERS}) h"  # noqa: S608 - a constant is put in
HELD = {"also": "holder, ", "held": " JOIN holders USING (membership_id)"}
"""What is put into a statement that counts, for it to count by institution."""


@dataclass(frozen=True)
class Counted:
    """``counts`` by inner cell. ``behind``: of things how many people are behind each cell, margins too."""

    counts: dict[Key, int] = field(default_factory=dict)
    behind: dict[Key, int] = field(default_factory=dict)


def counted_by(found: Iterable[Any], axes: Sequence[Axis], within: Key) -> Mapping[str, Counted]:
    """What was counted by institution. found: rows of the institution, the code on each axis, None where it is summed
    over, the number, and how many people are behind it.
    """
    parts: dict[str, Counted] = {}
    for holder, *codes, number, behind in found:
        said = {each.name: code for each, code in zip(axes, codes, strict=True) if code is not None}
        part, key = parts.setdefault(holder, Counted()), key_of({**dict(within), **said})
        if len(said) == len(axes):
            part.counts[key] = number
        part.behind[key] = behind
    return parts


def too_few(every: Counted, parts: Iterable[Counted], threshold: int) -> frozenset[Key]:
    """The cells with 1 to `threshold` people behind them, or of whom so many are left without one institution's."""
    found = {key for key, behind in every.behind.items() if 1 <= behind <= threshold}
    for part in parts:
        for key, own in part.behind.items():
            if 1 <= every.behind[key] - own <= threshold:
                found.add(key)
    return frozenset(found)
