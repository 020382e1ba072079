"""The statements at the end of a :group, for those who stayed in it. FREE takes :moment and :reason too."""

_STAYED = (
    "SELECT p.id FROM participant p WHERE p.state = 'placed' AND EXISTS (SELECT FROM group_member m"
    "   WHERE m.tenant_id = p.tenant_id AND m.participant_id = p.id AND m.group_id = :group AND m.left_at IS NULL)"
)
# Held before the group, in the order of an acceptance, so that the two never wait for each other.
HOLD = f"SELECT count(*) FROM ({_STAYED} ORDER BY p.id FOR UPDATE) held"
FREE = (
    "WITH free AS (UPDATE participant f SET state = 'waitlisted', state_since = :moment, state_reason = :reason,"
    f"   updated_at = :moment, version = version + 1 WHERE f.id IN ({_STAYED})"
    "   AND NOT EXISTS (SELECT FROM group_member o JOIN peer_group g ON g.tenant_id = o.tenant_id AND g.id = o.group_id"
    "     WHERE o.tenant_id = f.tenant_id AND o.participant_id = f.id AND o.left_at IS NULL AND g.state <> 'ended'"
    "     AND g.id <> :group) RETURNING f.tenant_id, f.id),"
    " noted AS (INSERT INTO participant_change"
    "   (tenant_id, id, participant_id, source, state, reason, attributes, created_at)"
    "   SELECT tenant_id, uuidv7(), id, 'api', 'waitlisted', :reason, '{}', :moment FROM free RETURNING id)"
    " SELECT count(*) FROM noted"
)
"""Whoever is in no other living group is waitlisted, and it is noted; how many they are."""
