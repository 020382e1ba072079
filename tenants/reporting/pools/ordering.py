"""Ordering pooled reports, and reading them."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on

from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one
from tenants.kernel.session import Session
from tenants.reporting.agreements import agreements
from tenants.reporting.files import ReportDownload, download_of
from tenants.reporting.ledger import KEPT
from tenants.reporting.metrics import METRICS, counts_awards
from tenants.reporting.metrics.award_lists import CHOICES
from tenants.reporting.models import FORMATS, PLAIN
from tenants.reporting.pools.asked import said
from tenants.reporting.pools.models import ContributionRequest, PooledFile, PooledReport
from tenants.reporting.pools.sealing import send
from tenants.reporting.sharing_models import SharingOffer

LEAST_SOURCES = 3
"""Whoever knows one of two knows the other."""
COVERAGE = "coverage"
"""The metric that counts those too who did not agree: it is not pooled."""
_OWN_NAME = text("SELECT name FROM tenant")


def order_pool(
    session: Session,
    *,
    title: str,
    sharing_agreement_ids: Sequence[UUID],
    as_of: dt.date | None = None,
    formats: Sequence[str] = PLAIN,
    metrics: Sequence[str] | None = None,
    award_list: str | None = None,
) -> UUID:
    """Order a report of several institutions together, and ask each for what it contributes; the report's id.

    The agreements are one's own as a funder, signed, with `pooled`, of one name of the funder and of at least three
    institutions. `metrics`: of those that all of them agree to, all if none is given. `award_list`: by which major
    awards are counted, if not by the usual ones; once a pool for this name of the funder was made, by those of that.
    Raises Invalid for anything else, for a day in the future, and for a list other than the one that is fixed.
    """
    today = now().date()
    if as_of is not None and as_of > today:
        raise Invalid.field("/as_of", "in_the_future", f"Today is {today} (UTC); a report cannot be later.")
    found = [_agreed(session, each, place) for place, each in enumerate(sharing_agreement_ids)]
    if len({each.partner_id for each in found}) < max(LEAST_SOURCES, len(found)):
        detail = f"A pool is of at least {LEAST_SOURCES} institutions, each once."
        raise Invalid.field("/sharing_agreement_ids", "too_few", detail)
    if len({each.funder for each in found}) > 1:
        detail = "People agree to be shared with a funder by one name; these agreements have several."
        raise Invalid.field("/sharing_agreement_ids", "several_funders", detail)
    funder, wanted = found[0].funder, _metrics(found, metrics)
    report = PooledReport(
        id=new_id(),
        title=title,
        funder=funder,
        as_of=as_of or today,
        formats=sorted(set(formats), key=FORMATS.index),
        metrics=wanted,
        award_list=_list(session, funder, wanted, award_list),
    )
    session.add(report)
    session.flush()
    for each in found:
        ask(session, report, agreement_id=each.id, institution_id=each.partner_id, name=each.partner_name)
    jobs.enqueue(session, "pool", subject_id=report.id, not_before=now() + KEPT)  # it waits no longer
    events.record(session, "pooled_report.ordered", subject=report, counts={"sources": len(found)})
    return report.id


def ask(
    session: Session, report: PooledReport, *, agreement_id: UUID, institution_id: UUID, name: str
) -> None:
    """Ask one institution for its contribution, for the first time or anew."""
    row = ContributionRequest(
        id=new_id(),
        tenant_id=institution_id,
        source_tenant_id=session.tenant_id,
        pooled_report_id=report.id,
        agreement_id=agreement_id,
        from_name=session.scalars(_OWN_NAME).one(),
        to_name=name,
        funder=report.funder,
        title=report.title,
        as_of=report.as_of,
        metrics=report.metrics,
        award_list=report.award_list,
    )
    send(session, row)


def list_pooled(session: Session, *, funder: str) -> str | None:
    """The list of major awards by which the pools count that were made for this name of the funder, None before the
    first of them.
    """
    made = select(PooledReport.metrics, PooledReport.award_list).where(
        PooledReport.funder == funder, PooledReport.state == "built"
    )
    rows = session.execute(made)
    return next((each.award_list for each in rows if counts_awards(each.metrics)), None)


def pooled_reports(session: Session) -> Select[Any]:
    """The session's tenant's pooled reports, each with how many were asked, and what they answered."""
    apart = ("tenant_id", "document")
    columns = [each for each in PooledReport.__table__.columns if each.name not in apart]
    asked = sources(session).subquery()
    of_it = select(func.count()).where(asked.c.pooled_report_id == PooledReport.id).correlate(PooledReport)
    return select(
        *columns,
        of_it.scalar_subquery().label("sources"),
        *(
            of_it.where(asked.c.answer == each).scalar_subquery().label(each)
            for each in ("contributed", "declined")
        ),
    )


def pooled_report(session: Session, pooled_report_id: UUID) -> Any:
    """One of them. Raises NotFound."""
    return one(session, pooled_reports(session).where(PooledReport.id == pooled_report_id), "pooled report")


def sources(session: Session) -> Select[Any]:
    """The last request to each institution for each pool of the session's tenant, with what it answered."""
    row = ContributionRequest
    return (
        select(
            row.id,
            row.pooled_report_id,
            row.tenant_id.label("institution_id"),
            row.to_name,
            row.agreement_id,
            said().label("answer"),
        )
        .where(row.source_tenant_id == session.tenant_id)
        .ext(distinct_on(row.pooled_report_id, row.tenant_id))
        .order_by(row.pooled_report_id, row.tenant_id, row.id.desc())
    )


def file_of_pool(session: Session, *, pooled_report_id: UUID, format_: str) -> ReportDownload:
    """A file of a pooled report, as it is handed out. Raises NotFound for a format that was not ordered, and Conflict
    "not_ready" while contributions are waited for and "not_built" where it was refused.
    """
    found = pooled_report(session, pooled_report_id)
    if format_ not in found.formats:
        raise NotFound("file of this report")
    if found.state == "waiting":
        raise Conflict("Contributions to this report are still waited for.", code="not_ready")
    if found.state == "refused":
        detail = (
            f"Fewer than {LEAST_SOURCES} institutions contributed, they have no table in common, or another pool was "
            "made meanwhile by another list of major awards."
        )
        raise Conflict(detail, code="not_built")
    file = select(PooledFile).where(
        PooledFile.pooled_report_id == pooled_report_id, PooledFile.format == format_
    )
    return download_of(session.scalars(file).one(), f"report-{pooled_report_id}")


def _agreed(session: Session, agreement_id: UUID, place: int) -> Any:
    found = session.execute(agreements(session).where(SharingOffer.id == agreement_id)).one_or_none()
    pointer = f"/sharing_agreement_ids/{place}"
    if found is None:
        raise Invalid.field(pointer, "unknown", "There is no sharing agreement of this id.")
    if found.role != "funder" or found.state != "signed" or not found.pooled:
        detail = "It is to be signed, yours as the funder, and say that what is reported may be pooled."
        raise Invalid.field(pointer, "not_in_force", detail)
    return found


def _list(session: Session, funder: str, metrics: Sequence[str], award_list: str | None) -> str:
    fixed = list_pooled(session, funder=funder)
    if counts_awards(metrics) and award_list is not None and fixed not in (None, award_list):
        detail = f"What is pooled for {funder} counts by {fixed} for good."
        raise Invalid.field("/award_list", "fixed", detail)
    return award_list or fixed or CHOICES[0]


def _metrics(found: Sequence[Any], names: Sequence[str] | None) -> list[str]:
    leaving = {each.name for each in METRICS if not each.inside and each.name != COVERAGE}
    allowed = leaving.intersection(*(each.metrics for each in found))
    for place, name in enumerate(names or ()):
        if name not in allowed:
            detail = "Not all of the agreements have this metric, or it is not pooled."
            raise Invalid.field(f"/metrics/{place}", "unknown", detail)
    wanted = allowed if names is None else set(names)
    return [each.name for each in METRICS if each.name in wanted]
