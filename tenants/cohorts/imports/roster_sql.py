"""The statements that apply a roster, in the order in which they run.

`staged` holds the rows of the file. CLASSIFY makes the temporary table `roster`: for each usable row what
is there and what would be there afterwards; the statements after it write the difference.

Rows are held FOR NO KEY UPDATE: who only refers to them (a group's member, a product's contributor) need not
wait, and so cannot wait for an import in a circle. Whoever is new is made before anything is decided: from then
on somebody who adds the same person singly waits for the import, or the import has waited for them.
"""

from tenants.cohorts.imports.staging import COHORT_IN_REACH, in_reach
from tenants.cohorts.participants import OUT_OF_REACH
from tenants.people.names import names_kept

NOBODY_IS_FRESH = "CREATE TEMP TABLE fresh (id uuid) ON COMMIT DROP"
FAIL_OUT_OF_REACH = f"""
UPDATE staged s SET outcome = 'failed', "column" = :id_column, code = '{OUT_OF_REACH[0]}', message = '{OUT_OF_REACH[1]}'
  FROM membership m
 WHERE :limited AND s.outcome IS NULL AND m.tenant_id = :tenant AND m.external_id = s.external_id
   AND NOT {in_reach("m.id")}
"""  # noqa: S608 - constants are put in
CREATE_MEMBERSHIPS = """
CREATE TEMP TABLE fresh ON COMMIT DROP AS
WITH made AS (
    INSERT INTO membership (tenant_id, id, external_id, name, email, identifiers)
    SELECT :tenant, uuidv7(), s.external_id, s.name, s.email, s.identifiers
      FROM staged s LEFT JOIN membership m ON m.tenant_id = :tenant AND m.external_id = s.external_id
     WHERE s.outcome IS NULL AND m.id IS NULL ORDER BY s.external_id
        ON CONFLICT (tenant_id, external_id) DO NOTHING
    RETURNING id)
SELECT id FROM made
"""
FORGET_FRESH = """
DELETE FROM membership m USING fresh f
 WHERE m.tenant_id = :tenant AND m.id = f.id
   AND NOT EXISTS (SELECT FROM participant p WHERE p.tenant_id = :tenant AND p.membership_id = m.id)
"""
HOLD_MEMBERSHIPS = """
SELECT count(*) FROM (
    SELECT m.id FROM membership m JOIN staged s ON s.external_id = m.external_id
     WHERE m.tenant_id = :tenant ORDER BY m.id FOR NO KEY UPDATE OF m) held
"""
HOLD_PARTICIPANTS = """
SELECT count(*) FROM (
    SELECT id FROM participant WHERE tenant_id = :tenant AND cohort_id = :cohort
     ORDER BY id FOR NO KEY UPDATE) held
"""
# Whoever holds a role and has not joined would become whom a new address belongs to. And what is known of somebody
# who is elsewhere too is no limited import's to change.
NOT_THE_ROSTERS = f"""
    (EXISTS (SELECT FROM role_grant r WHERE r.tenant_id = :tenant AND r.membership_id = m.id)
     AND (:limited OR m.person_id IS NULL)
     OR :limited AND EXISTS (SELECT FROM participant q JOIN cohort c ON c.tenant_id = q.tenant_id AND c.id = q.cohort_id
                              WHERE q.tenant_id = :tenant AND q.membership_id = m.id AND NOT {COHORT_IN_REACH}))"""  # noqa: S608
FAIL_REPEATED = """
UPDATE staged s SET outcome = 'failed', "column" = :id_column, code = 'duplicate_in_file',
       message = format('Line %s has %s already; the first one counts.', first.line, s.external_id)
  FROM (SELECT external_id, min(line) AS line FROM staged
         WHERE external_id IS NOT NULL GROUP BY external_id HAVING count(*) > 1) first
 WHERE s.external_id = first.external_id AND s.line > first.line
"""
CLASSIFY = f"""
CREATE TEMP TABLE roster ON COMMIT DROP AS
SELECT r.*,
       CASE WHEN participant_version IS NULL THEN 'created'
            WHEN :skip THEN 'skipped'
            WHEN person_changed OR new_state <> old_state OR new_attributes <> old_attributes THEN 'updated'
            ELSE 'unchanged' END AS outcome
  FROM (SELECT t.*, NOT new_person AND (new_name IS DISTINCT FROM old_name
                    OR new_email IS DISTINCT FROM old_email
                    OR new_identifiers <> old_identifiers) AS person_changed
          FROM (SELECT s.line, s.external_id,
                       coalesce(m.id, uuidv7()) AS membership_id, known IS NOT TRUE AS new_person,
                       m.name AS old_name, m.email AS old_email, m.identifiers AS old_identifiers,
                       CASE WHEN kept OR s.name IS NULL AND NOT :clears_name
                            THEN m.name ELSE s.name END AS new_name,
                       CASE WHEN kept OR s.email IS NULL AND NOT :clears_email
                            THEN m.email ELSE s.email END AS new_email,
                       CASE WHEN kept THEN m.identifiers
                            WHEN :replace
                            THEN coalesce(m.identifiers, '{{}}') - CAST(:identifier_keys AS text[]) || s.identifiers
                            ELSE coalesce(m.identifiers, '{{}}') || s.identifiers END AS new_identifiers,
                       coalesce(p.id, uuidv7()) AS participant_id, p.version AS participant_version,
                       p.attributes AS old_attributes, p.state AS old_state, p.state_since, p.state_reason,
                       CASE WHEN :replace
                            THEN coalesce(p.attributes, '{{}}')
                                 - ARRAY(SELECT k FROM unnest(CAST(:attribute_keys AS text[])) k
                                          WHERE k <> ALL (coalesce(p.own_answers, '{{}}')))
                            ELSE coalesce(p.attributes, '{{}}') END
                       || (s.attributes - coalesce(p.own_answers, '{{}}')) AS new_attributes,
                       CASE WHEN p.id IS NULL OR :replace AND p.state = 'withdrawn'
                                                 AND p.state_reason = 'absent from import'
                            THEN 'eligible' ELSE p.state END AS new_state
                  FROM staged s
                  LEFT JOIN (SELECT m.*, f.id IS NULL AS known, f.id IS NULL AND (:skip OR {NOT_THE_ROSTERS}) AS kept
                               FROM membership m LEFT JOIN fresh f USING (id)) m
                         ON m.tenant_id = :tenant AND m.external_id = s.external_id
                  LEFT JOIN participant p ON p.tenant_id = :tenant AND p.cohort_id = :cohort
                                         AND p.membership_id = m.id
                 WHERE s.outcome IS NULL) t) r
"""  # noqa: S608 - a constant is put in
FAIL_WITHOUT_REQUIRED = """
WITH bare AS (DELETE FROM roster WHERE outcome = 'created' AND NOT new_attributes ? :key RETURNING line)
UPDATE staged s SET outcome = 'failed', "column" = :column, code = 'required',
       message = format('%s: a value is needed of whoever is new.', CAST(:column AS text))
  FROM bare WHERE s.line = bare.line
"""
NAMES_NOBODY = "SELECT EXISTS (SELECT FROM staged WHERE external_id IS NULL)"
NOTE_WITHDRAWALS = """
WITH gone AS (
INSERT INTO staged (external_id, outcome, subject_id, subject_version, before)
SELECT m.external_id, 'withdrawn', p.id, p.version + 1,
       jsonb_build_object('participant', jsonb_build_object(
           'version', p.version, 'attributes', p.attributes, 'state', p.state,
           'state_since', p.state_since, 'state_reason', p.state_reason))
  FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
 WHERE p.tenant_id = :tenant AND p.cohort_id = :cohort
   AND p.state NOT IN ('withdrawn', 'ineligible', 'declined', 'completed')
   AND NOT EXISTS (SELECT FROM staged s WHERE s.external_id = m.external_id)
RETURNING 1)
SELECT count(*) FROM gone
"""
NOTE_OUTCOMES = """
UPDATE staged s
   SET outcome = r.outcome,
       subject_id = CASE WHEN r.outcome <> 'created' OR :applies THEN r.participant_id END,
       subject_version = CASE r.outcome WHEN 'created' THEN 1 WHEN 'updated' THEN r.participant_version + 1 END,
       before = CASE WHEN r.outcome IN ('created', 'updated') THEN
           CASE WHEN r.outcome = 'created' THEN '{"participant": null}'
                ELSE jsonb_build_object('participant', jsonb_build_object(
                         'version', r.participant_version, 'attributes', r.old_attributes, 'state', r.old_state,
                         'state_since', r.state_since, 'state_reason', r.state_reason)) END
           || CASE WHEN r.new_person THEN '{"membership": null}'
                   WHEN r.person_changed THEN jsonb_build_object('membership', jsonb_build_object(
                            'name', r.old_name, 'email', r.old_email, 'identifiers', r.old_identifiers))
                   ELSE '{}' END END
  FROM roster r WHERE s.line = r.line
"""
UPDATE_MEMBERSHIPS = f"""
UPDATE membership m
   SET name = r.new_name, email = r.new_email, identifiers = r.new_identifiers, known_as = {names_kept("m")},
       version = m.version + 1, updated_at = now()
  FROM roster r WHERE m.tenant_id = :tenant AND m.id = r.membership_id AND r.person_changed
"""  # noqa: S608 - as above
BUMP_ELSEWHERE = """
UPDATE participant p SET version = p.version + 1, updated_at = now()
  FROM roster r
 WHERE p.tenant_id = :tenant AND p.membership_id = r.membership_id AND r.person_changed
   AND p.cohort_id <> :cohort
"""
CREATE_PARTICIPANTS = """
INSERT INTO participant (tenant_id, id, cohort_id, membership_id, state, state_since, attributes)
SELECT :tenant, participant_id, :cohort, membership_id, new_state, now(), new_attributes
  FROM roster WHERE outcome = 'created'
"""
UPDATE_PARTICIPANTS = """
UPDATE participant p
   SET attributes = r.new_attributes, state = r.new_state,
       state_since = CASE WHEN r.new_state <> r.old_state THEN now() ELSE p.state_since END,
       state_reason = CASE WHEN r.new_state = r.old_state THEN p.state_reason END,
       version = p.version + 1, updated_at = now()
  FROM roster r WHERE p.tenant_id = :tenant AND p.id = r.participant_id AND r.outcome = 'updated'
"""
WITHDRAW = """
WITH gone AS (
    UPDATE participant p
       SET state = 'withdrawn', state_since = now(), state_reason = 'absent from import',
           version = p.version + 1, updated_at = now()
      FROM staged s WHERE p.tenant_id = :tenant AND p.id = s.subject_id AND s.outcome = 'withdrawn'
    RETURNING p.id, p.state_reason)
INSERT INTO participant_change (tenant_id, id, participant_id, source, state, reason, attributes, import_id)
SELECT :tenant, uuidv7(), id, 'roster', 'withdrawn', state_reason, '{}', :import FROM gone
"""
WITHDRAWN = "SELECT subject_id FROM staged WHERE outcome = 'withdrawn'"
APPEND_CHANGES = """
INSERT INTO participant_change
       (tenant_id, id, participant_id, source, state, attributes, declined, import_id)
SELECT :tenant, uuidv7(), participant_id, 'roster', CASE WHEN new_state IS DISTINCT FROM old_state THEN new_state END,
       changed, declined, :import
  FROM (SELECT r.*, CASE WHEN outcome = 'created' THEN jsonb_strip_nulls(new_attributes)
                         WHEN new_attributes = old_attributes THEN '{}'
                         ELSE (SELECT coalesce(jsonb_object_agg(k, coalesce(new_attributes -> k, 'null')), '{}')
                                 FROM jsonb_object_keys(old_attributes || new_attributes) k
                                WHERE new_attributes -> k IS DISTINCT FROM old_attributes -> k
                                  AND new_attributes -> k IS DISTINCT FROM 'null') END AS changed,
               ARRAY(SELECT a.key FROM jsonb_each(new_attributes) a
                      WHERE a.value = 'null' AND old_attributes -> a.key IS DISTINCT FROM 'null'
                      ORDER BY a.key) AS declined
          FROM roster r WHERE outcome IN ('created', 'updated')) r
 WHERE new_state IS DISTINCT FROM old_state OR changed <> '{}' OR declined <> '{}'
"""
USED_LEVELS = """
SELECT DISTINCT CASE jsonb_typeof(attributes -> :key) WHEN 'array' THEN level ELSE attributes ->> :key END
  FROM staged
  LEFT JOIN LATERAL jsonb_array_elements_text(
       CASE jsonb_typeof(attributes -> :key) WHEN 'array' THEN attributes -> :key ELSE '[]' END) level ON true
 WHERE outcome IN ('created', 'updated') AND attributes ? :key
"""
