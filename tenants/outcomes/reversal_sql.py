"""The statements that undo imports of outcomes, each list in the order in which it runs.

UNDONE makes the temporary table `undone` of what the import's rows did: to whom (subject), in which version
they left it, and what was there before. Where the reversal is limited, that is what they did to people in reach;
a product that others are behind too stays as it is.
"""

from tenants.cohorts.imports.staging import in_reach

UNDONE = f"""
CREATE TEMP TABLE undone ON COMMIT DROP AS
SELECT subject_id, subject_version, outcome, before FROM import_row
 WHERE tenant_id = :tenant AND import_id = :import AND outcome IN ('created', 'updated')
   AND (NOT :limited OR external_id IN (SELECT m.external_id FROM membership m
                                         WHERE m.tenant_id = :tenant AND {in_reach("m.id")}))
"""  # noqa: S608 - a constant is put in
CHANGED_PRODUCTS = """
SELECT count(DISTINCT u.subject_id) FILTER (WHERE p.version IS DISTINCT FROM u.subject_version)
  FROM undone u
  LEFT JOIN (SELECT id, version FROM product
              WHERE tenant_id = :tenant AND id IN (SELECT subject_id FROM undone)
              ORDER BY id FOR UPDATE) p ON p.id = u.subject_id
"""
REVERSE_PRODUCTS = (
    f"""
UPDATE undone u SET before = before - 'product'
 WHERE :limited AND EXISTS (SELECT FROM product_contributor b
                             WHERE b.tenant_id = :tenant AND b.product_id = u.subject_id
                               AND NOT {in_reach("b.membership_id")})
""",  # noqa: S608 - a constant is put in
    """
DELETE FROM product_contributor c USING undone u
 WHERE c.tenant_id = :tenant AND c.product_id = u.subject_id
   AND c.membership_id = CAST(u.before ->> 'membership_id' AS uuid)
""",
    """
UPDATE product_contributor c SET role = u.before ->> 'role'
  FROM undone u
 WHERE c.tenant_id = :tenant AND c.product_id = u.subject_id
   AND c.membership_id = CAST(u.before ->> 'role_of' AS uuid)
""",
    """
DELETE FROM product p USING undone u
 WHERE p.tenant_id = :tenant AND p.id = u.subject_id AND u.before -> 'product' = 'null'
""",
    """
INSERT INTO product_state (tenant_id, id, product_id, state)
SELECT :tenant, uuidv7(), p.id, u.before -> 'product' ->> 'state'
  FROM undone u JOIN product p ON p.tenant_id = :tenant AND p.id = u.subject_id
 WHERE u.before -> 'product' ->> 'state' <> coalesce(p.state, '')
""",
    """
UPDATE product p
   SET kind = u.was ->> 'kind', title = u.was ->> 'title', date = CAST(u.was ->> 'date' AS date),
       doi = u.was ->> 'doi', pmid = u.was ->> 'pmid', project_number = u.was ->> 'project_number',
       visibility = u.was ->> 'visibility',
       state = CASE WHEN u.was ? 'state' THEN u.was ->> 'state' ELSE p.state END
  FROM (SELECT subject_id, before -> 'product' AS was FROM undone) u
 WHERE p.tenant_id = :tenant AND p.id = u.subject_id AND jsonb_typeof(u.was) = 'object'
""",
    """
UPDATE product p SET version = p.version + 1, updated_at = now()
 WHERE p.tenant_id = :tenant AND p.id IN (SELECT subject_id FROM undone WHERE before <> '{}')
""",
)

CHANGED_CAREER_EVENTS = """
SELECT count(*) FILTER (WHERE e.version IS DISTINCT FROM u.subject_version)
  FROM undone u
  LEFT JOIN (SELECT id, version FROM career_event
              WHERE tenant_id = :tenant AND id IN (SELECT subject_id FROM undone)
              ORDER BY id FOR UPDATE) e ON e.id = u.subject_id
"""
REVERSE_CAREER_EVENTS = (
    """
DELETE FROM career_event e USING undone u
 WHERE e.tenant_id = :tenant AND e.id = u.subject_id AND u.outcome = 'created'
""",
    """
UPDATE career_event e
   SET date = CAST(u.was ->> 'date' AS date), until = CAST(u.was ->> 'until' AS date),
       sample = u.was ->> 'sample', before_first_k = CAST(u.was ->> 'before_first_k' AS boolean),
       project_number = u.was ->> 'project_number', visibility = u.was ->> 'visibility',
       version = e.version + 1, updated_at = now()
  FROM (SELECT subject_id, before -> 'career_event' AS was FROM undone WHERE outcome = 'updated') u
 WHERE e.tenant_id = :tenant AND e.id = u.subject_id
""",
)
