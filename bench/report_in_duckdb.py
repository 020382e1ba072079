"""The aggregates of a report in DuckDB, over Parquet files of the rows that the report counts."""

# ruff: noqa: S608 - constants are put in

import time
from pathlib import Path

import duckdb

from tenants.reporting.metrics.award_lists import NIH_FY2017
from tenants.reporting.metrics.clocks import K_AWARDS

_SEEN = "visibility IN ('program', 'funder')"
_CORE = (
    r"regexp_replace(upper(regexp_replace(CAST(p.project_number AS varchar), '\s', '', 'g')),"
    r" '^[1-9]?([A-Z][A-Z0-9]{2})-?([A-Z]{2})-?([0-9]{6})(-[0-9]{2}[A-Z0-9]*)?$', '\1\2\3')"
)
_YEAR = "CASE WHEN {0} <= 15 * 365.25 THEN ceil({0} / 365.25) END"
_STAGED = (
    """CREATE TEMP TABLE people AS
       SELECT membership_id, CAST(min(created_at) AS date) AS joined_on, arg_max(attributes, id) AS attributes,
              arg_max(state, id) AS state, arg_max(id, id) AS participant_id FROM participant GROUP BY 1""",
    """CREATE TEMP TABLE reached AS
       SELECT p.membership_id, coalesce(h.latest, p.state) AS state,
              CASE WHEN placed AND latest IN ('placed', 'paused', 'completed') THEN 'stayed' WHEN placed THEN 'left'
                   WHEN invited THEN 'not_joined' ELSE 'not_offered' END AS stage
         FROM people p LEFT JOIN (
              SELECT participant_id, arg_max(state, created_at) AS latest,
                     bool_or(state IN ('placed', 'paused', 'completed')) AS placed,
                     bool_or(state IN ('invited', 'declined')) AS invited
                FROM participant_change WHERE state IS NOT NULL GROUP BY 1) h USING (participant_id)""",
    """CREATE TEMP TABLE answered AS
       SELECT p.membership_id, CASE WHEN c.membership_id IS NULL THEN 'not_agreed'
              ELSE coalesce('answer:' || json_extract_string(attributes, '$.field'), 'not_asked') END AS field
         FROM people p LEFT JOIN (SELECT membership_id FROM consent_entry WHERE purpose = 'demographics'
                                   GROUP BY 1 HAVING arg_max(decision, created_at) = 'granted') c
              USING (membership_id)""",
    """CREATE TEMP TABLE grouped AS
       SELECT m.group_id, m.membership_id, m.left_at IS NULL AS present, g.state, g.origin, g.created_at,
              json_extract_string(p.attributes, '$.institution') AS institution
         FROM group_member m JOIN peer_group g ON g.id = m.group_id JOIN people p USING (membership_id)""",
    f"""CREATE TEMP TABLE made AS
       SELECT CASE WHEN p.kind IN ('proposal_submitted', 'proposal_awarded') AND p.project_number IS NOT NULL
                   THEN md5({_CORE}) ELSE CAST(p.id AS varchar) END AS id,
              min(p.kind) AS kind, min(p.date) AS date, bool_or(c.role = 'formal') AS formal,
              list(DISTINCT c.membership_id) AS contributors
         FROM people JOIN product_contributor c USING (membership_id) JOIN product p ON p.id = c.product_id
        WHERE {_SEEN} AND (p.date IS NULL OR p.date <= DATE '2026-11-01') GROUP BY 1""",
    "CREATE TEMP TABLE made_by AS SELECT id, date, unnest(contributors) AS membership_id FROM made",
    f"""CREATE TEMP TABLE careers AS
       SELECT *, CASE WHEN first_r <= stop AND first_r <= coalesce(departed, first_r) THEN 'award'
                      WHEN departed <= stop THEN 'left_research' ELSE 'end' END AS outcome,
              entry - first_k AS entry_days, least(first_r, departed, stop) - first_k AS exit_days,
              CASE WHEN first_k IS NULL THEN 'no_first_k' WHEN since IS NULL OR until IS NULL THEN 'not_followed'
                   WHEN first_r < first_k THEN 'earlier' WHEN first_r <= entry THEN 'before_entry'
                   WHEN departed <= entry THEN 'left_before_entry'
                   WHEN least(first_r, departed, stop) <= entry THEN 'no_follow_up' ELSE 'followed' END AS follow_up
         FROM (SELECT *, greatest(since, first_k) AS entry, least(until, DATE '2026-11-01') AS stop
                 FROM (SELECT membership_id, first_k, first_r, since, until,
                              CASE WHEN departed > first_k THEN departed END AS departed
                         FROM people LEFT JOIN (
                              SELECT membership_id, min(date) FILTER (kind = 'award' AND code IN {K_AWARDS}) AS first_k,
                                     min(date) FILTER (kind = 'award' AND code IN {NIH_FY2017.editions[0][1]})
                                         AS first_r,
                                     max(date) FILTER (kind = 'departure') AS departed,
                                     min(date) FILTER (kind = 'observation') AS since,
                                     max(until) FILTER (kind = 'observation') AS until
                                FROM career_event WHERE {_SEEN} GROUP BY 1) known USING (membership_id)) clock) c""",
    """CREATE TEMP TABLE standing AS
       SELECT membership_id, purpose, coalesce(said.decision, 'not_asked') AS state
         FROM people CROSS JOIN (VALUES ('outcomes'), ('demographics')) v (purpose)
         LEFT JOIN (SELECT membership_id, purpose, arg_max(decision, created_at) AS decision FROM consent_entry
                     GROUP BY 1, 2) said USING (membership_id, purpose)""",
)
_ASKED = (
    "SELECT state, count(*) FROM reached GROUP BY 1",
    "SELECT stage, count(*) FROM reached GROUP BY 1",
    "SELECT field, count(*) FROM answered GROUP BY 1",
    "SELECT stage, field, count(*) FROM reached JOIN answered USING (membership_id) GROUP BY 1, 2",
    "SELECT state, count(DISTINCT group_id) FROM grouped GROUP BY 1",
    "SELECT origin, count(DISTINCT group_id) FROM grouped GROUP BY 1",
    """SELECT size, count(*) FROM (SELECT group_id, count(*) FILTER (present) AS size FROM grouped GROUP BY 1) s
        GROUP BY 1""",
    """SELECT alike, count(*) FROM (SELECT group_id, count(DISTINCT institution) < count(institution) AS alike
                                      FROM grouped WHERE present GROUP BY 1) s GROUP BY 1""",
    """SELECT met >= 4, planned, last IS NULL, count(*) FROM (
        SELECT group_id, count(*) FILTER (place <= 6) AS planned, count(*) FILTER (place <= 6 AND met) AS met,
               max(starts_at) FILTER (met) AS last
          FROM (SELECT group_id, starts_at, state IN ('planned', 'moved') AND attended_count > 0 AS met,
                       row_number() OVER (PARTITION BY group_id ORDER BY starts_at DESC) AS place FROM meeting) m
         GROUP BY 1) l GROUP BY ALL""",
    """SELECT years, stopped, count(*) FROM (
        SELECT g.id, g.state = 'ended' OR max(starts_at) < TIMESTAMP '2026-05-01' AS stopped,
               ceil(date_diff('day', any_value(g.created_at), max(starts_at)) / 365.25) AS years
          FROM peer_group g JOIN meeting m ON m.group_id = g.id AND m.attended_count > 0 GROUP BY g.id, g.state) l
        GROUP BY ALL""",
    "SELECT kind, formal, count(*) FROM made GROUP BY 1, 2",
    """SELECT least(number, 5), count(*) FROM (
        SELECT p.membership_id, count(id) AS number FROM people p LEFT JOIN made_by USING (membership_id) GROUP BY 1) n
        GROUP BY 1""",
    """SELECT before, after, count(*) FROM (
        SELECT a.membership_id, b.membership_id AS other,
               bool_or(a.date < greatest(p.joined_on, q.joined_on)) AS before,
               bool_or(a.date >= greatest(p.joined_on, q.joined_on)) AS after
          FROM made_by a JOIN made_by b ON b.id = a.id AND b.membership_id > a.membership_id
          JOIN people p ON p.membership_id = a.membership_id JOIN people q ON q.membership_id = b.membership_id
         GROUP BY 1, 2) pairs GROUP BY 1, 2""",
    "SELECT purpose, state, count(*) FROM standing GROUP BY 1, 2",
    "SELECT follow_up, count(*) FROM careers GROUP BY 1",
    f"SELECT {_YEAR.format('exit_days')}, outcome, count(*) FROM careers WHERE follow_up = 'followed' GROUP BY 1, 2",
    f"SELECT {_YEAR.format('entry_days')}, count(*) FROM careers WHERE follow_up = 'followed' GROUP BY 1",
    """SELECT exit_days, entry_days, outcome, count(*) FROM careers WHERE follow_up = 'followed'
        GROUP BY 1, 2, 3 ORDER BY 1, 2""",
    f"""SELECT gone, moved, promoted, count(*) FROM (
        SELECT p.membership_id, bool_or(kind = 'departure') AS gone, bool_or(kind = 'institution_change') AS moved,
               bool_or(kind = 'promotion') AS promoted
          FROM people p LEFT JOIN career_event e ON e.membership_id = p.membership_id AND e.date >= p.joined_on
           AND {_SEEN} GROUP BY 1) c GROUP BY ALL""",
)


def aggregates(folder: str) -> float:
    """Seconds that all of them take together on two threads. The files `<table>.csv` are read beforehand."""
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2; SET timezone = 'UTC'")
        for file in sorted(Path(folder).glob("*.csv")):
            parquet = file.with_suffix(".parquet")
            if not parquet.exists():
                connection.execute(f"COPY (FROM read_csv('{file}', sample_size = -1)) TO '{parquet}'")
            connection.execute(f"CREATE VIEW {file.stem} AS FROM '{parquet}'")
        start = time.perf_counter()
        for statement in (*_STAGED, *_ASKED):
            connection.execute(statement).fetchall()
        return time.perf_counter() - start
