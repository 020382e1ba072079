"""Ordering verifications, and deciding on what was found. Nothing is attached to anybody before that."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from tenants.cohorts.models import Cohort, Participant, Program
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_named, row_of
from tenants.kernel.session import Session
from tenants.outcomes.actions import create_career_event, create_product, product_facts
from tenants.outcomes.identity import core_project_number
from tenants.outcomes.models import KEPT, CareerEvent, Product, ProductContributor
from tenants.outcomes.rules import career_event_key
from tenants.outcomes.sameness import same_product
from tenants.outcomes.verification.expiry import expect_expiry
from tenants.outcomes.verification.models import Finding, Verification
from tenants.outcomes.verification.scope import covers
from tenants.outcomes.verification.sources import SOURCES

MOST_YEARS = 15
EARLIEST = 1985
"""The first fiscal year that RePORTER has."""


def order_verification(
    session: Session,
    *,
    fiscal_years: Sequence[int],
    sources: Sequence[str] = tuple(SOURCES),
    cohort_id: UUID | None = None,
    program_id: UUID | None = None,
    membership_id: UUID | None = None,
    institution_attribute: str = "institution",
) -> Verification:
    """Order to look for what the people of a cohort or program, or one of them, published or were awarded.

    `institution_attribute` is the key of the attribute that says where each of them works. Raises Invalid unless
    exactly one of cohort and program is named, for what is unknown, and for a year that has not begun.
    """
    program = _program(session, cohort_id, program_id)
    today = now().date()
    latest = today.year + (today.month >= 10)
    for place, year in enumerate(fiscal_years):
        if not EARLIEST <= year <= latest:
            message = f"Fiscal years are those from {EARLIEST} to {latest}, which began in October before."
            raise Invalid.field(f"/fiscal_years/{place}", "out_of_range", message)
    if membership_id is not None:
        _check_takes_part(session, membership_id, program.id, cohort_id)
    verification_id = new_id()
    job = jobs.enqueue(session, "verification", subject_id=verification_id)
    session.flush()
    ordered = Verification(
        id=verification_id,
        program_id=program.id,
        cohort_id=cohort_id,
        membership_id=membership_id,
        job_id=job.id,
        sources=sorted(set(sources), key=list(SOURCES).index),
        fiscal_years=sorted(set(fiscal_years)),
        institution_attribute=institution_attribute,
    )
    session.add(ordered)
    expect_expiry(session)
    session.flush()
    events.record(session, "verification.ordered", subject=ordered)
    return ordered


def _program(session: Session, cohort_id: UUID | None, program_id: UUID | None) -> Program:
    if cohort_id is not None and program_id is None:
        cohort = row_named(session, Cohort, cohort_id, pointer="/cohort_id")
        return row_of(session, Program, cohort.program_id)
    if program_id is not None and cohort_id is None:
        return row_named(session, Program, program_id, pointer="/program_id")
    raise Invalid.field("/cohort_id", "one_scope", "Give either cohort_id or program_id.")


def _check_takes_part(
    session: Session, membership_id: UUID, program_id: UUID, cohort_id: UUID | None
) -> None:
    takes_part = exists().where(
        Participant.membership_id == membership_id,
        Participant.cohort_id == Cohort.id,
        Cohort.program_id == program_id if cohort_id is None else Cohort.id == cohort_id,
    )
    if not session.scalar(select(takes_part)):
        raise Invalid.field("/membership_id", "unknown", "Nobody of this id takes part there.")


def confirm(session: Session, *, finding_id: UUID, membership_id: UUID | None = None) -> Finding:
    """Say that something found is hers, and attach it: an award as a career event, anything else as a product.

    What is recorded already is not recorded again, but is hers as well. With `membership_id` she says so herself, of
    her own. To confirm what is confirmed changes nothing. Raises NotFound, and Conflict: "rejected" where that was said
    before, "not_covered" where her outcomes may not be looked at any more.
    """
    finding = _held(session, finding_id, membership_id)
    if finding.state == "rejected":
        raise Conflict("This was rejected before, and stays so.", code="rejected")
    if finding.state == "open":
        if membership_id is None and not covers(session, finding.membership_id):
            message = "She has objected to this use of her data, or was not asked; only she can confirm it."
            raise Conflict(message, code="not_covered")
        _attach(session, finding)
        _decide(session, finding, "confirmed", by_herself=membership_id is not None)
    return finding


def reject(session: Session, *, finding_id: UUID, membership_id: UUID | None = None) -> Finding:
    """Say that something found is not hers; it is not found for her again. As `confirm`.

    Raises NotFound, and Conflict "confirmed": then what it became is to be changed or removed.
    """
    finding = _held(session, finding_id, membership_id)
    if finding.state == "confirmed":
        message = "This was confirmed before; change or remove what it became."
        raise Conflict(message, code="confirmed")
    if finding.state == "open":
        _decide(session, finding, "rejected", by_herself=membership_id is not None)
    return finding


def _held(session: Session, finding_id: UUID, membership_id: UUID | None) -> Finding:
    """It, until the transaction ends, so that it is decided once."""
    finding = session.get(
        Finding, (session.tenant_id, finding_id), with_for_update=True, populate_existing=True
    )
    if finding is None or membership_id not in (None, finding.membership_id):
        raise NotFound("finding")
    return finding


def _decide(session: Session, finding: Finding, state: str, *, by_herself: bool) -> None:
    finding.state, finding.decided_at = state, now()
    finding.decided_by = "person" if by_herself else "institution"
    session.flush()
    events.record(session, f"finding.{state}", subject=finding)


def _attach(session: Session, finding: Finding) -> None:
    if finding.kind == "award" and finding.code:
        finding.career_event_id = _career_event(session, finding)
    else:
        finding.product_id = _product(session, finding)


def _career_event(session: Session, finding: Finding) -> UUID:
    """The award that it is: one of that core number, else one of that code and day without any, which gets it."""
    awards = select(CareerEvent).where(
        CareerEvent.membership_id == finding.membership_id,
        CareerEvent.kind == "award",
        CareerEvent.author_id.is_(None) | CareerEvent.visibility.not_in(KEPT),
    )
    core = core_project_number(finding.project_number or "")
    unnumbered = None
    for each in session.scalars(awards.order_by(CareerEvent.id)):
        if each.project_number is not None:
            if core and core_project_number(each.project_number) == core:
                return each.id
        elif finding.date is not None and (each.code, each.date) == (finding.code, finding.date):
            unnumbered = unnumbered or each
    if unnumbered is not None:
        _give_number(session, unnumbered, finding.project_number)
        return unnumbered.id
    return create_career_event(
        session,
        membership_id=finding.membership_id,
        kind="award",
        code=finding.code,
        date=finding.date,
        project_number=finding.project_number,
    ).id


def _give_number(session: Session, award: CareerEvent, number: str | None) -> None:
    if number is None:
        return
    facts = {name: getattr(award, name) for name in ("kind", "code", "date", "before_first_k")}
    award.project_number = number
    award.natural_key = career_event_key({**facts, "project_number": number})
    session.flush()
    events.record(session, "career_event.updated", subject=award, changed=["project_number"])


def _product(session: Session, finding: Finding) -> UUID:
    """The product that it is: one that the tenant has, whom she comes to stand behind, or a new one."""
    told = {name: getattr(finding, name) for name in ("title", "date", "doi", "pmid", "project_number")}
    told["kind"] = "proposal_awarded" if finding.kind == "award" else finding.product_kind
    known = same_product(session, product_facts({"visibility": "program", **told}))
    if known is None:
        return create_product(session, membership_ids=[finding.membership_id], **told).id
    _stand_behind(session, known.id, finding.membership_id)
    return known.id


def _stand_behind(session: Session, product_id: UUID, membership_id: UUID) -> None:
    row = {"tenant_id": session.tenant_id, "product_id": product_id, "membership_id": membership_id}
    added = insert(ProductContributor).values(id=new_id(), **row).on_conflict_do_nothing()
    if session.execute(added.returning(ProductContributor.id)).one_or_none():
        product = row_of(session, Product, product_id)
        product.updated_at = now()
        session.flush()
        events.record(session, "product.updated", subject=product, changed=["membership_ids"])
