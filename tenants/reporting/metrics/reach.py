"""Reach: participants by state, and how far the program reached them."""

from tenants.cohorts.models import PARTICIPANT_STATES
from tenants.reporting.counting import PEOPLE, Counting, Rows
from tenants.reporting.figures import stage
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.tables import Axis, Code, axis

HERE = ("placed", "paused", "completed")
"""States of whoever joined and has not left."""
STAGES = Axis(
    "stage",
    "How far they came",
    (
        Code("not_offered", "Not offered a place"),
        Code("offered", "Offered a place"),
        Code("not_joined", "Did not join", "offered"),
        Code("joined", "Joined", "offered"),
        Code("left", "Left", "joined"),
        Code("stayed", "Stayed", "joined"),
    ),
)
_FACTS = f"""
SELECT membership_id, state,
       CASE WHEN placed AND state = ANY(:here) THEN 'stayed' WHEN placed THEN 'left'
            WHEN invited THEN 'not_joined' ELSE 'not_offered' END AS stage
  FROM (SELECT p.membership_id, coalesce(h.latest, h.first, p.state) AS state,
               coalesce(h.placed, false) OR coalesce(h.latest, h.first, p.state) = ANY(:here) AS placed,
               coalesce(h.invited, false) OR coalesce(h.latest, h.first, p.state) = ANY(:offered) AS invited
          FROM (SELECT DISTINCT ON (membership_id) id, membership_id, state FROM participant
                 WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts)
                 ORDER BY membership_id, id DESC) p
          JOIN ({PEOPLE}) people ON people.membership_id = p.membership_id
          LEFT JOIN (SELECT participant_id,
                            (array_agg(state ORDER BY created_at DESC, id DESC)
                                 FILTER (WHERE created_at < :end))[1] AS latest,
                            (array_agg(state ORDER BY created_at, id))[1] AS first,
                            bool_or(state = ANY(:here) AND created_at < :end) AS placed,
                            bool_or(state = ANY(:offered) AND created_at < :end) AS invited
                       FROM participant_change
                      WHERE tenant_id = :tenant AND state IS NOT NULL GROUP BY participant_id) h
            ON h.participant_id = p.id) s
"""  # noqa: S608 - a constant is put in


def count(counting: Counting) -> Found:
    """The people of the scope, each in one state, and each at the last stage that they came to."""
    counting.stage("fact_reach", _FACTS, here=list(HERE), offered=["invited", "declined"])
    states = axis("state", "State", PARTICIPANT_STATES)
    return Found(
        (
            *counting.tables(Rows("states", "Participants by state", "people", "fact_reach", (states,))),
            *counting.tables(Rows("stages", "How far participants came", "people", "fact_reach", (STAGES,))),
        )
    )


def figures(shown: Shown) -> list[Figure]:
    """Eligible, offered, joined, stayed."""
    table = shown["stages"]
    everybody = table.at()
    reached = [table.at(stage=code) for code in ("offered", "joined", "stayed")]
    labels = ("Offered a place", "Joined", "Stayed")
    stages = [stage("Eligible", everybody, everybody)]
    stages += [stage(label, cell, everybody) for label, cell in zip(labels, reached, strict=True)]
    return [
        {
            "id": "reach",
            "title": "From eligible to stayed",
            "kind": "funnel",
            "caption": "Share of all participants, with the 95 % Wilson interval.",
            "tables": ["stages"],
            "stages": stages,
        }
    ]


METRIC = Metric(
    name="reach",
    version=3,
    title="Reach",
    text="Distinct people who are or were participants, by the state that their participation was in at the end of "
    "the report's date (UTC), and by how far they came: offered a place (invited, or further), joined "
    "(placed at some time), stayed (placed, paused or completed at that date). Somebody entered later than "
    "that counts in the state they were entered in; somebody in several cohorts, in the cohort they joined "
    "last. Shares are of all participants.",
    count=count,
    inputs=("participants and their states",),
    caveats=("Who is offered a place is the program's choice: shares do not compare programs.",),
    figures=figures,
)
