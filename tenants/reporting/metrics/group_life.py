"""Groups that meet: how many are active, and for how long groups go on meeting."""

from tenants.groups.models import ORIGINS
from tenants.reporting.counting import PEOPLE, Counting, Rows
from tenants.reporting.figures import captioned, released_curve, stage
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import Axis, Code, axis
from tenants.reporting.years import LATER, merging, whole_years

LAST, OFTEN = 6, 4
SILENT_DAYS = 183
"""After so long without a meeting at which anybody was, a group has stopped, on the day of its last."""
MOST_YEARS = 3
STOPPED, MEETS, ENDED = "stopped", "still_meets", "ended"
ACTIVE = Axis(
    "group_activity",
    "Activity",
    (
        Code("active", f"Met at {OFTEN} or more of the last {LAST}"),
        Code("less_active", "Met at fewer"),
        Code("few_meetings", f"Fewer than {LAST} were planned yet"),
        Code("nobody_told", "Not known who came"),
        Code(ENDED, "Has ended"),
    ),
)
ORIGIN = axis("group_origin", "Formed by", ORIGINS)
TOLD = Axis(
    "group_told",
    "Whether it is known that anybody came",
    (Code("told", "Known"), Code("untold", "Not known, or it never met")),
)
EXIT = Axis(
    "group_years",
    "Years from forming to the last meeting, or to the report's date",
    whole_years(MOST_YEARS),
    dear=merging(MOST_YEARS),
)
OUTCOME = Axis(
    "group_meets", "At the report's date", (Code(STOPPED, "Stopped meeting"), Code(MEETS, "Still meets"))
)

# Meetings are told of by how many came, and not who: of a group with somebody who may not be reported on that is
# nothing to count by.
_HIDDEN = f"""
(CAST(:outward AS boolean) AND EXISTS (SELECT FROM group_member x
   WHERE x.tenant_id = :tenant AND x.group_id = g.id AND x.created_at < :end AND x.membership_id NOT IN ({PEOPLE})))
"""
_LIVES = f"""
SELECT f.thing_id, f.membership_id, l.group_activity, l.group_told, l.group_meets, l.group_origin,
       CASE WHEN l.days > {MOST_YEARS} * 365.25 THEN '{LATER}'
            ELSE 'y' || greatest(1, ceil(l.days / 365.25)) END AS group_years
  FROM fact_groups f JOIN (
    SELECT id, origin AS group_origin,
           CASE WHEN ended THEN '{ENDED}' WHEN planned < {LAST} THEN 'few_meetings'
                WHEN NOT told THEN 'nobody_told' WHEN met >= {OFTEN} THEN 'active'
                ELSE 'less_active' END AS group_activity,
           CASE WHEN told THEN 'told' ELSE 'untold' END AS group_told,
           CASE WHEN stopped THEN '{STOPPED}' ELSE '{MEETS}' END AS group_meets,
           CASE WHEN stopped THEN last ELSE CAST(:as_of AS date) END - formed AS days
      FROM (
        SELECT g.id, g.origin, g.state = 'ended' AS ended, coalesce(m.planned, 0) AS planned,
               coalesce(m.met, 0) AS met, m.last IS NOT NULL AND NOT {_HIDDEN} AS told, m.last,
               CAST(g.created_at AT TIME ZONE 'UTC' AS date) AS formed,
               g.state = 'ended' OR CAST(:as_of AS date) - m.last > {SILENT_DAYS} AS stopped
          FROM peer_group g LEFT JOIN (
            SELECT group_id, count(*) FILTER (WHERE place <= {LAST}) AS planned,
                   count(*) FILTER (WHERE place <= {LAST} AND met) AS met,
                   max(CAST(starts_at AT TIME ZONE 'UTC' AS date)) FILTER (WHERE met) AS last
              FROM (SELECT group_id, starts_at, state IN ('planned', 'moved') AND attended_count > 0 AS met,
                           row_number() OVER (PARTITION BY group_id ORDER BY starts_at DESC, id) AS place
                      FROM meeting WHERE tenant_id = :tenant AND starts_at < :end) placed
             GROUP BY group_id) m ON m.group_id = g.id
         WHERE g.tenant_id = :tenant AND g.cohort_id = ANY(:cohorts)) known) l ON l.id = f.thing_id
"""  # noqa: S608 - constants are put in
_TOLD = "(SELECT * FROM fact_group_lives WHERE group_told = 'told') f"


def count(counting: Counting) -> Found:
    """The groups that `groups` counts, by how they came about, by their last meetings, and by for how long they met."""
    counting.stage("fact_group_lives", _LIVES)
    within = key_of({TOLD.name: "told"})
    rows = (
        Rows("group_activity", "Groups by activity", "groups", "fact_group_lives", (ACTIVE,), things=True),
        Rows(
            "group_origins", "Groups by who formed them", "groups", "fact_group_lives", (ORIGIN,), things=True
        ),
        Rows("group_told", "Groups by what is known", "groups", "fact_group_lives", (TOLD,), things=True),
        Rows(
            "group_years",
            "Groups by how long they have met",
            "groups",
            _TOLD,
            (EXIT, OUTCOME),
            within,
            things=True,
            curve="groups",
        ),
    )
    return Found([table for each in rows for table in counting.tables(each)])


def figures(shown: Shown) -> list[Figure]:
    """The share of groups that are active, and the share that had stopped meeting after 1, 2 and 3 years."""
    activity, years = shown["group_activity"], shown["group_years"]
    everybody = activity.at()
    series = [{"name": "All groups", **released_curve(years, event=STOPPED)}]
    caption = (
        "Life table with its 95 % log-log interval, and the groups at risk. Left is the share still meeting."
    )
    return [
        {
            "id": "group_activity",
            "title": "Groups by activity",
            "kind": "multiples",
            "caption": "Share of all groups, with the 95 % Wilson interval.",
            "tables": ["group_activity"],
            "panels": [
                {
                    "label": "All groups",
                    "rows": [
                        stage(code.label, activity.at(group_activity=code.code), everybody)
                        for code in ACTIVE.codes
                    ],
                }
            ],
        },
        {
            "id": "group_survival",
            "title": "Groups that stopped meeting",
            "kind": "curve",
            "caption": captioned(caption, series),
            "tables": ["group_years"],
            "x": "Years since the group was formed",
            "y": "Share that stopped meeting",
            "line": "straight",
            "series": series,
            "reference": None,
        },
    ]


METRIC = Metric(
    name="group_life",
    version=4,
    title="Groups that meet",
    text="The groups of the report by how they came about; by activity at the report's date; and by how long they have "
    f"met. A group is active if of its last {LAST} meetings, the skipped and cancelled ones among them, there were "
    f"{OFTEN} that took place and at which somebody said that she was; less_active if there were fewer. Apart, by the "
    f"first that holds: ended, few_meetings (fewer than {LAST} had been planned by then), nobody_told (nobody ever "
    "said who came, so that nothing is known; in a report that leaves the tenant also where anybody was in the group "
    "who may not be reported on, as meetings tell how many came and not who). A group has stopped meeting if it has "
    f"ended or nobody was at any meeting for {SILENT_DAYS} days, from the day of its last on; otherwise it still meets "
    "at the report's date. Years (days / 365.25) run from the day on which it was formed, the first counting also what "
    "is on that day. The curve is a life table of whole years from the numbers printed, neighbouring years merged "
    "until all of theirs are shown, for groups of which somebody said who came. A funder is told of those groups of "
    "which all who may be reported on agreed to be shared with it.",
    count=count,
    inputs=("groups, their members and their meetings",),
    caveats=(
        "Groups of which it is not known who came are left out of the curve, and may meet more or less.",
        "A group that ended counts as ended whenever that was: its state at the time of the report is known.",
    ),
    figures=figures,
)
