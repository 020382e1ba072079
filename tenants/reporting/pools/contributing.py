"""An institution's contribution to a pool, counted as any report for that funder is, and sealed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select

from tenants.kernel.claims import Claim
from tenants.kernel.errors import Conflict
from tenants.kernel.ids import new_id
from tenants.kernel.session import Session, expect_many_rows
from tenants.outcomes.identity import identity_of
from tenants.reporting.agreements import agreement
from tenants.reporting.building import Order, keep, ordered
from tenants.reporting.counting import Counting, shares
from tenants.reporting.ledger import list_released
from tenants.reporting.metrics import counts_awards, metrics_by
from tenants.reporting.metrics.products import THINGS
from tenants.reporting.models import Report, ReportSnapshot
from tenants.reporting.pools.asked import contribution_request, held
from tenants.reporting.pools.content import Contribution, Thing, known_by, of_those_who_agreed
from tenants.reporting.pools.models import ContributionHindrance
from tenants.reporting.pools.sealing import answer, part_opened, seal
from tenants.reporting.releasing import Earlier, Released
from tenants.reporting.shared import note_counted
from tenants.reporting.tables import CountTable


def contribute(claim: Claim) -> None:
    """Count and seal what the claimed request asks for, once. What an institution declares waits for its people."""
    with claim.session(snapshot=True) as session:
        expect_many_rows(session)
        asked = contribution_request(session, claim.subject_id)
        hindrance = _hindrance(session, asked)
        if asked.state == "waiting" and hindrance is None and asked.program_id is not None:
            order, contribution = _counted(session, claim, asked)
    with claim.effect() as session:
        try:
            held(session, claim.subject_id, "waiting")
        except Conflict:  # it was declined meanwhile, or the funder asked anew
            return
        if hindrance is not None:
            answer(session, asked, "declined")
            session.add(ContributionHindrance(request_id=asked.id, reason=hindrance))
        elif asked.program_id is not None:
            _leave(session, asked, order, contribution)


def _hindrance(session: Session, asked: Any) -> str | None:
    """Why nothing can be contributed, if so: by two lists of major awards a few people could be told from the
    difference.
    """
    found = agreement(session, asked.sharing_agreement_id)
    if found.state != "signed" or not found.pooled:
        return "agreement_ended"
    if asked.program_id is None or not counts_awards(asked.metrics):
        return None
    fixed = list_released(session, program_id=asked.program_id)
    return None if fixed in (None, asked.award_list) else "other_award_list"


def _counted(session: Session, claim: Claim, asked: Any) -> tuple[Order, Contribution]:
    report = Report(
        id=new_id(),
        tenant_id=claim.tenant_id,
        program_id=asked.program_id,
        job_id=claim.job_id,
        audience="funder",
        funder=asked.funder,
        as_of=asked.as_of,
        formats=[],
        metrics=list(asked.metrics),
        award_list=asked.award_list,
        pooled_for=asked.from_name,
    )
    order = ordered(session, claim, report)
    contribution = Contribution(
        name=order.cover["institution"],
        declared=False,
        threshold=order.threshold,
        digest=order.digest,
        tables=_parts(order, asked),
        things=_things(session, order, asked),
        ledger=_ledger(session, order),
    )
    return order, contribution


def _ledger(session: Session, order: Order) -> list[Earlier]:
    """The ledger, with the program's own part of each pool."""
    pooled = session.execute(
        select(ReportSnapshot.id, ReportSnapshot.encrypted_part)
        .where(ReportSnapshot.program_id == order.report.program_id, ReportSnapshot.place.is_not(None))
        .order_by(ReportSnapshot.place)
    )
    parts = [part_opened(session, row.id, row.encrypted_part) for row in pooled]
    return [replace(each, part=part) for each, part in zip(order.ledger, parts, strict=True)]


def _parts(order: Order, asked: Any) -> Mapping[str, Sequence[CountTable]]:
    """The tables of the metrics asked for, of those alone who agreed."""
    found = {}
    for metric, (tables, _) in zip(metrics_by(order.report.award_list), order.found, strict=True):
        parts = [of_those_who_agreed(each, shares(asked.funder)) for each in tables]
        if metric.name in asked.metrics:
            found[metric.id] = [each for each in parts if each is not None]
    return found


def _things(session: Session, order: Order, asked: Any) -> list[Thing]:
    """The products of those who agreed, by what they are known by."""
    counting = Counting(session, order.scope)
    numbers: dict[Any, int] = {}
    found = []
    for row in counting.run(THINGS, funder=asked.funder):
        identity = {name for record in row.records for name in identity_of(record)}
        people = [numbers.setdefault(each, len(numbers)) for each in row.people]
        found.append(Thing(row.product_kind, known_by(asked.pooled_report_id, identity), people))
    return found


def _leave(session: Session, asked: Any, order: Order, contribution: Contribution) -> None:
    report = order.report
    session.add(report)
    session.flush()
    report.snapshot_id = keep(session, order, Released({}), pooled_report_id=asked.pooled_report_id)
    report.refusals = list(order.refusals)
    note_counted(session, report_id=report.id, people=order.people)
    seal(session, asked, contribution, snapshot_id=report.snapshot_id)
