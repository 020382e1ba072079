"""Time from the first K award to the first R01-equivalent."""

from collections.abc import Iterable
from math import ceil
from typing import Any

from sqlalchemy import text

from tenants.reporting.counting import PEOPLE_WITH_OUTCOMES, Counting, Rows
from tenants.reporting.figures import exact_curve, released_curve
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.metrics.follow_up import APART, K_AWARDS, R01_EQUIVALENTS, Career, FollowUp, follow_up
from tenants.reporting.scope import INWARD
from tenants.reporting.suppression.model import key_of
from tenants.reporting.survival import kaplan_meier
from tenants.reporting.tables import Axis, axis
from tenants.reporting.years import ENTRIES, EXITS, LATER, MOST_YEARS

FOLLOWED = "followed"
"""The label of those whom the curve has, among all people of the report."""
AWARD, END = "award", "end"
FOLLOW_UP = axis("award_follow_up", "In the curve, or why not", (FOLLOWED, *APART))
OUTCOMES = axis("award_outcome", "Follow-up ended with", (AWARD, END))
EXIT = Axis("award_exit", "Years from the K award to the end of follow-up", EXITS)
ENTRY = Axis("award_entry", "Years from the K award to the beginning of follow-up", ENTRIES)
X, Y = "Years since the first K award", "Share with an R01-equivalent award"
TITLE = "Time from first K award to first R01-equivalent"

_CAREERS = f"""
SELECT people.membership_id,
       min(e.date) FILTER (WHERE e.kind = 'award' AND e.code = ANY(:k) AND e.date <= :as_of) AS first_k,
       min(e.date) FILTER (WHERE e.kind = 'award' AND e.code = ANY(:r) AND e.date <= :as_of
                             AND NOT e.before_first_k) AS first_r,
       coalesce(bool_or(e.kind = 'award' AND e.code = ANY(:r) AND e.before_first_k), false) AS earlier,
       coalesce(bool_or(e.kind = 'award' AND e.code = ANY(:r) AND e.date IS NULL
                        AND NOT e.before_first_k), false) AS undated,
       min(e.date) FILTER (WHERE e.kind = 'observation') AS since,
       max(e.until) FILTER (WHERE e.kind = 'observation') AS until,
       max(e.sample) FILTER (WHERE e.kind = 'observation') AS sample
  FROM ({PEOPLE_WITH_OUTCOMES}) people
  LEFT JOIN career_event e ON e.tenant_id = :tenant AND e.membership_id = people.membership_id
                          AND e.kind IN ('award', 'observation') AND e.visibility = ANY(:reported)
 GROUP BY people.membership_id
"""  # noqa: S608 - a constant is put in
_PUT_DOWN = """
CREATE TEMP TABLE fact_award_times (membership_id uuid, award_follow_up text, award_exit text, award_outcome text,
                                    award_entry text) ON COMMIT DROP
"""
_FILL = text(
    "INSERT INTO fact_award_times SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:status AS text[]),"
    " CAST(:exits AS text[]), CAST(:outcomes AS text[]), CAST(:entries AS text[]))"
)
_IN_CURVE = f"SELECT * FROM fact_award_times WHERE award_follow_up = '{FOLLOWED}'"  # noqa: S608 - constants


def count(counting: Counting) -> Found:
    """Everybody by whether they are followed; those who are, by when they left the curve, and how."""
    # Leaving out awards that a funder may not list one by one would turn them into awards never won.
    known = {"k": list(K_AWARDS), "r": list(R01_EQUIVALENTS), "reported": list(INWARD)}
    counting.stage("fact_careers", _CAREERS, **known)
    found = [
        (membership_id, follow_up(Career(*career), counting.scope.as_of))
        for membership_id, *career in counting.run("SELECT * FROM fact_careers ORDER BY membership_id")
    ]
    counting.run(_PUT_DOWN)
    counting.session.execute(_FILL, _columns(found))
    counting.stage("fact_award_exits", _IN_CURVE)
    within = key_of({FOLLOW_UP.name: FOLLOWED})
    tables = (
        *counting.tables(
            Rows("follow_up", "People by follow-up", "people", "fact_award_times", (FOLLOW_UP,))
        ),
        *counting.tables(
            Rows("exits", "End of follow-up", "people", "fact_award_exits", (EXIT, OUTCOMES), within)
        ),
        *counting.tables(
            Rows("entries", "Beginning of follow-up", "people", "fact_award_exits", (ENTRY,), within)
        ),
    )
    followed = [each for _, each in found if isinstance(each, FollowUp)]
    return Found(tables, [_exact(followed)] if followed and not counting.scope.outward else [])


def figures(shown: Shown) -> list[Figure]:
    """The curve that follows from the tables as printed, if there is one."""
    curve = released_curve(shown["exits"], shown["entries"], event=AWARD)
    return [{**_words(("exits", "entries")), "series": [{"name": "All", **curve}], "reference": None}]


def _exact(followed: list[FollowUp]) -> Figure:
    curve = kaplan_meier(
        entry=[each.entry for each in followed],
        exit=[each.exit for each in followed],
        event=[each.event for each in followed],
    )
    words = {**_words(()), "id": "time_to_r01_exact", "title": f"{TITLE}, to the day"}
    return {**words, "series": [{"name": "All", **exact_curve(curve)}], "reference": None}


def _words(tables: tuple[str, ...]) -> Figure:
    return {
        "id": "time_to_r01",
        "title": TITLE,
        "kind": "curve",
        "caption": "Estimate with its 95 % log-log interval, and those at risk.",
        "tables": list(tables),
        "x": X,
        "y": Y,
    }


def _columns(found: Iterable[tuple[Any, FollowUp | str]]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {"ids": [], "status": [], "exits": [], "outcomes": [], "entries": []}
    for membership_id, each in found:
        followed = isinstance(each, FollowUp)
        columns["ids"].append(membership_id)
        columns["status"].append(FOLLOWED if followed else each)
        columns["exits"].append(_year(each.exit) if isinstance(each, FollowUp) else None)
        columns["outcomes"].append((AWARD if each.event else END) if isinstance(each, FollowUp) else None)
        columns["entries"].append(_entry(each.entry) if isinstance(each, FollowUp) else None)
    return columns


def _year(years: float) -> str:
    """The whole year in which a time lies, its end included."""
    return f"y{ceil(years)}" if years <= MOST_YEARS else LATER


def _entry(years: float) -> str:
    return "start" if years == 0 else _year(years)


METRIC = Metric(
    name="time_to_r01",
    version=3,
    title=TITLE,
    text="Share with an R01-equivalent award "
    f"({', '.join(R01_EQUIVALENTS)}) by years (days / 365.25) since the first dated K award "
    f"({', '.join(K_AWARDS)}), with the log-log 95 % interval. Somebody is at risk from the beginning of "
    "their observation, or from the K award if that is later, to their first R01-equivalent, the end of their "
    "observation or the report's date, whichever is first. Counted apart, never in the curve, by the first that "
    "holds: no_first_k (no dated K award), not_followed (no observation with a known beginning), survivors_sample "
    "(only those still visible later were looked at, from whom no rate follows), earlier (an R01-equivalent before "
    "the K award), undated (an R01-equivalent is known but not its date), before_entry (an R01-equivalent before "
    "the observation began), no_follow_up (the observation ends before it begins to count). Career events kept to "
    "oneself or one's group are not used, nor is anybody counted whose outcomes the program's basis does not "
    "cover. The curve is a life table (Cutler and Ederer) by whole years, from the counts printed alone: "
    "neighbouring years are merged where one of their counts is not shown, and it ends where the counts end. The "
    "median is the end of the first interval in which half have the award. An internal report has the Kaplan–Meier "
    "estimate to the day besides, whose median is the first time at which at most one half are without the award.",
    count=count,
    inputs=("awards and observations among career events",),
    caveats=("Whoever changes to a career outside research counts as followed to the end of observation.",),
    figures=figures,
)
