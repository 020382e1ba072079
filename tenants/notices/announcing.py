"""The letter that says that there is an announcement, and nothing of what. It can be stopped from within."""

from uuid import UUID

from sqlalchemy import text

from tenants.kernel.mail import Letter
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.notices.preferences import OF_MEMBER
from tenants.notices.sending import ADDRESSEE, Addressee, letter_to
from tenants.people.invitations import REACHABLE

_WHOM = text(f"""
    SELECT {ADDRESSEE}, t.name AS tenant FROM participant p
      JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id {OF_MEMBER}
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
      JOIN program r ON r.tenant_id = c.tenant_id AND r.id = c.program_id
      JOIN tenant t ON t.id = p.tenant_id AND t.state = 'open'
     WHERE p.id = :participant AND r.notices AND coalesce(n.announcements, true)
       AND coalesce(m.chosen_email, m.email) IS NOT NULL AND {REACHABLE}
""")  # noqa: S608 - SQL of ours is put in


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """To a participant that there is an announcement; None where she wants none, or is not to be written to."""
    found = session.execute(_WHOM, {"participant": subject_id}).one_or_none()
    if found is None:
        return None
    return letter_to(
        session,
        Addressee.of(found),
        settings,
        called="announcement",
        kind="announcements",
        tenant=found.tenant,
    )
