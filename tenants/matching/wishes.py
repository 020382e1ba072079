"""Whom a person does not want to be in a group with: her own wish, which she alone reads and only matching keeps.

She writes names, e-mail addresses or external ids, and reads back what she wrote. Nobody is looked for when she
writes: she does not learn who is in the cohort, and whoever joins later is kept apart from her as well. The names are
encrypted under the tenant's key, no event tells of them, and the database shows the row to nobody but her, and to her
only as it does what her groups write: signed in as herself, unless the program admits any sign-in and she does not.
"""

import json
from collections.abc import Sequence
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import Select, delete, exists, select

from tenants.cohorts.answers import own_participation
from tenants.cohorts.models import Cohort, Participant, Program
from tenants.kernel.crypto import Place
from tenants.kernel.errors import NotFound
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe
from tenants.kernel.session import Session
from tenants.matching.models import Separation
from tenants.people.models import Membership

MOST_NAMES = 50


def wished(session: Session, *, membership_id: UUID, participant_id: UUID) -> list[str]:
    """The names that somebody wrote, as she wrote them. Raises NotFound for anybody else's."""
    row = session.scalar(_hers(session, membership_id, participant_id))
    if row is None or row.encrypted_names is None:
        return []
    return read(Safe(session), row.id, row.encrypted_names)


def wish(session: Session, *, membership_id: UUID, participant_id: UUID, names: Sequence[str]) -> None:
    """Write whom somebody wants to be apart from, in place of what she wrote before. Raises NotFound as above.

    Also after the intake has closed: it holds from the next matching on.
    """
    participant = own_participation(session, membership_id, participant_id)
    before = _hers(session, membership_id, participant_id)
    # Two wishes of one person wait for each other.
    session.get(Participant, (session.tenant_id, participant_id), with_for_update={"key_share": True})
    session.execute(delete(Separation).where(Separation.id.in_(before.with_only_columns(Separation.id))))
    if names:
        wish_id = new_id()
        cohort = session.get_one(Cohort, (session.tenant_id, participant.cohort_id))
        program = session.get_one(Program, (session.tenant_id, cohort.program_id))
        session.add(
            Separation(
                id=wish_id,
                cohort_id=participant.cohort_id,
                source="person",
                natural_key="",
                membership_id=membership_id,
                group_sign_in=program.group_sign_in,
                encrypted_names=Safe(session).encrypted(json.dumps(list(names)), _place(wish_id)),
            )
        )
        session.flush()


def read(safe: Safe, wish_id: UUID, encrypted: bytes) -> list[str]:
    """The names of a wish. Raises CannotDecrypt."""
    names: list[str] = json.loads(safe.decrypted(encrypted, _place(wish_id)))
    return names


def called(session: Session, cohort_id: UUID) -> dict[str, set[UUID]]:
    """The participants of a cohort by all that they go by, as `plain` writes it."""
    rows = (
        select(Participant.id, Membership.external_id, Membership.email, Membership.chosen_email)
        .join(
            Membership,
            (Membership.tenant_id == Participant.tenant_id) & (Membership.id == Participant.membership_id),
        )
        .where(Participant.cohort_id == cohort_id)
    )
    found: dict[str, set[UUID]] = {}
    for participant_id, *names in session.execute(rows):
        for name in names:
            if name:
                found.setdefault(plain(name), set()).add(participant_id)
    return found


def plain(name: str) -> str:
    """A name without what people write one way or another: letter case and spaces around it."""
    return normalize("NFC", name.strip()).casefold()


def _hers(session: Session, membership_id: UUID, participant_id: UUID) -> Select[Separation]:
    participant = own_participation(session, membership_id, participant_id)
    if session.info.get("person_id") is None:
        admitted = exists().where(
            Cohort.id == participant.cohort_id,
            Program.id == Cohort.program_id,
            Program.group_sign_in == "any",
            Membership.tenant_id == Cohort.tenant_id,
            Membership.id == membership_id,
            Membership.groups_locked.is_(False),
        )
        if not session.scalar(select(admitted)):
            raise NotFound("application")
    return select(Separation).where(
        Separation.cohort_id == participant.cohort_id, Separation.membership_id == membership_id
    )


def _place(wish_id: UUID) -> Place:
    return Place("separation", "encrypted_names", wish_id)
