"""Those who were drawn by lot to start, by comparison with those who wait: as drawn, whatever became of them."""

from typing import Any

from tenants.reporting.counting import PEOPLE_WITH_OUTCOMES, Counting, Rows
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.tables import Axis, Code, together
from tenants.reporting.trials import OUTCOMES, results

NO_COMPARISON = "No comparison: these numbers do not show effect."
ARM = Axis(
    "arm",
    "Drawn",
    (
        Code("starts", "To start"),
        Code("waits", "To wait"),
        Code("not_drawn", "Nobody drew lots for them"),
    ),
)
MADE = Axis(
    "made_since",
    "A product from after the draw",
    (Code("made", "At least one"), Code("not_made", "None recorded")),
)
_ARMS = f"""
WITH run AS (
    SELECT r.id, CAST(r.accepted_at AS date) AS from_on,
           least(CAST(:as_of AS date), min(CAST(later.accepted_at AS date))) AS until_on
      FROM matching_run r
      LEFT JOIN matching_run later ON later.tenant_id = r.tenant_id AND later.cohort_id = r.cohort_id
       AND later.options -> 'arm' ->> 'matching_run_id' = CAST(r.id AS text)
     WHERE r.tenant_id = :tenant AND r.cohort_id = ANY(:cohorts) AND r.accepted_at < :end
     GROUP BY r.tenant_id, r.id),
drawn AS (
    SELECT DISTINCT ON (q.membership_id) q.membership_id, l.arm, run.from_on, run.until_on
      FROM run JOIN placement l ON l.tenant_id = :tenant AND l.matching_run_id = run.id AND l.arm IS NOT NULL
      JOIN participant q ON q.tenant_id = l.tenant_id AND q.id = l.participant_id
     ORDER BY q.membership_id, run.from_on, run.id)
SELECT people.membership_id,
       CASE WHEN drawn.arm IS NULL THEN 'not_drawn' WHEN drawn.arm = 1 THEN 'starts' ELSE 'waits' END AS arm,
       CASE WHEN EXISTS (
            SELECT FROM product_contributor c JOIN product p ON p.tenant_id = c.tenant_id AND p.id = c.product_id
             WHERE c.tenant_id = :tenant AND c.membership_id = drawn.membership_id
               AND p.visibility = ANY(:visibilities) AND p.date > drawn.from_on AND p.date <= drawn.until_on)
            THEN 'made' ELSE 'not_made' END AS made_since
  FROM ({PEOPLE_WITH_OUTCOMES}) people LEFT JOIN drawn ON drawn.membership_id = people.membership_id
"""  # noqa: S608 - a constant is put in
_RUNS = """
SELECT r.id, CAST(r.accepted_at AS date) AS accepted_on FROM matching_run r
 WHERE r.tenant_id = :tenant AND r.cohort_id = ANY(:cohorts) AND r.accepted_at < :end
   AND EXISTS (SELECT FROM placement l
                WHERE l.tenant_id = :tenant AND l.matching_run_id = r.id AND l.arm IS NOT NULL)
 ORDER BY r.id
"""
_SOONER = (
    " Log-rank test of the time to a first award after the draw accepted on {day}: p = {p:.3f}; it takes people for "
    "independent and finds too much among people of groups."
)


def count(counting: Counting) -> Found:
    """Everybody whose outcomes may be reported, by the arm of the first draw that they were in."""
    counting.stage("fact_arms", _ARMS)
    tables = counting.tables(Rows("arms", "People by arm and outcome", "people", "fact_arms", (ARM, MADE)))
    return Found(tables, [] if counting.scope.outward else _exact(counting))


def figures(shown: Shown) -> list[Figure]:
    """The share of each arm, with no interval: one that takes people of a group as independent is too narrow."""
    arms = shown["arms"]
    rows = []
    for code in ARM.codes[:2]:
        whole, made = arms.at(arm=code.code), arms.at(arm=code.code, made_since="made")
        numbers = together(made, whole)
        share = min(numbers) / numbers[1] if numbers and numbers[1] else None
        rows.append({"label": code.label, "count": made.value, "share": share, "lower": None, "upper": None})
    return [
        {
            "id": "arms",
            "title": "A product from after the draw, as drawn",
            "kind": "multiples",
            "caption": "Share of everybody who was drawn for it, whatever became of them (intention to treat).",
            "tables": ["arms"],
            "panels": [{"label": "By lot", "rows": rows}],
        }
    ]


def notes(shown: Shown) -> list[str]:
    """That there is no comparison, where no numbers of both arms are printed."""
    arms = shown["arms"]
    numbers = together(arms.at(arm="starts"), arms.at(arm="waits"))
    return [] if numbers and all(numbers) else [NO_COMPARISON]


def _exact(counting: Counting) -> list[Figure]:
    """For the tenant itself, groups compared as units, for each draw."""
    rows: list[dict[str, Any]] = []
    tests: list[str] = []
    for run in counting.run(_RUNS).all():
        for outcome in OUTCOMES:
            shown = results(
                counting.session, matching_run_id=run.id, outcome=outcome, as_of=counting.scope.as_of
            )
            found, day = shown.comparison, run.accepted_on.isoformat()
            if shown.log_rank is not None:
                tests.append(_SOONER.format(day=day, p=shown.log_rank.p))
            rows.append(
                {
                    "label": f"{outcome.capitalize()}, draw accepted on {day}",
                    "estimate": found and found.difference,
                    "lower": found and found.lower,
                    "upper": found and found.upper,
                    "n": found and found.treated_units + found.waiting_units,
                }
            )
    if not rows:
        return []
    return [
        {
            "id": "trial_exact",
            "title": "Difference between those who started and those who waited, as drawn",
            "kind": "estimates",
            "caption": "Mean of groups that started less that of people who waited, with Welch's 95 % interval: "
            "products each, and the share with an award; n: groups and people who wait." + "".join(tests),
            "tables": [],
            "x": "Difference",
            "rows": rows,
            "zero": 0,
        }
    ]


METRIC = Metric(
    name="comparison",
    version=2,
    title="Comparison",
    text="The people whose outcomes may be reported by the arm of the first accepted draw that they were in, to start "
    "or to wait, and by whether they have a product dated after the day of the draw, up to the report's date or "
    "the day on which the next arm's start was accepted. Everybody counts in the arm that they were drawn for, "
    "whatever became of them: the intention to treat. An internal report compares groups with people who wait, by "
    "Welch's test, for each draw, and gives the log-rank test of the time to a first award beside it.",
    count=count,
    inputs=("matching runs that drew lots", "products and their contributors"),
    caveats=("Only those who were drawn by lot can be compared; all other numbers do not show effect.",),
    figures=figures,
    notes=notes,
)
