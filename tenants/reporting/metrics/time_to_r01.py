"""Time from the first K award to the first R01-equivalent."""

from collections import Counter

from sqlalchemy import text

from tenants.kernel.session import Session
from tenants.reporting.metrics.follow_up import (
    APART,
    K_AWARDS,
    R01_EQUIVALENTS,
    Career,
    FollowUp,
    follow_up,
)
from tenants.reporting.scope import INWARD, PEOPLE_WITH_OUTCOMES, Metric, Scope
from tenants.reporting.survival import kaplan_meier
from tenants.reporting.tables import FOLLOWED, Tables, TimeToEvent, people_breakdown

_CAREERS = f"""
WITH people AS ({PEOPLE_WITH_OUTCOMES})
SELECT min(e.date) FILTER (WHERE e.kind = 'award' AND e.code = ANY(:k) AND e.date <= :as_of) AS first_k,
       min(e.date) FILTER (WHERE e.kind = 'award' AND e.code = ANY(:r) AND e.date <= :as_of
                             AND NOT e.before_first_k) AS first_r,
       coalesce(bool_or(e.kind = 'award' AND e.code = ANY(:r) AND e.before_first_k), false) AS earlier,
       coalesce(bool_or(e.kind = 'award' AND e.code = ANY(:r) AND e.date IS NULL
                        AND NOT e.before_first_k), false) AS undated,
       min(e.date) FILTER (WHERE e.kind = 'observation') AS since,
       max(e.until) FILTER (WHERE e.kind = 'observation') AS until,
       max(e.sample) FILTER (WHERE e.kind = 'observation') AS sample
  FROM people
  LEFT JOIN career_event e ON e.tenant_id = :tenant AND e.membership_id = people.membership_id
                          AND e.kind IN ('award', 'observation') AND e.visibility = ANY(:reported)
 GROUP BY people.membership_id
"""  # noqa: S608 - a constant is put in


def compute(session: Session, scope: Scope) -> Tables:
    """The curve of those who are followed, and everybody by whether they are."""
    # Leaving out awards that a funder may not list one by one would turn them into awards never won.
    known = {"k": list(K_AWARDS), "r": list(R01_EQUIVALENTS), "reported": list(INWARD)}
    careers = session.execute(text(_CAREERS), {**scope.parameters, **known})
    found = [follow_up(Career(*row), scope.as_of) for row in careers]
    followed = [each for each in found if isinstance(each, FollowUp)]
    people = Counter(FOLLOWED if isinstance(each, FollowUp) else each for each in found)
    curve = kaplan_meier(
        entry=[each.entry for each in followed],
        exit=[each.exit for each in followed],
        event=[each.event for each in followed],
    )
    table = TimeToEvent(people_breakdown((FOLLOWED, *APART), people), curve if followed else None)
    return {"curve": table}


METRIC = Metric(
    name="time_to_r01",
    version=2,
    title="Time from first K award to first R01-equivalent",
    text="Kaplan–Meier estimate of the share without an R01-equivalent award "
    f"({', '.join(R01_EQUIVALENTS)}) by years (days / 365.25) since the first dated K award "
    f"({', '.join(K_AWARDS)}), with the log-log 95 % interval. Somebody is at risk from the beginning of "
    "their observation, or from the K award if that is later, to their first R01-equivalent, the end of "
    "their observation or the report's date, whichever is first. The median is the first time at which the "
    "estimate is at most one half; null: not reached. Counted apart, never in the curve, by the first that "
    "holds: no_first_k (no dated K award), not_followed (no observation with a known beginning), "
    "survivors_sample (only those still visible later were looked at, from whom no rate follows), earlier "
    "(an R01-equivalent before the K award), undated (an R01-equivalent is known but not its date), "
    "before_entry (an R01-equivalent before the observation began), no_follow_up (the observation ends "
    "before it begins to count). Career events kept to oneself or one's group are not used, nor is anybody "
    "counted whose outcomes the program's basis does not cover. Outside the tenant the curve is a life table by "
    "years, computed from the counts shown alone: years are merged until "
    "each count is zero or above ten, and it ends where fewer than eleven are at risk; its median is the end "
    "of the first interval in which half have the award.",
    compute=compute,
)
