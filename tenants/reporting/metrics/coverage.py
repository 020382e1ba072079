"""Coverage: how many people the numbers of a report leave out, and why."""

from tenants.cohorts.covered import standing
from tenants.people.consent import STATES
from tenants.reporting.counting import Counting, Rows
from tenants.reporting.metric import Found, Metric
from tenants.reporting.tables import NO, REPORTED, YES, axis

COVERED = "covered"
PURPOSES = ("outcomes", "demographics")

_REPORTED = f"SELECT membership_id, CASE WHEN covered THEN '{YES}' ELSE '{NO}' END AS {REPORTED} FROM counted"  # noqa: S608
_STANDING = """
SELECT membership_id, CASE WHEN s.covered THEN '{covered}' ELSE s.state END AS {name}
  FROM ({standing}) s JOIN counted USING (membership_id)
"""
_ANSWERS = (COVERED, *(state for state in STATES if state != "granted"))


def count(counting: Counting) -> Found:
    """Who is covered; inside the tenant also for what, and why not."""
    counting.stage("fact_coverage", _REPORTED)
    counted = axis(REPORTED, "Outcomes may be reported", (YES, NO))
    title = "People by whether they are reported on"
    everybody = Rows("coverage", title, "people", "fact_coverage", (counted,), everybody=True)
    tables = [*counting.tables(everybody)]
    for purpose in () if counting.scope.outward else PURPOSES:
        name = f"{purpose}_standing"
        known = {"covered": COVERED, "name": name, "standing": standing(purpose)}
        counting.stage(f"fact_{name}", _STANDING.format(**known))
        answers = axis(name, f"May be used for {purpose}", _ANSWERS)
        tables += counting.tables(
            Rows(name, f"People by what covers {purpose}", "people", f"fact_{name}", (answers,))
        )
    return Found(tables)


METRIC = Metric(
    name="coverage",
    version=2,
    title="Whom the numbers leave out",
    text="Everybody who is or was a participant, by whether their outcomes may be reported on: because the program's "
    "basis covers them, or because they agreed. Inside the tenant also by what covers outcomes and demographic "
    "answers, or why not: not_asked (where consent is needed), objected or withdrawn. An internal report counts "
    "everybody in reach and groups; products, careers and answers only of those who are covered. A report that "
    "leaves the tenant is, but for this table, about those alone who may be reported on; one for a funder about "
    "those of them who agreed to be shared with it by name. What people said by the time the report is built "
    "counts, whatever the report's date.",
    count=count,
    inputs=("participants", "consents and the program's bases"),
    caveats=("Whoever is left out may differ from those who are counted.",),
)
