"""Randomised starts: what one could find out before it begins, and what it has shown, by arm as drawn."""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from tenants.cohorts.covered import covered
from tenants.cohorts.models import Cohort
from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching.models import MatchingRun
from tenants.matching.options import RunOptions
from tenants.matching.pools import pool
from tenants.outcomes.identity_sql import thing_of
from tenants.reporting.scope import INWARD
from tenants.reporting.statistics.comparison import Comparison, compare
from tenants.reporting.statistics.detectable_effect import Design, Detectable, detectable_effect
from tenants.reporting.statistics.log_rank import LogRank, log_rank

OUTCOMES = ("products", "awards")


@dataclass(frozen=True)
class Plan:
    """What drawing a cohort's pool now could find out, and `share_needed` as `plan` says."""

    cohort_id: UUID
    treated: int
    waiting: int
    detectable: Detectable | None
    share_needed: float | None


@dataclass(frozen=True)
class Side:
    """People who were drawn to start now, or to wait: those counted, those left out because the program's basis
    does not cover their outcomes, the units they are compared in, and the mean of these units' means."""

    people: int
    left_out: int
    units: int
    mean: float | None


@dataclass(frozen=True)
class Results:
    """What came after a draw, from the day after it to `until_on`. comparison: None where it cannot be told.

    log_rank: of the time to a first award, person by person, who starts first; None of products, and where nobody of
    either side won one.
    """

    matching_run_id: UUID
    outcome: str
    from_on: dt.date | None
    until_on: dt.date | None
    treated: Side
    waiting: Side
    comparison: Comparison | None
    log_rank: LogRank | None


def plan(
    session: Session,
    *,
    cohort_id: UUID,
    share: float,
    base_share: float | None = None,
    **design: float,
) -> Plan:
    """The minimum detectable effect if those who could be placed today were drawn, this share to start now; `design`
    is the rest of a `Design`.

    Where the outcome is a yes or no that `base_share` of those who wait will reach, share_needed is the one that
    those who start now would need to: base_share + effect * sqrt(base_share * (1 - base_share)), None
    above 1. Raises NotFound.
    """
    row_of(session, Cohort, cohort_id)
    people = pool(cohort_id, RunOptions()).subquery()
    number: int = session.execute(select(func.count()).select_from(people)).scalar_one()
    treated = round(number * share)
    found = detectable_effect(Design(treated=treated, waiting=number - treated, **design))
    needed = _share(base_share, found.effect) if found and base_share is not None else None
    return Plan(cohort_id, treated, number - treated, found, needed)


def _share(base: float, effect: float) -> float | None:
    share = base + effect * math.sqrt(base * (1 - base))
    return share if share <= 1 else None


_VALUES = {
    "products": f"""
    (SELECT count(DISTINCT {thing_of("p")}) FROM product_contributor c
       JOIN product p ON p.tenant_id = c.tenant_id AND p.id = c.product_id
      WHERE c.tenant_id = :tenant AND c.membership_id = drawn.membership_id
        AND p.visibility = ANY(:visibilities) AND p.date > :from_on AND p.date <= :until_on)""",  # noqa: S608 - a constant
    "awards": """
    (SELECT least(count(*), 1) FROM career_event e
      WHERE e.tenant_id = :tenant AND e.membership_id = drawn.membership_id AND e.kind = 'award'
        AND e.visibility = ANY(:visibilities) AND e.date > :from_on AND e.date <= :until_on)""",
}
_DAYS = {
    "products": "CAST(NULL AS integer)",
    "awards": """
    (SELECT min(e.date) - CAST(:from_on AS date) FROM career_event e
      WHERE e.tenant_id = :tenant AND e.membership_id = drawn.membership_id AND e.kind = 'award'
        AND e.visibility = ANY(:visibilities) AND e.date > :from_on AND e.date <= :until_on)""",
}
_DRAWN = f"""
WITH drawn AS (
    SELECT q.membership_id, l.arm = 1 AS treated, l.proposed_group_id,
           q.membership_id IN ({covered("outcomes")}) AS counted
      FROM placement l JOIN participant q ON q.tenant_id = l.tenant_id AND q.id = l.participant_id
     WHERE l.tenant_id = :tenant AND l.matching_run_id = :run AND l.arm IS NOT NULL)
"""  # noqa: S608 - constants are put in


def results(
    session: Session, *, matching_run_id: UUID, outcome: str, as_of: dt.date | None = None
) -> Results:
    """How those whom an accepted run drew to start now fare by comparison with those who wait, as drawn: whatever
    became of them since, which is the intention to treat.

    Somebody's outcome is the number of their products, a proposal and what came of it once ("products"), or 1 for an
    award and 0 for none ("awards"), dated after the day of the draw; at most to the day on which the next arm's start
    was accepted, from which nobody is sure to wait. Units are the groups that the run formed; whoever was to start and
    is in none is one of their own. Nobody is counted in a run that drew nobody or was not accepted.
    Raises NotFound, and Invalid for a day in the future or before the draw was accepted.
    """
    today = now().date()
    if as_of is not None and as_of > today:
        raise Invalid.field("?as_of", "in_the_future", f"Today is {today} (UTC); nothing later is known.")
    run = row_of(session, MatchingRun, matching_run_id)
    from_on = run.accepted_at and run.accepted_at.date()
    if run.draw and as_of is not None and from_on is not None and as_of < from_on:
        raise Invalid.field("?as_of", "before_the_draw", f"What was drawn was accepted on {from_on} (UTC).")
    until_on = from_on and _until(session, run, as_of or today)
    rows: Sequence[Any] = ()
    if from_on is not None:
        known = {
            "tenant": session.tenant_id,
            "run": run.id,
            "cohorts": [run.cohort_id],
            "visibilities": list(INWARD),
            "from_on": from_on,
            "until_on": until_on,
        }
        found = f"{_VALUES[outcome]} AS value, {_DAYS[outcome]} AS days"
        said = f"{_DRAWN} SELECT treated, proposed_group_id, counted, {found} FROM drawn"  # noqa: S608 - constants
        rows = session.execute(text(said), known).all()
    treated = _units([row for row in rows if row.treated and row.counted])
    waiting = [float(row.value) for row in rows if not row.treated and row.counted]
    return Results(
        matching_run_id=run.id,
        outcome=outcome,
        from_on=from_on if rows else None,
        until_on=until_on if rows else None,
        treated=_side(rows, treated, treated_side=True),
        waiting=_side(rows, [[value] for value in waiting], treated_side=False),
        comparison=compare(treated=treated, waiting=waiting),
        log_rank=_log_rank([row for row in rows if row.counted], from_on, until_on),
    )


def _log_rank(rows: Sequence[Any], from_on: dt.date | None, until_on: dt.date | None) -> LogRank | None:
    """Whether those who start win an award sooner; followed from the draw on, all for as long."""
    if from_on is None or until_on is None or not any(row.days for row in rows):
        return None
    rows, whole = sorted(rows, key=lambda row: not row.treated), (until_on - from_on).days
    try:
        return log_rank(
            exit=[row.days or whole for row in rows],
            event=[row.days is not None for row in rows],
            group=[row.treated for row in rows],
        )
    except ValueError:  # nobody is on the other side
        return None


def _until(session: Session, run: MatchingRun, as_of: dt.date) -> dt.date:
    """The day of the first later start of those whom the run drew, if that is before `as_of`."""
    later = select(func.min(MatchingRun.accepted_at)).where(
        MatchingRun.cohort_id == run.cohort_id,
        MatchingRun.options["arm"]["matching_run_id"].astext == str(run.id),
    )
    started = session.execute(later).scalar_one()
    return as_of if started is None else min(as_of, started.date())


def _units(rows: Sequence[Any]) -> list[list[float]]:
    groups: dict[UUID, list[float]] = defaultdict(list)
    alone = []
    for row in rows:
        if row.proposed_group_id is None:
            alone.append([float(row.value)])
        else:
            groups[row.proposed_group_id].append(float(row.value))
    return [*groups.values(), *alone]


def _side(rows: Sequence[Any], units: Sequence[Sequence[float]], *, treated_side: bool) -> Side:
    people = sum(map(len, units))
    drawn = sum(row.treated == treated_side for row in rows)
    mean = fmean(map(fmean, units)) if units else None
    return Side(people=people, left_out=drawn - people, units=len(units), mean=mean)
