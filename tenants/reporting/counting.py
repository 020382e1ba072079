"""Counting people and things in the database, in the parts that a report tells of.

Everybody of a scope is put down once in the temporary table `counted`: when they first joined, the cohort they joined
last, whether their outcomes may be reported (`covered`), and which funders they agreed to be shared with. A metric
stages its facts beside it, one row a person or one a person and thing; a report's digest is of what was staged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tenants.cohorts.covered import covered
from tenants.kernel.session import Session
from tenants.reporting.holding import HELD, HOLDERS, SEVERAL, Counted, counted_by, too_few
from tenants.reporting.scope import Scope
from tenants.reporting.suppression.model import LEAST_THRESHOLD, Key, key_of
from tenants.reporting.tables import COHORT, NO, REPORTED, YES, Axis, Code, CountTable, axis

PEOPLE = "SELECT membership_id FROM counted WHERE covered OR NOT CAST(:outward AS boolean)"
"""The people of a scope. Nobody is told of outside whose outcomes may not be reported."""
PEOPLE_WITH_OUTCOMES = "SELECT membership_id FROM counted WHERE covered"
"""Those of them whose products and career events may be looked at."""

WORK_MEMORY = "160MB"
_COUNTED = f"""
CREATE TEMP TABLE counted ON COMMIT DROP AS
SELECT DISTINCT ON (membership_id) membership_id, cohort_id,
       first_value(id) OVER first AS joined,
       CAST(min(created_at) OVER first AT TIME ZONE 'UTC' AS date) AS joined_on,
       membership_id IN ({covered("outcomes")}) AS covered, CAST('{{}}' AS text[]) AS agreed
  FROM participant
 WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts)
WINDOW first AS (PARTITION BY membership_id ORDER BY id)
 ORDER BY membership_id, id DESC
"""  # noqa: S608 - constants are put in
_AGREED = f"""
UPDATE counted SET agreed = agreed || CAST(:funder AS text)
 WHERE membership_id IN ({covered("funder_sharing")})
"""  # noqa: S608 - constants are put in
_WHO = """
SELECT membership_id, covered AND coalesce(CAST(:funder AS text) = ANY(agreed), true) AS with_outcomes FROM counted
 WHERE cohort_id = coalesce(CAST(:cohort AS uuid), cohort_id) ORDER BY membership_id
"""
# A sum, so that the order of rows does not matter.
_DIGEST = "SELECT count(*), sum(hash_record_extended(f, 1)) FROM {facts} f"
_PEOPLE_BY = """
SELECT {also}{columns}, count(*) AS number, 0 AS behind
  FROM (SELECT *, CAST(:funder AS text) = ANY(agreed) AS agrees
          FROM {facts} JOIN counted USING (membership_id){held}) f
 GROUP BY {also}{columns}
"""
_ROWS = "SELECT {also}{columns}, count(*) AS number, 0 AS behind FROM {facts}{held} GROUP BY {also}{columns}"
_EACH_ONCE = "(SELECT DISTINCT thing_id, {columns} FROM {facts}) f"
TOLD = """
behind AS (
    SELECT *, first_value(her_cohort_id) OVER (PARTITION BY thing_id ORDER BY joined, membership_id) AS cohort_id
      FROM {facts} JOIN (SELECT membership_id, joined, cohort_id AS her_cohort_id,
                                CAST(:funder AS text) = ANY(agreed) AS agreed FROM counted) c USING (membership_id)),
told AS (
    SELECT *, {herself} AS herself, coalesce({agree}({herself}) OVER (PARTITION BY thing_id), false) AS agrees
      FROM behind)
"""
"""SQL of things with each who is behind them: the cohort they count with, whether :funder is told of them, and whether
that is by `herself`."""
BY_ALL = {"agree": "bool_and", "herself": "agreed"}
BY_ANY = {"agree": "bool_or", "herself": "(agreed AND tells AND her_cohort_id = cohort_id)"}
"""Who is asked whether a funder is told of a thing. Where one is enough, it is one who alone would have it told of in
the same part: else what is told would be others'."""
_THINGS_OUTSIDE = f"""
WITH {TOLD}
SELECT {{also}}{{columns}}, count(DISTINCT thing_id) AS number, {{behind}} AS behind
  FROM told{{held}} GROUP BY {{also}}CUBE ({{columns}})
"""  # noqa: S608 - constants are put in
_AGREES = f"CASE WHEN agrees THEN '{YES}' ELSE '{NO}' END"
_BEHIND = "count(DISTINCT membership_id)"
# Whoever did not agree is no cover for those who did.
_BEHIND_PART = f"""
CASE GROUPING({_AGREES}) WHEN 1 THEN {_BEHIND} ELSE {_BEHIND} FILTER (WHERE herself OR NOT agrees) END
"""


@dataclass(frozen=True)
class Rows:
    """What is counted by which axes.

    ``facts``      the staged table.
    ``things``     whether its rows are of people and things, which more than one person can be behind; a thing is told
                   of with the cohort of whoever joined first, and to a funder if all of them agreed.
    ``by_any``     whether one who agreed is enough (`BY_ANY`); then `tells` says that the axes are by a record of hers.
    ``each``       where there is a row a thing with these axes, if there is.
    ``everybody``  whether those are in it too whose outcomes may not be reported.
    ``breakdown``, ``curve``  see `CountTable`.
    """

    name: str
    title: str
    unit: str
    facts: str
    axes: tuple[Axis, ...]
    within: Key = ()
    things: bool = False
    by_any: bool = False
    each: str = ""
    everybody: bool = False
    breakdown: bool = False
    curve: str = ""


class Counting:
    """One counting of a scope, in the session's transaction. ``threshold``: see `suppression`."""

    def __init__(self, session: Session, scope: Scope, *, threshold: int = LEAST_THRESHOLD) -> None:
        self.session = session
        self.scope = scope
        self.threshold = threshold
        self._digest = sha256()
        self._held = False

    def count_people(self, funders: Sequence[str]) -> None:
        """Put everybody down, with what they agreed to of all the program's funders."""
        # A program's rows are sorted and joined whole; what PostgreSQL begins with is for many small statements.
        self.run(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        self.run(_COUNTED)
        self.run("ANALYZE counted")
        for funder in funders if self.scope.outward else ():
            self.run(_AGREED, funder=funder)
        self._note("counted")
        if self.scope.outward and self.run(SEVERAL).scalar_one():
            self.stage("holders", HOLDERS)
            self._held = True
        self._digest.update(repr(self.cohorts.codes).encode())

    def people(self, cohort_id: UUID | None, funder: str | None) -> Sequence[Any]:
        """Who is counted in the part of one cohort and funder, and whether with what came of it."""
        rows: Sequence[Any] = self.run(_WHO, cohort=cohort_id, funder=funder).all()
        return rows

    def run(self, statement: str, **known: Any) -> Any:
        """Run a statement with the scope's parameters."""
        return self.session.execute(text(statement), {**self.scope.parameters, **known})

    def stage(self, name: str, facts: str, **known: Any) -> None:
        """Keep the rows of a SELECT as the temporary table `name`: membership_id, thing_id if of things, and codes."""
        self.run(f"CREATE TEMP TABLE {name} ON COMMIT DROP AS {facts}", **known)
        self._note(name)

    def tables(self, rows: Rows) -> tuple[CountTable, ...]:
        """The table of these rows; of what leaves, once for each funder whose part is told."""
        self._digest.update(repr([each.dimension for each in rows.axes]).encode())
        funders: tuple[str | None, ...] = () if rows.everybody else self.scope.funders
        return tuple(self._table(rows, funder) for funder in funders or (None,))

    @property
    def digest(self) -> str:
        """SHA-256 of the hashes of all that was staged, whatever the order of rows, and of the parts it is told in."""
        return self._digest.hexdigest()

    @cached_property
    def cohorts(self) -> Axis:
        """The axis of the program's cohorts."""
        rows = self.run("SELECT id, name FROM cohort WHERE id = ANY(:cohorts) ORDER BY id")
        return Axis(COHORT, "Cohort", tuple(Code(str(row.id), row.name) for row in rows))

    def _note(self, name: str) -> None:
        found = self.run(_DIGEST.format(facts=name)).one()
        self._digest.update(f"{name}:{':'.join(str(each) for each in found)};".encode())

    def _table(self, rows: Rows, funder: str | None) -> CountTable:
        spread = self._spread(funder)
        told_by = ["CAST(cohort_id AS text)" if each.name == COHORT else _AGREES for each in spread]
        columns = [*(f'"{each.name}"' for each in rows.axes), *told_by]
        statement = _PEOPLE_BY if spread else _ROWS
        named = {"facts": rows.facts, "columns": ", ".join(columns)}
        if rows.things and self.scope.outward:
            statement = _THINGS_OUTSIDE
            named |= BY_ANY if rows.by_any else BY_ALL
            named["behind"] = _BEHIND_PART if funder else _BEHIND
        elif rows.things:
            statement, named["facts"] = _ROWS, rows.each or _EACH_ONCE.format(**named)
        once = self.run(statement.format(**named, also="", held=""), funder=funder)
        axes, within = (*rows.axes, *spread), self._within(rows)
        whole = counted_by([("", *row) for row in once], axes, within).get("", Counted())
        held = self.run(statement.format(**named, **HELD), funder=funder) if self._held else ()
        parts = counted_by(held, axes, within)
        few = too_few(whole, parts.values(), self.threshold) if rows.things else frozenset()
        told = (rows.name, rows.title, rows.unit, rows.axes, within, whole.counts, few, tuple(spread))
        own = {holder: part.counts for holder, part in parts.items()}
        return CountTable(*told, breakdown=rows.breakdown, parts=own, curve=rows.curve)

    def _within(self, rows: Rows) -> Key:
        unit = {} if rows.unit == "people" else {"unit": rows.unit}
        reported = {REPORTED: YES} if self.scope.outward and not rows.everybody else {}
        return key_of({**dict(rows.within), **unit, **reported})

    def _spread(self, funder: str | None) -> list[Axis]:
        cohorts = [self.cohorts] if self.scope.by_cohort else []
        return [*cohorts, *([axis(shares(funder), funder, (YES, NO))] if funder else [])]


def shares(funder: str) -> str:
    """The axis of who agreed to be shared with a funder."""
    return f"shares:{funder}"
