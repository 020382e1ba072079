"""How a group fares, from dates and counts alone: told to the group first, to the tenant as a band.

A sign of life is the day on which anybody wrote in the group, said that she was at a meeting, or answered a nudge.
What a group leaves out never counts against it: a skipped meeting is none that was missed, and where nobody says who
came, none was missed either.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Select, Text, Uuid, func, select, text

from tenants.groups.models import Group, GroupMember
from tenants.groups.pulse import GroupPulse, Nudge
from tenants.groups.queries import refuse_strangers
from tenants.kernel.clock import now
from tenants.kernel.session import Session
from tenants.meetings.models import Meeting
from tenants.meetings.queries import HELD

LAST = 6
OFTEN = 3
LIVELY, RECENT, LONG = 14, 30, 45
"""Days since the last sign of life up to which a group thrives, is steady, and is quiet."""
PATIENCE = timedelta(days=14)
"""For how long a nudge is between us and the group. The wall says the same."""
JUDGED = ("announced", "confirmed", "active")
RULES = {
    "thriving": f"Within {LIVELY} days somebody wrote or was at a meeting, and somebody was at {OFTEN} or more of the"
    f" last {LAST} meetings.",
    "steady": f"Within {RECENT} days somebody wrote or was at a meeting.",
    "quiet": f"Within {LONG} days somebody wrote or was at a meeting.",
    "silent": f"For more than {LONG} days nobody wrote or was at a meeting, or two meetings in a row were missed and"
    " nothing was written since the first.",
}
NOT_JUDGED = "A group that is paused or has ended is not judged."


@dataclass(frozen=True, slots=True)
class Signs:
    """What a group has shown: its last sign of life, and of its last meetings, the latest first, when each began and
    how many said that they were there.
    """

    last_on: date
    meetings: tuple[tuple[datetime, int], ...]

    @property
    def attended(self) -> int:
        """At how many of these meetings somebody was."""
        return sum(count > 0 for _, count in self.meetings)

    @property
    def missed(self) -> bool:
        """Whether the last two were missed by everybody, where people say that they came, and nothing was written
        since.
        """
        two = self.meetings[:2]
        both = len(two) == 2 and not any(count for _, count in two)
        return both and self.attended > 0 and self.last_on < two[1][0].astimezone(UTC).date()


def band_of(signs: Signs, today: date) -> str:
    """One word of `RULES` for how a group that is judged fares. Pure."""
    days = (today - signs.last_on).days
    if days > LONG or signs.missed:
        return "silent"
    if days > RECENT:
        return "quiet"
    return "thriving" if days <= LIVELY and signs.attended >= OFTEN else "steady"


def signs_of(session: Session, group: Group) -> Signs:
    """A group's signs of life, as far as the session sees them."""
    meetings = session.execute(
        select(Meeting.starts_at, Meeting.attended_count)
        .where(Meeting.group_id == group.id, HELD)
        .order_by(Meeting.starts_at.desc(), Meeting.id)
        .limit(LAST)
    ).all()
    days = [
        session.scalar(select(GroupPulse.last_on).where(GroupPulse.group_id == group.id)),
        _day(session.scalar(select(func.max(Nudge.answered_at)).where(Nudge.group_id == group.id))),
        _day(group.opened_at or group.created_at),
        *(_day(row.starts_at) for row in meetings if row.attended_count),
    ]
    return Signs(
        max(day for day in days if day), tuple((row.starts_at, row.attended_count) for row in meetings)
    )


def health(session: Session, *, group_id: UUID) -> dict[str, Any]:
    """How a group fares, for its members. Raises NotFound to strangers."""
    refuse_strangers(session, group_id)
    group = session.get_one(Group, (session.tenant_id, group_id))
    signs, today = signs_of(session, group), now().astimezone(UTC).date()
    wrote = session.scalar(select(GroupPulse.last_on).where(GroupPulse.group_id == group_id))
    planned = (
        select(Meeting.state)
        .where(Meeting.group_id == group_id, Meeting.starts_at <= func.now())
        .order_by(Meeting.starts_at.desc(), Meeting.id)
        .limit(LAST)
        .subquery()
    )
    held = func.count().filter(planned.c.state.in_(("planned", "moved")))
    counts = session.execute(
        select(func.count().label("planned"), held.label("held")).select_from(planned)
    ).one()
    band = band_of(signs, today) if group.state in JUDGED else None
    return {
        "band": band,
        "rule": RULES[band] if band else NOT_JUDGED,
        "planned_count": counts.planned,
        "held_count": counts.held,
        "attended_counts": [count for _, count in signs.meetings],
        "days_since_written": None if wrote is None else max((today - wrote).days, 0),
        "open_places": _open_places(session, group_id),
    }


def group_bands(cohort_id: UUID) -> Select[Any]:
    """What the tenant is told of the groups of a cohort: a band of each and since when; null where it is not judged."""
    typed = _BANDS.bindparams(cohort=cohort_id, judged=list(JUDGED)).columns(
        id=Uuid(), group_name=Text(), band=Text(), since=Date()
    )
    return select(typed.subquery())


def _open_places(session: Session, group_id: UUID) -> int:
    """How many have left for whom nobody has come in since."""
    mine = GroupMember.group_id == group_id
    first = select(func.min(GroupMember.left_at)).where(mine).scalar_subquery()
    left = func.count().filter(GroupMember.left_at.is_not(None) & GroupMember.admitted_at.is_not(None))
    came = func.count().filter(GroupMember.admitted_at > first)
    return max(session.scalars(select(left - came).where(mine)).one(), 0)


def _day(moment: datetime | None) -> date | None:
    return moment and moment.astimezone(UTC).date()


# From meetings, which the tenant may know of anyway, and from nudges that a group has left unanswered for so long that
# the wall shows them. A nudge is answered by whatever a member does.
_BANDS = text(f"""
    SELECT g.id, g.name AS group_name,
           CASE WHEN NOT g.state = ANY (:judged) THEN NULL
                WHEN n.nudged_at IS NOT NULL THEN 'silent'
                WHEN m.attended >= {OFTEN} AND s.last_on > now() - interval '{LONG} days' THEN 'thriving'
                WHEN s.last_on > now() - interval '{LONG} days' THEN 'steady' ELSE 'quiet' END AS band,
           CASE WHEN NOT g.state = ANY (:judged) THEN NULL
                WHEN n.nudged_at IS NOT NULL THEN (n.nudged_at + interval '{PATIENCE.days} days')::date
                WHEN s.last_on > now() - interval '{LONG} days' THEN s.last_on::date
                ELSE (s.last_on + interval '{LONG} days')::date END AS since
      FROM peer_group g
      LEFT JOIN nudge n ON n.tenant_id = g.tenant_id AND n.group_id = g.id AND n.answered_at IS NULL
                       AND n.nudged_at <= now() - interval '{PATIENCE.days} days'
      CROSS JOIN LATERAL (
           SELECT count(*) FILTER (WHERE l.attended_count > 0) AS attended, max(l.starts_at) AS last_held
             FROM (SELECT e.attended_count, e.starts_at FROM meeting e
                    WHERE e.tenant_id = g.tenant_id AND e.group_id = g.id AND e.state IN ('planned', 'moved')
                      AND e.starts_at + make_interval(mins => e.minutes) <= now()
                    ORDER BY e.starts_at DESC, e.id LIMIT {LAST}) l) m
      CROSS JOIN LATERAL (SELECT greatest(m.last_held, g.opened_at, g.created_at) AS last_on) s
     WHERE g.cohort_id = :cohort
""")  # noqa: S608 - numbers of ours are put in
