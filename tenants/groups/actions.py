"""Naming groups and leading them through their states."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tenants.groups import ending_sql
from tenants.groups.admissions import conclude_admissions
from tenants.groups.models import Group
from tenants.groups.notices import tell_changed, tell_placed
from tenants.groups.places import DYAD, members_present
from tenants.groups.repair import ask_for_repair
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import Version, edited, row_of
from tenants.kernel.session import Session

NEXT_STATES: dict[str, tuple[str, ...]] = {
    "formed": ("announced", "ended"),
    "announced": ("confirmed", "ended"),
    "confirmed": ("active", "ended"),
    "active": ("paused", "ended"),
    "paused": ("active", "ended"),
    "ended": (),
}

ENDED = "Their group has ended."
FIRST_LOOK = timedelta(days=7)
"""After which it is first asked how a new group fares."""


def edit_group(session: Session, *, group_id: UUID, changes: dict[str, Any], if_match: Version) -> Group:
    """Rename a group or move it to its next state. Nothing that a group holds is deleted when it ends.

    At its end whoever is placed in it, has not left and is in no other living group becomes waitlisted, so that they
    can be placed again. On the day on which it first becomes active its years begin. `needs_repair` marks it, or takes
    the mark away.

    Raises NotFound, StaleVersion and Conflict "not_a_next_state", or "format_does_not_fit" for a dyad of more than two.
    """
    group = row_of(session, Group, group_id, "group")
    if_match.check(group.version)
    check_next(group, changes, NEXT_STATES)
    marked: bool | None = changes.get("needs_repair")
    changes = {name: value for name, value in changes.items() if name != "needs_repair"}
    if marked is False:
        changes["repair_since"] = None
    if changes.get("format") == "dyad" != group.format and members_present(session, group_id) > DYAD:
        raise Conflict("A dyad has two members; this group has more.", code="format_does_not_fit")
    if changes.get("state") == "ended" != group.state:
        session.execute(text(ending_sql.HOLD), {"group": group.id})
    change_group(session, group, changes, if_match=if_match)
    if marked:
        ask_for_repair(session, group_id=group_id)
    return group


def check_next(group: Group, changes: dict[str, Any], following: dict[str, tuple[str, ...]]) -> None:
    """Raise Conflict "not_a_next_state" for a change to a state that does not follow the group's."""
    state, after = changes.get("state", group.state), following.get(group.state, ())
    if state != group.state and state not in after:
        allowed = " or ".join(after) or "nothing"
        raise Conflict(
            f"This group is {group.state}; it can become {allowed}, not {state}.", code="not_a_next_state"
        )


def change_group(
    session: Session, group: Group, changes: dict[str, Any], *, if_match: Version, names_actor: bool = True
) -> None:
    """Make changes that are allowed, and what follows from the state that a group comes into. Where it ends, its
    participants must be held. Raises StaleVersion.
    """
    before = group.state
    changed = edited(group, changes, if_match=if_match)
    if not changed:
        return
    if group.state != before:
        _since(group, before)
    session.flush()
    ends = group.state == "ended" != before
    counts = {"waitlisted": _free(session, group)} if ends else {}
    if ends:
        conclude_admissions(session, group.id)
    if group.state == "announced" != before:
        tell_placed(session, group_id=group.id)
        jobs.enqueue(session, "group_health", subject_id=group.id, not_before=now() + FIRST_LOOK)
    if group.state != before:
        jobs.enqueue(session, "meetings", subject_id=group.id)
    events.record(
        session, "group.updated", subject=group, changed=changed, counts=counts, names_actor=names_actor
    )


def _since(group: Group, before: str) -> None:
    if group.state == "announced":
        group.announced_at = now()
    if group.state == "active" and before == "confirmed":
        group.active_on = now().date()


def end_group(session: Session, group: Group) -> None:
    """End a group that is held and that its last member has left; whoever waits to be let in can be placed again."""
    group.state = "ended"
    session.flush()
    jobs.enqueue(session, "meetings", subject_id=group.id)
    events.record(
        session,
        "group.updated",
        subject=group,
        changed=["state"],
        counts={"waitlisted": _free(session, group)},
        names_actor=False,
    )


def _free(session: Session, group: Group) -> int:
    """Let those who stayed in a group until its end be placed again; how many they are."""
    moment = now()
    known = {"group": group.id, "moment": moment, "reason": ENDED}
    number: int = session.execute(text(ending_sql.FREE), known).scalar_one()
    tell_changed(session, cohort_id=group.cohort_id, moment=moment)
    return number
