"""Roles: what people hold in a tenant, who may give it to whom, and what follows from it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.exc import IntegrityError

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import EXPIRING, IN_PLACES, LIMITABLE, ROLES, Permission, Role
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.people.models import RoleGrant

# The tables of a room above, which knows of roles and not the other way round.
_EXISTS = {
    "program": text("SELECT id FROM program WHERE id = :id"),
    "cohort": text("SELECT program_id FROM cohort WHERE id = :id"),
}


_OWNER_JOINED = text(
    "SELECT EXISTS (SELECT FROM role_grant r"
    "  JOIN membership m ON m.tenant_id = r.tenant_id AND m.id = r.membership_id"
    " WHERE r.role = 'owner' AND m.person_id IS NOT NULL AND (r.expires_at IS NULL OR r.expires_at > now()))"
)


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
        `_check_may_give`), admins all but owners, and holders of a delegable role the same role, within its limits
        and not beyond its end.

        What was passed on is not passed on again: `delegable` is an owner's or admin's to give.
        """
        if not {permission.value for permission in wanted.permissions} <= set(self.scopes):
            return False
        if self.roles is None:
            return True
        in_charge = {each.role for each in self.roles if not each.limited}
        if Role.OWNER in in_charge:
            return True
        if Role.ADMIN in in_charge:
            return wanted.role is not Role.OWNER
        return not wanted.delegable and any(
            own.delegable and own.role is wanted.role and _within(wanted, own, program_of_cohort)
            for own in self.roles
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


def roles_of(session: Session, membership_id: UUID) -> list[Held]:
    """The roles that a membership holds now; expired ones are none."""
    columns = (
        RoleGrant.role,
        RoleGrant.program_id,
        RoleGrant.cohort_id,
        RoleGrant.expires_at,
        RoleGrant.delegable,
    )
    rows = session.execute(select(*columns).where(RoleGrant.membership_id == membership_id, _in_force()))
    return [Held(Role(row.role), *row[1:]) for row in rows]


def refuse_more(session: Session, *, giver: Giver, membership_id: UUID) -> None:
    """Raise Forbidden "role_not_held" where somebody holds a role that the giver could not give.

    A link, or another address for letters, makes somebody else of her: who deals with these could give her roles.
    """
    for held in roles_of(session, membership_id):
        _check_may_give(session, giver, held, "She holds a role that you could not give.")


def role_grants(*, membership_id: UUID | None = None) -> Select[Any]:
    """Who holds which role, expired ones too; of one membership or of all."""
    rows = select(*RoleGrant.__table__.columns)
    return rows if membership_id is None else rows.where(RoleGrant.membership_id == membership_id)


def grant_role(
    session: Session,
    *,
    giver: Giver,
    membership_id: UUID,
    role: str,
    program_id: UUID | None = None,
    cohort_id: UUID | None = None,
    delegable: bool = False,
    expires_at: datetime | None = None,
) -> RoleGrant:
    """Give somebody a role.

    Raises Invalid for a limit that the role cannot have, a missing or past end and an unknown id, and Forbidden
    "role_not_held" for more than the giver may give.
    """
    wanted = Held(Role(role), program_id, cohort_id, expires_at, delegable)
    _refuse_misfit(wanted)
    _check_may_give(session, giver, wanted, "You can give no role beyond what you may give yourself.")
    grant = RoleGrant(
        membership_id=membership_id,
        role=wanted.role.value,
        program_id=program_id,
        cohort_id=cohort_id,
        delegable=delegable,
        expires_at=expires_at,
        granted_by=session.actor,
    )
    session.add(grant)
    try:
        session.flush()
    except (
        IntegrityError
    ) as error:  # told by the reference: a colleague is not within a limited giver's reach
        raise Invalid.field("/membership_id", "unknown", "There is no such membership.") from error
    events.record(session, "role.granted", subject=grant, changed=[role], audience="audit")
    return grant


def revoke_role(session: Session, *, giver: Giver, role_grant_id: UUID) -> None:
    """Take a role away. Forbidden unless the giver could give it; Conflict "last_owner" for the last owner's."""
    grant = row_of(session, RoleGrant, role_grant_id, "role")
    taken = Held(Role(grant.role), grant.program_id, grant.cohort_id, grant.expires_at, grant.delegable)
    _check_may_give(session, giver, taken, "You can take away no role that you could not give.")
    if taken.role is Role.OWNER:
        _keep_an_owner(session, grant)
    events.record(session, "role.revoked", subject=grant, changed=[grant.role], audience="audit")
    session.delete(grant)
    session.flush()


def follow_claims(
    session: Session, *, membership_id: UUID, connection_id: UUID, roles: Collection[Role]
) -> None:
    """Let somebody hold, by a connection, the roles that its claims give now, and no others by it."""
    held = list(session.scalars(select(RoleGrant).where(
        RoleGrant.membership_id == membership_id, RoleGrant.connection_id == connection_id
    )))  # fmt: skip
    for grant in held:
        if grant.role not in roles:
            events.record(session, "role.revoked", subject=grant, changed=[grant.role], audience="audit")
            session.delete(grant)
    for role in sorted(set(roles) - {Role(grant.role) for grant in held}):
        grant = RoleGrant(
            id=new_id(), membership_id=membership_id, role=role.value, connection_id=connection_id
        )
        session.add(grant)
        events.record(session, "role.granted", subject=grant, changed=[role.value], audience="audit")
    session.flush()


def owners(session: Session) -> list[RoleGrant]:
    """The grants that make owners now, held until the transaction ends, so that two cannot end each other."""
    rows = select(RoleGrant).where(RoleGrant.role == Role.OWNER, _in_force())
    return list(session.scalars(rows.order_by(RoleGrant.id).with_for_update()))


def _check_may_give(session: Session, giver: Giver, wanted: Held, said: str) -> None:
    """Raise Forbidden "role_not_held" for what the giver may not give.

    Once an owner has joined, the tenant's own clients make owners no more: an admin, who can make such clients,
    would make herself one.
    """
    by_client = giver.roles is None and wanted.role is Role.OWNER and session.scalar(_OWNER_JOINED)
    if by_client or not giver.may_give(wanted, program_of_cohort=_program_limiting(session, wanted)):
        raise Forbidden(said, code="role_not_held")


def _keep_an_owner(session: Session, grant: RoleGrant) -> None:
    lasting = [each for each in owners(session) if each.id != grant.id and each.expires_at is None]
    if not lasting and grant.expires_at is None:
        raise Conflict("A tenant keeps an owner; make another one first.", code="last_owner")


def _within(wanted: Held, own: Held, program_of_cohort: UUID | None) -> bool:
    if own.expires_at is not None and (wanted.expires_at is None or wanted.expires_at > own.expires_at):
        return False
    if not own.limited:
        return True
    if own.cohort_id is not None:
        return wanted.cohort_id == own.cohort_id
    return own.program_id in (wanted.program_id, program_of_cohort)


def _refuse_misfit(wanted: Held) -> None:
    broken = []
    if wanted.program_id and wanted.cohort_id:
        broken.append(FieldError("/cohort_id", "one_limit", "Limit a role to a program or to a cohort."))
    if wanted.limited and wanted.role not in IN_PLACES:
        said = f"The role {wanted.role} holds in the whole tenant."
        broken.append(FieldError("/program_id" if wanted.program_id else "/cohort_id", "not_limitable", said))
    if wanted.role in EXPIRING and wanted.expires_at is None:
        broken.append(FieldError("/expires_at", "required", f"The role {wanted.role} needs an end."))
    if wanted.expires_at is not None and wanted.expires_at <= now():
        broken.append(FieldError("/expires_at", "past", "The end has passed already."))
    if wanted.delegable and wanted.role in (Role.OWNER, Role.ADMIN):
        broken.append(FieldError("/delegable", "needless", "Owners and admins can give roles anyway."))
    if broken:
        raise Invalid(*broken)


def _program_limiting(session: Session, wanted: Held) -> UUID | None:
    """The program of the cohort that a role is limited to. Raises Invalid for an unknown program or cohort."""
    for name, row_id in (("program", wanted.program_id), ("cohort", wanted.cohort_id)):
        if row_id is not None and session.scalar(_EXISTS[name], {"id": row_id}) is None:
            raise Invalid.field(f"/{name}_id", "unknown", f"There is no such {name}.")
    if wanted.cohort_id is None:
        return None
    found: UUID = session.scalar(_EXISTS["cohort"], {"id": wanted.cohort_id})
    return found


def _in_force() -> Any:
    return (RoleGrant.expires_at.is_(None)) | (RoleGrant.expires_at > func.now())
