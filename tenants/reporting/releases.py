"""Releases: drafted, reviewed, approved, and what became of them. How one is sent is in `sending`."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, case, func, or_, select

from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.kernel.permissions import ROLES, Permission
from tenants.kernel.rows import one, row_held, row_named, row_of
from tenants.kernel.session import Session
from tenants.people.models import Membership, RoleGrant
from tenants.reporting.actions import order_report
from tenants.reporting.agreements import agreement
from tenants.reporting.ledger import list_released
from tenants.reporting.models import FORMATS, Report
from tenants.reporting.release_models import ANSWERS, STATES, Release, ReleaseAnswer
from tenants.reporting.sharing_models import SharingOffer

SHOWN_STATES = (*STATES, *ANSWERS)
OPEN = ("drafted", "reviewed", "approved")
_APPROVERS = tuple(role for role, given in ROLES.items() if Permission.RELEASES_APPROVE in given)


def draft_release(
    session: Session,
    *,
    sharing_agreement_id: UUID | None = None,
    cohort_id: UUID | None = None,
    program_id: UUID | None = None,
    as_of: dt.date | None = None,
    due_on: dt.date | None = None,
    formats: Sequence[str] = FORMATS,
    supersedes_id: UUID | None = None,
    award_list: str | None = None,
) -> Release:
    """Draft a release and order its report: for the funder of an agreement that holds, of its metrics, on the program
    that was named when it was signed; or for the public, on a program or a cohort.

    `supersedes_id`: a release of the same kind that was sent, which it is to correct.
    Raises Invalid as `order_report` does, and for an agreement or a release that is unknown or does not fit.
    """
    if sharing_agreement_id is None:
        scope: dict[str, Any] = {"cohort_id": cohort_id, "program_id": program_id, "audience": "public"}
    elif cohort_id is None and program_id is None:
        scope = _scope_of(session, sharing_agreement_id)
    else:
        raise Invalid.field(
            "/sharing_agreement_id", "one_scope", "The agreement says already what it is about."
        )
    addressee = scope.pop("addressee", None)
    report = order_report(session, as_of=as_of, formats=("json", *formats), award_list=award_list, **scope)
    if supersedes_id is not None:
        _check_corrects(session, supersedes_id, sharing_agreement_id, report)
    release = Release(
        id=new_id(),
        agreement_id=sharing_agreement_id,
        addressee_name=addressee,
        program_id=report.program_id,
        cohort_id=report.cohort_id,
        report_id=report.id,
        supersedes_id=supersedes_id,
        due_on=due_on,
        drafted_by=session.actor,
    )
    session.add(release)
    session.flush()
    events.record(session, "release.drafted", subject=release)
    return release


def draft_anew(session: Session, *, release_id: UUID) -> None:
    """Order the report of a release anew, with the same day, and begin with its review again.

    Raises NotFound, and Conflict "wrong_state" once it was sent.
    """
    release = held(session, release_id, *OPEN)
    before = row_of(session, Report, release.report_id)
    scope = {"cohort_id": before.cohort_id} if before.cohort_id else {"program_id": before.program_id}
    again = order_report(
        session,
        audience=before.audience,
        funder=before.funder,
        as_of=before.as_of,
        formats=before.formats,
        metrics=before.metrics,
        award_list=list_released(session, program_id=before.program_id) or before.award_list,
        **scope,
    )
    release.report_id, release.state, release.drafted_by = again.id, "drafted", session.actor
    release.reviewed_by = release.reviewed_at = release.approved_by = release.approved_at = None
    session.flush()
    events.record(session, "release.drafted", subject=release)


def review_release(session: Session, *, release_id: UUID) -> None:
    """Say that a draft was looked through.

    Raises NotFound and Conflict: "wrong_state", or "not_ready" before its report is built.
    """
    release = held(session, release_id, "drafted")
    refuse_unbuilt(session, release)
    release.state, release.reviewed_by, release.reviewed_at = "reviewed", session.actor, now()
    session.flush()
    events.record(session, "release.reviewed", subject=release)


def refuse_unbuilt(session: Session, release: Release) -> None:
    """Raise Conflict "not_ready" unless the files of a release are as they are to be."""
    built = select(Job.state).join(Report, (Report.tenant_id == Job.tenant_id) & (Report.job_id == Job.id))
    if session.scalar(built.where(Report.id == release.report_id)) != "succeeded":
        raise Conflict(
            "The files of its report are not written; see there, or draft it anew.",
            code="not_ready",
        )


def approve_release(session: Session, *, release_id: UUID) -> None:
    """Approve what was reviewed; its files are written anew in the background, with the approver's name on the cover.
    Where two people or more may approve, it is not the one who drafted it who does.

    Raises NotFound, Conflict "wrong_state" and Forbidden "four_eyes".
    """
    release = held(session, release_id, "reviewed")
    if release.drafted_by is not None and release.drafted_by == session.actor and _several(session):
        raise Forbidden("Somebody other than who drafted it approves it.", code="four_eyes")
    release.state, release.approved_by, release.approved_at = "approved", session.actor, now()
    job = jobs.enqueue(session, "release_files", subject_id=release.id)
    session.flush()
    row_of(session, Report, release.report_id).job_id = job.id
    session.flush()
    events.record(session, "release.approved", subject=release)


def releases(session: Session) -> Select[Any]:
    """The session's tenant's releases: their states, with what their addressees answered."""
    answer = _answer(session)
    state = case((Release.state == "sent", func.coalesce(answer("answer"), "sent")), else_=Release.state)
    columns = [
        each
        for each in Release.__table__.columns
        if each.name not in ("agreement_id", "state", "corrections")
    ]
    corrected = func.coalesce(func.jsonb_array_length(Release.corrections), 0)
    return select(
        *columns,
        Release.agreement_id.label("sharing_agreement_id"),
        state.label("state"),
        answer("comment").label("comment"),
        corrected.label("corrected_cells"),
        Report.as_of,
    ).join(Report, (Report.tenant_id == Release.tenant_id) & (Report.id == Release.report_id))


def release_of(session: Session, release_id: UUID) -> Row[Any]:
    """One release as lists show it. Raises NotFound."""
    return one(session, releases(session).where(Release.id == release_id), "release")


def corrections_of(session: Session, *, release_id: UUID) -> dict[str, Any]:
    """What a release says otherwise than the one that it supersedes; nothing before it was sent. Raises NotFound."""
    return {"cells": row_of(session, Release, release_id).corrections or []}


def held(session: Session, release_id: UUID, *states: str) -> Release:
    """A release in one of these states, until the transaction ends. Raises NotFound and Conflict "wrong_state"."""
    release = row_held(session, Release, release_id)
    if release.state not in states:
        raise Conflict(f"The release is {release.state}; that is no step from there.", code="wrong_state")
    return release


def _check_corrects(session: Session, supersedes_id: UUID, agreement_id: UUID | None, report: Report) -> None:
    before = row_named(session, Release, supersedes_id, pointer="/supersedes_id")
    alike = (before.agreement_id, before.program_id, before.cohort_id) == (
        agreement_id, report.program_id, report.cohort_id,
    )  # fmt: skip
    if before.state != "sent" or not alike:
        detail = "It corrects a release that was sent, of the same kind, and that no other corrects."
        raise Invalid.field("/supersedes_id", "not_so", detail)


def _scope_of(session: Session, agreement_id: UUID) -> dict[str, Any]:
    try:
        found = agreement(session, agreement_id)
    except NotFound as missing:
        raise Invalid.field("/sharing_agreement_id", "unknown", missing.detail) from None
    if found.state != "signed" or found.program_id is None:
        raise Invalid.field(
            "/sharing_agreement_id",
            "not_in_force",
            "Only an institution reports, under an agreement that holds.",
        )
    return {
        "program_id": found.program_id,
        "audience": "funder",
        "funder": found.funder,
        "metrics": found.metrics,
        "addressee": found.partner_name,
    }


def _several(session: Session) -> bool:
    """Whether two or more who have joined may approve in the whole tenant."""
    grant, whole = RoleGrant, RoleGrant.program_id.is_(None) & RoleGrant.cohort_id.is_(None)
    may = (
        select(func.count(grant.membership_id.distinct()))
        .join(Membership, (Membership.tenant_id == grant.tenant_id) & (Membership.id == grant.membership_id))
        .where(grant.role.in_(_APPROVERS), whole, Membership.person_id.is_not(None))
        .where(or_(grant.expires_at.is_(None), grant.expires_at > now()))
    )
    return session.execute(may).scalar_one() > 1


def _answer(session: Session) -> Any:
    """A column of what the other side of its agreement said of a release, at last."""

    def column(name: str) -> Any:
        other = case(
            (SharingOffer.source_tenant_id == session.tenant_id, SharingOffer.tenant_id),
            else_=SharingOffer.source_tenant_id,
        )
        return (
            select(getattr(ReleaseAnswer, name))
            .join(SharingOffer, ReleaseAnswer.source_tenant_id == other)
            .where(
                SharingOffer.id == Release.agreement_id,
                ReleaseAnswer.tenant_id == session.tenant_id,
                ReleaseAnswer.release_id == Release.id,
            )
            .order_by(ReleaseAnswer.id.desc())
            .limit(1)
            .correlate(Release)
            .scalar_subquery()
        )

    return column
