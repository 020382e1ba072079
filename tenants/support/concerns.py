"""Concerns: that a group does not work for somebody, or how somebody behaves in it, told in confidence.

No event tells of one. Its words are under the tenant's key, and the database opens the row to its author and to those
whom she saw as its readers.
"""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, insert, select

from tenants.groups.actions import FIRST_LOOK
from tenants.groups.models import Group
from tenants.kernel import jobs
from tenants.kernel.clock import now
from tenants.kernel.crypto import Place
from tenants.kernel.errors import Forbidden
from tenants.kernel.ids import random_id
from tenants.kernel.jobs import Job
from tenants.kernel.keys import Safe
from tenants.kernel.mail import post
from tenants.kernel.rows import Version, edited, row_of
from tenants.kernel.session import Session
from tenants.people.models import Membership
from tenants.people.queries import NAME
from tenants.support.care_models import Concern, ConcernReader, RepairWish
from tenants.support.concern_readers import readers_seen

MENDED = ("repair", "move")
"""Wishes on which a group is marked for repair, as it is for other reasons too."""


def send_concern(
    session: Session,
    *,
    group_id: UUID,
    kind: str,
    wants: str,
    readers: Sequence[UUID],
    text: str | None = None,
) -> SimpleNamespace:
    """Send a concern about one's group to its readers, if they are just those whom one has seen.

    Each gets a letter that says nothing of it. Where she wants the group mended, or to move, it is marked for repair
    within a week, which names nobody and gives no reason; she leaves only when she says so
    (`groups.departures`). Raises as `readers_seen`.
    """
    reached = readers_seen(session, group_id=group_id, seen=readers)
    row_id, me = random_id(), session.membership_id
    sealed = None if text is None else Safe(session).encrypted(text, _place(row_id))
    row = {"tenant_id": session.tenant_id, "id": row_id, "group_id": group_id, "author_id": me, "version": 1}
    said = {"kind": kind, "wants": wants, "encrypted_text": sealed, "state": "sent"}
    session.execute(insert(Concern).values(**row, **said))
    pairs = [
        {
            "tenant_id": session.tenant_id,
            "id": random_id(),
            "concern_id": row_id,
            "author_id": me,
            "reader_id": each,
        }
        for each in reached
    ]
    session.execute(insert(ConcernReader), pairs)
    post(session, "concern", subject_ids=reached)
    if kind == "not_working" and wants in MENDED:
        _wish_for_repair(session, group_id)
    return concern(session, concern_id=row_id)


def _wish_for_repair(session: Session, group_id: UUID) -> None:
    """To be marked at the next look at the group, whenever that is: a mark at this moment would tell of it."""
    wish = {"tenant_id": session.tenant_id, "id": random_id(), "group_id": group_id}
    session.execute(insert(RepairWish).values(**wish))
    waits = select(Job.id).where(
        Job.kind == "group_health", Job.subject_id == group_id, Job.state.in_(("queued", "running"))
    )
    if session.scalar(waits.limit(1)) is None:
        jobs.enqueue(session, "group_health", subject_id=group_id, not_before=now() + FIRST_LOOK)


def concern(session: Session, *, concern_id: UUID) -> SimpleNamespace:
    """A concern with its words, for its author and its readers. Raises NotFound to everybody else."""
    row = row_of(session, Concern, concern_id)
    sealed = row.encrypted_text
    words = None if sealed is None else Safe(session).decrypted(sealed, _place(row.id))
    name = session.scalar(select(NAME).select_from(Membership).where(Membership.id == row.author_id))
    shown = {column.key: getattr(row, column.key) for column in Concern.__table__.columns}
    return SimpleNamespace(**shown, text=words, author_name=name)


def concerns_to(membership_id: UUID | None) -> Select[Any]:
    """What was sent to somebody, without its words."""
    to_her = exists().where(
        ConcernReader.tenant_id == Concern.tenant_id,
        ConcernReader.concern_id == Concern.id,
        ConcernReader.reader_id == membership_id,
    )
    return _shown().where(to_her)


def concerns_of(membership_id: UUID | None) -> Select[Any]:
    """What somebody sent, and what became of it."""
    return _shown().where(Concern.author_id == membership_id)


def settle_concern(
    session: Session, *, concern_id: UUID, changes: dict[str, Any], if_match: Version
) -> SimpleNamespace:
    """Say that a concern was received, or handled; its author sees it.

    Raises NotFound, StaleVersion, and Forbidden "not_a_reader" to its author.
    """
    row = row_of(session, Concern, concern_id)
    to_me = select(ConcernReader.id).where(
        ConcernReader.concern_id == concern_id, ConcernReader.reader_id == session.membership_id
    )
    if session.scalar(to_me) is None:
        raise Forbidden("Those to whom it was sent say what became of it.", code="not_a_reader")
    edited(row, changes, if_match=if_match)
    session.flush()
    return concern(session, concern_id=concern_id)


def _shown() -> Select[Any]:
    columns: tuple[Any, ...] = (
        Concern.id,
        Concern.group_id,
        Group.name.label("group_name"),
        Concern.author_id,
        NAME.label("author_name"),
        Concern.kind,
        Concern.wants,
        Concern.state,
        Concern.sent_at,
        Concern.version,
    )
    return (
        select(*columns)
        .join(Group, (Group.tenant_id == Concern.tenant_id) & (Group.id == Concern.group_id))
        .join(Membership, (Membership.tenant_id == Concern.tenant_id) & (Membership.id == Concern.author_id))
    )


def _place(concern_id: UUID) -> Place:
    return Place("concern", "encrypted_text", concern_id)
