"""Who is followed to a first major award, from when to when, and how it ended: one row a person."""

from tenants.reporting.counting import PEOPLE_WITH_OUTCOMES
from tenants.reporting.metrics.clocks import Clock
from tenants.reporting.years import LATER, MOST_YEARS

APART = {
    "not_followed": "Not observed",
    "survivors_sample": "Looked at only if still visible later",
    "earlier": "Had an award before the clock began",
    "before_entry": "Had an award before observation began",
    "left_before_entry": "Left research before observation began",
    "no_follow_up": "Observation ended before it began to count",
}
"""Why somebody is not in the curve, in words: the first of these that holds, unless the clock has not even begun."""
FOLLOWED = "followed"
"""Whoever is in the curve."""
AWARD, LEFT, END, NONE, UNDATED = "award", "left_research", "end", "without_award", "undated_award"
"""How following somebody ended; END is NONE or UNDATED: one is known to have been won, but not when."""

# The fiscal year of the United States begins in October; where a list has one edition, it does not matter. An award of
# unknown date is held against the last.
_MAJOR = """e.kind = 'award' AND e.code = ANY(:major) AND EXISTS (
           SELECT FROM unnest(CAST(:major AS text[]), CAST(:since AS integer[]), CAST(:before AS integer[]))
                       AS listed (code, since, before)
            WHERE listed.code = e.code
              AND coalesce(extract(year FROM e.date + interval '3 months'), 9998) >= listed.since
              AND coalesce(extract(year FROM e.date + interval '3 months'), 9998) < listed.before)"""
_KNOWN = f"""
SELECT people.membership_id,
       {{zero}} AS zero,
       min(e.date) FILTER (WHERE e.major AND e.date <= :as_of AND NOT {{before}}) AS first_r,
       coalesce(bool_or(e.major AND {{before}}), false) AS earlier,
       coalesce(bool_or(e.major AND e.date IS NULL AND NOT {{before}}), false) AS undated,
       max(e.date) FILTER (WHERE e.kind = 'departure' AND e.date <= :as_of) AS departed,
       min(e.date) FILTER (WHERE e.kind = 'observation') AS since,
       max(e.until) FILTER (WHERE e.kind = 'observation') AS until,
       max(e.sample) FILTER (WHERE e.kind = 'observation') AS sample
  FROM ({PEOPLE_WITH_OUTCOMES}) people JOIN counted USING (membership_id)
  LEFT JOIN (SELECT e.*, {_MAJOR} AS major FROM career_event e
              WHERE e.tenant_id = :tenant AND e.kind IN ('award', 'observation', 'departure')
                AND e.visibility = ANY(:reported)) e ON e.membership_id = people.membership_id
 GROUP BY people.membership_id
"""  # noqa: S608 - a constant is put in
_ON_THE_CLOCK = f"""
SELECT *, first_r IS NULL AND undated AS undated_only, greatest(since, zero) AS entry,
       least(until, CAST(:as_of AS date)) AS stop,
       CASE WHEN departed > zero AND NOT (first_r IS NULL AND undated) THEN departed END AS left_on
  FROM ({_KNOWN}) known
"""  # noqa: S608 - as above
_ENDED = f"""
SELECT *, least(first_r, left_on, stop) AS exit, first_r <= stop AND first_r <= coalesce(left_on, first_r) AS won
  FROM ({_ON_THE_CLOCK}) clock
"""  # noqa: S608 - as above
_JUDGED = f"""
SELECT *, CASE WHEN zero IS NULL THEN '{{missing}}'
               WHEN since IS NULL OR until IS NULL THEN 'not_followed'
               WHEN sample IS DISTINCT FROM 'complete' THEN 'survivors_sample'
               WHEN earlier OR first_r < zero THEN 'earlier'
               WHEN first_r <= entry THEN 'before_entry'
               WHEN left_on <= entry THEN 'left_before_entry'
               WHEN exit <= entry THEN 'no_follow_up'
               ELSE '{FOLLOWED}' END AS follow_up
  FROM ({_ENDED}) ended
"""  # noqa: S608 - as above


def _year(days: str) -> str:
    """SQL of the whole year in which a time lies, its end included."""
    return f"CASE WHEN {days} <= {MOST_YEARS} * 365.25 THEN 'y' || ceil(({days}) / 365.25) ELSE '{LATER}' END"


_CAREERS = f"""
SELECT membership_id, follow_up AS award_follow_up{{suffix}}, entry - zero AS entry_days, exit - zero AS exit_days,
       CASE WHEN won THEN '{AWARD}' WHEN left_on <= stop THEN '{LEFT}'
            WHEN undated_only THEN '{UNDATED}' ELSE '{NONE}' END AS award_outcome{{suffix}},
       {_year("exit - zero")} AS award_exit{{suffix}},
       CASE WHEN entry = zero THEN 'start' ELSE {_year("entry - zero")} END AS award_entry{{suffix}}
  FROM ({_JUDGED}) judged
"""  # noqa: S608 - as above


def careers(clock: Clock) -> str:
    """The SELECT of everybody's time to an award by this clock.

    Parameters besides the scope's: :k, the codes of K awards; :major, :since and :before, those of the awards that are
    waited for and the fiscal years in which they count; :reported, visibilities. Of those who are not followed the
    columns but the first two mean nothing.
    """
    missing = clock.apart[0] if clock.apart else ""
    return _CAREERS.format(zero=clock.zero, before=clock.before, suffix=clock.suffix, missing=missing)
