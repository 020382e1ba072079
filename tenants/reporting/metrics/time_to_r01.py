"""Time to the first major award of a list, and leaving research before it."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from tenants.reporting.counting import Counting
from tenants.reporting.figures import Early, captioned, exact_curve, released_curve
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.metrics.award_lists import LISTS, AwardList
from tenants.reporting.metrics.award_tables import FACTS, TABLES, AwardTables
from tenants.reporting.metrics.careers_sql import AWARD, LEFT, NONE, UNDATED, careers
from tenants.reporting.metrics.clocks import K_AWARDS
from tenants.reporting.scope import INWARD
from tenants.reporting.statistics.aalen_johansen import CENSORED, COMPETING, EVENT, aalen_johansen

NAME = "time_to_r01"
LEAVERS = {"leavers_compete": "leaving research competes", "leavers_censored": "followed until they left"}
BOUNDS = {
    "undated_never": "undated awards not counted",
    "undated_at_once": "undated awards as early as can be",
}

BASE_RATE = {
    "label": "R01 award after a K08 or K23 of 1997 to 2003",
    "points": [{"x": 5, "y": 0.227}, {"x": 10, "y": 0.425}],
}
"""What is known of others, drawn beside a curve: other awards, other years, and R01 only."""

_EXACT = """
SELECT array_agg(entry_days), array_agg(exit_days), array_agg({outcome})
  FROM (SELECT * FROM {followed} ORDER BY membership_id) f
"""


@dataclass(frozen=True)
class People:
    """Everybody who is followed, in the same order: days on the clock to entry and to exit, and the outcome."""

    entry: npt.NDArray[np.int64]
    exit: npt.NDArray[np.int64]
    outcome: npt.NDArray[np.str_]


def metric(awards: AwardList) -> Metric:
    """The metric for one list of awards."""
    reference, clock = BASE_RATE if awards.base else None, awards.clock
    return Metric(
        name=NAME,
        how=(
            clock.id,
            awards.id,
            "as_of_report",
            "undated_never_and_at_once",
            clock.older,
            "leavers_compete_and_censored",
            "survivors_apart",
        ),
        version=6,
        title=f"Time from {clock.short} to first {awards.title}",
        text=_text(awards),
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
    counting.stage(FACTS, careers(awards.clock), **codes, reported=list(INWARD))
    told = AwardTables(awards.clock)
    tables = [table for rows in told.rows for table in counting.tables(rows)]
    if counting.scope.outward:
        return Found(tables)
    exact = counting.run(_EXACT.format(followed=told.followed, outcome=told.outcomes.name))
    people = People(*(np.array(each or []) for each in exact.one()))
    if not len(people.entry):
        return Found(tables)
    words = {leavers: _words(awards, leavers) for leavers in LEAVERS}
    figures = [
        {
            **words[leavers],
            "id": f"{words[leavers]['id']}_exact",
            "line": "steps",
            "title": f"{words[leavers]['title']}, to the day",
            "series": [
                {"name": BOUNDS[bound].capitalize(), **_to_the_day(people, leavers, bound)}
                for bound in BOUNDS
            ],
            "reference": reference,
        }
        for leavers in LEAVERS
    ]
    return Found(tables, figures)


def _figures(awards: AwardList, reference: Figure | None, shown: Shown) -> list[Figure]:
    """The curves that follow from the tables as printed, if there are any."""
    exits, entries, undated = (shown[name] for name in TABLES)
    competing = {"leavers_compete": LEFT, "leavers_censored": None}
    early = {"undated_never": None, "undated_at_once": Early(UNDATED, undated)}
    found = []
    for leavers in LEAVERS:
        curve = partial(released_curve, exits, entries, event=AWARD, competing=competing[leavers])
        series = [{"name": BOUNDS[bound].capitalize(), **curve(early=early[bound])} for bound in BOUNDS]
        words = _words(awards, leavers)
        words["caption"] = captioned(words["caption"], series)
        found.append({**words, "tables": list(TABLES), "series": series, "reference": reference})
    return found


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
        "title": f"Time from {awards.clock.short} to first {awards.title}, {LEAVERS[leavers]}",
        "kind": "curve",
        "caption": "Estimate with its 95 % log-log interval, and those at risk. The truth about undated awards "
        "lies between the two curves.",
        "tables": [],
        "x": f"Years since {awards.clock.start}",
        "y": f"Share with {awards.article} {awards.title}",
        "line": "straight",
    }


def _text(awards: AwardList) -> str:
    clock = awards.clock
    apart = f"{clock.apart[0]} ({clock.apart[1][0].lower()}{clock.apart[1][1:]}), " if clock.apart else ""
    words = {"title": awards.title, "codes": awards.told, "start": clock.start, "zero": clock.told}
    return _TEXT.format(**words, apart=apart)


_TEXT = (
    "Share with a first {title} ({codes}) by years (days / 365.25) since {zero}, with the "
    "95 % log-log interval. Somebody is followed from the beginning of their observation, or from {start} if that is "
    "later, to the first of these: their first such award; leaving research, the last departure that is known, if "
    "it is later than {start}; the end of their observation or the report's date. Counted apart, never in a curve, by "
    "the first that holds: {apart}not_followed (no observation with a known beginning), "
    "survivors_sample (only those still visible later were looked at, from whom no rate follows), earlier (such an "
    "award before {start}), before_entry (one before the observation began), left_before_entry (left research "
    "before it), no_follow_up (the observation ends before it begins to count). Of an award that is known but not its "
    "date there are two curves: undated_never does not count it and follows whoever has it to the end of observation, "
    "undated_at_once counts it in the year in which following them begins; whoever has a dated one too counts with "
    "that. Leaving research is told in two ways: leavers_compete is the cumulative incidence (Aalen and Johansen), "
    "in which whoever left wins no award; leavers_censored follows them until they left, as if they might have won "
    "one like those who stayed. Career events kept to oneself or one's group are not used, nor is anybody counted "
    "whose outcomes the program's basis does not cover. The curves are life tables (Cutler and Ederer) by whole "
    "years, from the counts printed alone: neighbouring years are merged until all of their counts are shown, and a "
    "curve ends where the counts end, or before fewer are at risk than may be told of; there is none where fewer have "
    "the award. The median is the end of the first interval by which half have the award; where they are fewer to the "
    "end of the curve it is not reached. An "
    "internal report has the estimates to the day besides, whose median is the first day by which half have it."
)
_CAVEATS = (
    "Departures are known only where somebody recorded them: whoever left unseen counts as followed.",
)
_BASE = (
    "The base rate is of other awards and other years, and of R01 awards alone: 2,784 people with a K08 or K23 of 1997 "
    "to 2003 (Jagsi and others 2009, doi:10.7326/0003-4819-151-11-200912010-00009)."
)

BY_LIST = {each.id: metric(each) for each in LISTS}
"""The metric by the list of awards that was chosen."""
METRIC = BY_LIST[LISTS[0].id]
