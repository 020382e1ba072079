"""A group's charter: what its members agreed, in versions, for their eyes only.

The wall in the database decides who reads. Each version is open to whoever was a member when it was written, to its
author, and while it is in force to every member. Encrypted under the group's key, the text has no second copy.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select

from tenants.groups.models import CharterVersion
from tenants.groups.places import group_of_member
from tenants.kernel import events
from tenants.kernel.crypto import Place
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe
from tenants.kernel.session import Session

MOST_CHARACTERS = 20_000
_LARGEST = 2**31 - 1
"""Number of a version that PostgreSQL can be asked for."""


@dataclass(frozen=True, slots=True)
class Charter:
    """One version, to be read. `author_id` is a membership."""

    id: UUID
    group_id: UUID
    author_id: UUID
    number: int
    text: str
    written_at: datetime


def write_charter(session: Session, *, group_id: UUID, text: str, builds_on: int) -> CharterVersion:
    """Agree on a new version, which is in force from now on. `builds_on` is the number of the one before, or 0.

    It is not given back in the clear, so that no kept answer holds it. The tenant learns that the group wrote, not who.

    Raises NotFound to all but members, Invalid for a text that is blank or too long, and Conflict
    "charter_has_changed" if another version is in force.
    """
    if not text.strip() or len(text) > MOST_CHARACTERS:
        raise Invalid.field("/text", "invalid", f"A charter has 1 to {MOST_CHARACTERS} characters.")
    group_of_member(session, group_id)  # one writer at a time, who then sees what the one before wrote
    number = session.scalar(select(_in_force(group_id)))
    if number != builds_on:
        raise Conflict(
            "The charter has changed since you read it; read it again.", code="charter_has_changed"
        )
    version_id = new_id()
    version = CharterVersion(
        id=version_id,
        group_id=group_id,
        author_id=session.membership_id,
        number=number + 1,
        encrypted_text=Safe(session, group_id=group_id).encrypted(text, _place(version_id)),
    )
    session.add(version)
    session.flush()
    events.record(
        session,
        "charter.written",
        subject_type="peer_group",
        subject_id=group_id,
        counts={"number": version.number},
        names_actor=False,
    )
    return version


def charter_in_force(session: Session, *, group_id: UUID) -> Charter:
    """What holds now. Raises NotFound where there is none, or none that the session may read."""
    return _read(session, group_id, CharterVersion.number == _in_force(group_id))


def charter_version(session: Session, *, group_id: UUID, number: int) -> Charter:
    """One version. Raises NotFound where there is none, or the session may not read it."""
    if number > _LARGEST:
        raise NotFound("charter")
    return _read(session, group_id, CharterVersion.number == number)


def version_seen(session: Session, *, group_id: UUID, number: int) -> CharterVersion:
    """One version, closed as it is. Raises NotFound where there is none, or the session may not read it."""
    return _found(session, group_id, CharterVersion.number == number)


def charter_versions(group_id: UUID) -> Select[Any]:
    """The versions that the session may read, without their text: number, author and when it was written."""
    columns: tuple[Any, ...] = (
        CharterVersion.id,
        CharterVersion.number,
        CharterVersion.author_id,
        CharterVersion.written_at,
    )
    return select(*columns).where(CharterVersion.group_id == group_id)


def _in_force(group_id: UUID) -> ColumnElement[int]:
    return func.door.charter_in_force(group_id)


def _place(version_id: UUID) -> Place:
    return Place("charter_version", "encrypted_text", version_id)


def _read(session: Session, group_id: UUID, which: ColumnElement[bool]) -> Charter:
    version = _found(session, group_id, which)
    text = Safe(session, group_id=group_id).decrypted(version.encrypted_text, _place(version.id))
    return Charter(version.id, version.group_id, version.author_id, version.number, text, version.written_at)


def _found(session: Session, group_id: UUID, which: ColumnElement[bool]) -> CharterVersion:
    version = session.scalar(select(CharterVersion).where(CharterVersion.group_id == group_id, which))
    if version is None:
        raise NotFound("charter")
    return version
