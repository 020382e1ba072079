"""Check-ins: what members answer for themselves in windows that are fixed before they open.

Nothing is shown while a window is open, not even how many answered. Once it has closed it is tallied once
(`support.tally`); an answer that comes later is refused.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from sqlalchemy import Select, func, insert, select, text

from tenants.cohorts.models import Cohort, Program
from tenants.groups.models import Group
from tenants.groups.private import row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel import jobs
from tenants.kernel.errors import Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.support.instruments import asked_in
from tenants.support.items import OURS, check_answers
from tenants.support.models import CheckIn, CheckInWindow

GRACE = timedelta(minutes=1)
"""So much later a window is tallied, for answers that were on their way."""
FIXED_AHEAD = 2
"""The window of now and the next: so all but a cohort's first are fixed before they open."""
# As the database sees it, which takes answers only while their window is open.
_NOW = text("SELECT now()")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('check-ins' || :cohort, 0))")


def check_in(session: Session, *, group_id: UUID, answers: dict[str, Any]) -> CheckIn:
    """Answer some of what is asked now; as often as one likes, for a window counts the mean of what one answered.

    No event tells of it. Raises NotFound to strangers, and Invalid for what no item asks or takes.
    """
    window = open_window(session, group_id=group_id)
    if not answers:
        raise Invalid.field("/answers", "required", "Answer at least one item.")
    check_answers(window.items, answers)
    row = CheckIn(
        id=new_id(),
        group_id=group_id,
        author_id=session.membership_id,
        window_id=window.id,
        answers=answers,
    )
    session.add(row)
    session.flush()
    return row


def own_check_ins(group_id: UUID) -> Select[Any]:
    """What the session's member answered in a group. Others' rows the wall keeps."""
    return select(*CheckIn.__table__.columns).where(CheckIn.group_id == group_id)


def take_back(session: Session, *, group_id: UUID, check_in_id: UUID) -> None:
    """Remove answers of one's own; what was published stands. Raises NotFound."""
    session.delete(row_in(session, CheckIn, group_id=group_id, row_id=check_in_id))


def open_window(session: Session, *, group_id: UUID) -> CheckInWindow:
    """The window of now, which is made if nobody was asked in it before; and so is the one after it.

    Raises NotFound to strangers.
    """
    refuse_strangers(session, group_id)
    group = session.get_one(Group, (session.tenant_id, group_id))
    return fixed_windows(session, cohort_id=group.cohort_id)[0]


def fixed_windows(session: Session, *, cohort_id: UUID) -> Sequence[CheckInWindow]:
    """The window of now and the next one, as they are fixed or, where they are not, by what the program says now."""
    moment = session.scalars(_NOW).one()
    found = _coming(session, cohort_id, moment)
    if len(found) < FIXED_AHEAD:
        # Whoever comes first fixes them; others wait here and find them.
        session.execute(_ONE_AT_A_TIME, {"cohort": str(cohort_id)})
        _fix(session, cohort_id, moment, missing=FIXED_AHEAD - len(_coming(session, cohort_id, moment)))
        found = _coming(session, cohort_id, moment)
    return found


def _coming(session: Session, cohort_id: UUID, moment: datetime) -> Sequence[CheckInWindow]:
    coming = select(CheckInWindow).where(
        CheckInWindow.cohort_id == cohort_id, CheckInWindow.closes_at > moment
    )
    return session.scalars(coming.order_by(CheckInWindow.opens_at)).all()


def _fix(session: Session, cohort_id: UUID, moment: datetime, *, missing: int) -> None:
    cohort = session.get_one(Cohort, (session.tenant_id, cohort_id))
    program = session.get_one(Program, (session.tenant_id, cohort.program_id))
    zone, step = ZoneInfo(cohort.time_zone), relativedelta(months=program.check_in_months)
    last = session.scalar(
        select(func.max(CheckInWindow.closes_at)).where(CheckInWindow.cohort_id == cohort_id)
    )
    opens = last.astimezone(zone) if last else _quarter(moment.astimezone(zone))
    items = [*OURS, *asked_in(session, program_id=program.id)]
    rules = {"least": program.check_in_least, "least_changed": program.check_in_least_changed}
    asked = {"cohort_id": cohort_id, "items": items, **rules}
    windows = list[dict[str, Any]]()
    while len(windows) < missing:
        closes = _midnight(opens + step)
        if closes > moment:
            when = {"opens_at": opens.astimezone(UTC), "closes_at": closes.astimezone(UTC)}
            windows.append({"tenant_id": session.tenant_id, "id": new_id(), **when, **asked})
            jobs.enqueue(
                session, "check_in_tally", subject_id=cohort_id, not_before=when["closes_at"] + GRACE
            )
        opens = closes
    if windows:
        session.execute(insert(CheckInWindow), windows)


def _quarter(day: datetime) -> datetime:
    return _midnight(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1))


def _midnight(day: datetime) -> datetime:
    return day.replace(hour=0, minute=0, second=0, microsecond=0)
