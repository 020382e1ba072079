"""Letters that say that there is something, and nothing of what."""

from pathlib import Path
from uuid import UUID

from sqlalchemy import TextClause, text

from tenants.kernel.addresses import Mailbox
from tenants.kernel.mail import Letter, Templates
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.people.invitations import REACHABLE

NUDGE = (
    "a question to your group",
    "Has your group paused, or is all well? It has been quiet for a while. A word in the group is enough.",
)
CONCERN = (
    "somebody turns to you in confidence",
    "Something was sent to you to be read in confidence. Sign in to see who sent it and what it says.",
)
FACILITATION = (
    "you are asked to facilitate a group",
    "You are asked to facilitate a group. Sign in to see which, and to say what you would have to report, or decline.",
)
_LETTERS = Templates(Path(__file__).parent / "letters")
_WHO = "coalesce(m.chosen_name, m.name) AS name, coalesce(m.chosen_email, m.email) AS address, t.name AS tenant, t.slug"
_PARTICIPANT = text(f"""
    SELECT {_WHO} FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
      JOIN program g ON g.tenant_id = c.tenant_id AND g.id = c.program_id CROSS JOIN tenant t
     WHERE p.id = :subject AND g.notices AND coalesce(m.chosen_email, m.email) IS NOT NULL AND {REACHABLE}
""")  # noqa: S608 - constants of ours are put in
_MEMBERSHIP = text(f"""
    SELECT {_WHO} FROM membership m CROSS JOIN tenant t
     WHERE m.id = :subject AND m.person_id IS NOT NULL AND coalesce(m.chosen_email, m.email) IS NOT NULL
""")  # noqa: S608 - as above

_ASKED = text(f"""
    SELECT {_WHO} FROM facilitation f JOIN membership m ON m.tenant_id = f.tenant_id AND m.id = f.membership_id
     CROSS JOIN tenant t
     WHERE f.id = :subject AND f.accepted_at IS NULL AND f.ended_at IS NULL
       AND m.person_id IS NOT NULL AND coalesce(m.chosen_email, m.email) IS NOT NULL
""")  # noqa: S608 - as above


def compose_nudge(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """To a participant that her group is asked whether all is well; not which group."""
    return _composed(session, _PARTICIPANT, subject_id, settings, NUDGE)


def compose_concern(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """To a membership that something was sent to her."""
    return _composed(session, _MEMBERSHIP, subject_id, settings, CONCERN)


def compose_facilitation(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """To whom is asked to facilitate a group; not which group. None once she has answered, or is asked no more."""
    return _composed(session, _ASKED, subject_id, settings, FACILITATION)


def _composed(
    session: Session, whom: TextClause, subject_id: UUID, settings: Settings, words: tuple[str, str]
) -> Letter | None:
    found = session.execute(whom, {"subject": subject_id}).one_or_none()
    if found is None:
        return None
    return _LETTERS.letter(
        "notice",
        to=Mailbox(found.address, found.name or ""),
        heading=words[0],
        said=words[1],
        tenant=found.tenant,
        name=found.name,
        url=f"{settings.public_url}/sign-in/{found.slug}",
    )
