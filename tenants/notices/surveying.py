"""Letters that a survey waits for an answer: when it opens, and so many days before it closes as its wave says.

One is posted to everybody who is asked. When it is sent it is composed as her whom it is for, who alone sees whether
she has answered; whoever has, or declined, gets none, and nobody else learns of it.
"""

from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from tenants.cohorts.reminders import written
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.mail import Letter, post
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.notices.preferences import OF_MEMBER
from tenants.notices.sending import ADDRESSEE, Addressee, letter_to
from tenants.outcomes.surveys.models import SurveyWave
from tenants.outcomes.surveys.responses import ASKED, surveys_of

_INSTANT = timedelta(microseconds=1)
_ASKED = text(f"""
    SELECT p.id FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
     WHERE p.cohort_id = :cohort AND m.person_id IS NOT NULL AND {ASKED} ORDER BY p.id
""")  # noqa: S608 - constants of ours are put in
_WHOM = text(f"""
    SELECT {ADDRESSEE}, t.name AS tenant, p.cohort_id, c.time_zone FROM participant p
      JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id {OF_MEMBER}
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
      JOIN program r ON r.tenant_id = c.tenant_id AND r.id = c.program_id
      JOIN tenant t ON t.id = p.tenant_id AND t.state = 'open'
     WHERE p.id = :participant AND r.notices AND coalesce(n.action_reminders, true)
       AND coalesce(m.chosen_email, m.email) IS NOT NULL AND m.person_id IS NOT NULL
""")  # noqa: S608 - SQL of ours is put in


def remind_of_survey(claim: Claim) -> None:
    """The job of a wave that opens, or closes soon: a letter to everybody who is asked in it, if it is open still."""
    with claim.effect() as session:
        wave = session.get(SurveyWave, (session.tenant_id, claim.subject_id))
        if wave is not None and wave.opens_at <= now() < wave.closes_at:
            asked = session.scalars(_ASKED, {"cohort": wave.cohort_id}).all()
            post(session, "survey", subject_ids=asked)


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """To a participant that a survey of her cohort waits, the one that closes first; the session becomes hers. None
    where she has answered all, or wants no such letters.
    """
    found = session.execute(_WHOM, {"participant": subject_id}).one_or_none()
    if found is None:
        return None
    session.identify(membership_id=found.membership_id, person_id=found.person_id)
    rows = surveys_of(found.membership_id).subquery()
    waiting = (
        select(rows.c.closes_at)
        .where(rows.c.cohort_id == found.cohort_id, rows.c.state == "open")
        .order_by(rows.c.closes_at)
    )
    closes = session.scalars(waiting.limit(1)).one_or_none()
    if closes is None:
        return None
    # It closes when its last day has ended.
    last = (closes.astimezone(ZoneInfo(found.time_zone)) - _INSTANT).date()
    to = Addressee.of(found)
    said = {"tenant": found.tenant, "day": written(last)}
    return letter_to(session, to, settings, called="survey", kind="action_reminders", **said)
