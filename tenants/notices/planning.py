"""Who is to be written to now: a job of each tenant that comes round every quarter of an hour.

Its row waits with the moment of the next round. What it plans are rows that there can be one of only, in the
transaction that posts their letters: of two jobs at once, or of one that is done again, one plans. It looks a few
hours back, so that a round that came late leaves nobody out. Whoever keeps house sees to it that each tenant has one.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tenants.kernel import jobs
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.mail import post
from tenants.kernel.session import Database, Session
from tenants.meetings.rhythm import local_time, moment
from tenants.notices.places import IS_TOLD, PLACE, WRITTEN_TO
from tenants.notices.preferences import COLUMNS, HOURS, OF_MEMBER, preferences_in

KIND = "notices"
ROUND = timedelta(minutes=15)
"""Offsets of time zones are multiples of it."""
IDLE_ROUND = timedelta(hours=1)
"""Of a tenant with nobody to be written to."""
LOOKS_BACK = timedelta(hours=6)
KEPT_FOR = timedelta(days=60)
"""For how long it is known what was planned."""
FURTHEST = 168
"""Hours before a meeting that somebody can be reminded at most."""
_PEOPLE = text(f"""
    SELECT m.id, coalesce(m.joined_at, m.created_at) AS joined_at, {COLUMNS}
      FROM membership m {OF_MEMBER}
     WHERE {WRITTEN_TO} AND EXISTS (SELECT FROM {PLACE}
           WHERE gm.tenant_id = m.tenant_id AND gm.membership_id = m.id AND {IS_TOLD})
""")  # noqa: S608 - SQL of ours is put in
_PLAN_DAYS = text("""
    INSERT INTO notice_day (tenant_id, id, membership_id, local_date, due_at)
    SELECT :tenant, due.id, due.member, due.day, due.at
      FROM unnest(CAST(:ids AS uuid[]), CAST(:members AS uuid[]), CAST(:days AS date[]), CAST(:due AS timestamptz[]))
           AS due (id, member, day, at)
        ON CONFLICT (tenant_id, membership_id, local_date) DO NOTHING RETURNING id
""")
# Of several hours that have come only the last counts.
_PLAN_REMINDERS = text(f"""
    INSERT INTO meeting_reminder (tenant_id, id, membership_id, meeting_id, hours, starts_at)
    SELECT DISTINCT ON (t.id, m.id) m.tenant_id, uuidv7(), m.id, t.id, h.hours, t.starts_at
      FROM meeting t JOIN {PLACE} ON gm.tenant_id = t.tenant_id AND gm.group_id = t.group_id
      JOIN membership m ON m.tenant_id = gm.tenant_id AND m.id = gm.membership_id {OF_MEMBER}
     CROSS JOIN LATERAL unnest({HOURS}) AS h (hours)
     WHERE t.state IN ('planned', 'moved') AND g.state <> 'paused' AND {WRITTEN_TO} AND {IS_TOLD}
       AND t.starts_at > :now AND t.starts_at <= :furthest AND t.starts_at <= :now + make_interval(hours => h.hours)
     ORDER BY t.id, m.id, h.hours
        ON CONFLICT (tenant_id, membership_id, meeting_id, hours, starts_at) DO NOTHING RETURNING id
""")  # noqa: S608 - SQL of ours is put in
# What is on again is reminded of again.
_ON_AGAIN = text("""
    DELETE FROM meeting_reminder d USING meeting t
     WHERE t.tenant_id = d.tenant_id AND t.id = d.meeting_id AND t.starts_at = d.starts_at
       AND t.state IN ('planned', 'moved') AND d.called_off_at IS NOT NULL AND d.starts_at > :now
""")
_CALL_OFF = text("""
    UPDATE meeting_reminder d SET called_off_at = :now FROM meeting t
     WHERE t.tenant_id = d.tenant_id AND t.id = d.meeting_id AND d.starts_at > :now
       AND d.reminded_at IS NOT NULL AND d.called_off_at IS NULL
       AND (t.state NOT IN ('planned', 'moved') OR t.starts_at <> d.starts_at)
    RETURNING d.id, d.membership_id, d.meeting_id, d.starts_at
""")
_FORGET = (
    text("DELETE FROM notice_day WHERE due_at < :before"),
    text("DELETE FROM meeting_reminder WHERE starts_at < :before"),
)
_IS_OPEN = text("SELECT state = 'open' FROM tenant")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('notices' || :tenant, 0))")
_WAITS = text("SELECT EXISTS (SELECT FROM job WHERE kind = 'notices' AND state IN ('queued', 'running'))")


def plan_notices(claim: Claim) -> None:
    """The job of one tenant: one round. It comes again, as long as the tenant is open.

    Without a mail server nothing is planned: what would wait for one would be late.
    """
    with claim.effect() as session:
        if session.scalar(_IS_OPEN):
            at, sends = now(), claim.settings.smtp_url is not None
            people = plan(session, at=at) if sends else 0
            claim.go_on(next_round(at, ROUND if people else IDLE_ROUND))


def plan(session: Session, *, at: datetime) -> int:
    """Post the letters that are due at a moment and not posted yet; how many people there are to be written to.

    As many statements for thousands of people as for a few.
    """
    people = session.execute(_PEOPLE).all()
    due = [found for person in people for found in _due(person, at)]
    days = {
        "tenant": session.tenant_id,
        "ids": [new_id() for _ in due],
        "members": [member for member, _, _ in due],
        "days": [day for _, day, _ in due],
        "due": [when for _, _, when in due],
    }
    post(session, "digest", subject_ids=session.scalars(_PLAN_DAYS, days).all())
    _call_off(session, at)
    coming = {"now": at, "furthest": at + timedelta(hours=FURTHEST)}
    post(session, "meeting_reminder", subject_ids=session.scalars(_PLAN_REMINDERS, coming).all())
    for forget in _FORGET:
        session.execute(forget, {"before": at - KEPT_FOR})
    return len(people)


def _call_off(session: Session, at: datetime) -> None:
    """Tell whoever was reminded of a meeting that there is none then, once for each time that it was to begin."""
    session.execute(_ON_AGAIN, {"now": at})
    rows = session.execute(_CALL_OFF, {"now": at})
    once = {(row.membership_id, row.meeting_id, row.starts_at): row.id for row in rows}
    post(session, "meeting_off", subject_ids=sorted(once.values()))


def _due(person: Any, at: datetime) -> Iterator[tuple[UUID, date, datetime]]:
    """The day of somebody's whose hour has come lately, if there may be anything to write."""
    wanted = preferences_in(person)
    today = local_time(at, wanted.time_zone).date()
    for day in (today - timedelta(days=1), today):
        when = moment(datetime.combine(day, time(wanted.digest_hour)), wanted.time_zone)
        if not (at - LOOKS_BACK < when <= at and person.joined_at <= when):
            continue
        if wanted.action_reminders or wanted.digest_on(day.isoweekday()):
            yield person.id, day, when


def next_round(at: datetime, every: timedelta) -> datetime:
    """The next full quarter of an hour, or hour, after a moment."""
    begun = at.replace(minute=0, second=0, microsecond=0)
    return begun + ((at - begun) // every + 1) * every


def keep_rounds(database: Database, *, most: int = 100) -> int:
    """Give tenants that have no such job one, also where it failed; how many. Several may do so at once."""
    with database.nobody() as session:
        found = session.execute(text("SELECT tenant_id FROM door.tenants_without_notices(:n)"), {"n": most})
        tenant_ids = [row.tenant_id for row in found]
    made = 0
    for tenant_id in tenant_ids:
        with database.tenant(tenant_id) as session:
            session.execute(_ONE_AT_A_TIME, {"tenant": str(tenant_id)})
            if not session.scalar(_WAITS):
                jobs.enqueue(session, KIND, subject_id=tenant_id, not_before=next_round(now(), ROUND))
                made += 1
            session.commit()
    return made
