"""The statements that apply imports of outcomes, each list in the order in which it runs.

`staged` holds the rows of the file. A temporary table says for each usable row what is there and what would be there
afterwards; the statements after it write the difference. Only participants of the import's cohort are known; an empty
cell keeps what is there, and so does a limited import of a product that others are behind too. A product with only
others behind it does not come into reach by being named. What a member recorded herself no file takes back for her
alone. Rows that share a DOI, a PMID or, of proposals, the project are of one product, and so is what has but the title
of one; of the tenant's if it has one of them.
"""

from tenants.cohorts.imports.staging import in_reach
from tenants.outcomes.identity_sql import project_of
from tenants.outcomes.kinds import PRODUCTS as KINDS
from tenants.outcomes.kinds import first_state
from tenants.outcomes.rules import NOMINATIONS

UNKNOWN_PEOPLE = """
UPDATE staged s SET outcome = 'failed', "column" = :id_column, code = 'unknown_person',
       message = format('The cohort has no participant %s.', s.external_id)
 WHERE s.outcome IS NULL
   AND NOT EXISTS (SELECT FROM membership m
                     JOIN participant p ON p.tenant_id = m.tenant_id AND p.membership_id = m.id
                    WHERE m.tenant_id = :tenant AND m.external_id = s.external_id AND p.cohort_id = :cohort)
"""
_SAYS = ", ".join(f"('{kind.name}', '{first_state(kind.name)}')" for kind in KINDS if first_state(kind.name))
_STANDS = ", ".join(f"('{kind}', '{relation}')" for kind, relation in NOMINATIONS.items())
_ONE_PRODUCT = """
UPDATE staged s SET natural_key = one.natural_key
  FROM (SELECT {column}, min(natural_key) AS natural_key FROM staged
         WHERE outcome IS NULL AND {column} IS NOT NULL
         GROUP BY {column} HAVING count(DISTINCT natural_key) > 1) one
 WHERE s.outcome IS NULL AND s.{column} = one.{column} AND s.natural_key <> one.natural_key
"""
ONE_PRODUCT = tuple(
    _ONE_PRODUCT.format(column=column) for column in ("pmid", "doi", "project_key", "pmid", "doi")
)
# What is known by its title alone is the one thing that has the title, unless there are two.
ONE_TITLE = """
UPDATE staged s SET natural_key = one.natural_key
  FROM (SELECT title_key, min(natural_key) AS natural_key FROM staged
         WHERE outcome IS NULL AND natural_key <> title_key
         GROUP BY title_key HAVING count(DISTINCT natural_key) = 1) one
 WHERE s.outcome IS NULL AND s.natural_key = s.title_key AND s.title_key = one.title_key
"""
_OF_THE_TENANT = "p.tenant_id = :tenant AND (p.author_id IS NULL OR p.visibility NOT IN ('me', 'group'))"
_KNOWN = f"""
SELECT s.natural_key AS told, p.natural_key AS known FROM staged s
  JOIN product p ON p.{{column}} = s.{{told}} AND {_OF_THE_TENANT} AND p.natural_key <> s.natural_key
 WHERE s.outcome IS NULL
"""  # noqa: S608 - a constant is put in
_KNOWN_BY_PROJECT = f"""
SELECT s.natural_key AS told, p.natural_key AS known FROM staged s
  JOIN (SELECT p.natural_key, p.kind || ':' || {project_of("p")} AS project_key
          FROM product p WHERE {_OF_THE_TENANT} AND p.project_number IS NOT NULL) p
    ON p.project_key = s.project_key AND p.natural_key <> s.natural_key
 WHERE s.outcome IS NULL
"""  # noqa: S608 - constants are put in
_KNOWN_BY = (
    *(_KNOWN.format(column=column, told=column) for column in ("doi", "pmid")),
    _KNOWN.format(column="natural_key", told="title_key"),
    _KNOWN_BY_PROJECT,
)
KNOWN_PRODUCTS = f"""
UPDATE staged s SET natural_key = k.known
  FROM (SELECT told, min(known) AS known
          FROM ({" UNION ALL ".join(_KNOWN_BY)}) each GROUP BY told) k
 WHERE s.outcome IS NULL AND s.natural_key = k.told
   AND NOT EXISTS (SELECT FROM product p WHERE p.tenant_id = :tenant AND p.natural_key = k.told)
"""  # noqa: S608 - constants are put in
REPEATED = """
UPDATE staged s SET outcome = 'failed', code = 'duplicate_in_file',
       message = format('Line %s says this of %s already; the first one counts.', first.line, s.external_id)
  FROM (SELECT external_id, natural_key, min(line) AS line FROM staged
         WHERE outcome IS NULL GROUP BY external_id, natural_key HAVING count(*) > 1) first
 WHERE s.outcome IS NULL AND s.external_id = first.external_id AND s.natural_key = first.natural_key
   AND s.line > first.line
"""

HOLD_PRODUCTS = """
SELECT count(*) FROM (
    SELECT p.id FROM product p
     WHERE p.tenant_id = :tenant AND p.natural_key IN (SELECT natural_key FROM staged WHERE outcome IS NULL)
     ORDER BY p.id FOR UPDATE) held
"""
PRODUCTS = f"""
CREATE TEMP TABLE told ON COMMIT DROP AS
SELECT t.*, version IS NOT NULL AND NOT :skip AND
            NOT (:limited AND EXISTS (SELECT FROM product_contributor b
                                       WHERE b.tenant_id = :tenant AND b.product_id = t.id
                                         AND NOT {in_reach("b.membership_id")})) AND
            (kind, title, date, doi, pmid, project_number, visibility)
            IS DISTINCT FROM (old_kind, old_title, old_date, old_doi, old_pmid, old_project, old_visibility)
            AS changed
  FROM (SELECT DISTINCT ON (s.natural_key) s.natural_key, s.line, coalesce(p.id, uuidv7()) AS id, p.version,
               s.kind, coalesce(s.title, p.title) AS title, coalesce(s.date, p.date) AS date,
               coalesce(s.doi, min(s.doi) OVER same, p.doi) AS doi,
               coalesce(s.pmid, min(s.pmid) OVER same, p.pmid) AS pmid,
               coalesce(s.project_number, p.project_number) AS project_number,
               CASE WHEN p.author_id IS NOT NULL AND s.visibility = 'me' THEN p.visibility
                    ELSE coalesce(s.visibility, p.visibility, 'program') END AS visibility,
               CASE WHEN s.kind = p.kind THEN p.state
                    ELSE (SELECT state FROM (VALUES {_SAYS}) says (kind, state) WHERE says.kind = s.kind)
                    END AS state, p.state AS old_state,
               p.kind AS old_kind, p.title AS old_title, p.date AS old_date, p.doi AS old_doi,
               p.pmid AS old_pmid, p.project_number AS old_project, p.visibility AS old_visibility
          FROM staged s LEFT JOIN product p ON p.tenant_id = :tenant AND p.natural_key = s.natural_key
         WHERE s.outcome IS NULL
        WINDOW same AS (PARTITION BY s.natural_key) ORDER BY s.natural_key, s.line) t
"""  # noqa: S608 - a constant is put in
FAIL_OUT_OF_REACH = f"""
WITH hidden AS (
    DELETE FROM told t
     WHERE :limited AND version IS NOT NULL
       AND NOT EXISTS (SELECT FROM product_contributor b
                        WHERE b.tenant_id = :tenant AND b.product_id = t.id AND {in_reach("b.membership_id")})
    RETURNING natural_key)
UPDATE staged s SET outcome = 'failed', code = 'out_of_reach',
       message = 'This product is known already, and your roles do not reach it; ask an admin.'
  FROM hidden h WHERE s.outcome IS NULL AND s.natural_key = h.natural_key
"""  # noqa: S608 - a constant is put in
CONTRIBUTIONS = f"""
CREATE TEMP TABLE behind ON COMMIT DROP AS
SELECT s.line, t.id AS product_id, m.id AS membership_id, c.id IS NULL AS is_new,
       coalesce(s.role, 'formal') AS role, c.role AS old_role, r.changed AS role_changed,
       (SELECT relation FROM (VALUES {_STANDS}) stands (kind, relation) WHERE stands.kind = t.kind) AS relation,
       t.version IS NOT NULL
           AND (t.changed OR bool_or(c.id IS NULL OR r.changed) OVER (PARTITION BY t.id)) AS bumped
  FROM staged s
  JOIN told t ON t.natural_key = s.natural_key
  JOIN membership m ON m.tenant_id = :tenant AND m.external_id = s.external_id
  LEFT JOIN product_contributor c
         ON c.tenant_id = :tenant AND c.product_id = t.id AND c.membership_id = m.id
 CROSS JOIN LATERAL (SELECT coalesce(NOT :skip AND s.role <> c.role, false) AS changed) r
 WHERE s.outcome IS NULL
"""  # noqa: S608 - a constant is put in
NOTE_PRODUCTS = """
UPDATE staged s
   SET outcome = CASE WHEN b.is_new THEN 'created' WHEN :skip THEN 'skipped'
                      WHEN b.role_changed OR t.changed AND t.line = s.line THEN 'updated'
                      ELSE 'unchanged' END,
       subject_id = CASE WHEN t.version IS NOT NULL OR NOT :dry_run THEN t.id END,
       subject_version = CASE WHEN b.bumped THEN t.version + 1 ELSE coalesce(t.version, 1) END,
       before = CASE WHEN b.is_new THEN jsonb_build_object('membership_id', b.membership_id)
                     WHEN b.role_changed OR t.version IS NULL AND t.line = s.line THEN '{}' END
           || CASE WHEN t.version IS NULL AND t.line = s.line THEN CAST('{"product": null}' AS jsonb)
                   ELSE '{}' END
           || CASE WHEN b.role_changed THEN jsonb_build_object('role', b.old_role, 'role_of', b.membership_id)
                   ELSE '{}' END
  FROM behind b JOIN told t ON t.id = b.product_id WHERE s.line = b.line
"""
NOTE_OLD_PRODUCTS = """
UPDATE staged s
   SET before = coalesce(s.before, '{}') || jsonb_build_object('product', jsonb_build_object(
           'kind', t.old_kind, 'title', t.old_title, 'date', t.old_date, 'doi', t.old_doi, 'pmid', t.old_pmid,
           'project_number', t.old_project, 'visibility', t.old_visibility, 'state', t.old_state))
  FROM told t WHERE t.line = s.line AND t.changed
"""
CREATE_PRODUCTS = """
INSERT INTO product (tenant_id, id, kind, title, date, doi, pmid, project_number, visibility, natural_key, state)
SELECT :tenant, id, kind, title, date, doi, pmid, project_number, visibility, natural_key, state
  FROM told WHERE version IS NULL
"""
UPDATE_PRODUCTS = """
UPDATE product p
   SET kind = t.kind, title = t.title, date = t.date, doi = t.doi, pmid = t.pmid,
       project_number = t.project_number, visibility = t.visibility, state = t.state
  FROM told t WHERE p.tenant_id = :tenant AND p.id = t.id AND t.changed
"""
ENTER_STATES = """
INSERT INTO product_state (tenant_id, id, product_id, state, date)
SELECT :tenant, uuidv7(), id, state, CASE WHEN version IS NULL THEN date END
  FROM told WHERE state IS NOT NULL AND (version IS NULL OR changed AND state IS DISTINCT FROM old_state)
"""
BUMP_PRODUCTS = """
UPDATE product p SET version = p.version + 1, updated_at = now()
 WHERE p.tenant_id = :tenant AND p.id IN (SELECT product_id FROM behind WHERE bumped)
"""
CREATE_CONTRIBUTORS = """
INSERT INTO product_contributor (tenant_id, id, product_id, membership_id, role, relation)
SELECT :tenant, uuidv7(), product_id, membership_id, role, relation FROM behind WHERE is_new
"""
CHANGE_ROLES = """
UPDATE product_contributor c SET role = b.role
  FROM behind b
 WHERE c.tenant_id = :tenant AND c.product_id = b.product_id AND c.membership_id = b.membership_id AND b.role_changed
"""
PREPARE_PRODUCTS = (
    UNKNOWN_PEOPLE,
    *ONE_PRODUCT,
    ONE_TITLE,
    KNOWN_PRODUCTS,
    REPEATED,
    HOLD_PRODUCTS,
    PRODUCTS,
    FAIL_OUT_OF_REACH,
    CONTRIBUTIONS,
    NOTE_PRODUCTS,
    NOTE_OLD_PRODUCTS,
)
WRITE_PRODUCTS = (
    CREATE_PRODUCTS,
    UPDATE_PRODUCTS,
    BUMP_PRODUCTS,
    CREATE_CONTRIBUTORS,
    CHANGE_ROLES,
    ENTER_STATES,
)

HOLD_CAREER_EVENTS = """
SELECT count(*) FROM (
    SELECT e.id FROM career_event e JOIN membership m ON m.tenant_id = e.tenant_id AND m.id = e.membership_id
      JOIN staged s ON s.external_id = m.external_id AND s.natural_key = e.natural_key AND s.outcome IS NULL
     WHERE e.tenant_id = :tenant ORDER BY e.id FOR UPDATE OF e) held
"""
CAREER_EVENTS = """
CREATE TEMP TABLE told ON COMMIT DROP AS
SELECT t.*, CASE WHEN version IS NULL THEN 'created' WHEN :skip THEN 'skipped'
                 WHEN (date, until, sample, before_first_k, project_number, visibility) IS DISTINCT FROM
                      (old_date, old_until, old_sample, old_before, old_project, old_visibility)
                 THEN 'updated' ELSE 'unchanged' END AS outcome
  FROM (SELECT s.line, s.natural_key, m.id AS membership_id, coalesce(e.id, uuidv7()) AS id, e.version,
               s.kind, s.event_code AS code, coalesce(s.date, e.date) AS date, coalesce(s.until, e.until) AS until,
               coalesce(s.sample, e.sample) AS sample,
               coalesce(s.before_first_k, e.before_first_k, false) AS before_first_k,
               coalesce(s.project_number, e.project_number) AS project_number,
               coalesce(s.visibility, e.visibility, 'program') AS visibility,
               e.date AS old_date, e.until AS old_until, e.sample AS old_sample,
               e.before_first_k AS old_before, e.project_number AS old_project, e.visibility AS old_visibility
          FROM staged s
          JOIN membership m ON m.tenant_id = :tenant AND m.external_id = s.external_id
          LEFT JOIN career_event e ON e.tenant_id = :tenant AND e.membership_id = m.id
                                  AND e.natural_key = s.natural_key
         WHERE s.outcome IS NULL) t
"""
OUT_OF_ORDER = """
WITH broken AS (DELETE FROM told WHERE until < date AND outcome = 'updated' RETURNING line, date)
UPDATE staged s SET outcome = 'failed', code = 'out_of_order',
       message = format('until is before the date that is known already, %s.', broken.date)
  FROM broken WHERE s.line = broken.line
"""
NOTE_CAREER_EVENTS = """
UPDATE staged s
   SET outcome = t.outcome,
       subject_id = CASE WHEN t.version IS NOT NULL OR NOT :dry_run THEN t.id END,
       subject_version = CASE t.outcome WHEN 'created' THEN 1 WHEN 'updated' THEN t.version + 1 END,
       before = CASE t.outcome WHEN 'created' THEN '{"career_event": null}'
                WHEN 'updated' THEN jsonb_build_object('career_event', jsonb_build_object(
                    'date', t.old_date, 'until', t.old_until, 'sample', t.old_sample,
                    'before_first_k', t.old_before, 'project_number', t.old_project,
                    'visibility', t.old_visibility)) END
  FROM told t WHERE s.line = t.line
"""
CREATE_CAREER_EVENTS = """
INSERT INTO career_event (tenant_id, id, membership_id, kind, code, date, until, sample, before_first_k,
                          project_number, visibility, natural_key)
SELECT :tenant, id, membership_id, kind, code, date, until, sample, before_first_k, project_number,
       visibility, natural_key
  FROM told WHERE outcome = 'created'
"""
UPDATE_CAREER_EVENTS = """
UPDATE career_event e
   SET date = t.date, until = t.until, sample = t.sample, before_first_k = t.before_first_k,
       project_number = t.project_number, visibility = t.visibility,
       version = e.version + 1, updated_at = now()
  FROM told t WHERE e.tenant_id = :tenant AND e.id = t.id AND t.outcome = 'updated'
"""
PREPARE_CAREER_EVENTS = (
    UNKNOWN_PEOPLE,
    REPEATED,
    HOLD_CAREER_EVENTS,
    CAREER_EVENTS,
    OUT_OF_ORDER,
    NOTE_CAREER_EVENTS,
)
WRITE_CAREER_EVENTS = (CREATE_CAREER_EVENTS, UPDATE_CAREER_EVENTS)
