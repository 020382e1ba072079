"""Whom a concern would reach. Its author sees them by name before she sends it, and it reaches them and nobody else.

They are those whom the program named for it, else the tenant's owners and admins and the program's managers; of these
whoever has a sign-in of her own, as only she herself opens it, and not its author, nor anybody who is or was in the
group, facilitates it or did, or was ever marked as having power over her: named in an attribute of kind `reference` of
hers, in whatever program, by what he goes by or ever did.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenants.cohorts.references import is_among, names_given_by
from tenants.groups.presence import group_held
from tenants.groups.queries import refuse_strangers
from tenants.kernel.errors import Conflict
from tenants.kernel.session import Session

NOBODY = (
    "Nobody is left who could read it without being in your group or having power over you. Turn to somebody outside of"
    " the program: an ombudsperson or confidential adviser of your institution, or your funder's contact for this."
)
_IN_FORCE = (
    "(r.expires_at IS NULL OR r.expires_at > now()) AND (r.connection_id IS NULL OR EXISTS (SELECT FROM connection k"
    " WHERE k.tenant_id = r.tenant_id AND k.id = r.connection_id AND k.state IN ('on', 'enforced')))"
)
_READERS = text(f"""
    WITH place AS (SELECT g.id AS group_id, c.id AS cohort_id, p.id AS program_id, p.concern_readers AS named
                     FROM peer_group g JOIN cohort c ON c.tenant_id = g.tenant_id AND c.id = g.cohort_id
                     JOIN program p ON p.tenant_id = c.tenant_id AND p.id = c.program_id WHERE g.id = :group),
    candidate AS (
        SELECT unnest(place.named) AS membership_id, 'concerns_reader' AS role FROM place
         UNION
        SELECT r.membership_id, r.role FROM role_grant r, place
         WHERE place.named = '{{}}' AND {_IN_FORCE} AND (r.role IN ('owner', 'admin') OR r.role = 'program_manager'
           AND (r.program_id = place.program_id OR r.cohort_id = place.cohort_id
                OR r.program_id IS NULL AND r.cohort_id IS NULL)))
    SELECT m.id AS membership_id, coalesce(m.chosen_name, m.name) AS name,
           array_agg(DISTINCT c.role ORDER BY c.role) AS roles
      FROM candidate c JOIN membership m ON m.id = c.membership_id
     WHERE m.person_id IS NOT NULL AND door.has_personal(m.person_id) AND m.id <> :me
       AND m.id NOT IN (SELECT x.membership_id FROM group_member x WHERE x.group_id = :group)
       AND m.id NOT IN (SELECT f.membership_id FROM facilitation f WHERE f.group_id = :group)
       AND NOT {is_among("m", names_given_by(":me", ever=True))}
     GROUP BY m.id, m.chosen_name, m.name ORDER BY m.id
""")  # noqa: S608 - SQL of ours is put in
# Whoever would mark somebody, change a setting or take a role away waits for the end of it. In the order in which
# others hold them: participants before groups.
_HELD = (
    text("SELECT p.id FROM participant p WHERE p.membership_id = :me ORDER BY p.id FOR SHARE"),
    text(
        "SELECT p.id FROM program p JOIN cohort c ON c.tenant_id = p.tenant_id AND c.program_id = p.id"
        " JOIN peer_group g ON g.tenant_id = c.tenant_id AND g.cohort_id = c.id WHERE g.id = :group"
        " FOR SHARE OF p"
    ),
)
_ROLES_HELD = text(
    "SELECT r.id FROM role_grant r WHERE r.role IN ('owner', 'admin', 'program_manager') ORDER BY r.id FOR SHARE"
)


def readers_of(session: Session, *, group_id: UUID) -> Sequence[Row[Any]]:
    """Whom a concern of the session's member about a group would reach: membership_id, name, and by which roles.

    Raises NotFound to strangers.
    """
    refuse_strangers(session, group_id)
    return session.execute(_READERS, {"group": group_id, "me": session.membership_id}).all()


def readers_seen(session: Session, *, group_id: UUID, seen: Sequence[UUID]) -> list[UUID]:
    """The readers, who stay what they are until the transaction ends, if they are just those whom she has `seen`.

    Raises NotFound to strangers, Conflict "no_reader" where nobody is left and "readers_changed" where they are others.
    """
    refuse_strangers(session, group_id)
    known = {"group": group_id, "me": session.membership_id}
    for held in _HELD:
        session.execute(held, known).all()
    group_held(session, group_id, shared=True)
    session.execute(_ROLES_HELD).all()
    found = [row.membership_id for row in readers_of(session, group_id=group_id)]
    if not found:
        raise Conflict(NOBODY, code="no_reader")
    if set(found) != set(seen):
        raise Conflict("It would reach others than those whom you saw; look again.", code="readers_changed")
    return found
