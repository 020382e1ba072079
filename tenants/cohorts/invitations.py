"""Inviting a whole cohort: everybody who has an address and has not joined, in as many statements as one takes."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from tenants.cohorts.models import Cohort
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.people import invitations

LEFT_ALONE = ("ineligible", "declined", "withdrawn", "completed")
"""Participants in these states are not invited."""
_WHO = text("""
    CREATE TEMP TABLE invited ON COMMIT DROP AS
    SELECT p.id AS participant_id, p.membership_id, p.state, uuidv7() AS invitation_id,
           CASE WHEN p.state = ANY (:left_alone) THEN 'left_alone'
                WHEN m.person_id IS NOT NULL THEN 'joined'
                WHEN EXISTS (SELECT FROM invitation i WHERE i.tenant_id = p.tenant_id
                              AND i.membership_id = p.membership_id AND i.expires_at > now()
                              AND i.accepted_at IS NULL AND i.declined_at IS NULL AND i.revoked_at IS NULL)
                     THEN 'already_invited'
                WHEN EXISTS (SELECT FROM role_grant r
                              WHERE r.tenant_id = p.tenant_id AND r.membership_id = p.membership_id)
                     THEN 'with_roles'
                WHEN :limited AND door.ties_of_person(p.membership_id) <>
                     (SELECT count(*) FROM participant q
                       WHERE q.tenant_id = p.tenant_id AND q.membership_id = p.membership_id) THEN 'out_of_reach'
                WHEN coalesce(m.chosen_email, m.email) IS NULL THEN 'without_address'
                ELSE 'invited' END AS outcome
      FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
     WHERE p.cohort_id = :cohort
""")
_EXPIRED = text("""
    UPDATE invitation i SET revoked_at = now() FROM invited w
     WHERE w.outcome = 'invited' AND i.tenant_id = :tenant AND i.membership_id = w.membership_id
       AND i.accepted_at IS NULL AND i.declined_at IS NULL AND i.revoked_at IS NULL
""")
_INVITE = text("""
    INSERT INTO invitation (tenant_id, id, membership_id, cohort_id, expires_at)
    SELECT :tenant, invitation_id, membership_id, :cohort, :expires FROM invited WHERE outcome = 'invited'
""")
_MOVE = text("""
    WITH moved AS (
        UPDATE participant p SET state = 'invited', state_since = now(), state_reason = NULL,
                                 updated_at = now(), version = version + 1
          FROM invited w WHERE w.outcome = 'invited' AND p.tenant_id = :tenant AND p.id = w.participant_id
           AND p.state = 'eligible' RETURNING p.id)
    INSERT INTO participant_change (tenant_id, id, participant_id, source, state, attributes)
    SELECT :tenant, uuidv7(), id, 'api', 'invited', '{}' FROM moved
""")
_COUNTS = text("SELECT outcome, count(*) AS number FROM invited GROUP BY outcome")
_IDS = text("SELECT invitation_id FROM invited WHERE outcome = 'invited' ORDER BY invitation_id")


@dataclass(frozen=True, slots=True)
class Invited:
    """How many of a cohort were invited, and how many were not and why."""

    invited: int = 0
    joined: int = 0
    already_invited: int = 0
    with_roles: int = 0
    out_of_reach: int = 0
    without_address: int = 0
    left_alone: int = 0


def invite_cohort(session: Session, *, cohort_id: UUID) -> Invited:
    """Invite everybody of a cohort who can be; letters go out in the background. Eligible ones become invited.

    Who was invited before and has not answered is left alone while that invitation holds, and so is who holds a
    role, or in a limited session is elsewhere too: she is invited by somebody who reaches that. Raises NotFound.
    """
    row_of(session, Cohort, cohort_id, "cohort")
    known = {
        "tenant": session.tenant_id,
        "cohort": cohort_id,
        "left_alone": list(LEFT_ALONE),
        "limited": session.limited,
        "expires": now() + invitations.LIFETIME,
    }
    session.execute(_WHO, known)
    session.execute(_EXPIRED, known)
    session.execute(_INVITE, known)
    session.execute(_MOVE, known)
    found = Invited(**{row.outcome: row.number for row in session.execute(_COUNTS)})
    ids = list(session.scalars(_IDS))
    if ids:
        invitations.send(session, invitation_ids=ids)
    counts = {"invited": found.invited}
    events.record(session, "cohort.invited", subject_type="cohort", subject_id=cohort_id, counts=counts)
    return found
