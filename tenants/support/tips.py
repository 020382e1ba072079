"""Tips: what members know, as of a day; and the digest, which lets other groups read what an author shares.

A tip is `stale` once the day to look at it again has come, or a member has flagged it since it was last changed. A
senior mentor is named only where the author says that he agreed.
"""

from datetime import date
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from sqlalchemy import Delete, Select, delete, exists, func, select

from tenants.groups.models import Group, GroupMember
from tenants.groups.private import Words, edited_row_in, own_row_in, row_in
from tenants.groups.queries import refuse_strangers
from tenants.kernel import events
from tenants.kernel.clock import latest_today, now
from tenants.kernel.errors import Conflict, Invalid
from tenants.kernel.ids import new_id, random_id
from tenants.kernel.rows import Version, edited, one
from tenants.kernel.session import Session
from tenants.support.models import DigestItem, Tip, TipFlag

TABLE = Tip.__tablename__
WORDS = ("title", "text", "source", "mentor", "institute")
GOOD_FOR = relativedelta(months=12)
"""After how long a tip is looked at again, unless its author says otherwise."""


def give_tip(
    session: Session,
    *,
    group_id: UUID,
    kind: str,
    valid_as_of: date,
    review_on: date | None = None,
    mentor_agreed: bool = False,
    **said: str | None,
) -> Any:
    """Tell one's group something. No event tells of it.

    Raises NotFound to strangers, and Invalid for a mentor who did not agree to be named, and for days out of order.
    """
    refuse_strangers(session, group_id)
    _check_mentor(said.get("mentor"), mentor_agreed, kind)
    review_on = _checked_review(valid_as_of, review_on)
    words, tip_id = Words(session, TABLE), new_id()
    row = Tip(
        id=tip_id,
        group_id=group_id,
        author_id=session.membership_id,
        kind=kind,
        valid_as_of=valid_as_of,
        review_on=review_on,
        **words.closed(group_id=group_id, row_id=tip_id, **{name: said.get(name) for name in WORDS}),
    )
    session.add(row)
    session.flush()
    return tip_of(session, group_id=group_id, tip_id=tip_id)


def edit_tip(
    session: Session, *, group_id: UUID, tip_id: UUID, changes: dict[str, Any], if_match: Version
) -> Any:
    """Change one's tip, which takes flags away. What was shared stays as it was: share it again.

    Raises NotFound, Forbidden, StaleVersion and Invalid.
    """
    row, words = edited_row_in(session, Tip, group_id=group_id, row_id=tip_id), Words(session, TABLE)
    said = {name: changes.pop(name) for name in WORDS if name in changes}
    _check_mentor(said.get("mentor"), changes.pop("mentor_agreed", False), changes.get("kind", row.kind))
    if changes.get("kind") == "own":
        said["mentor"] = None
    review_on = changes.get("review_on", None if "valid_as_of" in changes else row.review_on)
    changes["review_on"] = _checked_review(changes.get("valid_as_of", row.valid_as_of), review_on)
    changes |= words.closed(group_id=group_id, row_id=tip_id, **said)
    if edited(row, changes, if_match=if_match):
        row.changed_at = now()
    session.flush()
    return tip_of(session, group_id=group_id, tip_id=tip_id)


def remove_tip(session: Session, *, group_id: UUID, tip_id: UUID, if_match: Version) -> None:
    """Take one's tip back, there too where it was shared. Raises NotFound, Forbidden and StaleVersion."""
    row = own_row_in(session, Tip, group_id=group_id, row_id=tip_id)
    if_match.check(row.version)
    _unshare(session, row)
    session.delete(row)


def flag(session: Session, *, group_id: UUID, tip_id: UUID) -> None:
    """Say that a tip is out of date, which holds until it is changed. Raises NotFound."""
    refuse_strangers(session, group_id)
    row_in(session, Tip, group_id=group_id, row_id=tip_id)
    session.execute(_own_flag(session, tip_id))
    session.add(TipFlag(id=new_id(), group_id=group_id, author_id=session.membership_id, tip_id=tip_id))


def take_flag_back(session: Session, *, group_id: UUID, tip_id: UUID) -> None:
    """Say so no longer. Raises NotFound."""
    refuse_strangers(session, group_id)
    row_in(session, Tip, group_id=group_id, row_id=tip_id)
    session.execute(_own_flag(session, tip_id))


def _own_flag(session: Session, tip_id: UUID) -> Delete:
    return delete(TipFlag).where(TipFlag.tip_id == tip_id, TipFlag.author_id == session.membership_id)


def share(session: Session, *, group_id: UUID, tip_id: UUID) -> Any:
    """Let the other groups of the cohort read one's tip, without a name. Done again, it is as the tip is now.

    What was told by a mentor leaves the group without him. The event tells that something was shared, and nothing of
    whom. Raises NotFound and Forbidden.
    """
    row = edited_row_in(session, Tip, group_id=group_id, row_id=tip_id)
    tip = Words(session, TABLE).opened(row)
    session.execute(delete(DigestItem).where(DigestItem.id == row.shared_id))
    group = session.get_one(Group, (session.tenant_id, group_id))
    item = DigestItem(
        id=random_id(),
        cohort_id=group.cohort_id,
        institute=tip.institute,
        valid_as_of=row.valid_as_of,
        title=tip.title,
        text=tip.text,
        source=tip.source,
    )
    session.add(item)
    row.shared_id = item.id
    session.flush()
    events.record(
        session, "digest_item.shared", subject_type="cohort", subject_id=group.cohort_id, names_actor=False
    )
    return tip_of(session, group_id=group_id, tip_id=tip_id)


def unshare(session: Session, *, group_id: UUID, tip_id: UUID) -> None:
    """Take one's tip out of the digest, also once one has left.

    Raises NotFound, Forbidden, and Conflict "not_shared".
    """
    row = own_row_in(session, Tip, group_id=group_id, row_id=tip_id)
    if not _unshare(session, row):
        raise Conflict("This tip is not shared.", code="not_shared")


def unshare_all(session: Session, *, group_id: UUID) -> None:
    """Take all that the session's member shared of a group out of the digest, before her tips are removed."""
    mine = Tip.group_id == group_id, Tip.author_id == session.membership_id
    for row in session.scalars(select(Tip).where(*mine, Tip.shared_id.is_not(None))).all():
        _unshare(session, row)


def tips(group_id: UUID) -> Select[Any]:
    """A group's tips, as far as the session may read them."""
    flagged = exists().where(
        TipFlag.tenant_id == Tip.tenant_id, TipFlag.tip_id == Tip.id, TipFlag.written_at >= Tip.changed_at
    )
    is_stale = (Tip.review_on <= func.current_date()) | flagged
    shared = exists().where(DigestItem.tenant_id == Tip.tenant_id, DigestItem.id == Tip.shared_id)
    return select(*Tip.__table__.columns, is_stale.label("stale"), shared.label("shared")).where(
        Tip.group_id == group_id
    )


def tip_of(session: Session, *, group_id: UUID, tip_id: UUID) -> Any:
    """One of them. Raises NotFound."""
    return Words(session, TABLE).opened(one(session, tips(group_id).where(Tip.id == tip_id), "tip"))


def digest(membership_id: UUID) -> Select[Any]:
    """What groups let one another read, of the cohorts in which somebody was let into a group that goes on."""
    mine = select(Group.cohort_id).where(
        GroupMember.tenant_id == Group.tenant_id,
        GroupMember.group_id == Group.id,
        GroupMember.membership_id == membership_id,
        GroupMember.admitted_at.is_not(None),
        GroupMember.left_at.is_(None),
        Group.state.not_in(("formed", "ended")),
    )
    return select(*DigestItem.__table__.columns).where(DigestItem.cohort_id.in_(mine))


def _unshare(session: Session, row: Tip) -> bool:
    """Whether there was something to take out. Of whom it was the event does not tell."""
    taken = delete(DigestItem).where(DigestItem.id == row.shared_id).returning(DigestItem.cohort_id)
    cohort_id = session.scalar(taken)
    if cohort_id is None:
        return False
    events.record(
        session, "digest_item.taken_back", subject_type="cohort", subject_id=cohort_id, names_actor=False
    )
    return True


def _check_mentor(mentor: str | None, agreed: bool, kind: str) -> None:
    if mentor is not None and not (agreed and kind == "second_hand"):
        raise Invalid.field(
            "/mentor_agreed",
            "required",
            "Name a senior mentor only for what he told you, and if he agreed to be named.",
        )


def _checked_review(valid_as_of: date, review_on: date | None) -> date:
    """The day to look at it again. Raises Invalid for days out of order."""
    if valid_as_of > latest_today():
        raise Invalid.field("/valid_as_of", "in_the_future", "Say what holds now.")
    review_on = review_on or valid_as_of + GOOD_FOR
    if review_on <= valid_as_of:
        raise Invalid.field("/review_on", "too_early", "Look at it again after the day of which it holds.")
    return review_on
