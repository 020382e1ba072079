"""Roles: what people hold in a tenant, giving and taking it."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.exc import IntegrityError

from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, FieldError, Forbidden, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import EXPIRING, IN_PLACES, Role
from tenants.kernel.rows import broken_rule, row_of
from tenants.kernel.session import Session
from tenants.people.held import Giver, Held
from tenants.people.models import Invitation, RoleGrant

# The tables of a room above, which knows of roles and not the other way round.
_EXISTS = {
    "program": text("SELECT id FROM program WHERE id = :id"),
    "cohort": text("SELECT program_id FROM cohort WHERE id = :id"),
}
_CONNECTION_ON = (
    "EXISTS (SELECT FROM connection c WHERE c.tenant_id = role_grant.tenant_id"
    " AND c.id = role_grant.connection_id AND c.state IN ('on', 'enforced'))"
)
_OWNER_JOINED = text(
    "SELECT EXISTS (SELECT FROM role_grant r"
    "  JOIN membership m ON m.tenant_id = r.tenant_id AND m.id = r.membership_id"
    " WHERE r.role = 'owner' AND m.person_id IS NOT NULL AND (r.expires_at IS NULL OR r.expires_at > now()))"
)
_WHOLLY_IN_REACH = text(
    "SELECT (SELECT count(*) FROM participant p WHERE p.membership_id = :member)"
    " + (SELECT count(*) FROM role_grant r WHERE r.membership_id = :member) = door.ties_of_person(:member)"
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
    """Raise Forbidden "role_not_held" where somebody holds a role that the giver could not give, and
    "insufficient_role" where a limited session does not reach all that she is.

    A link, or another address for letters, makes somebody else of her: who deals with these could give her roles.
    """
    if session.limited and not session.scalar(_WHOLLY_IN_REACH, {"member": membership_id}):
        raise Forbidden("Your roles do not reach all that she is.", code="insufficient_role")
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
    """Give somebody a role. Whoever has not joined is to be invited anew then, by somebody who could give it.

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
    try:  # the reference tells: a limited giver does not see a colleague
        session.flush()
    except IntegrityError as error:
        if not broken_rule(error).endswith("membership_id"):  # a program or a cohort went meanwhile
            raise
        raise Invalid.field("/membership_id", "unknown", "There is no such membership.") from error
    _take_back_invitation(session, membership_id)
    events.record(session, "role.granted", subject=grant, changed=[role], audience="audit")
    return grant


def revoke_role(session: Session, *, giver: Giver, role_grant_id: UUID) -> None:
    """Take a role away. Forbidden unless the giver could give it; Conflict "last_owner" for the last owner's."""
    grant = row_of(session, RoleGrant, role_grant_id, "role")
    taken = Held(Role(grant.role), grant.program_id, grant.cohort_id, now(), grant.delegable)
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

    Once an owner has joined, the tenant's own clients make no owners and admins: an admin, who can make such clients,
    would make herself an owner, or an admin again.
    """
    in_charge = wanted.role in (Role.OWNER, Role.ADMIN)
    by_client = giver.roles is None and in_charge and session.scalar(_OWNER_JOINED)
    if by_client or not giver.may_give(wanted, program_of_cohort=_program_limiting(session, wanted)):
        raise Forbidden(said, code="role_not_held")


def _take_back_invitation(session: Session, membership_id: UUID) -> None:
    """A link that somebody has already would be worth more than it was given for."""
    still_open = (Invitation.accepted_at, Invitation.declined_at, Invitation.revoked_at)
    taken_back = (
        update(Invitation)
        .where(Invitation.membership_id == membership_id, *(each.is_(None) for each in still_open))
        .values(revoked_at=func.now())
    )
    for invitation_id in session.scalars(taken_back.returning(Invitation.id)):
        events.record(session, "invitation.revoked", subject_type="invitation", subject_id=invitation_id)


def _keep_an_owner(session: Session, grant: RoleGrant) -> None:
    lasting = [each for each in owners(session) if each.id != grant.id and each.expires_at is None]
    if not lasting and grant.expires_at is None:
        raise Conflict("A tenant keeps an owner; make another one first.", code="last_owner")


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
    """Not at its end, nor given by the claims of a connection that is off."""
    lasts = RoleGrant.expires_at.is_(None) | (RoleGrant.expires_at > func.now())
    return lasts & (RoleGrant.connection_id.is_(None) | text(_CONNECTION_ON))
