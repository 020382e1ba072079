"""The other mentors whom somebody has. A group is no substitute for a senior mentor, and says so kindly."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Select, select, text
from sqlalchemy.dialects.postgresql import insert

from tenants.cohorts.models import Program
from tenants.kernel.crypto import Place
from tenants.kernel.errors import Forbidden
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe
from tenants.kernel.session import Session
from tenants.support.care_models import OwnMentors, PooledAnswer

WARNING = (
    "You have named nobody beside your group. Peers are a great help and no substitute for a senior mentor or a"
    " sponsor: ask your program, or one whom you trust, who could be one for you."
)
_POOL = text("SELECT door.pool_answers(:program)")


def own_mentors(session: Session) -> dict[str, Any]:
    """The other mentors of the session's person, and a `warning` where she has none.

    Raises Forbidden "not_personal" unless she signed in as herself.
    """
    refuse_unless_herself(session)
    found = session.scalar(select(OwnMentors).where(OwnMentors.membership_id == session.membership_id))
    if found is None:
        return _told([])
    return _told(orjson.loads(Safe(session).decrypted(found.encrypted_mentors, _place(found.membership_id))))


def name_mentors(session: Session, *, mentors: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Say whom one has, in place of what one said before. Raises Forbidden as above."""
    refuse_unless_herself(session)
    me = session.membership_id
    if me is None:
        raise Forbidden("This is for people.", code="no_membership")
    listed = [*mentors]
    kept = {
        "has_any": bool(listed),
        "encrypted_mentors": Safe(session).encrypted(orjson.dumps(listed).decode(), _place(me)),
    }
    row = insert(OwnMentors).values(tenant_id=session.tenant_id, id=new_id(), membership_id=me, **kept)
    session.execute(row.on_conflict_do_update(index_elements=["tenant_id", "membership_id"], set_=kept))
    return _told(orjson.loads(orjson.dumps(listed)))


def pooled_answers(session: Session, *, program_id: UUID) -> Select[Any]:
    """What the tenant is told of a program's people in groups, once a quarter: how large a share has no other mentor,
    and of how large a share a promise of protected time is not kept.

    It is worked out when somebody first asks in the quarter, by the door, which compares it with all that was told.
    """
    if session.get(Program, (session.tenant_id, program_id)) is not None:
        session.execute(_POOL, {"program": program_id})
    columns: tuple[Any, ...] = (
        PooledAnswer.id,
        PooledAnswer.question,
        PooledAnswer.quarter,
        PooledAnswer.band,
    )
    return select(*columns).where(PooledAnswer.program_id == program_id)


def refuse_unless_herself(session: Session) -> None:
    """Raise Forbidden "not_personal" unless the session's person signed in as herself."""
    if session.info.get("person_id") is None:
        raise Forbidden("Sign in as yourself: this is for your eyes only.", code="not_personal")


def _told(mentors: list[Any]) -> dict[str, Any]:
    return {"mentors": mentors, "warning": None if mentors else WARNING}


def _place(membership_id: UUID) -> Place:
    return Place("own_mentors", "encrypted_mentors", membership_id)
