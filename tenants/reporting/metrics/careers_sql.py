"""Who is followed from a first K award to a first major one, from when to when, and how it ended: one row a person."""

from tenants.reporting.counting import PEOPLE_WITH_OUTCOMES
from tenants.reporting.years import LATER, MOST_YEARS

APART = (
    "no_first_k",
    "not_followed",
    "survivors_sample",
    "earlier",
    "before_entry",
    "left_before_entry",
    "no_follow_up",
)
"""Why somebody is not in the curve: the first of these that holds."""
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
       min(e.date) FILTER (WHERE e.kind = 'award' AND e.code = ANY(:k) AND e.date <= :as_of) AS first_k,
       min(e.date) FILTER (WHERE e.major AND e.date <= :as_of AND NOT e.before_first_k) AS first_r,
       coalesce(bool_or(e.major AND e.before_first_k), false) AS earlier,
       coalesce(bool_or(e.major AND e.date IS NULL AND NOT e.before_first_k), false) AS undated,
       max(e.date) FILTER (WHERE e.kind = 'departure' AND e.date <= :as_of) AS departed,
       min(e.date) FILTER (WHERE e.kind = 'observation') AS since,
       max(e.until) FILTER (WHERE e.kind = 'observation') AS until,
       max(e.sample) FILTER (WHERE e.kind = 'observation') AS sample
  FROM ({PEOPLE_WITH_OUTCOMES}) people
  LEFT JOIN (SELECT e.*, {_MAJOR} AS major FROM career_event e
              WHERE e.tenant_id = :tenant AND e.kind IN ('award', 'observation', 'departure')
                AND e.visibility = ANY(:reported)) e ON e.membership_id = people.membership_id
 GROUP BY people.membership_id
"""  # noqa: S608 - a constant is put in
_ON_THE_CLOCK = f"""
SELECT *, first_r IS NULL AND undated AS undated_only, greatest(since, first_k) AS entry,
       least(until, CAST(:as_of AS date)) AS stop,
       CASE WHEN departed > first_k AND NOT (first_r IS NULL AND undated) THEN departed END AS left_on
  FROM ({_KNOWN}) known
"""  # noqa: S608 - as above
_ENDED = f"""
SELECT *, least(first_r, left_on, stop) AS exit, first_r <= stop AND first_r <= coalesce(left_on, first_r) AS won
  FROM ({_ON_THE_CLOCK}) clock
"""  # noqa: S608 - as above
_JUDGED = f"""
SELECT *, CASE WHEN first_k IS NULL THEN 'no_first_k'
               WHEN since IS NULL OR until IS NULL THEN 'not_followed'
               WHEN sample IS DISTINCT FROM 'complete' THEN 'survivors_sample'
               WHEN earlier OR first_r < first_k THEN 'earlier'
               WHEN first_r <= entry THEN 'before_entry'
               WHEN left_on <= entry THEN 'left_before_entry'
               WHEN exit <= entry THEN 'no_follow_up'
               ELSE '{FOLLOWED}' END AS award_follow_up
  FROM ({_ENDED}) ended
"""  # noqa: S608 - as above


def _year(days: str) -> str:
    """SQL of the whole year in which a time lies, its end included."""
    return f"CASE WHEN {days} <= {MOST_YEARS} * 365.25 THEN 'y' || ceil(({days}) / 365.25) ELSE '{LATER}' END"


CAREERS = f"""
SELECT membership_id, award_follow_up, entry - first_k AS entry_days, exit - first_k AS exit_days,
       CASE WHEN won THEN '{AWARD}' WHEN left_on <= stop THEN '{LEFT}'
            WHEN undated_only THEN '{UNDATED}' ELSE '{NONE}' END AS award_outcome,
       {_year("exit - first_k")} AS award_exit,
       CASE WHEN entry = first_k THEN 'start' ELSE {_year("entry - first_k")} END AS award_entry
  FROM ({_JUDGED}) judged
"""  # noqa: S608 - as above
"""Parameters besides the scope's: :k, the codes that start the clock; :major, :since and :before, those that end it and
the fiscal years in which they do; :reported, visibilities.

Of those who are not followed the other columns mean nothing.
"""
