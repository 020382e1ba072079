"""What became of careers since people joined: staying, moving, being promoted, leaving research."""

from tenants.reporting.counting import PEOPLE_WITH_OUTCOMES, Counting, Rows
from tenants.reporting.figures import stage
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.scope import INWARD
from tenants.reporting.tables import Axis, Code

RETENTION = Axis(
    "retention",
    "Since joining",
    (
        Code("retained", "No move known"),
        Code("moved", "Moved to another institution"),
        Code("left_research", "Left research"),
    ),
)
PROMOTION = Axis(
    "promotion",
    "Since joining",
    (Code("promoted", "Promoted"), Code("not_promoted", "No promotion known")),
)
_CAREERS = f"""
SELECT people.membership_id,
       CASE WHEN coalesce(bool_or(e.kind = 'departure'), false) THEN 'left_research'
            WHEN coalesce(bool_or(e.kind = 'institution_change'), false) THEN 'moved'
            ELSE 'retained' END AS retention,
       CASE WHEN coalesce(bool_or(e.kind = 'promotion'), false) THEN 'promoted'
            ELSE 'not_promoted' END AS promotion
  FROM ({PEOPLE_WITH_OUTCOMES}) people
  JOIN counted USING (membership_id)
  LEFT JOIN career_event e ON e.tenant_id = :tenant AND e.membership_id = people.membership_id
                          AND e.kind IN ('departure', 'institution_change', 'promotion')
                          AND e.visibility = ANY(:reported) AND e.date BETWEEN counted.joined_on AND :as_of
 GROUP BY people.membership_id
"""  # noqa: S608 - a constant is put in


def count(counting: Counting) -> Found:
    """Everybody whose outcomes may be reported, by what is known to have become of them."""
    # As with awards: what a funder may not list one by one has happened all the same.
    counting.stage("fact_career_moves", _CAREERS, reported=list(INWARD))
    rows = (
        Rows("retention", "People by where they are", "people", "fact_career_moves", (RETENTION,)),
        Rows("promotion", "People by promotion", "people", "fact_career_moves", (PROMOTION,)),
    )
    return Found([table for each in rows for table in counting.tables(each)])


def figures(shown: Shown) -> list[Figure]:
    """The share of everybody to whom each is known to have happened."""
    panels = []
    for each in (RETENTION, PROMOTION):
        table = shown[each.name]
        rows = [stage(code.label, table.at(**{each.name: code.code}), table.at()) for code in each.codes]
        panels.append({"label": table.title, "rows": rows})
    return [
        {
            "id": "careers",
            "title": "Careers since joining",
            "kind": "multiples",
            "caption": "Share of all people whose outcomes may be reported, with the 95 % Wilson interval.",
            "tables": [RETENTION.name, PROMOTION.name],
            "panels": panels,
        }
    ]


METRIC = Metric(
    name="careers",
    version=1,
    title="Careers",
    text="The people whose outcomes may be reported by the career events recorded from the day on which they first "
    "joined the program to the report's date: left_research (a departure), else moved (a change of institution), else "
    "retained; and promoted or not. Undated events are not counted, nor are leaves, nor what somebody keeps to "
    "themselves or their group.",
    count=count,
    inputs=("career events",),
    caveats=("What nobody recorded counts as not having happened: retained means that no move is known.",),
    figures=figures,
)
