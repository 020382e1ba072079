"""The job of a pool: once all have answered, open what they sealed, sum, protect, and leave nothing of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import select, text

from tenants.kernel import events
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.files import FileStore
from tenants.kernel.rows import row_held, row_of
from tenants.kernel.session import Session
from tenants.reporting.files import Written, add_files, write_files
from tenants.reporting.ledger import KEPT
from tenants.reporting.metrics import counts_awards, metrics_by
from tenants.reporting.passing import ONE_AT_A_TIME
from tenants.reporting.pools.models import ContributionRequest, PooledFile, PooledReport
from tenants.reporting.pools.ordering import LEAST_SOURCES, ask, list_pooled, sources
from tenants.reporting.pools.pages import pooled_document
from tenants.reporting.pools.sealing import opened, part_sealed, sealed_for
from tenants.reporting.pools.summing import pooled, released_of
from tenants.reporting.releasing import Earlier
from tenants.reporting.writing import written

_RELEASE = text(
    "SELECT door.release_pool(:report, :job, :fence, CAST(:document AS jsonb), CAST(:parts AS jsonb))"
)
_DROP = text("SELECT * FROM door.drop_contributions(:report, :job, :fence, :stale)")
_THRESHOLD = text("SELECT disclosure_threshold FROM tenant")


def pool(claim: Claim) -> None:
    """Build the claimed pooled report if all have answered, and it is not built; ask those anew of whom more has left,
    or somebody withdrew, since they contributed, or whose agreement has ended, which they then decline.
    """
    with claim.session(snapshot=True) as session:
        report = row_of(session, PooledReport, claim.subject_id)
        asked = _asked(session, report.id)
        over = _is_over(session, report)
        ready = report.state == "waiting" and all(each.answer for each in asked) and not over
        sealed = sealed_for(session, claim) if ready else []
        stale = [each.request_id for each in sealed if not each.fresh and not each.declined]
        fresh = {str(each.source_id): each for each in sealed if each.fresh and not each.declined}
        given = {source: opened(session, each) for source, each in fresh.items()}
        before = _pooled_before(session, report)
        threshold = session.scalars(_THRESHOLD).one()
        session.expunge_all()
    metrics = [each for each in metrics_by(report.award_list) if each.name in report.metrics]
    enough = ready and not stale and len(given) >= LEAST_SOURCES
    found = pooled(given, metrics, before=before, threshold=threshold) if enough else None
    if found is None or not found.tables:
        _conclude(claim, report.id, [] if over else stale if ready else None)
        return
    claim.progress(0.2)
    leaving = released_of(found, as_of=report.as_of.isoformat())
    claim.progress(0.8)
    document = pooled_document(report, found, leaving, given)
    contents = {form: written(form, document) for form in report.formats}
    files = write_files(FileStore.of(claim.settings), tenant_id=claim.tenant_id, contents=contents)
    with claim.session() as session:
        parts = {
            source: part_sealed(session, each, found.held.parts[source])
            for source, each in fresh.items()
            if each.snapshot_id is not None
        }
    told = {"document": orjson.dumps(leaving.document).decode(), "parts": orjson.dumps(parts).decode()}
    _write(claim, told, files, document["cover"]["coverage"], (len(given), len(before)))


def _conclude(claim: Claim, report_id: UUID, stale: Sequence[UUID] | None) -> None:
    """Go on waiting (None), ask anew, or refuse the report as too few took part. Nothing stays sealed for one that does
    not wait any more.
    """
    with claim.effect() as session:
        report = row_held(session, PooledReport, report_id)
        waits = report.state == "waiting"
        if waits and stale is None:
            return
        known = _claimed(claim)
        dropped = set(session.scalars(_DROP, {**known, "stale": waits and bool(stale)}))
        if not waits:
            return
        if not stale:
            report.state = "refused"
            session.flush()
            events.record(session, f"pooled_report.{report.state}", subject=report)
            return
        for each in _asked(session, report.id):
            if each.id in dropped and each.answer == "contributed":
                ask(
                    session,
                    report,
                    agreement_id=each.agreement_id,
                    institution_id=each.institution_id,
                    name=each.to_name,
                )


def _write(
    claim: Claim,
    told: dict[str, str],
    files: Sequence[Written],
    coverage: dict[str, Any],
    known: tuple[int, int],
) -> None:
    """Write what is released for the funder and into the ledgers of all sources, and delete what they sealed: all of
    it, or, where something changed meanwhile, nothing, and look again. known: of how many sources it is, and how many
    pools of the funder there were.
    """
    number, before = known
    with claim.effect() as session:
        report = row_held(session, PooledReport, claim.subject_id)
        if report.state != "waiting":
            return
        for each in sorted(str(source.id) for source in _asked(session, report.id)):
            session.execute(ONE_AT_A_TIME, {"what": each})  # nobody declines meanwhile
        session.execute(ONE_AT_A_TIME, {"what": f"pools of {claim.tenant_id}"})
        if len(_pooled_before(session, report)) != before:  # what is declared has no ledger but this
            claim.go_on(now())
            return
        step = session.begin_nested()
        if session.execute(_RELEASE, {**_claimed(claim), **told}).scalar_one() != number:
            step.rollback()
            claim.go_on(now())
            return
        step.commit()
        add_files(session, PooledFile, files, pooled_report_id=report.id)
        report.state, report.built_at = "built", now()
        report.document, report.coverage = orjson.loads(told["document"]), coverage
        session.flush()
        events.record(session, f"pooled_report.{report.state}", subject=report)


def _asked(session: Session, report_id: UUID) -> Sequence[Any]:
    rows = sources(session).where(ContributionRequest.pooled_report_id == report_id)
    return session.execute(rows).all()


def _is_over(session: Session, report: PooledReport) -> bool:
    """Whether it is not waited for any more: nobody waits longer for who does not answer, and what was pooled meanwhile
    by another list of major awards could be subtracted.
    """
    fixed = list_pooled(session, funder=report.funder) if counts_awards(report.metrics) else None
    return report.created_at < now() - KEPT or fixed not in (None, report.award_list)


def _pooled_before(session: Session, report: PooledReport) -> list[Earlier]:
    """What the funder had pooled of people who agreed to it by this name."""
    rows = select(PooledReport.document, PooledReport.built_at).where(
        PooledReport.funder == report.funder, PooledReport.state == "built"
    )
    return [Earlier(row.document, pooled=True, at=row.built_at.isoformat()) for row in session.execute(rows)]


def _claimed(claim: Claim) -> dict[str, Any]:
    return {"report": claim.subject_id, "job": claim.job_id, "fence": claim.fence}
