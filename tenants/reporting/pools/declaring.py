"""What an institution without a program here says itself: counts by the definitions of the metrics, row by row."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from tenants.institutions.models import Tenant
from tenants.kernel.errors import Conflict, FieldError, Invalid
from tenants.kernel.session import Session
from tenants.reporting.counting import Counting, shares
from tenants.reporting.metric import Metric, nothing
from tenants.reporting.metrics import counts_awards, metrics_by
from tenants.reporting.pools.asked import contribution_request, held
from tenants.reporting.pools.content import Contribution, of_those_who_agreed
from tenants.reporting.pools.sealing import seal
from tenants.reporting.scope import Scope
from tenants.reporting.suppression.model import ImpossibleTables, Key, key_of
from tenants.reporting.suppression.system import system_of
from tenants.reporting.tables import CountTable

Tables = Mapping[str, Sequence[CountTable]]
PEOPLE = "people"
"""What is declared are people: of things nobody could tell what others have as well."""


def declare(
    session: Session,
    *,
    contribution_request_id: UUID,
    rows: Sequence[Mapping[str, Any]],
    award_list: str | None = None,
) -> None:
    """Contribute these counts: each row a table, a code for each of its dimensions, and how many people are there who
    agreed to be shared with the funder. What a table has no row for is 0; tables without any row are not contributed.
    Of a metric that draws figures all tables have rows, or none has. `award_list`: by which major awards are counted,
    that of the request; where rows are of these.

    Raises NotFound; Conflict "answered", or "counted_here" for an institution that reports on a program here; and
    Invalid, with the row, the field and the rule, for what the definitions do not allow, "incomplete" where a metric of
    which all tables are pooled or none has rows of some, "other_list" where awards are counted otherwise than was
    asked, and where sums contradict.
    """
    asked = contribution_request(session, contribution_request_id)
    if asked.program_id is not None:
        raise Conflict("What you report on here is counted, not declared.", code="counted_here")
    asked = held(session, contribution_request_id, "waiting")
    metrics = metrics_by(asked.award_list)
    tables = _filled(metrics, _defined(session, asked, metrics), rows)
    _check_list(asked, [each.name for each in metrics if tables.get(each.id)], award_list)
    tenant = session.get_one(Tenant, session.tenant_id)
    contribution = Contribution(
        name=tenant.name,
        declared=True,
        threshold=tenant.disclosure_threshold,
        digest=sha256(orjson.dumps(list(rows), option=orjson.OPT_SORT_KEYS)).hexdigest(),
        tables=tables,
    )
    seal(session, asked, contribution)


def _defined(session: Session, asked: Any, metrics: Sequence[Metric]) -> Tables:
    """The tables of people of the metrics asked for, with nobody in them: as a program of nobody has them."""
    nobody = Scope(session.tenant_id, asked.id, (), asked.as_of, outward=True, funders=(asked.funder,))
    counting = Counting(session, nobody)
    counting.count_people([asked.funder])
    found = {}
    for metric in metrics:  # one may go by what another before it staged
        parts = [of_those_who_agreed(each, shares(asked.funder)) for each in metric.count(counting).tables]
        if metric.name in asked.metrics:
            found[metric.id] = [each for each in parts if each is not None and each.unit == PEOPLE]
    return found


def _check_list(asked: Any, told: Sequence[str], award_list: str | None) -> None:
    """Raise Invalid unless it is said of awards that they are counted as was asked. told: the metrics with rows."""
    if award_list is None and counts_awards(told):
        raise Invalid.field("/award_list", "required", "Say by which list you counted major awards.")
    if award_list not in (None, asked.award_list):
        raise Invalid.field("/award_list", "other_list", f"Major awards are asked for by {asked.award_list}.")


def _filled(metrics: Sequence[Metric], defined: Tables, rows: Sequence[Mapping[str, Any]]) -> Tables:
    known = {each.name: each for tables in defined.values() for each in tables}
    counts: dict[str, dict[Key, int]] = {}
    problems: list[FieldError] = []
    for place, row in enumerate(rows):
        table = known.get(row["table"])
        if table is None:
            names = ", ".join(known)
            problems.append(FieldError(f"/rows/{place}/table", "unknown", f"The tables are: {names}."))
            continue
        if wrong := _wrong(table, row["at"], f"/rows/{place}/at"):
            problems.append(wrong)
            continue
        key = key_of({**dict(table.within), **row["at"]})
        if key in counts.setdefault(table.name, {}):
            problems.append(
                FieldError(f"/rows/{place}/at", "twice", "A row before this one is of the same cell.")
            )
        counts[table.name][key] = row["count"]
    if problems:
        raise Invalid(*problems)
    _refuse_parts(metrics, defined, counts)
    found = {
        name: [_with(each, counts[each.name]) for each in tables if each.name in counts]
        for name, tables in defined.items()
    }
    _agree([each for tables in found.values() for each in tables])
    return found


def _refuse_parts(metrics: Sequence[Metric], defined: Tables, counts: Mapping[str, Any]) -> None:
    """Raise Invalid where a metric that draws figures has rows of some tables only: none of them would be pooled."""
    for metric in metrics:
        names = [each.name for each in defined.get(metric.id, ())]
        missing = [each for each in names if each not in counts]
        if metric.figures is not nothing and 0 < len(missing) < len(names):
            detail = (
                f"Of {metric.name} all tables are pooled or none; there is no row of: {', '.join(missing)}."
            )
            raise Invalid.field("/rows", "incomplete", detail)


def _wrong(table: CountTable, at: Mapping[str, str], pointer: str) -> FieldError | None:
    leaves = {each.name: each.dimension.leaves for each in table.axes}
    if at.keys() != leaves.keys():
        return FieldError(pointer, "other_dimensions", f"Name a code for each of: {', '.join(leaves)}.")
    for name, code in at.items():
        if code not in leaves[name]:
            return FieldError(f"{pointer}/{name}", "unknown", f"The codes are: {', '.join(leaves[name])}.")
    return None


def _with(table: CountTable, counts: Mapping[Key, int]) -> CountTable:
    return CountTable(table.name, table.title, table.unit, table.axes, table.within, counts)


def _agree(tables: Sequence[CountTable]) -> None:
    """Whether the tables count the same people. Raises Invalid."""
    counts = {key: number for each in tables for key, number in each.counts.items()}
    try:
        system_of([each.shape for each in tables]).values(counts)
    except ImpossibleTables as contradiction:
        sums = ", ".join(f"{each.name} {sum(each.counts.values())}" for each in tables)
        detail = f"The tables do not count the same people. What is declared of each is, in all: {sums}."
        raise Invalid.field("/rows", "contradiction", detail) from contradiction
