"""An invented program of any size, written straight into the tables, as bulk rows past every check."""

from typing import Any
from uuid import UUID

import psycopg

from tenants.kernel.ids import new_id

LEVELS = '[{"key": "a"}, {"key": "b"}, {"key": "c"}, {"key": "d"}]'
_SHAPE = """
CREATE TEMP TABLE who AS SELECT n, uuidv7() AS membership_id, uuidv7() AS participant_id
  FROM generate_series(1, %(people)s) n;
CREATE TEMP TABLE grouped AS SELECT n, uuidv7() AS group_id FROM generate_series(1, %(groups)s) n;
CREATE TEMP TABLE made AS SELECT n, uuidv7() AS product_id FROM generate_series(1, %(products)s) n;
CREATE UNIQUE INDEX ON who (n); CREATE UNIQUE INDEX ON grouped (n); CREATE UNIQUE INDEX ON made (n)
"""
_ROWS = (
    "INSERT INTO program (tenant_id, id, name, labels) VALUES (%(t)s, %(p)s, 'Invented program', '{}')",
    "INSERT INTO cohort (tenant_id, id, program_id, name) VALUES (%(t)s, %(c)s, %(p)s, 'Invented cohort')",
    """INSERT INTO attribute (tenant_id, id, program_id, key, label, kind, open, required, sensitive, answered_by, uses,
                               levels)
       SELECT %(t)s, uuidv7(), %(p)s, key, key, 'categorical', false, false, false, 'either', ARRAY[use],
              CAST(%(levels)s AS jsonb)
         FROM (VALUES ('institution', 'reporting'), ('field', 'demographics')) v (key, use)""",
    """INSERT INTO membership (tenant_id, id, external_id)
       SELECT %(t)s, membership_id, 'INV-' || n FROM who""",
    """INSERT INTO participant (tenant_id, id, cohort_id, membership_id, state, state_since, attributes, created_at)
       SELECT %(t)s, participant_id, %(c)s, membership_id,
              (ARRAY['eligible', 'invited', 'placed', 'placed', 'placed', 'withdrawn'])[1 + n %% 6], now(),
              jsonb_build_object('institution', chr(97 + n %% 4), 'field', chr(97 + n %% 4)),
              CAST('2022-01-01' AS timestamptz) + n %% 300 * interval '1 day'
         FROM who""",
    """INSERT INTO participant_change (tenant_id, id, participant_id, source, state, attributes, created_at)
       SELECT %(t)s, uuidv7(), participant_id, 'roster', state, '{}',
              CAST('2022-11-01' AS timestamptz) + step * interval '1 day'
         FROM who CROSS JOIN (VALUES (0, 'eligible'), (1, 'invited'), (2, 'placed')) v (step, state)
        WHERE step <= n %% 6""",
    """INSERT INTO consent_entry (tenant_id, id, membership_id, program_id, purpose, decision, said_by, wording_version)
       SELECT %(t)s, uuidv7(), membership_id, %(p)s, 'demographics', 'granted', 'institution', 'Invented form'
         FROM who WHERE n %% 2 = 0""",
    """INSERT INTO peer_group (tenant_id, id, cohort_id, name, state, origin, created_at)
       SELECT %(t)s, group_id, %(c)s, 'Invented ' || n, CASE WHEN n %% 9 = 0 THEN 'ended' ELSE 'active' END,
              CASE WHEN n %% 5 = 0 THEN 'self_formed' ELSE 'matched' END,
              CAST('2022-12-01' AS timestamptz) + n %% 700 * interval '1 day'
         FROM grouped""",
    """INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id, created_at)
       SELECT %(t)s, uuidv7(), group_id, participant_id, membership_id, '2022-12-01'
         FROM who JOIN grouped ON grouped.n = 1 + who.n %% %(groups)s WHERE who.n <= 6 * %(groups)s""",
    """INSERT INTO meeting (tenant_id, id, group_id, starts_at, starts_at_local, time_zone, minutes, in_person, state,
                             attended_count)
       SELECT %(t)s, uuidv7(), group_id, at, at AT TIME ZONE 'UTC', 'UTC', 60, false,
              CASE WHEN i %% 5 = 0 THEN 'skipped' ELSE 'planned' END, (n + i) %% 4
         FROM (SELECT group_id, n, i, CAST('2023-01-01' AS timestamptz) + (n %% 700 + 30 * i) * interval '1 day' AS at
                 FROM grouped CROSS JOIN generate_series(1, %(meetings)s / %(groups)s) i) held""",
    """INSERT INTO product (tenant_id, id, kind, title, date, visibility, natural_key)
       SELECT %(t)s, product_id,
              (ARRAY['manuscript', 'dataset', 'software', 'talk', 'proposal_submitted', 'other'])[1 + n %% 6],
              'Invented ' || n, CAST('2019-01-01' AS date) + n %% 2500,
              (ARRAY['program', 'program', 'funder', 'group'])[1 + n %% 4], 'invented:' || n
         FROM made""",
    """INSERT INTO product_contributor (tenant_id, id, product_id, membership_id)
       SELECT %(t)s, uuidv7(), product_id, membership_id
         FROM (SELECT product_id, made.n, i FROM made CROSS JOIN (VALUES (0), (1)) v (i) WHERE i <= made.n %% 2) m
         JOIN who ON who.n = 1 + (m.n %% 100003 * 7 + i * 13) %% %(people)s""",
    """INSERT INTO career_event (tenant_id, id, membership_id, kind, code, date, until, sample, before_first_k,
                                 visibility, natural_key)
       SELECT %(t)s, uuidv7(), membership_id, kind, code, date, until, sample, false, 'program',
              kind || coalesce(code, '')
         FROM who CROSS JOIN LATERAL (VALUES
              ('award', 'K23', CAST('2012-01-01' AS date) + who.n %% 2900, NULL, NULL),
              ('observation', NULL, CAST('2012-01-01' AS date) + who.n %% 2900, CAST('2024-09-01' AS date), 'complete'),
              ('award', 'R01', CAST('2016-01-01' AS date) + who.n %% 2950, NULL, NULL),
              ('promotion', NULL, CAST('2021-01-01' AS date) + who.n %% 900, NULL, NULL),
              ('departure', NULL, CAST('2018-01-01' AS date) + who.n %% 1900, NULL, NULL)
            ) v (kind, code, date, until, sample)
        WHERE kind = 'observation' OR code = 'K23' OR code = 'R01' AND who.n %% 3 = 0
           OR kind = 'promotion' AND who.n %% 4 = 0 OR kind = 'departure' AND who.n %% 20 = 0""",
)
TABLES = (
    "participant",
    "participant_change",
    "consent_entry",
    "peer_group",
    "group_member",
    "meeting",
    "product",
    "product_contributor",
    "career_event",
    "attribute",
    "cohort",
    "program",
)
"""The tables that a report reads."""


def plant(
    superuser: psycopg.Connection[Any],
    tenant_id: UUID,
    *,
    people: int,
    groups: int,
    products: int,
    meetings: int,
) -> UUID:
    """The invented program's id."""
    known: dict[str, Any] = {"t": tenant_id, "p": new_id(), "c": new_id(), "levels": LEVELS}
    known |= {"people": people, "groups": groups, "products": products, "meetings": meetings}
    with psycopg.ClientCursor(superuser) as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(_SHAPE, known)
        for statement in _ROWS:
            cursor.execute(statement, known)
        cursor.execute("ANALYZE")
    program: UUID = known["p"]
    return program
