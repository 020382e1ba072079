"""What the members of a group do with it themselves: rename it, pause it, take it up again, end it.

For self-formed and matched groups alike. What one of them can undo, any of them does; ending is for all of them.
"""

from typing import Any
from uuid import UUID

from tenants.groups.actions import change_group, check_next
from tenants.groups.models import Group
from tenants.groups.places import hold_group_of_member
from tenants.groups.renewal import others_stop
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import Version
from tenants.kernel.session import Session

NEXT_STATES: dict[str, tuple[str, ...]] = {"active": ("paused", "ended"), "paused": ("active", "ended")}


def edit_own_group(session: Session, *, group_id: UUID, changes: dict[str, Any], if_match: Version) -> Group:
    """Rename one's group, pause it or take it up again; or end it, once all the others in it have said `stop` in the
    renewal that is asked about now. The tenant learns that it changed, not by whom.

    Raises NotFound to all but members, StaleVersion, and Conflict "not_a_next_state" or "not_all_stop".
    """
    group = hold_group_of_member(session, group_id)
    if_match.check(group.version)
    check_next(group, changes, NEXT_STATES)
    if changes.get("state") == "ended" and not others_stop(session, group_id=group_id):
        raise Conflict(
            "A group ends when all its members say so: the others have not all said stop.",
            code="not_all_stop",
        )
    change_group(session, group, changes, if_match=if_match, names_actor=False)
    return group
