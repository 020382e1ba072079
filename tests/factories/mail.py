"""A kind of letter that only tests post: a welcome with a link that works once, of which the hash is kept."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from tenants.kernel.addresses import Mailbox
from tenants.kernel.ids import digest, new_id
from tenants.kernel.mail import LETTERS, Letter, Templates
from tenants.kernel.session import Database, Session
from tenants.kernel.settings import Settings
from tenants.people.models import Membership

WELCOME = {"welcome": f"{__name__}.compose"}
TEMPLATES = Templates(Path(__file__).parent / "letters")
NOBODY_MAY_KNOW = "a name that no log may hold"


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """A welcome to whoever has an address; None for the others."""
    member = session.get_one(Membership, (session.tenant_id, subject_id))
    if member.email is None:
        return None
    if member.name == NOBODY_MAY_KNOW:
        raise ValueError(f"cannot write to {member.name}, {member.email}")
    secret = secrets.token_hex(16)
    known = [*member.identifiers.get("links", []), digest(secret).hex()]
    member.identifiers = {"links": known}
    to = Mailbox(member.email, member.name or "")
    return TEMPLATES.letter("welcome", to=to, name=member.name, link=f"{settings.public_url}/w/{secret}")


def register() -> None:
    """Make the kind known to this process."""
    LETTERS.update(WELCOME)


def addresses_of(database: Database, tenant_id: UUID, addresses: Sequence[str | None]) -> list[UUID]:
    """Memberships with these addresses."""
    people = [
        Membership(id=new_id(), external_id=new_id().hex, name=f"Invented {number}", email=address)
        for number, address in enumerate(addresses)
    ]
    with database.tenant(tenant_id) as session:
        session.add_all(people)
        session.commit()
    return [person.id for person in people]
