"""Members sign the charter, version by version, and accept the responsibilities that come with a place."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select

from tenants.groups.answers import said, said_ever, say
from tenants.groups.charter import version_seen
from tenants.groups.places import group_of_member, members_present
from tenants.groups.program_documents import document_for_group
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.errors import Conflict
from tenants.kernel.session import Session

CHARTER, RESPONSIBILITIES = "charter", "responsibilities"


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who of the members has signed a version: membership_id and said_at."""

    number: int
    member_count: int
    signatures: Sequence[Row[Any]]


@dataclass(frozen=True, slots=True)
class Responsibilities:
    """What members take on, its version, and who has accepted that: membership_id and said_at."""

    items: list[str]
    version: int
    accepted: Sequence[Row[Any]]


def signatures(session: Session, *, group_id: UUID) -> Signatures:
    """Who has signed the charter that is in force; version 0 if there is none. Raises NotFound to all but members."""
    refuse_strangers(session, group_id)
    number: int = session.scalar(select(func.door.charter_in_force(group_id))) or 0
    members = members_present(session, group_id)
    return Signatures(number, members, said(session, group_id=group_id, about=CHARTER, number=number))


def signatures_of_version(session: Session, *, group_id: UUID, number: int) -> Signatures:
    """Who signed a version that the session may read, in force or not, those included who have left since.

    Raises NotFound, also for a version that is not for her to read.
    """
    refuse_strangers(session, group_id)
    version_seen(session, group_id=group_id, number=number)
    signed = said_ever(session, group_id=group_id, about=CHARTER, number=number)
    return Signatures(number, members_present(session, group_id), signed)


def sign_charter(session: Session, *, group_id: UUID, number: int) -> Signatures:
    """Sign the version that is in force; to sign it again changes nothing.

    While somebody signs nobody writes: either the signature is under what was in force, or it is refused. Raises
    NotFound to all but members, and Conflict "not_in_force" for any other version.
    """
    group_of_member(session, group_id, shared=True)
    if number < 1 or session.scalar(select(func.door.charter_in_force(group_id))) != number:
        raise Conflict(
            "This version of the charter is not in force; read the one that is.", code="not_in_force"
        )
    if say(session, group_id=group_id, about=CHARTER, number=number, answer="signed"):
        _record(session, "charter.signed", group_id, number)
    return signatures(session, group_id=group_id)


def responsibilities(session: Session, *, group_id: UUID) -> Responsibilities:
    """What the program asks of members, and who has accepted it. Raises NotFound to all but members."""
    refuse_strangers(session, group_id)
    found = document_for_group(session, group_id=group_id, kind=RESPONSIBILITIES)
    accepted = said(session, group_id=group_id, about=RESPONSIBILITIES, number=found.version)
    return Responsibilities(found.content["items"], found.version, accepted)


def accept_responsibilities(session: Session, *, group_id: UUID, version: int) -> Responsibilities:
    """Accept the list of this version, as one has read it.

    Raises NotFound to all but members, and Conflict "responsibilities_have_changed" for another version.
    """
    refuse_strangers(session, group_id)
    if document_for_group(session, group_id=group_id, kind=RESPONSIBILITIES, held=True).version != version:
        raise Conflict(
            "The responsibilities have changed since you read them; read them again.",
            code="responsibilities_have_changed",
        )
    if say(session, group_id=group_id, about=RESPONSIBILITIES, number=version, answer="accepted"):
        _record(session, "group.responsibilities_accepted", group_id, version)
    return responsibilities(session, group_id=group_id)


def _record(session: Session, type_: str, group_id: UUID, number: int) -> None:
    events.record(
        session,
        type_,
        subject_type="peer_group",
        subject_id=group_id,
        counts={"version": number},
        names_actor=False,
    )
