"""The statements by which somebody who declines her place leaves a group: :group, :member (a membership), :moment.

RELEASE takes :state and :reason too; whoever is in another living group stays as she is.
"""

_HERS = (
    "SELECT m.participant_id FROM group_member m WHERE m.group_id = :group AND m.membership_id = :member"
    " AND m.left_at IS NULL"
)
# Held before the group, in the order of an acceptance, so that the two never wait for each other.
HOLD = f"SELECT p.id FROM participant p WHERE p.id IN ({_HERS}) ORDER BY p.id FOR UPDATE"  # noqa: S608
LEAVE = (
    "UPDATE group_member SET left_at = :moment"
    " WHERE group_id = :group AND membership_id = :member AND left_at IS NULL"
)
RELEASE = (
    "WITH free AS (UPDATE participant f SET state = :state, state_since = :moment, state_reason = :reason,"
    "   updated_at = :moment, version = version + 1 WHERE f.id = ANY (CAST(:participants AS uuid[]))"
    "   AND f.state IN ('placed', 'paused')"
    "   AND NOT EXISTS (SELECT FROM group_member o JOIN peer_group g ON g.tenant_id = o.tenant_id AND g.id = o.group_id"
    "     WHERE o.tenant_id = f.tenant_id AND o.participant_id = f.id AND o.left_at IS NULL AND g.state <> 'ended')"
    "   RETURNING f.tenant_id, f.id),"
    " noted AS (INSERT INTO participant_change"
    "   (tenant_id, id, participant_id, source, state, reason, attributes, created_at)"
    "   SELECT tenant_id, uuidv7(), id, 'person', CAST(:state AS text), CAST(:reason AS text), '{}', :moment"
    "     FROM free RETURNING id)"
    " SELECT count(*) FROM noted"
)
