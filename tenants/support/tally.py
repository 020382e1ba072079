"""What becomes known of check-ins: bands, once a window has closed, and only where nobody's answer follows.

The rule. A person's answers to an item in a window are one value, their mean rounded to the scale. A group sees one of
three bands of the mean over its people, no number and no name. It is published only if at least `least` people
answered and, against every window that is published already, those who came in are none or at least `least_changed`
(three, or more if the program says so), and so are those who dropped out; else it stays silent for good. The tenant
sees the same bands over at least three groups and 15 people, under the same rule, and of what is chosen, from 11 people
on, roughly how many, if none or at least 11 changed. What decides is who answered, never what.

The database does it, through the door `tally_check_ins`, which alone reads the answers: once a window, by a job or by
whoever asks first after it has closed. So what is told never changes, whatever is taken back afterwards.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, text

from tenants.groups.models import Group
from tenants.groups.queries import refuse_strangers
from tenants.kernel.claims import Claim
from tenants.kernel.session import Session
from tenants.support.models import CheckInResult, CheckInWindow, PooledCheckIn

_TALLY = text("SELECT door.tally_check_ins(:cohort)")


def tally(claim: Claim) -> None:
    """The job of a window that has closed."""
    with claim.effect() as session:
        _tally(session, claim.subject_id)


def group_results(session: Session, *, group_id: UUID) -> Select[Any]:
    """What a group is told of windows that have closed since the session's member was let in.

    Raises NotFound to strangers.
    """
    refuse_strangers(session, group_id)
    _tally(session, session.get_one(Group, (session.tenant_id, group_id)).cohort_id)
    columns: tuple[Any, ...] = (
        CheckInResult.id,
        CheckInResult.window_id,
        CheckInWindow.opens_at,
        CheckInWindow.closes_at,
        CheckInResult.item,
        CheckInResult.band,
    )
    return (
        select(*columns)
        .join(
            CheckInWindow,
            (CheckInWindow.tenant_id == CheckInResult.tenant_id)
            & (CheckInWindow.id == CheckInResult.window_id),
        )
        .where(CheckInResult.group_id == group_id)
    )


def pooled_results(session: Session, *, cohort_id: UUID) -> Select[Any]:
    """What the tenant is told of all groups of a cohort together, for windows that have closed."""
    _tally(session, cohort_id)
    columns: tuple[Any, ...] = (
        PooledCheckIn.id,
        PooledCheckIn.window_id,
        CheckInWindow.opens_at,
        CheckInWindow.closes_at,
        PooledCheckIn.item,
        PooledCheckIn.band,
        PooledCheckIn.levels,
    )
    return (
        select(*columns)
        .join(
            CheckInWindow,
            (CheckInWindow.tenant_id == PooledCheckIn.tenant_id)
            & (CheckInWindow.id == PooledCheckIn.window_id),
        )
        .where(PooledCheckIn.cohort_id == cohort_id)
    )


def _tally(session: Session, cohort_id: UUID) -> None:
    """One window at a time, the oldest first, until none is left that has closed."""
    while session.execute(_TALLY, {"cohort": cohort_id}).scalar_one():
        pass
