"""What may wait for a member of groups, as SQL: how many, whether one of them came up lately, and when the first ends.

It is asked in a session that has become hers, of `:groups` for `:me`, at `:now`, and lately is after `:since`.
"""

from tenants.groups.answers import ROUND_OPENS
from tenants.groups.presence import there
from tenants.meetings.attendance import BEFORE
from tenants.meetings.slots import IN_A_ROW

_SAID_WITHIN = "1 day"
"""After a meeting: by then it is known who came."""
# As `tenants.groups.answers.renews_on`.
_RENEWALS = f"""
    SELECT o.*, CAST(o.began_on + make_interval(o.number) AS date) AS on_day
      FROM (SELECT s.*, greatest(1, CAST(extract(
                        year FROM age(CAST(:now AS date) + {ROUND_OPENS}, s.began_on)) AS integer)) AS number
              FROM (SELECT g.tenant_id, g.id, coalesce(g.active_on,
                           CAST(coalesce(g.opened_at, g.created_at) AT TIME ZONE 'UTC' AS date)) AS began_on
                      FROM peer_group g WHERE g.id = ANY (:groups) AND g.state IN ('active', 'paused')) AS s) AS o
"""  # noqa: S608 - names and numbers of ours are put in
"""SQL: the renewal that each group is asked about, its number and its day."""
WAITING = {
    "newcomers": """
        SELECT count(*), bool_or(a.opened_at > :since), min(a.closes_at) FROM admission a
         WHERE a.group_id = ANY (:groups) AND a.state = 'open' AND a.closes_at > :now""",
    "places": """
        SELECT count(*), bool_or(g.updated_at > :since),
               min(CAST(c.confirm_by + 1 AS timestamp) AT TIME ZONE c.time_zone)
          FROM peer_group g JOIN cohort c ON c.tenant_id = g.tenant_id AND c.id = g.cohort_id
         WHERE g.id = ANY (:groups) AND g.state = 'announced'
           AND (c.confirm_by IS NULL OR CAST(c.confirm_by + 1 AS timestamp) AT TIME ZONE c.time_zone > :now)""",
    "charters": """
        SELECT count(*), bool_or(v.written_at > :since), CAST(NULL AS timestamptz) FROM charter_version v
         WHERE v.group_id = ANY (:groups) AND v.number = door.charter_in_force(v.group_id)
           AND v.written_at > CAST(:now AS timestamptz) - interval '14 days'""",
    "actions": """
        SELECT count(*), coalesce(bool_or(a.due_on = CAST(:now AS date)), false),
               min(CAST(a.due_on + 1 AS timestamptz)) FILTER (WHERE a.due_on >= CAST(:now AS date))
          FROM group_action a
         WHERE a.group_id = ANY (:groups) AND a.owner_id = :me AND a.state = 'open'
           AND a.due_on <= CAST(:now AS date) + 7""",
    "unproposed": """
        SELECT count(*), bool_or(greatest(x.created_at, n.joined_at) > :since), CAST(NULL AS timestamptz)
          FROM group_member x JOIN peer_group g ON g.tenant_id = x.tenant_id AND g.id = x.group_id
          JOIN membership n ON n.tenant_id = x.tenant_id AND n.id = x.membership_id
          JOIN participant p ON p.tenant_id = x.tenant_id AND p.id = x.participant_id
         WHERE x.group_id = ANY (:groups) AND x.admitted_at IS NULL AND x.left_at IS NULL AND g.opened_at IS NOT NULL
           AND n.person_id IS NOT NULL AND n.joined_at IS NOT NULL
           AND p.state NOT IN ('withdrawn', 'declined', 'ineligible')
           AND NOT EXISTS (SELECT FROM admission a JOIN group_member o
                               ON o.tenant_id = a.tenant_id AND o.id = a.group_member_id
                            WHERE a.tenant_id = x.tenant_id AND a.group_id = x.group_id
                              AND (a.group_member_id = x.id AND a.state = 'open'
                                   OR o.participant_id = x.participant_id AND a.state = 'refused'
                                      AND a.decided_at > :now - interval '30 days'))""",
    "responsibilities": """
        SELECT count(*), bool_or(greatest(d.updated_at, mine.admitted_at) > :since), CAST(NULL AS timestamptz)
          FROM group_member mine JOIN peer_group g ON g.tenant_id = mine.tenant_id AND g.id = mine.group_id
          JOIN cohort c ON c.tenant_id = g.tenant_id AND c.id = g.cohort_id
          LEFT JOIN program_document d ON d.tenant_id = c.tenant_id AND d.program_id = c.program_id
                                      AND d.kind = 'responsibilities'
         WHERE g.id = ANY (:groups) AND mine.membership_id = :me AND mine.left_at IS NULL
           AND greatest(d.updated_at, mine.admitted_at) > CAST(:now AS timestamptz) - interval '14 days'""",
    "renewals": f"""
        SELECT count(*), bool_or(r.on_day - {ROUND_OPENS} > CAST(:since AS date)),
               min(CAST(r.on_day + 1 AS timestamptz))
          FROM ({_RENEWALS}) AS r
         WHERE r.on_day BETWEEN CAST(:now AS date) AND CAST(:now AS date) + {ROUND_OPENS}""",  # noqa: S608 - names and numbers of ours are put in
    "retrospectives": """
        SELECT count(*), bool_or(v.phase_since > :since), CAST(NULL AS timestamptz) FROM retrospective v
         WHERE v.group_id = ANY (:groups) AND v.phase <> 'agreed'""",
    "look_backs": f"""
        SELECT count(*), bool_or(l.due_on - {ROUND_OPENS} > CAST(:since AS date)), CAST(NULL AS timestamptz)
          FROM (SELECT coalesce(CAST((SELECT max(v.phase_since) FROM retrospective v WHERE v.tenant_id = r.tenant_id
                                       AND v.group_id = r.id AND v.phase = 'agreed') + interval '1 year' AS date),
                                r.on_day) AS due_on, r.*
                  FROM ({_RENEWALS}) AS r) AS l
         WHERE l.due_on <= CAST(:now AS date) + {ROUND_OPENS}
           AND NOT EXISTS (SELECT FROM retrospective v WHERE v.tenant_id = l.tenant_id AND v.group_id = l.id
                              AND v.phase <> 'agreed')""",  # noqa: S608 - names and numbers of ours are put in
    "check_ins": """
        SELECT count(*), bool_or(w.opens_at > :since), min(w.closes_at) FROM check_in_window w
         WHERE w.cohort_id IN (SELECT g.cohort_id FROM peer_group g WHERE g.id = ANY (:groups))
           AND w.opens_at <= :now AND w.closes_at > :now""",
    "slots": f"""
        SELECT count(*), bool_or(last.known_at > :since), CAST(NULL AS timestamptz)
          FROM group_member mine CROSS JOIN LATERAL (
               SELECT array_agg(t.id) AS ids, count(*) AS number, min(t.starts_at) AS first_at,
                      max(t.ends_at) + interval '{_SAID_WITHIN}' AS known_at, bool_and(t.attended_count < 2) AS by_all
                 FROM (SELECT h.*, h.starts_at + make_interval(mins => h.minutes) AS ends_at FROM meeting h
                        WHERE h.tenant_id = mine.tenant_id AND h.group_id = mine.group_id
                          AND h.state IN ('planned', 'moved')
                          AND h.starts_at + make_interval(mins => h.minutes) <= :now
                        ORDER BY h.starts_at DESC, h.id LIMIT {IN_A_ROW}) AS t) AS last
         WHERE mine.group_id = ANY (:groups) AND mine.membership_id = :me AND mine.left_at IS NULL
           AND last.number = {IN_A_ROW} AND last.known_at <= :now
           AND last.first_at - interval '{BEFORE.total_seconds()} seconds' >= mine.admitted_at
           AND (last.by_all OR EXISTS (SELECT FROM group_member m
                 WHERE m.tenant_id = mine.tenant_id AND m.group_id = mine.group_id AND {there("m")}
                   AND m.admitted_at <= last.first_at
                   AND NOT EXISTS (SELECT FROM meeting_attendance a
                                    WHERE a.tenant_id = m.tenant_id AND a.author_id = m.membership_id
                                      AND a.attended AND a.meeting_id = ANY (last.ids))))""",  # noqa: S608 - names and numbers of ours are put in
}
"""SQL, by what it is that waits: how many, whether one of them came up lately, and when the first ends.

What waits for an answer waits for the group, whoever has answered: by a line that is missing in her letter, whoever
reads her mail would know what she has answered or signed, and after a refusal perhaps that it was she who objected.
"""
