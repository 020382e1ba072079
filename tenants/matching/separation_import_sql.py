"""The statements that apply an import of separations and undo it, each list in the order in which it runs.

`staged` holds the rows of the file, `others` whom each names, `known` the participants of the cohort. `sets` says
whom the file keeps apart: a pair of a line, or a list. `told` has each set once, by the key of
`separations.natural_key`, with what is there. Wishes of persons are never seen here: the wall hides them.

Arrays are taken apart before they are joined to anything: no plan then reads a table once for each of them.
"""

KNOWN = """
CREATE TEMP TABLE known ON COMMIT DROP AS
SELECT m.external_id, p.id
  FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
 WHERE p.tenant_id = :tenant AND p.cohort_id = :cohort
"""
UNKNOWN_PERSON = """
UPDATE staged s SET outcome = 'failed', "column" = :id_column, code = 'unknown_person',
       message = format('The cohort has no participant %s.', s.external_id)
 WHERE s.outcome IS NULL AND NOT EXISTS (SELECT FROM known k WHERE k.external_id = s.external_id)
"""
OTHERS = """
CREATE TEMP TABLE others ON COMMIT DROP AS
SELECT s.line, o.other
  FROM staged s CROSS JOIN jsonb_array_elements_text(s.apart_from) AS o(other)
 WHERE s.outcome IS NULL
"""
UNKNOWN_OTHERS = """
UPDATE staged s SET outcome = 'failed', "column" = :apart_column, code = 'unknown_person',
       message = format('The cohort has no participant %s.', missing.said)
  FROM (SELECT o.line, string_agg(o.other, ', ' ORDER BY o.other) AS said FROM others o
         WHERE NOT EXISTS (SELECT FROM known k WHERE k.external_id = o.other)
         GROUP BY o.line) missing
 WHERE s.line = missing.line
"""
UNFIT_LISTS = """
UPDATE staged s SET outcome = 'failed', "column" = :list_column,
       code = CASE WHEN unfit.people = 1 THEN 'list_of_one' ELSE 'too_many' END,
       message = CASE WHEN unfit.people = 1
            THEN format('No other usable row is of the list %s.', s.list_name)
            ELSE format('The list %s has %s people; at most %s may be.', s.list_name, unfit.people, :most) END
  FROM (SELECT list_name, count(DISTINCT external_id) AS people FROM staged
         WHERE outcome IS NULL AND list_name IS NOT NULL
         GROUP BY list_name HAVING count(DISTINCT external_id) NOT BETWEEN 2 AND :most) unfit
 WHERE s.outcome IS NULL AND s.list_name = unfit.list_name
"""
SETS = """
CREATE TEMP TABLE sets ON COMMIT DROP AS
SELECT line, list_name, participants,
       encode(sha256(convert_to(array_to_string(participants, ' '), 'UTF8')), 'hex') AS natural_key
  FROM (SELECT s.line, NULL AS list_name, ARRAY[least(me.id, other.id), greatest(me.id, other.id)] AS participants
          FROM staged s JOIN others o ON o.line = s.line
          JOIN known me ON me.external_id = s.external_id
          JOIN known other ON other.external_id = o.other
         WHERE s.outcome IS NULL
         UNION ALL
        SELECT NULL, s.list_name, array_agg(DISTINCT k.id ORDER BY k.id)
          FROM staged s JOIN known k ON k.external_id = s.external_id
         WHERE s.outcome IS NULL AND s.list_name IS NOT NULL GROUP BY s.list_name) named
"""
TOLD = """
CREATE TEMP TABLE told ON COMMIT DROP AS
SELECT n.natural_key, n.participants, coalesce(s.id, uuidv7()) AS id, s.id IS NULL AS is_new
  FROM (SELECT DISTINCT ON (natural_key) natural_key, participants FROM sets ORDER BY natural_key) n
  LEFT JOIN separation s ON s.tenant_id = :tenant AND s.cohort_id = :cohort
                        AND s.membership_id IS NULL AND s.natural_key = n.natural_key
"""
NOTE_OUTCOMES = """
UPDATE staged s
   SET outcome = CASE WHEN r.brings THEN 'created' WHEN :skip THEN 'skipped' ELSE 'unchanged' END,
       subject_id = r.ids[1]
  FROM (SELECT said.line, bool_or(t.is_new) AS brings,
               array_agg(t.id ORDER BY t.is_new DESC, t.id) FILTER (WHERE NOT t.is_new OR NOT :dry_run) AS ids
          FROM (SELECT line, natural_key FROM sets WHERE line IS NOT NULL
                 UNION ALL
                SELECT s.line, l.natural_key FROM staged s JOIN sets l ON l.list_name = s.list_name
                 WHERE s.outcome IS NULL) said
          JOIN told t ON t.natural_key = said.natural_key
         GROUP BY said.line) r
 WHERE s.line = r.line
"""
PREPARE = (
    KNOWN,
    "ANALYZE known",
    UNKNOWN_PERSON,
    OTHERS,
    "ANALYZE others",
    UNKNOWN_OTHERS,
    UNFIT_LISTS,
    SETS,
    TOLD,
    NOTE_OUTCOMES,
)

NOTE_REMOVALS = """
WITH gone AS (
INSERT INTO staged (outcome, subject_id, before)
SELECT 'withdrawn', s.id, jsonb_build_object('separation', jsonb_build_object(
           'natural_key', s.natural_key, 'import_id', s.import_id, 'created_at', s.created_at,
           'participants', (SELECT coalesce(jsonb_agg(m.participant_id ORDER BY m.participant_id), '[]')
                              FROM separation_member m
                             WHERE m.tenant_id = :tenant AND m.separation_id = s.id)))
  FROM separation s
 WHERE s.tenant_id = :tenant AND s.cohort_id = :cohort AND s.source = 'roster'
   AND NOT EXISTS (SELECT FROM told t WHERE t.id = s.id)
RETURNING 1)
SELECT count(*) FROM gone
"""
ANY_FAILED = "SELECT EXISTS (SELECT FROM staged WHERE outcome = 'failed')"

_CREATE = """
WITH made AS (
    INSERT INTO separation (tenant_id, id, cohort_id, source, natural_key, import_id)
    SELECT :tenant, id, :cohort, 'roster', natural_key, :import FROM told WHERE is_new ORDER BY natural_key
        ON CONFLICT DO NOTHING RETURNING id)
INSERT INTO separation_member (tenant_id, id, separation_id, participant_id)
SELECT :tenant, uuidv7(), t.id, p.id
  FROM told t JOIN made ON made.id = t.id CROSS JOIN unnest(t.participants) AS p(id)
"""
_REMOVE = """
DELETE FROM separation d USING staged s
 WHERE d.tenant_id = :tenant AND d.id = s.subject_id AND s.outcome = 'withdrawn'
"""
WRITE = (_CREATE, _REMOVE)

_TAKE_BACK = """
DELETE FROM separation WHERE tenant_id = :tenant AND cohort_id = :cohort AND import_id = :import
"""
_RESTORE = """
WITH was AS (
    SELECT subject_id AS id, before -> 'separation' AS said FROM import_row
     WHERE tenant_id = :tenant AND import_id = :import AND outcome = 'withdrawn'),
members AS MATERIALIZED (
    SELECT was.id, CAST(m.participant_id AS uuid) AS participant_id
      FROM was CROSS JOIN jsonb_array_elements_text(was.said -> 'participants') AS m(participant_id)),
back AS (
    INSERT INTO separation (tenant_id, id, cohort_id, source, natural_key, import_id, created_at)
    SELECT :tenant, id, :cohort, 'roster', said ->> 'natural_key', CAST(said ->> 'import_id' AS uuid),
           CAST(said ->> 'created_at' AS timestamptz)
      FROM was
        ON CONFLICT DO NOTHING RETURNING id)
INSERT INTO separation_member (tenant_id, id, separation_id, participant_id)
SELECT :tenant, uuidv7(), m.id, p.id
  FROM members m JOIN back ON back.id = m.id
  JOIN participant p ON p.tenant_id = :tenant AND p.id = m.participant_id
"""
REVERSE = (_TAKE_BACK, _RESTORE)
