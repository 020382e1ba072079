"""Who is followed from a first K award to a first R01-equivalent, from when to when. Pure."""

import datetime as dt
from dataclasses import dataclass

K_AWARDS = ("K01", "K07", "K08", "K12", "K22", "K23", "K25", "K43", "K76", "K99")
"""Activity codes of career development awards, from which the clock runs."""

R01_EQUIVALENTS = ("R01", "R23", "R29", "R35", "R37", "RF1", "RL1", "DP1", "DP2", "DP5", "U01")
"""Activity codes of R01-equivalent awards, as NIH counts them over the years."""

APART = (
    "no_first_k",
    "not_followed",
    "survivors_sample",
    "earlier",
    "undated",
    "before_entry",
    "no_follow_up",
)
"""Why somebody is not in the curve: the first of these that holds."""

DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class Career:
    """What is known of somebody at the report's date.

    first_k: the first dated K award. first_r: the first dated R01-equivalent that is not flagged as older
    than it. earlier: an R01-equivalent is flagged so. undated: one is neither dated nor flagged. since, until
    and sample: of their observation.
    """

    first_k: dt.date | None
    first_r: dt.date | None
    earlier: bool
    undated: bool
    since: dt.date | None
    until: dt.date | None
    sample: str | None


@dataclass(frozen=True)
class FollowUp:
    """Years on the clock that starts with the first K award; `event` if an R01-equivalent ended it."""

    entry: float
    exit: float
    event: bool


def follow_up(career: Career, as_of: dt.date) -> FollowUp | str:  # noqa: PLR0911 - one a rule
    """Somebody's follow-up, or the one of APART that keeps them out of the curve."""
    if career.first_k is None:
        return "no_first_k"
    if career.since is None or career.until is None:
        return "not_followed"
    if career.sample != "complete":
        return "survivors_sample"
    if career.earlier or (career.first_r is not None and career.first_r < career.first_k):
        return "earlier"
    if career.undated:
        return "undated"
    entry = max(career.since, career.first_k)
    end = min(career.until, as_of)
    if career.first_r is not None and career.first_r <= entry:
        return "before_entry"
    event = career.first_r is not None and career.first_r <= end
    left = career.first_r if event and career.first_r else end
    if left <= entry:
        return "no_follow_up"
    return FollowUp(_years(career.first_k, entry), _years(career.first_k, left), event)


def _years(start: dt.date, day: dt.date) -> float:
    return (day - start).days / DAYS_A_YEAR
