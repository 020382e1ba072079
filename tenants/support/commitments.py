"""A sponsor's promise of protected time: what organisers recorded, and whether it is kept, as the person says."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from tenants.cohorts.models import Cohort, Participant
from tenants.kernel import events
from tenants.kernel.errors import Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import Version, edited, row_held, row_of
from tenants.kernel.session import Session
from tenants.support.care_models import CommitmentAnswer, SponsorCommitment
from tenants.support.mentors import refuse_unless_herself


def record_commitment(
    session: Session, *, participant_id: UUID, if_match: Version, **promised: Any
) -> SponsorCommitment:
    """Record what was promised to a participant, in place of what was before: `percent` of her time, `from_on`,
    `to_on`, `in_writing`, and `promised_by`, the words for whoever promised it. The version is 0 as long as there is
    no promise.

    Raises NotFound, StaleVersion, and Invalid for an end before the beginning.
    """
    row_held(session, Participant, participant_id)
    last: date | None = promised["to_on"]
    if last is not None and last < promised["from_on"]:
        raise Invalid.field("/to_on", "before_from", "It ends before it begins.")
    found: SponsorCommitment | None = session.scalar(_of(participant_id))
    if found is None:
        if_match.check(0)
        found = SponsorCommitment(id=new_id(), participant_id=participant_id, **promised)
        session.add(found)
        changed = list(promised)
    else:
        changed = edited(found, promised, if_match=if_match)
    session.flush()
    if changed:
        events.record(session, "sponsor_commitment.recorded", subject=found, changed=changed)
    return found


def commitment_of(session: Session, *, participant_id: UUID) -> SponsorCommitment:
    """What was promised to a participant. Raises NotFound."""
    row_of(session, Participant, participant_id)
    found: SponsorCommitment | None = session.scalar(_of(participant_id))
    if found is None:
        raise NotFound("commitment")
    return found


def withdraw_commitment(session: Session, *, participant_id: UUID, if_match: Version) -> None:
    """Record that there is no promise, with what she said of it. Raises NotFound and StaleVersion."""
    found = commitment_of(session, participant_id=participant_id)
    if_match.check(found.version)
    events.record(session, "sponsor_commitment.withdrawn", subject=found)
    session.delete(found)


def commitments_of(membership_id: UUID | None) -> Select[Any]:
    """What was promised to somebody, and whether it is kept as she says: `kept`, null where she has not said."""
    hers = (CommitmentAnswer.tenant_id == SponsorCommitment.tenant_id) & (
        CommitmentAnswer.commitment_id == SponsorCommitment.id
    )
    return (
        select(*SponsorCommitment.__table__.columns, Cohort.name.label("cohort_name"), CommitmentAnswer.kept)
        .join(
            Participant,
            (Participant.tenant_id == SponsorCommitment.tenant_id)
            & (Participant.id == SponsorCommitment.participant_id),
        )
        .join(Cohort, (Cohort.tenant_id == Participant.tenant_id) & (Cohort.id == Participant.cohort_id))
        .outerjoin(CommitmentAnswer, hers & (CommitmentAnswer.membership_id == membership_id))
        .where(Participant.membership_id == membership_id)
    )


def say_whether_kept(session: Session, *, commitment_id: UUID, kept: str) -> None:
    """Say for oneself whether a promise is kept. No event tells of it.

    Raises NotFound for another's, and Forbidden "not_personal" unless she signed in as herself.
    """
    hers = commitments_of(session.membership_id).where(SponsorCommitment.id == commitment_id)
    if session.execute(hers).one_or_none() is None:
        raise NotFound("commitment")
    refuse_unless_herself(session)
    row = insert(CommitmentAnswer).values(
        tenant_id=session.tenant_id,
        id=new_id(),
        membership_id=session.membership_id,
        commitment_id=commitment_id,
        kept=kept,
    )
    key = ["tenant_id", "commitment_id", "membership_id"]
    session.execute(row.on_conflict_do_update(index_elements=key, set_={"kept": kept}))


def _of(participant_id: UUID) -> Select[Any]:
    return select(SponsorCommitment).where(SponsorCommitment.participant_id == participant_id)
