"""What a role gives where it is held, how far that reaches, and who may give it to whom."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants.kernel.permissions import LIMITABLE, ROLES, Permission, Role


@dataclass(frozen=True, slots=True)
class Held:
    """A role as its holder has it at this moment: where, until when, and whether it may be passed on."""

    role: Role
    program_id: UUID | None = None
    cohort_id: UUID | None = None
    expires_at: datetime | None = None
    delegable: bool = False

    @property
    def limited(self) -> bool:
        """Whether it holds in a program or a cohort only."""
        return self.program_id is not None or self.cohort_id is not None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What it gives where it holds."""
        given = ROLES[self.role] & LIMITABLE if self.limited else ROLES[self.role]
        return given | {Permission.ROLES_GRANT} if self.delegable else given


@dataclass(frozen=True, slots=True)
class Reach:
    """Where somebody may do something: everywhere in the tenant, or in these programs and cohorts."""

    whole: bool
    programs: frozenset[UUID] = frozenset()
    cohorts: frozenset[UUID] = frozenset()

    def __bool__(self) -> bool:
        return self.whole or bool(self.programs or self.cohorts)


EVERYWHERE, NOWHERE = Reach(True), Reach(False)


@dataclass(frozen=True, slots=True)
class Giver:
    """Who gives or takes a role: the roles held, None for the tenant itself, and what the token allows at all."""

    roles: Sequence[Held] | None
    scopes: Collection[str]

    def may_give(self, wanted: Held, *, program_of_cohort: UUID | None) -> bool:
        """Nobody gives more than the token allows. Within that the tenant itself and owners give every role (but see
        `_check_may_give`), admins all but owners, and holders of a delegable role the same role; all of them within
        the limits of their own and not beyond its end.

        What was passed on is not passed on again: `delegable` is an owner's or admin's to give.
        """
        if not {permission.value for permission in wanted.permissions} <= set(self.scopes):
            return False
        if self.roles is None:
            return True
        return any(
            _within(wanted, own, program_of_cohort)
            for own in self.roles
            if own.role is Role.OWNER
            or (own.role is Role.ADMIN and wanted.role is not Role.OWNER)
            or (own.delegable and own.role is wanted.role and not wanted.delegable)
        )


THE_TENANT = Giver(None, frozenset(permission.value for permission in Permission))
"""Whoever opens a tenant."""


def reach(held: Iterable[Held], permission: Permission) -> Reach:
    """Where these roles together give a permission; nowhere is false."""
    giving = [each for each in held if permission in each.permissions]
    return Reach(
        whole=any(not each.limited for each in giving),
        programs=frozenset(each.program_id for each in giving if each.program_id),
        cohorts=frozenset(each.cohort_id for each in giving if each.cohort_id),
    )


def _within(wanted: Held, own: Held, program_of_cohort: UUID | None) -> bool:
    if own.expires_at is not None and (wanted.expires_at is None or wanted.expires_at > own.expires_at):
        return False
    if not own.limited:
        return True
    if own.cohort_id is not None:
        return wanted.cohort_id == own.cohort_id
    return own.program_id in (wanted.program_id, program_of_cohort)
