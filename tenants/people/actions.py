"""What becomes of memberships: added and corrected by the tenant, named and addressed by the person herself."""

from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tenants.kernel import events
from tenants.kernel.errors import Conflict, Forbidden
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, row_of
from tenants.kernel.session import Session
from tenants.people.held import Giver
from tenants.people.models import Membership
from tenants.people.names import keep_names
from tenants.people.roles import refuse_more

_LOCK_GROUPS = text("SELECT door.lock_groups(:locked)")


def add_person(
    session: Session, *, external_id: str | None = None, name: str | None = None, email: str | None = None
) -> Membership:
    """A membership of somebody who is in no roster.

    Raises Conflict "external_id_taken", and Forbidden in a limited session, whose people are those of its cohorts.
    """
    if session.limited:
        said = "Your roles do not reach that far; add her to a cohort."
        raise Forbidden(said, code="insufficient_role")
    membership = Membership(id=new_id(), external_id=external_id or new_id().hex, name=name, email=email)
    session.add(membership)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody has this external_id already.", code="external_id_taken") from error
    events.record(session, "membership.created", subject=membership)
    return membership


def edit_person(
    session: Session, *, giver: Giver, membership_id: UUID, changes: dict[str, Any], if_match: Version
) -> Membership:
    """Correct what the tenant says of somebody; what she says of herself outranks it.

    Raises NotFound, StaleVersion, and Forbidden as `roles.refuse_more` for the address of who has not joined.
    """
    membership = row_of(session, Membership, membership_id, "person")
    if "email" in changes and membership.person_id is None:
        refuse_more(session, giver=giver, membership_id=membership_id)
    keep_names(membership, changes)
    changed = edited(membership, changes, if_match=if_match)
    if changed:
        session.flush()
        events.record(session, "membership.updated", subject=membership, changed=changed)
    return membership


def lock_groups(session: Session, *, locked: bool) -> None:
    """Let the session's person enter her groups by her own sign-in only, or by any again that their programs admit.

    Raises Forbidden "not_personal" unless she signed in as herself: else whoever else enters as her could undo it.
    """
    if not session.scalar(_LOCK_GROUPS, {"locked": locked}):
        raise Forbidden("Sign in as yourself to lock your groups or open them.", code="not_personal")
    session.expire_all()
    changed = ["groups_locked"]
    events.record(session, "membership.updated", subject_type="membership", subject_id=session.membership_id,
                  changed=changed)  # fmt: skip


def choose_own(session: Session, *, membership_id: UUID, **chosen: str | None) -> Membership:
    """What somebody says of herself: `chosen_name` and `chosen_email`; None lets the roster's go again."""
    membership = row_of(session, Membership, membership_id, "person")
    keep_names(membership, chosen)
    changed = [name for name, value in chosen.items() if getattr(membership, name) != value]
    for name in changed:
        setattr(membership, name, chosen[name])
    if changed:
        session.flush()
        events.record(session, "membership.updated", subject=membership, changed=changed)
    return membership
