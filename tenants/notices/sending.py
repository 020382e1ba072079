"""What all letters of notices have in common: whom they go to, the page that they lead to, and how to stop them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tenants.kernel.addresses import Mailbox
from tenants.kernel.mail import Letter, Templates
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.notices.unsubscribing import unsubscribe_url

ADDRESSEE = """m.id AS membership_id, m.person_id, coalesce(m.chosen_email, m.email) AS address, t.slug"""
"""SQL of whom a letter goes to: a membership m of the tenant t, which must be open."""
_LETTERS = Templates(Path(__file__).parent / "letters")
_LIST = {
    "digest": "digest",
    "meeting_reminders": "meetings",
    "action_reminders": "waiting",
    "announcements": "announcements",
}


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom a letter goes to."""

    membership_id: UUID
    address: str
    slug: str

    @classmethod
    def of(cls, row: Row[Any]) -> "Addressee":
        """Of a row with the columns ADDRESSEE."""
        return cls(row.membership_id, row.address, row.slug)


def letter_to(
    session: Session, to: Addressee, settings: Settings, *, called: str, kind: str, **values: Any
) -> Letter:
    """The letter `called` so to somebody, who can turn off all of its kind."""
    stop = unsubscribe_url(session, settings, membership_id=to.membership_id, kind=kind)
    headers = {
        "List-Id": f"<{_LIST[kind]}.{to.slug}.{_domain(settings)}>",
        "List-Unsubscribe": f"<{stop}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    url = f"{settings.public_url}/sign-in/{to.slug}"
    # Without her name: a letter that is forwarded says nothing of anybody.
    return _LETTERS.letter(called, to=Mailbox(to.address, ""), headers=headers, url=url, stop=stop, **values)


def _domain(settings: Settings) -> str:
    """That of our own address, under which names of lists are ours to give (RFC 2919)."""
    return settings.mail_from.deliverable()[1] if settings.mail_from else "localhost"
