"""Reports that are due: drafted on their day, and whoever may approve them reminded until they are sent."""

import datetime as dt
from pathlib import Path
from uuid import UUID

from sqlalchemy import bindparam, select, text

from tenants.kernel.addresses import Mailbox
from tenants.kernel.clock import now
from tenants.kernel.mail import Letter, Templates, post
from tenants.kernel.permissions import ROLES, Permission
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.reporting.agreements import agreement
from tenants.reporting.release_models import Release
from tenants.reporting.releases import OPEN, draft_release
from tenants.reporting.sharing_models import MONTHS, SharingPlan

REMINDED = dt.timedelta(days=7)
"""After how long somebody is reminded again of what is due."""
_LETTERS = Templates(Path(__file__).parent / "letters")
_APPROVERS = text(
    "SELECT DISTINCT r.membership_id FROM role_grant r"
    "  JOIN membership m ON m.tenant_id = r.tenant_id AND m.id = r.membership_id AND m.person_id IS NOT NULL"
    " WHERE r.role IN :roles AND r.program_id IS NULL AND r.cohort_id IS NULL"
    "   AND (r.expires_at IS NULL OR r.expires_at > now())"
).bindparams(bindparam("roles", expanding=True))
_DUE = text(
    "SELECT coalesce(m.chosen_name, m.name) AS name, coalesce(m.chosen_email, m.email) AS address,"
    "       t.name AS tenant, t.slug, r.due_on, r.addressee_name"
    "  FROM membership m CROSS JOIN tenant t"
    "  JOIN (SELECT * FROM release WHERE state IN :states AND due_on IS NOT NULL ORDER BY due_on, id LIMIT 1) r ON true"
    " WHERE m.id = :subject AND m.person_id IS NOT NULL AND coalesce(m.chosen_email, m.email) IS NOT NULL"
).bindparams(bindparam("states", expanding=True))


def keep_schedule(session: Session, *, agreement_id: UUID) -> dt.datetime | None:
    """Draft what is due under an agreement, or remind of it, and go on to what is due next; when to look again.

    None once the agreement holds no more.
    """
    plan = row_of(session, SharingPlan, agreement_id)
    found = agreement(session, agreement_id)
    if found.state not in ("offered", "signed") or plan.due_on is None:
        return None
    if found.state == "offered":  # what falls due meanwhile is drafted once both have signed
        return max(dt.datetime.combine(plan.due_on, dt.time(), dt.UTC), now() + dt.timedelta(days=1))
    if plan.due_on <= now().date():
        sent = select(Release.state).where(
            Release.agreement_id == agreement_id, Release.due_on == plan.due_on
        )
        states = session.scalars(sent).all()
        if not states:
            draft_release(session, sharing_agreement_id=agreement_id, due_on=plan.due_on)
        if not states or set(states) <= set(OPEN):
            _remind(session)
            return now() + REMINDED
    plan.due_on = next_due(plan.due_on, found.schedule, after=now().date())
    return dt.datetime.combine(plan.due_on, dt.time(), dt.UTC)


def next_due(due_on: dt.date, schedule: str, *, after: dt.date) -> dt.date:
    """The first day of a schedule after a day; on the last of a month that has no such day. KeyError for "none"."""
    step, months = MONTHS[schedule], 0
    found = due_on
    while found <= after or found == due_on:
        months += step
        year, month = divmod(due_on.year * 12 + due_on.month - 1 + months, 12)
        first = dt.date(year, month + 1, 1)
        length = ((first + dt.timedelta(days=31)).replace(day=1) - first).days
        found = first.replace(day=min(due_on.day, length))
    return found


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """To a membership that may approve: what is due first. None once nothing is."""
    found = session.execute(_DUE, {"subject": subject_id, "states": list(OPEN)}).one_or_none()
    if found is None:
        return None
    return _LETTERS.letter(
        "release_due",
        to=Mailbox(found.address, found.name or ""),
        tenant=found.tenant,
        name=found.name,
        due=found.due_on.isoformat(),
        addressee=found.addressee_name,
        url=f"{settings.public_url}/sign-in/{found.slug}",
    )


def _remind(session: Session) -> None:
    roles = [role.value for role, given in ROLES.items() if Permission.RELEASES_APPROVE in given]
    post(session, "release_due", subject_ids=list(session.scalars(_APPROVERS, {"roles": roles})))
