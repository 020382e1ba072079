"""Letters about a meeting: when it is, and the page to sign in at; to whom that went, that there is none then.

It is composed when it is sent, so that a meeting that was moved, skipped or cancelled meanwhile is not reminded of at
the old time, nor is anybody who has left, is away or wants it no more.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from tenants.kernel.clock import now
from tenants.kernel.mail import Letter
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.notices.places import HEARS, IS_TOLD, PLACE, WRITTEN_TO
from tenants.notices.preferences import HOURS, OF_MEMBER, preferences_of
from tenants.notices.sending import ADDRESSEE, Addressee, letter_to

_WHOM = text(f"""
    SELECT {ADDRESSEE}, d.starts_at
      FROM meeting_reminder d
      JOIN meeting e ON e.tenant_id = d.tenant_id AND e.id = d.meeting_id AND e.starts_at = d.starts_at
      JOIN membership m ON m.tenant_id = d.tenant_id AND m.id = d.membership_id {OF_MEMBER}
      JOIN tenant t ON t.id = d.tenant_id AND t.state = 'open'
     WHERE d.id = :reminder AND e.state IN ('planned', 'moved') AND e.starts_at > :now AND {WRITTEN_TO}
       AND d.hours = ANY ({HOURS})
       AND EXISTS (SELECT FROM {PLACE} WHERE gm.tenant_id = e.tenant_id AND gm.group_id = e.group_id
                      AND gm.membership_id = m.id AND g.state <> 'paused' AND {IS_TOLD})
""")  # noqa: S608 - SQL of ours is put in
# Whoever has stopped reminders meanwhile is told nothing more.
_OF_OFF = text(f"""
    SELECT {ADDRESSEE}, d.starts_at
      FROM meeting_reminder d JOIN meeting e ON e.tenant_id = d.tenant_id AND e.id = d.meeting_id
      JOIN membership m ON m.tenant_id = d.tenant_id AND m.id = d.membership_id {OF_MEMBER}
      JOIN tenant t ON t.id = d.tenant_id AND t.state = 'open'
     WHERE d.id = :reminder AND (e.state NOT IN ('planned', 'moved') OR e.starts_at <> d.starts_at)
       AND d.starts_at > :now AND {WRITTEN_TO} AND cardinality({HOURS}) > 0
       AND EXISTS (SELECT FROM {PLACE} WHERE gm.tenant_id = e.tenant_id AND gm.group_id = e.group_id
                      AND gm.membership_id = m.id AND {HEARS})
""")  # noqa: S608 - SQL of ours is put in
_REMINDED = text("UPDATE meeting_reminder SET reminded_at = :now WHERE id = :reminder")


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """The reminder of one meeting to one member; None where it does not take place then, or not for her."""
    known = {"reminder": subject_id, "now": now()}
    found = session.execute(_WHOM, known).one_or_none()
    if found is None:
        return None
    session.execute(_REMINDED, known)
    return _letter(session, found, settings, "meeting")


def compose_off(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """That there is no meeting at the time that one was reminded of; None where there is one after all, or she is not
    to be written to.
    """
    found = session.execute(_OF_OFF, {"reminder": subject_id, "now": now()}).one_or_none()
    return None if found is None else _letter(session, found, settings, "off")


def _letter(session: Session, found: Row[Any], settings: Settings, called: str) -> Letter:
    wanted = preferences_of(session, membership_id=found.membership_id)
    return letter_to(
        session,
        Addressee.of(found),
        settings,
        called=called,
        kind="meeting_reminders",
        when=wanted.shown(found.starts_at),
    )
