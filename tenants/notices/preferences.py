"""How somebody wants to be written to: her zone, when, and of what."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from tenants.cohorts.values import is_time_zone
from tenants.kernel import events
from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid, StaleVersion
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited
from tenants.kernel.session import Session
from tenants.meetings.rhythm import local_time
from tenants.notices.models import NoticePreference
from tenants.notices.places import USUAL_ZONE

LAST_RESORT = "UTC"
USUAL: dict[str, Any] = {
    "time_zone": None,
    "digest": "daily",
    "digest_hour": 8,
    "meeting_reminders": [24],
    "action_reminders": True,
    "announcements": True,
}
"""What holds for whoever has said nothing."""
WEEKLY_ON = 1
"""Of ISO weekdays: Monday."""
HOURS = f"coalesce(n.meeting_reminders, ARRAY{USUAL['meeting_reminders']})"
"""SQL of the hours before a meeting at which somebody is reminded."""
COLUMNS = f"""n.time_zone AS own_zone, {USUAL_ZONE} AS usual_zone, coalesce(n.version, 0) AS version,
       coalesce(n.digest, '{USUAL["digest"]}') AS digest,
       coalesce(n.digest_hour, {USUAL["digest_hour"]}) AS digest_hour,
       {HOURS} AS meeting_reminders,
       coalesce(n.action_reminders, true) AS action_reminders, coalesce(n.announcements, true) AS announcements"""
"""SQL of what holds for a membership m, of which n is what she said."""
OF_MEMBER = "LEFT JOIN notice_preference n ON n.tenant_id = m.tenant_id AND n.membership_id = m.id"
_OF_ONE = text(f"SELECT {COLUMNS} FROM membership m {OF_MEMBER} WHERE m.id = :member")  # noqa: S608 - SQL of ours


@dataclass(frozen=True, slots=True)
class Preferences:
    """What holds for somebody. `version` is 0 as long as she has said nothing."""

    time_zone: str
    digest: str
    digest_hour: int
    meeting_reminders: list[int]
    action_reminders: bool
    announcements: bool
    version: int

    def digest_on(self, weekday: int) -> bool:
        """Whether she wants a digest on an ISO weekday."""
        return self.digest == "daily" or (self.digest == "weekly" and weekday == WEEKLY_ON)

    def shown(self, at: datetime) -> str:
        """A moment on her clock, as letters write it: Mon 3 May 15:00 (Berlin)."""
        local = local_time(at, self.time_zone)
        place = self.time_zone.rpartition("/")[2].replace("_", " ")
        return f"{local:%a} {local.day} {local:%b %H:%M} ({place})"


def preferences_of(session: Session, *, membership_id: UUID | None) -> Preferences:
    """What holds for somebody of the tenant."""
    return preferences_in(session.execute(_OF_ONE, {"member": membership_id}).one())


def preferences_in(row: Any) -> Preferences:
    """What a row with COLUMNS says. Of a zone that there is no more the last resort holds."""
    zone = row.own_zone or row.usual_zone or LAST_RESORT
    return Preferences(
        zone if is_time_zone(zone) else LAST_RESORT,
        row.digest,
        row.digest_hour,
        list(row.meeting_reminders),
        row.action_reminders,
        row.announcements,
        row.version,
    )


def edit_preferences(session: Session, *, changes: dict[str, Any], if_match: Version) -> Preferences:
    """Change what one said; the zone null goes back to the usual one, and is else kept as it is written.

    Raises StaleVersion, and Invalid at /time_zone.
    """
    zone = changes.get("time_zone")
    if zone is not None and not is_time_zone(zone):
        raise Invalid.field("/time_zone", "unknown", "Use an IANA name such as America/Chicago.")
    if "meeting_reminders" in changes:
        hours = sorted(set(changes["meeting_reminders"]), reverse=True)
        changes = {**changes, "meeting_reminders": hours}
    mine = select(NoticePreference).where(NoticePreference.membership_id == session.membership_id)
    row = session.scalar(mine.with_for_update())
    if row is None:
        if_match.check(0)
        if changes:
            _write_first(session, changes)
    else:
        changed = edited(row, changes, if_match=if_match)
        session.flush()
        if changed:
            _record(session, row.id, changed)
    return preferences_of(session, membership_id=session.membership_id)


def turn_off(session: Session, kind: str) -> None:
    """Want no letters of a kind any more; said again it changes nothing."""
    off: Any = {"digest": "off", "meeting_reminders": []}.get(kind, False)
    made = insert(NoticePreference).values(**_first(session, {kind: off}))
    column = getattr(NoticePreference, kind)
    done = made.on_conflict_do_update(
        index_elements=["tenant_id", "membership_id"],
        set_={kind: off, "version": NoticePreference.version + 1, "updated_at": now()},
        where=column != off,
    )
    row_id = session.scalar(done.returning(NoticePreference.id))
    if row_id is not None:
        _record(session, row_id, [kind])


def _write_first(session: Session, changes: dict[str, Any]) -> None:
    made = insert(NoticePreference).values(**_first(session, changes)).on_conflict_do_nothing()
    row_id = session.scalar(made.returning(NoticePreference.id))
    if row_id is None:
        raise StaleVersion("You have just said it elsewhere; read it again.")
    _record(session, row_id, list(changes))


def _first(session: Session, said: dict[str, Any]) -> dict[str, Any]:
    mine = {"tenant_id": session.tenant_id, "id": new_id(), "membership_id": session.membership_id}
    return {**USUAL, **mine, **said, "updated_at": now(), "created_at": now(), "version": 1}


def _record(session: Session, row_id: UUID, changed: list[str]) -> None:
    events.record(
        session,
        "notice_preferences.changed",
        subject_type="notice_preference",
        subject_id=row_id,
        changed=changed,
        audience="audit",
    )
