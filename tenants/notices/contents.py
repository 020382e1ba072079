"""What there is to tell somebody of her groups: counts and dates.

It is asked in a session that has become hers, so that the walls decide what counts: what is not open to her is in no
number. A door would have to repeat what the walls say, for every table that a group writes in. No column of words is
named here, and no key is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

from tenants.kernel.session import Session
from tenants.notices.places import IS_TOLD, PLACE
from tenants.notices.waiting import WAITING
from tenants.support.announcements import announcements_to

WRITTEN = (
    "act",
    "agenda_item_words",
    "ask",
    "charter_version",
    "checklist",
    "curriculum_version",
    "group_action_words",
    "meeting_note",
    "resource",
    "retrospective_entry",
    "tip",
)
"""The tables in which groups write what a digest counts as new."""
_PLACES = text(f"""
    SELECT g.id, g.state, c.program_id FROM {PLACE} WHERE gm.membership_id = :member AND {IS_TOLD}
""")  # noqa: S608 - SQL of ours is put in
_MEETINGS = text("""
    SELECT t.starts_at, t.updated_at FROM meeting t
     WHERE t.group_id = ANY (:groups) AND t.state IN ('planned', 'moved')
       AND t.starts_at > :now AND t.starts_at <= :until
     ORDER BY t.starts_at, t.id
""")
# A question without an author is shown an hour after its time.
_WROTE = " OR ".join(
    f"""EXISTS (SELECT FROM {table} w WHERE w.group_id = told.id AND w.author_id IS DISTINCT FROM :me
                   AND (w.written_at > :since OR w.author_id IS NULL
                        AND w.written_at > CAST(:since AS timestamptz) - interval '1 hour'))"""  # noqa: S608 - names of ours are put in
    for table in WRITTEN
)
_NEWS = text(f"SELECT count(*) FROM unnest(CAST(:groups AS uuid[])) AS told (id) WHERE {_WROTE}")  # noqa: S608 - as above
_WAITING = text(
    " UNION ALL ".join(
        f"SELECT '{what}' AS what, of.* FROM ({counted}) AS of (number, fresh, ends_at)"  # noqa: S608 - as above
        for what, counted in WAITING.items()
    )
)
_ANNOUNCEMENTS = text("""
    SELECT count(*) FROM opportunity o WHERE o.created_at > :since
       AND (o.deadline IS NULL OR o.deadline >= :today) AND (o.program_id IS NULL OR o.program_id = ANY (:programs))
""")
_UNDER_WAY = text("SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database()")


@dataclass(frozen=True, slots=True)
class Places:
    """The groups that somebody is told of, those of them that meet, and the programs that they are of."""

    groups: Sequence[UUID]
    meet: Sequence[UUID]
    programs: Sequence[UUID]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for her: how often, whether it came up lately, and when the first of it ends."""

    what: str
    number: int
    fresh: bool
    ends_at: datetime | None

    def ends_by(self, until: datetime) -> bool:
        """Whether it ends up to a moment."""
        return self.ends_at is not None and self.ends_at <= until


def places_of(session: Session, *, membership_id: UUID) -> Places:
    """Where somebody is told what goes on."""
    rows = session.execute(_PLACES, {"member": membership_id}).all()
    meet = [row.id for row in rows if row.state != "paused"]
    return Places([row.id for row in rows], meet, list({row.program_id for row in rows}))


def meetings(session: Session, places: Places, *, now: datetime, within: timedelta) -> Sequence[Any]:
    """The coming meetings, in order: starts_at and updated_at."""
    known = {"groups": list(places.meet), "now": now, "until": now + within}
    return session.execute(_MEETINGS, known).all()


def groups_with_news(session: Session, places: Places, *, since: datetime) -> int:
    """In how many of her groups others have written something since, that is open to her."""
    known = {"groups": list(places.groups), "since": since, "me": session.membership_id}
    return session.scalar(_NEWS, known) or 0


def waiting(session: Session, places: Places, *, since: datetime, now: datetime) -> list[Waiting]:
    """What waits for her, and since when."""
    known = {"groups": list(places.groups), "me": session.membership_id, "since": since, "now": now}
    rows = session.execute(_WAITING, known)
    return [Waiting(row.what, row.number, bool(row.fresh), row.ends_at) for row in rows if row.number]


def announcements(session: Session, places: Places, *, since: datetime, now: datetime) -> int:
    """How much the tenant has put on the board for her since, that is not over, and announced to her cohorts."""
    known = {"programs": list(places.programs), "since": since, "today": now.date()}
    me = session.membership_id
    told = select(func.count()).select_from(announcements_to(me, since=since).subquery())
    return (session.scalar(_ANNOUNCEMENTS, known) or 0) + (session.scalar(told) or 0)


def all_written_before(session: Session, *, now: datetime) -> datetime:
    """Up to when all that was written can be seen by now: what is still being written is told the next time."""
    begun: datetime | None = session.scalar(_UNDER_WAY)
    return now if begun is None else min(begun, now)
