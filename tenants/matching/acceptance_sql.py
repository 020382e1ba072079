"""The statements by which a run is accepted. Each takes :run; the steps take :cohort, :label and :moment too.

:empty are the groups that the run was asked to go on from and that have nobody left: they end like others in which
nobody goes on. EMPTY finds them among the groups :asked.
"""

_PLACED = (
    " FROM placement q JOIN participant p ON p.tenant_id = q.tenant_id AND p.id = q.participant_id"
    " WHERE q.matching_run_id = :run AND "
)
_KEPT = (
    "(SELECT q.from_group_id FROM placement q WHERE q.matching_run_id = :run AND q.from_group_id IS NOT NULL"
    " UNION SELECT unnest(CAST(:empty AS uuid[])))"
)
_PRESENT = (
    " FROM group_member m JOIN participant p ON p.tenant_id = m.tenant_id AND p.id = m.participant_id"
    f" WHERE m.group_id IN {_KEPT} AND m.left_at IS NULL"
)
_GOES_ON = (
    " FROM placement q JOIN proposed_group f ON f.tenant_id = q.tenant_id AND f.id = q.proposed_group_id"
    " WHERE q.matching_run_id = :run"
)

HOLD_PARTICIPANTS = (
    f"SELECT count(*) FROM (SELECT{_PLACED}"
    "(q.proposed_group_id IS NOT NULL OR q.arm IS NOT NULL OR q.from_group_id IS NOT NULL)"
    " ORDER BY p.id FOR UPDATE OF p) held"
)
HOLD_GROUPS = f"SELECT count(*) FROM (SELECT FROM peer_group WHERE id IN {_KEPT} ORDER BY id FOR UPDATE) held"

EMPTY = (
    "SELECT g.id FROM peer_group g WHERE g.id = ANY (CAST(:asked AS uuid[])) AND NOT EXISTS (SELECT FROM group_member m"
    "   JOIN participant p ON p.tenant_id = m.tenant_id AND p.id = m.participant_id"
    "   WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND m.left_at IS NULL AND p.state <> 'withdrawn'"
    "   AND NOT EXISTS (SELECT FROM placement q WHERE q.tenant_id = p.tenant_id AND q.participant_id = p.id"
    "     AND q.matching_run_id = :run AND q.from_group_id <> g.id))"
)
# Whoever is in two of the groups goes on from the one that they came into first.
COUNT_CHANGED = (
    "SELECT count(*) FROM ("
    f" SELECT DISTINCT ON (m.participant_id) m.participant_id, m.group_id{_PRESENT} AND p.state = 'placed'"
    "   ORDER BY m.participant_id, m.id) present"
    " FULL JOIN (SELECT q.participant_id, q.from_group_id AS group_id FROM placement q"
    "   JOIN peer_group g ON g.tenant_id = q.tenant_id AND g.id = q.from_group_id AND g.state <> 'ended'"
    "   WHERE q.matching_run_id = :run) known USING (participant_id, group_id)"
    " WHERE present.participant_id IS NULL OR known.participant_id IS NULL"
)
COUNT_FREE = (
    f"SELECT count(*){_PLACED}q.proposed_group_id IS NOT NULL AND"
    "   CASE WHEN q.from_group_id IS NOT NULL THEN p.state = 'placed'"
    "   ELSE p.state = ANY (:pool_states) AND NOT EXISTS (SELECT FROM group_member m"
    "     JOIN peer_group g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
    "     WHERE m.participant_id = p.id AND m.left_at IS NULL AND g.state <> 'ended') END"
)

_SEATS = (
    "EXISTS (SELECT FROM matching_run r, jsonb_array_elements(r.recipe -> 'rules') rule WHERE r.id = :run"
    " AND rule ->> 'rule' = 'seats' AND coalesce(CAST(rule ->> 'min' AS integer), 1) > 0"
    " AND concat_ws(' ', rule ->> 'attribute', rule ->> 'value') ~* '{}')"
)
_FORMAT = (
    f"CASE WHEN {_SEATS.format('facilitat')} THEN 'facilitated' WHEN {_SEATS.format('near[ _-]?peer')} THEN 'near_peer'"
    " WHEN (SELECT count(*) FROM placement q WHERE q.tenant_id = f.tenant_id AND q.proposed_group_id = f.id) = 2"
    " THEN 'dyad' ELSE 'small_group' END"
)
"""What a new group is: by whom its recipe keeps seats for, and by how many they are."""
_GOES_ON_NOW = "g.id IN (SELECT f.group_id FROM proposed_group f WHERE f.matching_run_id = :run)"

STEPS = {
    "formed": (
        "WITH made AS (INSERT INTO peer_group (tenant_id, id, cohort_id, matching_run_id, name, state, group_sign_in,"
        " format)"
        " SELECT f.tenant_id, f.id, :cohort, f.matching_run_id, CAST(:label AS text) || ' ' ||"
        "        row_number() OVER (ORDER BY f.position) +"
        "        (SELECT count(*) FROM peer_group WHERE cohort_id = :cohort), 'formed',"
        "        (SELECT g.group_sign_in FROM cohort c JOIN program g ON g.tenant_id = c.tenant_id"
        "          AND g.id = c.program_id WHERE c.id = :cohort),"
        f"        {_FORMAT}"
        "   FROM proposed_group f WHERE f.matching_run_id = :run AND f.group_id IS NULL RETURNING id)"
        " SELECT count(*) FROM made"
    ),
    "left": (
        "WITH gone AS (UPDATE group_member x SET left_at = :moment WHERE x.id IN (SELECT m.id"
        f"{_PRESENT} AND p.state IN ('placed', 'withdrawn') AND NOT EXISTS (SELECT{_GOES_ON}"
        "   AND q.participant_id = m.participant_id AND f.group_id = m.group_id)) RETURNING x.id)"
        " SELECT count(*) FROM gone"
    ),
    "ended": (
        "WITH over AS (UPDATE peer_group g SET state = 'ended', updated_at = :moment, version = version + 1"
        f" WHERE g.id IN {_KEPT} AND NOT EXISTS (SELECT FROM proposed_group f"
        "   WHERE f.matching_run_id = :run AND f.group_id = g.id) RETURNING g.id) SELECT count(*) FROM over"
    ),
    "joined": (
        "WITH new AS (INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id)"
        " SELECT q.tenant_id, uuidv7(), coalesce(f.group_id, f.id), q.participant_id, p.membership_id"
        "   FROM placement q JOIN participant p ON p.tenant_id = q.tenant_id AND p.id = q.participant_id"
        "   JOIN proposed_group f ON f.tenant_id = q.tenant_id AND f.id = q.proposed_group_id"
        "  WHERE q.matching_run_id = :run AND (f.group_id IS NULL OR q.from_group_id IS DISTINCT FROM f.group_id)"
        "    AND NOT EXISTS (SELECT FROM group_member x WHERE x.tenant_id = q.tenant_id AND x.group_id = f.group_id"
        "      AND x.participant_id = q.participant_id AND x.left_at IS NULL) ORDER BY q.id RETURNING group_id)"
        " SELECT count(*) FROM new WHERE group_id NOT IN (SELECT id FROM proposed_group WHERE matching_run_id = :run)"
    ),
    "mended": (
        "WITH whole AS (UPDATE peer_group g SET repair_since = NULL, updated_at = :moment, version = version + 1"
        f"   WHERE {_GOES_ON_NOW} AND g.repair_since IS NOT NULL RETURNING g.id) SELECT count(*) FROM whole"
    ),
    "grown": (
        "WITH grown AS (UPDATE peer_group g SET format = 'small_group', updated_at = :moment, version = version + 1"
        f"   WHERE {_GOES_ON_NOW} AND g.format = 'dyad' AND (SELECT count(*) FROM group_member m"
        "     WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id AND m.left_at IS NULL) > 2 RETURNING g.id)"
        " SELECT count(*) FROM grown"
    ),
    "placed": (
        "WITH placed AS (UPDATE participant p"
        "   SET state = 'placed', state_since = :moment, state_reason = NULL, updated_at = :moment,"
        "     version = version + 1"
        "   FROM placement q WHERE q.tenant_id = p.tenant_id AND q.participant_id = p.id"
        "    AND q.matching_run_id = :run AND q.proposed_group_id IS NOT NULL AND p.state <> 'placed'"
        "   RETURNING p.tenant_id, p.id),"
        " noted AS (INSERT INTO participant_change"
        "   (tenant_id, id, participant_id, source, state, attributes, created_at)"
        " SELECT tenant_id, uuidv7(), id, 'matching', 'placed', '{}', :moment FROM placed RETURNING id)"
        " SELECT count(*) FROM noted"
    ),
    "waitlisted": (
        "WITH later AS (UPDATE participant p SET state = 'waitlisted', state_since = :moment, state_reason = q.reason,"
        "   updated_at = :moment, version = version + 1 FROM placement q"
        "   WHERE q.tenant_id = p.tenant_id AND q.participant_id = p.id AND q.matching_run_id = :run"
        "    AND (q.arm > 1 AND p.state IN ('eligible', 'applied')"
        "      OR q.from_group_id IS NOT NULL AND q.proposed_group_id IS NULL"
        "        AND NOT EXISTS (SELECT FROM group_member m"
        "          JOIN peer_group g ON g.tenant_id = m.tenant_id AND g.id = m.group_id"
        "          WHERE m.tenant_id = p.tenant_id AND m.participant_id = p.id AND m.left_at IS NULL"
        "          AND g.state <> 'ended'))"
        "   RETURNING p.tenant_id, p.id, q.reason),"
        " noted AS (INSERT INTO participant_change"
        "   (tenant_id, id, participant_id, source, state, reason, attributes, created_at)"
        "   SELECT tenant_id, uuidv7(), id, 'matching', 'waitlisted', reason, '{}', :moment FROM later RETURNING id)"
        " SELECT count(*) FROM noted"
    ),
}
"""In their order, each with how many it concerned; of those who join, those who join a group that goes on."""

OPEN = (
    "SELECT r.id AS matching_run_id, r.accepted_at, r.group_count, door.open_groups(r.id) AS member_count"
    " FROM matching_run r WHERE r.id = :run"
)
