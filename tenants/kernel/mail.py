"""Letters: posted with what causes them, composed when they are sent.

`post` writes one row for each letter, in the caller's transaction, and a job that sends them. The row holds no
address, no text and no secret. When its turn has come, the composer of its kind reads the rows of that moment and
writes the letter; so nobody gets a letter that is no longer wanted, and of a one-time link only the hash is kept.

A letter may be composed more than once: when the server put it off, or a worker was killed. A link that an earlier
composition made may have arrived, and must still work.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from pkgutil import resolve_name
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlalchemy import Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.kernel import jobs
from tenants.kernel.addresses import Mailbox
from tenants.kernel.base import Created, TenantRow, one_of
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings

LETTERS: dict[str, str] = {
    "invitation": "tenants.people.invitations.compose",
    "intake_reminder": "tenants.cohorts.reminders.compose",
    "participant_state": "tenants.groups.notices.compose",
    "nomination": "tenants.cohorts.nominations.compose",
    "admission": "tenants.groups.notices.compose_admission",
    "admitted": "tenants.groups.notices.compose_admitted",
    "group_invitation": "tenants.groups.notices.compose_invitation",
    "meeting_invitation": "tenants.meetings.invitations.compose",
    "meeting_guest": "tenants.meetings.guests.compose",
    "digest": "tenants.notices.digests.compose",
    "meeting_reminder": "tenants.notices.reminders.compose",
    "meeting_off": "tenants.notices.reminders.compose_off",
    "nudge": "tenants.support.notices.compose_nudge",
    "concern": "tenants.support.notices.compose_concern",
    "facilitation": "tenants.support.notices.compose_facilitation",
    "announcement": "tenants.notices.announcing.compose",
    "survey": "tenants.notices.surveying.compose",
}
"""The composer of each kind of letter, by name, such as tenants.people.invitations.compose."""

QUIET = frozenset(
    {
        "admitted",
        "group_invitation",
        "digest",
        "meeting_reminder",
        "meeting_off",
        "meeting_guest",
        "nudge",
        "concern",
        "survey",
    }
)
"""Kinds of whose sending no event tells: whoever caused it must not learn whether anybody was written to, nor the
tenant whether there was anything to tell one member."""
STATES = ("queued", "sent", "failed", "dropped")
HEADERS = frozenset({"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "Reply-To"})
"""Those that a composer may set; every letter has its own of all others."""
LONGEST_HEADER = 900
BASE = Path(__file__).parent / "letters"


@dataclass(frozen=True, slots=True, repr=False)
class CalendarPart:
    """An iTIP message (RFC 6047) of this method, such as REQUEST, which calendar programs act on."""

    method: str
    text: str


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """What one person is sent. Raises ValueError for headers that are not in HEADERS or not plain ASCII."""

    to: Mailbox
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)
    calendar: CalendarPart | None = None

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            plain = value.isascii() and value.isprintable() and value.strip() == value != ""
            if name not in HEADERS or not plain or len(value) > LONGEST_HEADER:
                raise ValueError(f"{name}: not a header of a letter, or a value that cannot be one's")


Compose = Callable[[Session, UUID, Settings], Letter | None]
"""Reads a letter's subject and writes what belongs to the letter, such as the hash of a link; does not commit.

None where the letter is no longer wanted: then it is dropped.
"""


class Templates:
    """A folder of letters: of each a `called`.txt and a `called`.html.

    They extend base.txt and base.html. The first has the blocks `subject` and `content`, the second `content`.
    A value that a template names and nobody gives is an error. HTML escapes every value.
    """

    def __init__(self, folder: Path) -> None:
        self._environment = Environment(
            loader=FileSystemLoader([folder, BASE]),
            undefined=StrictUndefined,
            autoescape=select_autoescape(["html"]),
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def letter(
        self,
        called: str,
        /,
        *,
        to: Mailbox,
        headers: Mapping[str, str] | None = None,
        calendar: CalendarPart | None = None,
        **values: Any,
    ) -> Letter:
        """The letter `called` so, with these values in it."""
        plain = self._environment.get_template(f"{called}.txt")
        subject = " ".join("".join(plain.blocks["subject"](plain.new_context(values))).split())
        html = self._environment.get_template(f"{called}.html").render(values, subject=subject)
        return Letter(to, subject, plain.render(values), html, headers or {}, calendar)


class PostedLetter(Created, TenantRow):
    """A letter to be sent, or that was: `kind` says who composes it, `subject_id` about what.

    It is due at `not_before`, and at `due_at` again when the server put it off. `attempts` counts how often it was
    composed to be sent. `error` is a code: why it failed or was dropped, or was put off last.
    """

    __tablename__ = "letter"
    __table_args__ = (
        one_of("state", STATES),
        Index("ix_letter_batch", "tenant_id", "batch_id"),
        Index(
            "ix_letter_queued",
            "tenant_id",
            "batch_id",
            "due_at",
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_letter_subject",
            "tenant_id",
            "subject_id",
            postgresql_where=text("state = 'queued'"),
        ),
    )

    kind: Mapped[str]
    subject_id: Mapped[UUID]
    batch_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(default="queued")
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    error: Mapped[str | None]


_POST = text(
    "INSERT INTO letter (tenant_id, id, kind, subject_id, batch_id, state, attempts, not_before, due_at)"
    " SELECT :tenant, id, :kind, subject_id, :batch, 'queued', 0, :due, :due"
    "   FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS uuid[])) AS posted (id, subject_id)"
)


_CALL_BACK = text(
    "UPDATE letter SET state = 'dropped', error = 'called_back' WHERE kind = :kind AND state = 'queued'"
    " AND subject_id = ANY (CAST(:subjects AS uuid[]))"
)


def post(
    session: Session, kind: str, *, subject_ids: Sequence[UUID], not_before: datetime | None = None
) -> jobs.Job | None:
    """Have a letter of this kind sent about each subject, once this transaction is committed or later.

    It takes the place of one about the same subject that still waits, and would tell the same.
    One batch with one job, however many letters; its id is the job's `subject_id`. None where nobody is written to.
    Raises KeyError for a kind that has no composer.
    """
    if kind not in LETTERS:
        raise KeyError(kind)
    subjects = list(dict.fromkeys(subject_ids))
    if not subjects:
        return None
    call_back(session, kind, subject_ids=subjects)
    due, batch = not_before or now(), new_id()
    known = {"tenant": session.tenant_id, "kind": kind, "batch": batch, "due": due}
    session.execute(_POST, {**known, "ids": [new_id() for _ in subjects], "subjects": subjects})
    return jobs.enqueue(session, "letters", subject_id=batch, not_before=due)


def call_back(session: Session, kind: str, *, subject_ids: Sequence[UUID]) -> None:
    """Drop the letters of this kind about these subjects that still wait. What is on its way just now arrives."""
    session.execute(_CALL_BACK, {"kind": kind, "subjects": list(subject_ids)})


def is_quiet(session: Session, batch_id: UUID) -> bool:
    """Whether no event tells what became of a batch: none of its letters is of a kind of which one may.

    So is a batch without letters, which stands for one that must not be known to have none.
    """
    told = select(PostedLetter.id).where(PostedLetter.batch_id == batch_id, PostedLetter.kind.not_in(QUIET))
    return session.scalar(told.limit(1)) is None


def composer(kind: str) -> Compose:
    """The function that composes letters of this kind. Raises KeyError."""
    found: Compose = resolve_name(LETTERS[kind])
    return found
