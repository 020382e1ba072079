"""Who may do what: the one table. A token's scopes are permissions by name."""

from enum import StrEnum


class Permission(StrEnum):
    """One thing a caller may be allowed to do. The value is the OAuth scope."""

    TENANT_READ = "tenant:read"
    TENANT_WRITE = "tenant:write"
    CLIENTS_MANAGE = "clients:manage"
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
    JOBS_READ = "jobs:read"
    JOBS_CANCEL = "jobs:cancel"
    EVENTS_READ = "events:read"
    AUDIT_READ = "audit:read"


MEANING: dict[Permission, str] = {
    Permission.TENANT_READ: "See the tenant's own name and settings",
    Permission.TENANT_WRITE: "Change the tenant's name and settings",
    Permission.CLIENTS_MANAGE: "Create, rotate and revoke API clients",
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
    Permission.REPORTS_WRITE: "Order reports",
    Permission.JOBS_READ: "See how background work is getting on",
    Permission.JOBS_CANCEL: "Cancel background work",
    Permission.EVENTS_READ: "Read the feed of events",
    Permission.AUDIT_READ: "Read events about security as well",
}

ALL = frozenset(Permission)


def scopes(text: str) -> frozenset[Permission]:
    """The permissions in a space-separated scope string. ValueError names one that does not exist."""
    return frozenset(Permission(word) for word in text.split())
