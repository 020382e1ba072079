"""Time from the first K award to the first major award of a list, and leaving research before it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from tenants.reporting.counting import Counting, Rows
from tenants.reporting.figures import Early, exact_curve, released_curve
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.metrics.award_lists import K_AWARDS, LISTS, AwardList
from tenants.reporting.metrics.careers_sql import (
    APART,
    AWARD,
    CAREERS,
    END,
    FOLLOWED,
    LEFT,
    NONE,
    UNDATED,
)
from tenants.reporting.scope import INWARD
from tenants.reporting.statistics.aalen_johansen import CENSORED, COMPETING, EVENT, aalen_johansen
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import Axis, Code, axis
from tenants.reporting.years import ENTRIES, EXITS

NAME = "time_to_r01"
FOLLOW_UP = axis("award_follow_up", "In the curve, or why not", (FOLLOWED, *APART))
NO_AWARD = "no_award"
OUTCOMES = Axis(
    "award_outcome",
    "Follow-up ended with",
    (
        Code(AWARD, "An award"),
        # Together, as those who leave are often too few to be shown: then the end of observation covers them.
        Code(NO_AWARD, "No award"),
        Code(LEFT, "Leaving research", NO_AWARD),
        Code(END, "The end of observation", NO_AWARD),
        Code(NONE, "No award known", END),
        Code(UNDATED, "An award known, but not its date", END),
    ),
)
EXIT = Axis("award_exit", "Years from the K award to the end of follow-up", EXITS)
ENTRY = Axis("award_entry", "Years from the K award to the beginning of follow-up", ENTRIES)
UNDATED_ENTRY = Axis("undated_award_entry", "Years from the K award to the beginning of follow-up", ENTRIES)
LEAVERS = {"leavers_compete": "leaving research competes", "leavers_censored": "followed until they left"}
BOUNDS = {
    "undated_never": "undated awards not counted",
    "undated_at_once": "undated awards as early as can be",
}

BASE_RATE = {
    "label": "2,784 people with a K08 or K23 of 1997 to 2003, R01 award (Jagsi and others 2009, "
    "doi:10.7326/0003-4819-151-11-200912010-00009)",
    "points": [{"x": 5, "y": 0.227}, {"x": 10, "y": 0.425}],
}
"""What is known of others, drawn beside a curve: other awards, other years, and R01 only."""

_FOLLOWED = f"(SELECT * FROM fact_careers WHERE award_follow_up = '{FOLLOWED}') f"  # noqa: S608 - a constant
_UNDATED = (
    f"(SELECT membership_id, award_entry AS undated_award_entry FROM fact_careers"  # noqa: S608 - constants
    f" WHERE award_follow_up = '{FOLLOWED}' AND award_outcome = '{UNDATED}') f"
)
_EXACT = f"""
SELECT array_agg(entry_days), array_agg(exit_days), array_agg(award_outcome)
  FROM (SELECT * FROM {_FOLLOWED} ORDER BY membership_id) f
"""  # noqa: S608 - constants


@dataclass(frozen=True)
class People:
    """Everybody who is followed, in the same order: days from the K award to entry and to exit, and the outcome."""

    entry: npt.NDArray[np.int64]
    exit: npt.NDArray[np.int64]
    outcome: npt.NDArray[np.str_]


def metric(awards: AwardList) -> Metric:
    """The metric for one list of awards."""
    reference = BASE_RATE if awards.base else None
    return Metric(
        name=NAME,
        how=(
            "since_first_k",
            awards.id,
            "as_of_report",
            "undated_never_and_at_once",
            "before_k_apart",
            "leavers_compete_and_censored",
            "survivors_apart",
        ),
        version=5,
        title=f"Time from first K award to first {awards.title}",
        text=_TEXT.format(title=awards.title, codes=awards.told, k=", ".join(K_AWARDS)),
        count=partial(_count, awards, reference),
        inputs=("awards, departures and observations among career events", awards.source),
        caveats=(*_CAVEATS, *([_BASE] if awards.base else []), *([awards.noted] if awards.noted else [])),
        figures=partial(_figures, awards, reference),
    )


def _count(awards: AwardList, reference: Figure | None, counting: Counting) -> Found:
    """Everybody by whether they are followed; those who are, by when they left the curve, and how."""
    # Leaving out awards that a funder may not list one by one would turn them into awards never won.
    since, before, major = map(list, zip(*awards.since, strict=True))
    codes = {"k": list(K_AWARDS), "major": major, "since": since, "before": before}
    counting.stage("fact_careers", CAREERS, **codes, reported=list(INWARD))
    tables = [table for rows in _ROWS for table in counting.tables(rows)]
    if counting.scope.outward:
        return Found(tables)
    people = People(*(np.array(each or []) for each in counting.run(_EXACT).one()))
    if not len(people.entry):
        return Found(tables)
    words = {leavers: _words(awards, leavers) for leavers in LEAVERS}
    exact = [
        {
            **words[leavers],
            "id": f"{words[leavers]['id']}_exact",
            "title": f"{words[leavers]['title']}, to the day",
            "series": [
                {"name": BOUNDS[bound].capitalize(), **_to_the_day(people, leavers, bound)}
                for bound in BOUNDS
            ],
            "reference": reference,
        }
        for leavers in LEAVERS
    ]
    return Found(tables, exact)


def _figures(awards: AwardList, reference: Figure | None, shown: Shown) -> list[Figure]:
    """The curves that follow from the tables as printed, if there are any."""
    tables = ["exits", "entries", "undated_entries"]
    exits, entries, undated = (shown[name] for name in tables)
    competing = {"leavers_compete": LEFT, "leavers_censored": None}
    early = {"undated_never": None, "undated_at_once": Early(UNDATED, undated)}
    return [
        {
            **_words(awards, leavers),
            "tables": tables,
            "series": [
                {
                    "name": BOUNDS[bound].capitalize(),
                    **released_curve(
                        exits, entries, event=AWARD, competing=competing[leavers], early=early[bound]
                    ),
                }
                for bound in BOUNDS
            ],
            "reference": reference,
        }
        for leavers in LEAVERS
    ]


def _to_the_day(people: People, leavers: str, bound: str) -> Figure:
    """The curve of exact times. An award of unknown date that is taken to be early is so on the first day."""
    at_once = bound == "undated_at_once"
    meaning = {
        AWARD: EVENT,
        LEFT: COMPETING if leavers == "leavers_compete" else CENSORED,
        NONE: CENSORED,
        UNDATED: EVENT if at_once else CENSORED,
    }
    outcome = np.zeros(len(people.entry), dtype=np.int64)
    for name, code in meaning.items():
        outcome[people.outcome == name] = code
    until = np.where(at_once & (people.outcome == UNDATED), people.entry + 1, people.exit)
    curve = aalen_johansen(entry=people.entry / 365.25, exit=until / 365.25, outcome=outcome)
    return exact_curve(curve)


def _words(awards: AwardList, leavers: str) -> Figure:
    return {
        "id": f"{NAME}_{leavers}",
        "title": f"Time from first K award to first {awards.title}, {LEAVERS[leavers]}",
        "kind": "curve",
        "caption": "Estimate with its 95 % log-log interval, and those at risk. The truth about undated awards "
        "lies between the two curves.",
        "tables": [],
        "x": "Years since the first K award",
        "y": f"Share with {awards.article} {awards.title}",
    }


_WITHIN = key_of({FOLLOW_UP.name: FOLLOWED})
_ROWS = (
    Rows("follow_up", "People by follow-up", "people", "fact_careers", (FOLLOW_UP,)),
    Rows("exits", "End of follow-up", "people", _FOLLOWED, (EXIT, OUTCOMES), _WITHIN),
    Rows("entries", "Beginning of follow-up", "people", _FOLLOWED, (ENTRY,), _WITHIN),
    Rows(
        "undated_entries",
        "Beginning of follow-up of those whose award is known, but not its date",
        "people",
        _UNDATED,
        (UNDATED_ENTRY,),
        key_of({FOLLOW_UP.name: FOLLOWED, OUTCOMES.name: UNDATED}),
    ),
)


_TEXT = (
    "Share with a first {title} ({codes}) by years (days / 365.25) since the first dated K award ({k}), with the "
    "95 % log-log interval. Somebody is followed from the beginning of their observation, or from the K award if that "
    "is later, to the first of these: their first such award; leaving research, the last departure that is known, if "
    "it is after the K award; the end of their observation or the report's date. Counted apart, never in a curve, by "
    "the first that holds: no_first_k (no dated K award), not_followed (no observation with a known beginning), "
    "survivors_sample (only those still visible later were looked at, from whom no rate follows), earlier (such an "
    "award before the K award), before_entry (one before the observation began), left_before_entry (left research "
    "before it), no_follow_up (the observation ends before it begins to count). Of an award that is known but not its "
    "date there are two curves: undated_never does not count it and follows whoever has it to the end of observation, "
    "undated_at_once counts it in the year in which following them begins; whoever has a dated one too counts with "
    "that. Leaving research is told in two ways: leavers_compete is the cumulative incidence (Aalen and Johansen), "
    "in which whoever left wins no award; leavers_censored follows them until they left, as if they might have won "
    "one like those who stayed. Career events kept to oneself or one's group are not used, nor is anybody counted "
    "whose outcomes the program's basis does not cover. The curves are life tables (Cutler and Ederer) by whole "
    "years, from the counts printed alone: neighbouring years are merged where one of their counts is not shown, and "
    "a curve ends where the counts end. The median is the end of the first interval by which half have the award. An "
    "internal report has the estimates to the day besides, whose median is the first day by which half have it."
)
_CAVEATS = (
    "Departures are known only where somebody recorded them: whoever left unseen counts as followed.",
)
_BASE = "The base rate is of other awards and other years, and of R01 awards alone."

BY_LIST = {each.id: metric(each) for each in LISTS}
"""The metric by the list of awards that was chosen."""
METRIC = BY_LIST[LISTS[0].id]
