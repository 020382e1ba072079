"""When a group could meet every week: hours that its members are free together, whatever their clocks do over the year.

A slot is a time of the week on one member's clock. Somebody can come if she is free, on her own clock, through all of
it in each week of the coming year. Members say when they are free in an attribute of the kind `availability`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import text

from tenants.cohorts.covered import refused
from tenants.cohorts.values import DAYS
from tenants.groups.presence import there
from tenants.groups.queries import own_place, refuse_strangers
from tenants.kernel.clock import now
from tenants.kernel.session import Session
from tenants.matching.solver.hours import Hours
from tenants.meetings import rhythm
from tenants.meetings.attendance import BEFORE
from tenants.meetings.queries import last_held

MOST = 10
STEP = 30
"""Minutes from one start that is tried to the next."""
IN_A_ROW = 2
"""After so many meetings that the group or somebody missed, other slots are proposed."""
_DAY = 24 * 60
_AVAILABILITY = text(f"""
    SELECT m.membership_id, CASE WHEN NOT {refused("matching")} THEN (
           SELECT p.attributes -> a.key FROM attribute a
            WHERE a.tenant_id = c.tenant_id AND a.program_id = c.program_id AND a.kind = 'availability'
              AND jsonb_typeof(p.attributes -> a.key) = 'object' ORDER BY a.key LIMIT 1) END AS value
      FROM group_member m
      JOIN participant p ON p.tenant_id = m.tenant_id AND p.id = m.participant_id
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
     WHERE m.group_id = :group AND {there("m")}
     ORDER BY m.id
""")  # noqa: S608 - SQL of ours is put in
_MISSED = text(f"""
    SELECT EXISTS (SELECT FROM group_member m
                    WHERE m.group_id = :group AND {there("m")} AND m.admitted_at <= :since
                      AND NOT EXISTS (SELECT FROM meeting_attendance a
                                       WHERE a.tenant_id = m.tenant_id AND a.author_id = m.membership_id
                                         AND a.attended AND a.meeting_id = ANY (CAST(:meetings AS uuid[]))))
""")  # noqa: S608 - SQL of ours is put in


@dataclass(frozen=True, slots=True)
class LocalTime:
    """A slot as one zone's clock shows it the next time."""

    time_zone: str
    day: str
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Slot:
    """A time of the week for which `can_count` of the `member_count` members who are there are free all year."""

    time_zone: str
    day: str
    start: str
    end: str
    next_starts_at: datetime
    can_count: int
    member_count: int
    local_times: list[LocalTime]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Other slots, and why: "group_missed", "member_missed", or None where there is no reason for any."""

    reason: str | None
    slots: list[Slot]


def slots(session: Session, *, group_id: UUID, minutes: int) -> list[Slot]:
    """The best slots of this length, at most ten: those that suit all or, where there is none, most.

    They are on the clock of whoever asks, if she said when she is free. Members who are away are not counted.
    Raises NotFound to all but members.
    """
    refuse_strangers(session, group_id)
    rows = session.execute(_AVAILABILITY, {"group": group_id}).all()
    known = [row for row in rows if row.value and row.value["slots"]]
    if not known:
        return []
    zones = Counter(row.value["time_zone"] for row in known)
    mine = [row.value["time_zone"] for row in known if row.membership_id == session.membership_id]
    zone = mine[0] if mine else min(zones, key=lambda name: (-zones[name], name))
    tried = _tried(minutes)
    can = _can_come([row.value for row in known], tried, zone)
    enough = len(rows) if max(can, default=0) == len(rows) else len(rows) // 2 + 1
    best = sorted((-number, place) for place, number in enumerate(can) if number >= enough)
    return [
        _slot(tried[place], zone, sorted(zones), can_count=-number, member_count=len(rows))
        for number, place in _apart(best, tried)
    ]


def proposal(session: Session, *, group_id: UUID, minutes: int) -> Proposal:
    """Other slots, where the last two meetings were missed: fewer than two said that they came to each, or somebody
    said it of neither. Who that is, is not told; nor is anything of meetings before whoever asks was let in, as she
    does not see who came. Raises NotFound to all but members.
    """
    since = own_place(session, group_id).admitted_at
    held = last_held(session, group_id=group_id, most=IN_A_ROW)
    last = [row for row in held if since and row.starts_at - BEFORE >= since]
    reason = None
    if len(last) == IN_A_ROW:
        known = {"group": group_id, "meetings": [row.id for row in last], "since": last[-1].starts_at}
        if all(row.attended_count < 2 for row in last):
            reason = "group_missed"
        elif session.scalar(_MISSED, known):
            reason = "member_missed"
    return Proposal(reason, slots(session, group_id=group_id, minutes=minutes) if reason else [])


def _tried(minutes: int) -> list[tuple[int, int, int]]:
    """Every slot of this length within a day: its day, and begin and end in minutes."""
    starts = range(0, _DAY - minutes + 1, STEP)
    return [(day, start, start + minutes) for day in range(7) for start in starts]


def _can_come(values: Sequence[Any], tried: Sequence[tuple[int, int, int]], zone: str) -> list[int]:
    """For each slot how many of these people are free all through it in every week of the year.

    A slot is put beside the people as somebody who is free just then: so their clocks are compared in one place only.
    """
    candidates = [
        {"time_zone": zone, "slots": [{"day": DAYS[day], "start": _clock(start), "end": _clock(end)}]}
        for day, start, end in tried
    ]
    hours = Hours([*values, *candidates], start=now().date())
    people, wanted = hours.bits[: len(values)], hours.bits[len(values) :]
    can = np.zeros(len(tried), dtype=np.int64)
    for person in people:
        can += ~np.any(wanted & ~person, axis=(1, 2))
    return [int(number) for number in can]


def _apart(best: Sequence[tuple[int, int]], tried: Sequence[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """The first of them that do not overlap."""
    chosen: list[tuple[int, int]] = []
    for number, place in best:
        day, start, end = tried[place]
        others = [tried[each] for _, each in chosen]
        if all(day != other[0] or end <= other[1] or other[2] <= start for other in others):
            chosen.append((number, place))
        if len(chosen) == MOST:
            break
    return chosen


def _slot(
    tried: tuple[int, int, int], zone: str, zones: Sequence[str], *, can_count: int, member_count: int
) -> Slot:
    day, start, end = tried
    today = rhythm.local_time(now(), zone).date()
    on = today + timedelta(days=(day - today.weekday()) % 7 or 7)
    at = rhythm.moment(datetime.combine(on, time()) + timedelta(minutes=start), zone)
    until = at + timedelta(minutes=end - start)
    shown = [
        LocalTime(name, DAYS[begin.weekday()], f"{begin:%H:%M}", f"{until.astimezone(ZoneInfo(name)):%H:%M}")
        for name in zones
        for begin in [at.astimezone(ZoneInfo(name))]
    ]
    return Slot(zone, DAYS[day], _clock(start), _clock(end), at, can_count, member_count, shown)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
