"""Sealing what is contributed, and opening it for the job of its pool."""

import zlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import insert, text

from tenants.kernel import events
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.crypto import MasterKeyMissing, Place
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session
from tenants.reporting.pools.content import Contribution, contribution_from, counts_from, said_of_counts
from tenants.reporting.pools.models import ContributionAnswer, ContributionRequest, SealedContribution
from tenants.reporting.suppression.model import Key

NAME = 16
"""Of so many letters is the name of a master key."""
_TELL = text("SELECT door.tell_of_pooling(:sent)")
_OPEN = text("SELECT * FROM door.pool_contributions(:report, :job, :fence)")


def seal(
    session: Session, asked: Any, contribution: Contribution, *, snapshot_id: UUID | None = None
) -> None:
    """Leave a contribution for the job of the pool that asked for it, and say so. Nobody here can read it again."""
    row_id, key = new_id(), session.key_ring.first
    content = zlib.compress(orjson.dumps(contribution.said()))
    row = {
        "tenant_id": asked.source_tenant_id,
        "id": row_id,
        "source_tenant_id": session.tenant_id,
        "pooled_report_id": asked.pooled_report_id,
        "request_id": asked.id,
        "snapshot_id": snapshot_id,
        "counted_at": now(),
        "encrypted_content": key.encrypted(content, _bound_to(asked.source_tenant_id, row_id)),
        "sealed_by": key.name,
    }
    session.execute(insert(SealedContribution), row)
    answer(session, asked, "contributed")


def answer(session: Session, asked: Any, said: str) -> None:
    """Tell the funder what becomes of its request."""
    row = ContributionAnswer(
        id=new_id(),
        tenant_id=asked.source_tenant_id,
        source_tenant_id=session.tenant_id,
        pooled_report_id=asked.pooled_report_id,
        request_id=asked.id,
        answer=said,
    )
    send(session, row)
    events.record(
        session, f"contribution_request.{said}", subject_type="contribution_request", subject_id=asked.id
    )


def send(session: Session, row: ContributionRequest | ContributionAnswer) -> None:
    """Add a row that another tenant reads, with the event and the job of that tenant's that follow from it."""
    session.add(row)
    session.flush()
    session.execute(_TELL, {"sent": row.id})


def sealed_for(session: Session, claim: Claim) -> list[Any]:
    """What lies sealed for the claimed pool; nothing for anybody but the job while it runs."""
    known = {"report": claim.subject_id, "job": claim.job_id, "fence": claim.fence}
    return list(session.execute(_OPEN, known))


def opened(session: Session, sealed: Any) -> Contribution:
    """One of them. Raises CannotDecrypt."""
    key = session.key_ring.master(sealed.sealed_by)
    content = key.decrypted(sealed.encrypted_content, _bound_to(session.tenant_id, sealed.id))
    return contribution_from(orjson.loads(zlib.decompress(content)))


def part_sealed(session: Session, source: Any, part: Mapping[Key, int]) -> str:
    """An institution's own part of what a pool released, in hex, to be kept with its snapshot for the next pool. It is
    sealed, as it says how many of its products others have.
    """
    key, place = session.key_ring.first, Place("report_snapshot", "encrypted_part", source.snapshot_id)
    content = zlib.compress(orjson.dumps(said_of_counts(part)))
    return (key.name.encode() + key.encrypted(content, place.bound_to(source.source_id))).hex()


def part_opened(session: Session, snapshot_id: UUID, kept: bytes | None) -> dict[Key, int] | None:
    """What was sealed so of one's own; None where nothing is, or its master key is gone."""
    if kept is None:
        return None
    place = Place("report_snapshot", "encrypted_part", snapshot_id)
    try:
        key = session.key_ring.master(kept[:NAME].decode())
    except MasterKeyMissing:
        return None
    content = key.decrypted(kept[NAME:], place.bound_to(session.tenant_id))
    return counts_from(orjson.loads(zlib.decompress(content)))


def _bound_to(tenant_id: UUID, row_id: UUID) -> bytes:
    return Place("sealed_contribution", "encrypted_content", row_id).bound_to(tenant_id)
