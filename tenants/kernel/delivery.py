"""Sending a batch of letters, one after another.

Each letter is composed and sent in three steps: a transaction that composes it and commits what that wrote, the mail
server, and a transaction that notes what became of it. Both transactions hold the job's row, so that whoever lost the
job stops. Killed in between, a worker leaves one letter that may have gone out and is sent again, with the same
Message-ID; letters that are marked never are.

A job sends for a while only, so that one tenant's thousands do not keep the letters of others waiting. Then it is put
back until its next turn; of letters that the server put off, until their time has come.
"""

import logging
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.exc import InterfaceError, OperationalError

from tenants.kernel import events, jobs
from tenants.kernel.claims import Claim, JobFailed, LeaseLost
from tenants.kernel.clock import now
from tenants.kernel.mail import Letter, PostedLetter, composer, is_quiet
from tenants.kernel.postbox import Postbox, PutOff, Refused, Unavailable, Unsendable
from tenants.kernel.session import Session

log = logging.getLogger(__name__)

MOST_AT_ONCE = 200
SECONDS_AT_ONCE = 20.0
KEPT_FOR = timedelta(days=5)
"""For how long after its time a letter is tried, as mail servers do (RFC 5321, 4.5.4.1)."""
REFUSALS_IN_A_ROW = 10
"""After so many it is the server's, or our, fault rather than the recipients': the other letters wait."""
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
"""The n-th time that a letter is put off it waits n² minutes, at most the longest."""
BATCHES_TAKEN_UP = 100

_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('letters' || :tenant, 0))")
_ABANDONED = text(
    "SELECT l.batch_id, min(l.due_at) AS due FROM letter l WHERE l.state = 'queued' AND NOT EXISTS"
    "  (SELECT FROM job j WHERE j.tenant_id = l.tenant_id AND j.subject_id = l.batch_id"
    "      AND j.state IN ('queued', 'running', 'cancelled'))"
    " GROUP BY l.batch_id ORDER BY due LIMIT :most"
)
_DROP_CANCELLED = text(
    "UPDATE letter l SET state = 'dropped', error = 'cancelled' WHERE l.state = 'queued' AND EXISTS"
    "  (SELECT FROM job j WHERE j.tenant_id = l.tenant_id AND j.subject_id = l.batch_id AND j.state = 'cancelled')"
)


def deliver(claim: Claim) -> None:
    """The job that sends a batch, turn by turn. Raises JobFailed "mail_not_configured".

    Where the server takes no letters the job is tried again; given up, it leaves them to another, later.
    """
    server, sender = claim.settings.smtp_url, claim.settings.mail_from
    if server is None or sender is None:
        raise JobFailed(
            "mail_not_configured",
            "SMTP_URL is not set, so no letter is sent. These wait, and go with the next ones once it is.",
        )
    with claim.step() as session:
        turn = _turn(session, claim.subject_id)
    try:
        if turn.letter_ids or not turn.of:  # a batch without letters ends as one with letters would
            with Postbox(server, sender) as postbox:
                _send(claim, postbox, turn)
    except Unavailable as away:
        _wait(claim, away)
        return
    with claim.effect() as session:
        _take_up(session)
        due = _next_due(session, claim.subject_id)
        if due is None:
            _tell(session, claim.subject_id)
        else:
            claim.go_on(max(due, now()))


@dataclass(frozen=True, slots=True)
class _Turn:
    letter_ids: Sequence[UUID]
    done_before: int
    of: int


def _turn(session: Session, batch_id: UUID) -> _Turn:
    """The letters to send now, those that made no trouble first. Given up is what is too old."""
    mine = _queued(batch_id)
    old = PostedLetter.not_before < now() - KEPT_FOR
    given_up = {"state": "failed", "error": func.coalesce(PostedLetter.error, "expired")}
    session.execute(update(PostedLetter).where(mine, old).values(given_up))
    due = select(PostedLetter.id).where(mine, PostedLetter.due_at <= func.now())
    chosen = due.order_by(PostedLetter.attempts, PostedLetter.id).limit(MOST_AT_ONCE)
    counts = _became(session, batch_id)
    of = sum(counts.values())
    return _Turn(session.scalars(chosen).all(), of - counts.get("queued", 0), of)


def _queued(batch_id: UUID) -> ColumnElement[bool]:
    return (PostedLetter.batch_id == batch_id) & (PostedLetter.state == "queued")


def _became(session: Session, batch_id: UUID) -> dict[str, int]:
    counted = select(PostedLetter.state, func.count().label("letters"))
    by_state = counted.where(PostedLetter.batch_id == batch_id).group_by(PostedLetter.state)
    return {row.state: row.letters for row in session.execute(by_state)}


def _tell(session: Session, batch_id: UUID) -> None:
    if not is_quiet(session, batch_id):
        counts = _became(session, batch_id)
        events.record(session, "letters.sent", subject_type="letters", subject_id=batch_id, counts=counts)


def _next_due(session: Session, batch_id: UUID) -> datetime | None:
    return session.scalar(select(func.min(PostedLetter.due_at)).where(_queued(batch_id)))


def _send(claim: Claim, postbox: Postbox, turn: _Turn) -> None:
    end, refused_in_a_row = time.monotonic() + SECONDS_AT_ONCE, 0
    for done, letter_id in enumerate(turn.letter_ids, start=turn.done_before):
        if time.monotonic() > end:
            return
        claim.progress(done / turn.of)
        letter, attempts = _composed(claim, letter_id)
        if letter is None:
            continue
        try:
            postbox.send(letter, letter_id)
        except Unsendable as fault:
            _mark(claim, letter_id, state="failed", error=fault.code)
            continue
        except Refused as fault:
            _mark(claim, letter_id, state="failed", error=fault.code)
        except PutOff as fault:
            later = now() + min(attempts**2 * SHORTEST_WAIT, LONGEST_WAIT)
            _mark(claim, letter_id, due_at=later, error=fault.code)
        else:
            _mark(claim, letter_id, state="sent", sent_at=now(), error=None)
            refused_in_a_row = 0
            continue
        refused_in_a_row += 1
        if refused_in_a_row == REFUSALS_IN_A_ROW:
            raise Unavailable("many_refusals")


def _composed(claim: Claim, letter_id: UUID) -> tuple[Letter | None, int]:
    """The letter, and how often it was composed; none where there is nothing to send.

    A composer that fails, fails this letter only; unless the database did.
    """
    try:
        with claim.step() as session:
            row = session.get_one(PostedLetter, (claim.tenant_id, letter_id), with_for_update=True)
            if row.state != "queued":
                return None, row.attempts
            row.attempts += 1
            letter = composer(row.kind)(session, row.subject_id, claim.settings)
            if letter is None:
                row.state, row.error = "dropped", "not_wanted"
            return letter, row.attempts
    except (LeaseLost, InterfaceError, OperationalError):
        raise
    except Exception as fault:  # noqa: BLE001  whatever a composer raises; its message might name somebody
        where = "".join(traceback.format_tb(fault.__traceback__))
        log.error("letter %s could not be composed: %s\n%s", letter_id, type(fault).__name__, where)
    _mark(claim, letter_id, state="failed", error="not_composed")
    return None, 0


def _mark(claim: Claim, letter_id: UUID, **became: Any) -> None:
    with claim.step() as session:
        session.execute(update(PostedLetter).where(PostedLetter.id == letter_id).values(became))


def _wait(claim: Claim, away: Unavailable) -> None:
    log.warning("the mail server takes no letters now (%s): job %s", away.code, claim.job_id)
    if claim.attempts < claim.settings.job_attempts:
        claim.retry()
        return
    failure = JobFailed(
        "mail_unavailable", f"The mail server takes no letters now ({away.code}). They are tried again later."
    )
    with claim.effect(failure=failure) as session:
        due = _next_due(session, claim.subject_id)
        if due is not None:
            pause = min(max(now() - due, SHORTEST_WAIT), LONGEST_WAIT)
            later = max(due, now() + pause)
            jobs.enqueue(session, "letters", subject_id=claim.subject_id, not_before=later)


def _take_up(session: Session) -> None:
    """Give letters whose job failed, for want of a server, a new one; drop those whose job was cancelled."""
    session.execute(_ONE_AT_A_TIME, {"tenant": str(session.tenant_id)})
    session.execute(_DROP_CANCELLED)
    for batch in session.execute(_ABANDONED, {"most": BATCHES_TAKEN_UP}).all():
        jobs.enqueue(session, "letters", subject_id=batch.batch_id, not_before=max(batch.due, now()))
