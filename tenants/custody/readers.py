"""Who can read what about somebody: worked out from the permission table, the roles that are held, and the policies.

A kind of thing is open to whoever holds its permission, unless its table has the policy that narrows it; which policies
there are is asked of PostgreSQL each time, so that what is told is what the database does.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Select, Text, select, text

from tenants.kernel.permissions import LIMITABLE, ROLES, Permission


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing about somebody: the table that holds it, the permission that opens it (None: no caller's but her
    own), the policy that narrows it further, and whether a role that is limited to a part of the tenant opens it.
    """

    name: str
    description: str
    table: str
    permission: Permission | None
    wall: str | None = None
    limitable: bool = True


KINDS = (
    Kind("profile", "Your name, address and identifiers", "membership", Permission.PEOPLE_READ),
    Kind("invitations", "That you were invited, and what you answered", "invitation", Permission.PEOPLE_READ),
    Kind("roles", "The roles that you hold", "role_grant", Permission.PEOPLE_READ),
    Kind("participation", "Where you take part, your answers and their history", "participant",
         Permission.PARTICIPANTS_READ),
    Kind("nominations", "That your institution nominated you for another's groups", "nomination",
         Permission.PEOPLE_READ, limitable=False),
    Kind("consents", "What you agreed to, and what you object to", "consent_entry", Permission.PARTICIPANTS_READ),
    Kind("separations", "Whom organisers keep you apart from", "separation_member", Permission.MATCHING_READ),
    Kind("wishes", "Whom you do not want to be in a group with", "separation", Permission.MATCHING_READ,
         "own_wishes"),
    Kind("placements", "Which groups were proposed for you, and why", "placement", Permission.MATCHING_READ),
    Kind("groups", "Which groups you are in, never what they write", "group_member", Permission.GROUPS_READ),
    Kind("group_content", "What you write in your groups", "charter_version", Permission.GROUPS_READ, "group_wall"),
    Kind("check_ins", "What you answer in check-ins", "check_in", Permission.GROUPS_READ, "own_words"),
    Kind("surveys", "What you answer in surveys", "survey_response", None),
    Kind("concerns", "What you say in confidence of a group: you, and those whom you saw before you sent it",
         "concern", None),
    Kind("mentors", "Which other mentors you have", "own_mentors", None),
    Kind("products", "Products that you are behind", "product_contributor", Permission.OUTCOMES_READ),
    Kind("own_products", "Products that you keep for yourself", "product", None),
    Kind("career_events", "Events of your career", "career_event", Permission.OUTCOMES_READ),
    Kind("own_career_events", "Events of your career that you keep for yourself", "career_event", None),
    Kind("findings", "What public sources say is perhaps yours", "finding", Permission.OUTCOMES_READ),
    Kind("candidate_searches", "Which peers you looked for", "candidate_search", None),
    Kind("named_documents", "Documents that name you, if you agreed to that", "named_document",
         Permission.NAMED_DOCUMENTS_READ, limitable=False),
    Kind("events", "That something of yours was changed and when, without what it says", "event",
         Permission.EVENTS_READ),
    Kind("sign_ins", "Where you are signed in, and which clients act for you", "browser_session", None),
)  # fmt: skip
"""In the order in which they are told. Reports tell of nobody: they are not here."""

_READERS = """
WITH kind AS (
    SELECT k.*, EXISTS (SELECT FROM pg_policies p
                         WHERE p.schemaname = 'public' AND p.tablename = k.held_in AND p.policyname = k.wall
                           AND p.permissive = 'RESTRICTIVE' AND p.cmd = 'ALL') AS narrowed
      FROM unnest(CAST(:names AS text[]), CAST(:descriptions AS text[]), CAST(:tables AS text[]),
                  CAST(:scopes AS text[]), CAST(:walls AS text[]), CAST(:limitable AS boolean[]))
           WITH ORDINALITY AS k(name, description, held_in, scope, wall, limitable, position)),
given AS (SELECT * FROM unnest(CAST(:scopes_given AS text[]), CAST(:roles_given AS text[])) AS g(scope, role)),
place AS (SELECT c.id AS cohort_id, c.program_id
            FROM participant p JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
           WHERE p.membership_id = :me),
reader AS (
    SELECT k.position, 1 AS rank, 'self' AS by, NULL AS role, NULL AS name,
           NULL AS program_name, NULL AS cohort_name, NULL AS group_name, CAST(NULL AS timestamptz) AS expires_at
      FROM kind k
     UNION ALL
    SELECT k.position, 2, 'role', r.role, coalesce(m.chosen_name, m.name), p.name, c.name, NULL, r.expires_at
      FROM kind k
      JOIN given v ON v.scope = k.scope AND NOT k.narrowed
      JOIN role_grant r ON r.role = v.role AND r.membership_id <> :me
                       AND (r.expires_at IS NULL OR r.expires_at > now())
      JOIN membership m ON m.tenant_id = r.tenant_id AND m.id = r.membership_id
      LEFT JOIN program p ON p.tenant_id = r.tenant_id AND p.id = r.program_id
      LEFT JOIN cohort c ON c.tenant_id = r.tenant_id AND c.id = r.cohort_id
     WHERE r.program_id IS NULL AND r.cohort_id IS NULL
        OR k.limitable AND CASE k.held_in
           WHEN 'role_grant' THEN EXISTS (SELECT FROM role_grant mine
                LEFT JOIN cohort its ON its.tenant_id = mine.tenant_id AND its.id = mine.cohort_id
                WHERE mine.membership_id = :me AND (mine.cohort_id = r.cohort_id
                   OR coalesce(mine.program_id, its.program_id) = r.program_id))
           ELSE EXISTS (SELECT FROM place WHERE place.cohort_id = r.cohort_id OR place.program_id = r.program_id) END
     UNION ALL
    SELECT k.position, 3, 'client', NULL, c.name, NULL, NULL, NULL, NULL
      FROM kind k JOIN client c ON k.scope = ANY (c.scopes) AND NOT k.narrowed
     WHERE c.state = 'active' AND 'client_credentials' = ANY (c.grant_types)
     UNION ALL
    SELECT k.position, 4, 'group_member', NULL, coalesce(m.chosen_name, m.name), NULL, NULL, g.name, NULL
      FROM kind k
      JOIN group_member mine ON mine.membership_id = :me AND mine.admitted_at IS NOT NULL
      JOIN peer_group g ON g.tenant_id = mine.tenant_id AND g.id = mine.group_id AND g.state <> 'formed'
      JOIN group_member other ON other.tenant_id = g.tenant_id AND other.group_id = g.id
                             AND other.membership_id <> :me AND other.admitted_at IS NOT NULL AND other.left_at IS NULL
      JOIN membership m ON m.tenant_id = other.tenant_id AND m.id = other.membership_id
     WHERE k.wall = 'group_wall' AND k.narrowed)
SELECT row_number() OVER (ORDER BY r.position, r.rank, r.name, r.role, r.program_name, r.cohort_name, r.group_name)
       AS place, k.name AS kind, k.description, r.by, r.role, r.name, r.program_name, r.cohort_name, r.group_name,
       r.expires_at
  FROM reader r JOIN kind k ON k.position = r.position
"""


def readers(membership_id: UUID) -> Select[Any]:
    """Whoever can read each kind of thing about somebody: herself, holders of roles and clients of the tenant by name,
    and, of what groups write, their members. A role that is limited says to which program or cohort.
    """
    gives = [
        (permission.value, role.value)
        for role, permissions in ROLES.items()
        for permission in sorted(permissions)
    ]
    given = {
        "me": membership_id,
        "names": [kind.name for kind in KINDS],
        "descriptions": [kind.description for kind in KINDS],
        "tables": [kind.table for kind in KINDS],
        "scopes": [kind.permission and kind.permission.value for kind in KINDS],
        "walls": [kind.wall for kind in KINDS],
        "limitable": [kind.limitable and kind.permission in LIMITABLE for kind in KINDS],
        "scopes_given": [scope for scope, _ in gives],
        "roles_given": [role for _, role in gives],
    }
    words = ("kind", "description", "by", "role", "name", "program_name", "cohort_name", "group_name")
    typed = text(_READERS).bindparams(**given).columns(
        place=BigInteger(), expires_at=DateTime(timezone=True), **dict.fromkeys(words, Text())
    )  # fmt: skip
    return select(typed.subquery())
