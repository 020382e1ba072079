"""Reminders of a cohort's intake: whom they go to, and the letter."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tenants.cohorts.covered import refused
from tenants.cohorts.intake import ASKED, REQUIRED, days_of
from tenants.kernel import events
from tenants.kernel.addresses import Mailbox
from tenants.kernel.claims import Claim
from tenants.kernel.mail import Letter, Templates, post
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.people.invitations import REACHABLE, link_of

_LETTERS = Templates(Path(__file__).parent / "letters")
_WAITED_FOR = f"""
  FROM participant p JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
  JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
 WHERE p.state = ANY (:asked) AND coalesce(m.chosen_email, m.email) IS NOT NULL AND {REACHABLE}
   AND NOT p.attributes ?& {REQUIRED} AND NOT {refused("matching")}
"""
_WHO = text(f"SELECT p.id {_WAITED_FOR} AND p.cohort_id = :cohort ORDER BY p.id")
_TO_WHOM = text(
    "SELECT p.cohort_id, c.name AS cohort, m.id AS membership_id, m.person_id, t.name AS tenant, t.slug,"
    " coalesce(m.chosen_name, m.name) AS name, coalesce(m.chosen_email, m.email) AS address"
    f" {_WAITED_FOR.replace('WHERE', 'CROSS JOIN tenant t WHERE', 1)} AND p.id = :participant"
)


def remind(claim: Claim) -> None:
    """The job of one reminder: a letter to everybody who is asked and has not answered all that is required.

    None to whoever objected to being matched, which is what the answers are for. Whoever answers before it is sent,
    or ceases to be asked, gets none.
    """
    with claim.effect() as session:
        cohort_id = claim.subject_id
        waits = days_of(session, cohort_id).open
        known = {"cohort": cohort_id, "asked": list(ASKED)}
        people = session.scalars(_WHO, known).all() if waits else []
        post(session, "intake_reminder", subject_ids=people)
        counts = {"letters": len(people)}
        events.record(session, "cohort.reminded", subject_type="cohort", subject_id=cohort_id, counts=counts)


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """The reminder to one participant; None where nothing is waited for from her, or the intake has closed."""
    found = session.execute(_TO_WHOM, {"participant": subject_id, "asked": list(ASKED)}).one_or_none()
    if found is None:
        return None
    days = days_of(session, found.cohort_id)
    if not days.open or days.closes_on is None:
        return None
    if found.person_id is not None:
        url = f"{settings.public_url}/sign-in/{found.slug}"
    else:
        url = f"{settings.public_url}/invitations/{link_of(session, membership_id=found.membership_id)}"
    said: dict[str, Any] = {"tenant": found.tenant, "cohort": found.cohort, "name": found.name, "url": url}
    to = Mailbox(found.address, found.name or "")
    return _LETTERS.letter(
        "reminder", to=to, **said, day=written(days.closes_on), time_zone=days.time_zone.replace("_", " ")
    )


def written(day: date) -> str:
    """A day as letters write it: 5 October 2026."""
    return f"{day.day} {day:%B %Y}"
