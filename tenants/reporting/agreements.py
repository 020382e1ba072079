"""Sharing agreements: an offer, a signature of each side, and how it stands between the two."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, literal, or_, select, text

from tenants.cohorts.models import Program
from tenants.kernel import events, jobs
from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import one, row_named
from tenants.kernel.session import Session
from tenants.reporting.metrics import METRICS
from tenants.reporting.passing import ONE_AT_A_TIME, send
from tenants.reporting.sharing_models import SharingOffer, SharingPlan, SharingSignature

YEAR = dt.timedelta(days=365)
STATES = ("offered", "signed", "declined", "ended")
_BY_SLUG = text("SELECT id, name FROM door.tenant_by_slug(:slug) WHERE state = 'open'")
_OWN_NAME = text("SELECT name FROM tenant")
_NAME = text("SELECT coalesce(chosen_name, name) FROM membership WHERE 'membership:' || id = :actor")


def offer_agreement(
    session: Session,
    *,
    partner: str,
    offered_by: str,
    funder: str,
    program_id: UUID | None = None,
    awards: Sequence[str] = (),
    institutes: Sequence[str] = (),
    program: str | None = None,
    metrics: Sequence[str] | None = None,
    schedule: str = "yearly",
    first_due_on: dt.date | None = None,
    ends_on: dt.date | None = None,
    message: str | None = None,
    pooled: bool = False,
    declares: bool = False,
) -> UUID:
    """Offer the tenant of this slug an agreement, and sign it oneself; its id.

    `offered_by` says which side one is; an institution says by `program_id` on what it is going to report, or that it
    `declares` (see `sign_agreement`). `metrics`: names of the dictionary, all if none is given. The first report is due
    in a year if nothing is said. `pooled`: what is reported may be pooled with that of others.
    Raises Invalid for an unknown tenant, program or metric, for oneself, and for days that make no sense.
    """
    found, today = _partner(session, partner), now().date()
    _check_end(ends_on, first_due_on or today)
    agreement = SharingOffer(
        id=new_id(),
        tenant_id=found.id,
        source_tenant_id=session.tenant_id,
        offered_by=offered_by,
        from_name=session.scalars(_OWN_NAME).one(),
        to_name=found.name,
        funder=funder,
        awards=sorted(set(awards)),
        institutes=sorted(set(institutes)),
        program=program,
        metrics=_metrics(metrics),
        schedule=schedule,
        first_due_on=None if schedule == "none" else first_due_on or today + YEAR,
        ends_on=ends_on,
        message=message,
        pooled=pooled,
    )
    _plan_of(offered_by, session, agreement, program_id, declares)
    send(session, agreement)
    session.add(_signature(session, agreement.id, found.id, "signed", None))
    _recorded(session, "sharing_agreement.offered", agreement.id)
    return agreement.id


def sign_agreement(
    session: Session,
    *,
    agreement_id: UUID,
    decision: str,
    program_id: UUID | None = None,
    declares: bool = False,
    ends_on: dt.date | None = None,
) -> None:
    """Sign or decline what the other side offers, or end, as of a day, what one has offered or signed.

    An institution signs for one of its programs; one that runs none here `declares` the numbers that are pooled.
    Raises NotFound, Conflict "not_open" where the agreement is not open to that, and Invalid for a program or a day
    that makes no sense.
    """
    session.execute(ONE_AT_A_TIME, {"what": str(agreement_id)})
    found = agreement(session, agreement_id)
    mine = found.source_tenant_id == session.tenant_id
    if found.state not in (("offered", "signed") if decision == "ended" else ("offered",)) or (
        mine and decision != "ended"
    ):
        raise Conflict(f"This agreement is {found.state}; that cannot be said of it now.", code="not_open")
    today = now().date()
    if ends_on is not None and (decision != "ended" or ends_on < today):
        raise Invalid.field("/ends_on", "not_so", "Only what is ended has an end, today or later.")
    offer = session.get_one(SharingOffer, (found.tenant_id, agreement_id))
    _plan_of(found.role if decision == "signed" else "", session, offer, program_id, declares)
    until = (ends_on or today) if decision == "ended" else None
    send(session, _signature(session, agreement_id, found.partner_id, decision, until))
    _recorded(session, f"sharing_agreement.{decision}", agreement_id)


def agreements(session: Session) -> Select[Any]:
    """The session's tenant's agreements, and how each stands."""
    me = session.tenant_id
    offer, mine = SharingOffer, SharingOffer.source_tenant_id == me
    other_side = case((offer.offered_by == "funder", literal("institution")), else_=literal("funder"))
    columns: tuple[Any, ...] = (
        offer.id,
        offer.tenant_id,
        offer.source_tenant_id,
        case((mine, offer.offered_by), else_=other_side).label("role"),
        case((mine, offer.tenant_id), else_=offer.source_tenant_id).label("partner_id"),
        case((mine, offer.to_name), else_=offer.from_name).label("partner_name"),
        offer.offered_by,
        offer.funder,
        offer.awards,
        offer.institutes,
        offer.program,
        offer.metrics,
        offer.schedule,
        offer.first_due_on,
        _end().label("ends_on"),
        offer.message,
        offer.pooled,
        _state().label("state"),
        SharingPlan.program_id,
        SharingPlan.due_on.label("next_due_on"),
        offer.created_at,
    )
    plan = (SharingPlan.tenant_id == me) & (SharingPlan.id == offer.id)
    return select(*columns).outerjoin(SharingPlan, plan)


def agreement(session: Session, agreement_id: UUID) -> Any:
    """One agreement. Raises NotFound."""
    return one(session, agreements(session).where(SharingOffer.id == agreement_id), "sharing agreement")


def signatures(session: Session, *, agreement_id: UUID) -> Select[Any]:
    """What both sides said to an agreement. Raises NotFound."""
    agreement(session, agreement_id)
    said, mine = SharingSignature, SharingSignature.source_tenant_id == session.tenant_id
    by = case((mine, literal("us")), else_=literal("partner"))
    return select(
        said.id, by.label("by"), said.decision, said.signed_by, said.ends_on, said.created_at
    ).where(said.agreement_id == agreement_id, _between_the_two(said, agreement_id))


def name_of(session: Session, actor: str | None) -> str | None:
    """What somebody who acted is called, as events name her; None for a client or the product."""
    name: str | None = session.scalar(_NAME, {"actor": actor})
    return name


def _partner(session: Session, slug: str) -> Any:
    """The id and name of another tenant."""
    found = session.execute(_BY_SLUG, {"slug": slug}).one_or_none()
    if found is None or found.id == session.tenant_id:
        raise Invalid.field("/partner", "unknown", "There is no other tenant of this name in addresses.")
    return found


def _check_end(ends_on: dt.date | None, first_due_on: dt.date) -> None:
    if ends_on is not None and ends_on <= max(now().date(), first_due_on):
        raise Invalid.field("/ends_on", "too_early", "It ends after today and after the first report.")


def _metrics(names: Sequence[str] | None) -> list[str]:
    """These metrics in the order of the dictionary, or all of it."""
    known = [each.name for each in METRICS if not each.inside]
    for place, name in enumerate(names or ()):
        if name not in known:
            raise Invalid.field(f"/metrics/{place}", "unknown", "The dictionary has no metric of this name.")
    return [name for name in known if names is None or name in names]


def _plan_of(
    side: str, session: Session, offer: SharingOffer, program_id: UUID | None, declares: bool
) -> None:
    """As `_plan`, of an institution that signs. Raises Invalid for what anybody else says of it."""
    if side == "institution":
        _plan(session, offer, program_id, declares)
    elif program_id is not None or declares:
        raise Invalid.field("/program_id", "not_yours", "The institution that signs says on what it reports.")


def _plan(session: Session, offer: SharingOffer, program_id: UUID | None, declares: bool) -> None:
    """Note on what program one reports, and have the first report drafted when it is due; nothing of either for who
    declares.
    """
    if declares:
        if program_id is not None or not offer.pooled:
            detail = "Declared numbers are of no program, and are told only where they may be pooled."
            raise Invalid.field("/declares", "not_so", detail)
        return
    if program_id is None:
        raise Invalid.field("/program_id", "required", "Name the program that you are going to report on.")
    program = row_named(session, Program, program_id, pointer="/program_id")
    if offer.funder not in program.funders:
        raise Invalid.field("/program_id", "other_funders", "The program has no funder of this name.")
    job = None
    if offer.first_due_on is not None:
        due = dt.datetime.combine(offer.first_due_on, dt.time(), dt.UTC)
        job = jobs.enqueue(session, "release_due", subject_id=offer.id, not_before=due)
        session.flush()
    plan = SharingPlan(
        id=offer.id, program_id=program_id, job_id=job.id if job else None, due_on=offer.first_due_on
    )
    session.add(plan)


def _signature(
    session: Session, agreement_id: UUID, to: UUID, decision: str, ends_on: dt.date | None
) -> SharingSignature:
    return SharingSignature(
        id=new_id(),
        tenant_id=to,
        source_tenant_id=session.tenant_id,
        agreement_id=agreement_id,
        decision=decision,
        signed_by=name_of(session, session.actor),
        ends_on=ends_on,
    )


def _recorded(session: Session, type_: str, agreement_id: UUID) -> None:
    events.record(session, type_, subject_type="sharing_agreement", subject_id=agreement_id)


def _between_the_two(said: type[SharingSignature], agreement_id: Any) -> Any:
    """Whether a signature is of one of the two between whom the agreement is, for the other."""
    there = and_(
        said.tenant_id == SharingOffer.tenant_id, said.source_tenant_id == SharingOffer.source_tenant_id
    )
    back = and_(
        said.tenant_id == SharingOffer.source_tenant_id, said.source_tenant_id == SharingOffer.tenant_id
    )
    if agreement_id is SharingOffer.id:
        return or_(there, back)
    return select(SharingOffer.id).where(SharingOffer.id == agreement_id, or_(there, back)).exists()


def _said(decision: str, *, by_addressee: bool = False) -> Any:
    """The days on which what was said so ends the agreement, of either side or of the addressee alone."""
    rows = select(SharingSignature).where(
        SharingSignature.agreement_id == SharingOffer.id,
        _between_the_two(SharingSignature, SharingOffer.id),
        SharingSignature.decision == decision,
    )
    return rows.where(SharingSignature.source_tenant_id == SharingOffer.tenant_id) if by_addressee else rows


def _end() -> Any:
    said = _said("ended").with_only_columns(func.min(SharingSignature.ends_on)).scalar_subquery()
    return func.least(SharingOffer.ends_on, said)


def _state() -> Any:
    return case(
        (_said("declined", by_addressee=True).exists(), literal("declined")),
        (_end() <= now().date(), literal("ended")),
        (_said("signed", by_addressee=True).exists(), literal("signed")),
        else_=literal("offered"),
    )
