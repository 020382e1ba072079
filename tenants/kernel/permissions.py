"""Who may do what: the one table. A token's scopes are permissions by name.

A client that acts for its tenant may do what its token says. A person may do what both her token and her roles
say, and always what is about herself; a role can be limited to programs or cohorts, where it gives `LIMITABLE`
only. What a group says is not in this table: the database opens it to the group's members alone.
"""

from enum import StrEnum


class Permission(StrEnum):
    """One thing a caller may be allowed to do. The value is the OAuth scope."""

    TENANT_READ = "tenant:read"
    TENANT_WRITE = "tenant:write"
    CLIENTS_MANAGE = "clients:manage"
    CONNECTIONS_MANAGE = "connections:manage"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    ROLES_GRANT = "roles:grant"
    PROGRAMS_READ = "programs:read"
    PROGRAMS_WRITE = "programs:write"
    PARTICIPANTS_READ = "participants:read"
    PARTICIPANTS_WRITE = "participants:write"
    MATCHING_READ = "matching:read"
    MATCHING_WRITE = "matching:write"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    OUTCOMES_READ = "outcomes:read"
    OUTCOMES_WRITE = "outcomes:write"
    REPORTS_READ = "reports:read"
    REPORTS_WRITE = "reports:write"
    RELEASES_APPROVE = "releases:approve"
    NAMED_DOCUMENTS_READ = "named_documents:read"
    NAMED_DOCUMENTS_WRITE = "named_documents:write"
    JOBS_READ = "jobs:read"
    JOBS_CANCEL = "jobs:cancel"
    EVENTS_READ = "events:read"
    AUDIT_READ = "audit:read"
    ME_READ = "me:read"
    ME_WRITE = "me:write"
    GROUP_CONTENT_READ = "group_content:read"
    GROUP_CONTENT_WRITE = "group_content:write"


MEANING: dict[Permission, str] = {
    Permission.TENANT_READ: "See the tenant's own name and settings",
    Permission.TENANT_WRITE: "Change the tenant's name and settings",
    Permission.CLIENTS_MANAGE: "Create, rotate and revoke API clients",
    Permission.CONNECTIONS_MANAGE: "Set up how the tenant's people sign in",
    Permission.PEOPLE_READ: "See the tenant's people, their roles and invitations",
    Permission.PEOPLE_WRITE: "Add, change and invite people",
    Permission.ROLES_GRANT: "Give roles to people and take them away",
    Permission.PROGRAMS_READ: "See programs, their attributes and their cohorts",
    Permission.PROGRAMS_WRITE: "Create and change programs, attributes and cohorts",
    Permission.PARTICIPANTS_READ: "See participants and imports",
    Permission.PARTICIPANTS_WRITE: "Add, import and change participants",
    Permission.MATCHING_READ: "See recipes, separations, matching runs and proposed groups",
    Permission.MATCHING_WRITE: "Change recipes and separations, run matching and accept its proposals",
    Permission.GROUPS_READ: "See groups and who is in them, never what they say",
    Permission.GROUPS_WRITE: "Announce, confirm and end groups",
    Permission.OUTCOMES_READ: "See products and career events",
    Permission.OUTCOMES_WRITE: "Record products and career events; with participants:write import them",
    Permission.REPORTS_READ: "See reports and download their files",
    Permission.REPORTS_WRITE: "Order reports; draft, review and send releases; accept or return those of others",
    Permission.RELEASES_APPROVE: "Approve what leaves the tenant, sign sharing agreements, and declare what is pooled",
    Permission.NAMED_DOCUMENTS_READ: "See documents that name people, and download their files",
    Permission.NAMED_DOCUMENTS_WRITE: "Have documents built that name the people who agreed to that",
    Permission.JOBS_READ: "See how background work is getting on",
    Permission.JOBS_CANCEL: "Cancel background work",
    Permission.EVENTS_READ: "Read the feed of events",
    Permission.AUDIT_READ: "Read events about security as well",
    Permission.ME_READ: "See your own profile, applications, groups, when they meet, and what everybody here may see",
    Permission.ME_WRITE: "Change your own profile and answers, and sign you out",
    Permission.GROUP_CONTENT_READ: "Read what your groups write, and your private wishes",
    Permission.GROUP_CONTENT_WRITE: "Write in your groups, and your private wishes",
}

ALL = frozenset(Permission)
SELF = frozenset({Permission.ME_READ, Permission.ME_WRITE})
"""What a person may do by being a member; of no use to a client that acts for nobody."""
PRIVATE = frozenset({Permission.GROUP_CONTENT_READ, Permission.GROUP_CONTENT_WRITE})
"""What no client of a tenant is ever given, whoever consents: the employer runs it."""
NAMED = frozenset({Permission.NAMED_DOCUMENTS_READ, Permission.NAMED_DOCUMENTS_WRITE})
"""What a client of a tenant is given only where its maker asks for it by name."""
TENANT = ALL - SELF - PRIVATE
"""What the tenant itself can do."""

_RUNS = frozenset(
    {
        Permission.PROGRAMS_READ,
        Permission.PROGRAMS_WRITE,
        Permission.PARTICIPANTS_READ,
        Permission.PARTICIPANTS_WRITE,
        Permission.MATCHING_READ,
        Permission.MATCHING_WRITE,
        Permission.GROUPS_READ,
        Permission.GROUPS_WRITE,
        Permission.OUTCOMES_READ,
        Permission.OUTCOMES_WRITE,
        Permission.REPORTS_READ,
        Permission.REPORTS_WRITE,
    }
)
LIMITABLE = _RUNS | {Permission.PEOPLE_READ, Permission.PEOPLE_WRITE}
"""What a role gives where it is limited to a program or a cohort."""


class Role(StrEnum):
    """What somebody is in a tenant. The order is that of the document."""

    OWNER = "owner"
    ADMIN = "admin"
    PROGRAM_MANAGER = "program_manager"
    FACILITATOR = "facilitator"
    MEMBER = "member"
    REPORT_VIEWER = "report_viewer"
    AUDITOR = "auditor"


ROLES: dict[Role, frozenset[Permission]] = {
    Role.OWNER: TENANT,
    Role.ADMIN: TENANT,
    Role.PROGRAM_MANAGER: LIMITABLE
    | {
        Permission.TENANT_READ,
        Permission.JOBS_READ,
        Permission.JOBS_CANCEL,
        Permission.EVENTS_READ,
        Permission.RELEASES_APPROVE,
    },
    Role.FACILITATOR: frozenset({Permission.PROGRAMS_READ, Permission.GROUPS_READ}),
    Role.MEMBER: frozenset(),
    Role.REPORT_VIEWER: frozenset({Permission.PROGRAMS_READ, Permission.REPORTS_READ}),
    # Definitions, releases and the audit chain; no persons.
    Role.AUDITOR: frozenset(
        {
            Permission.PROGRAMS_READ,
            Permission.REPORTS_READ,
            Permission.EVENTS_READ,
            Permission.AUDIT_READ,
        }
    ),
}
"""What each role gives in the whole tenant. Only owners make owners; nobody gives what they lack."""

IN_PLACES = frozenset({Role.PROGRAM_MANAGER, Role.FACILITATOR, Role.REPORT_VIEWER})
"""Roles that can be limited to a program or a cohort."""
EXPIRING = frozenset({Role.AUDITOR})
"""Roles that are given for a time only."""
