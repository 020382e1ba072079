"""The letters that tell a participant of the state that she is in, that her group is asked about somebody, that she is
invited into one, and that it let her in: without names, topics or reasons.

They are here and not among cohorts because nobody is told that she is placed before her group is announced.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from tenants.cohorts.notices import tell, to_be_told
from tenants.groups.queries import untold
from tenants.kernel.addresses import Mailbox
from tenants.kernel.mail import Letter, Templates, post
from tenants.kernel.session import Session
from tenants.kernel.settings import Settings
from tenants.people.invitations import REACHABLE


@dataclass(frozen=True, slots=True)
class Words:
    """What a letter says of a state."""

    heading: str
    said: str


WORDS = {
    "applied": Words(
        "we have your answers",
        "We have all the answers that we need from you. Next, groups are formed; you will hear from us.",
    ),
    "ineligible": Words(
        "you cannot take part", "You cannot take part this time, as the conditions for it are not met."
    ),
    "declined": Words(
        "you are not taking part", "It has been noted that you are not taking part. Nothing more is needed."
    ),
    "waitlisted": Words(
        "you are on the waiting list",
        "You are on the waiting list: you have no group at present and will be told when you are given a place in one.",
    ),
    "placed": Words("you have a group", "You have been given a place in a group."),
    "paused": Words("your participation is paused", "Your participation is paused. Your place is kept."),
    "withdrawn": Words("you no longer take part", "It has been noted that you no longer take part."),
    "completed": Words("you have completed it", "Your participation is complete. Thank you for taking part."),
}
ASKED = Words(
    "a question for the members of your group",
    "Somebody has been proposed as a new member of a group of yours. Until when you can object is shown to you there; "
    "nobody learns who objects.",
)
INVITED = Words(
    "you are invited into a group",
    "Somebody who takes part would like to have you in a group. You are free to accept or to let it be; if you "
    "decline, nobody is told.",
)
ADMITTED = Words(
    "you are in your group",
    "A group has let you in: from now on you see what its members write there, and write there yourself.",
)
_LETTERS = Templates(Path(__file__).parent / "letters")
_TO_WHOM = text(f"""
    SELECT p.state, c.name AS cohort, t.name AS tenant, t.slug, coalesce(m.chosen_name, m.name) AS name,
           coalesce(m.chosen_email, m.email) AS address
      FROM participant p JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id CROSS JOIN tenant t
     WHERE p.id = :participant AND NOT {untold("p")}
""")  # noqa: S608 - SQL of ours is put in
# As `untold`, for many at once.
_CHANGED = text("""
    SELECT p.id FROM participant p
     WHERE p.cohort_id = :cohort AND p.state_since = :moment AND NOT (p.state = 'placed' AND p.id IN (
           SELECT m.participant_id FROM group_member m
             JOIN peer_group g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
            WHERE g.cohort_id = :cohort AND g.state <> 'ended' AND m.left_at IS NULL
            GROUP BY m.participant_id HAVING bool_and(g.state = 'formed')))
     ORDER BY p.id
""")
_ASKED = text("""
    SELECT m.participant_id FROM group_member m
     WHERE m.group_id = :group AND m.left_at IS NULL AND m.admitted_at IS NOT NULL AND m.membership_id <> :me
     ORDER BY 1
""")
_IS_IN = text("""
    SELECT true FROM group_member m JOIN peer_group g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
     WHERE m.participant_id = :participant AND m.left_at IS NULL AND m.admitted_at IS NOT NULL AND g.state <> 'ended'
     LIMIT 1
""")
_WRITTEN_TO = text(f"""
    SELECT true FROM participant p
      JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
      JOIN program g ON g.tenant_id = c.tenant_id AND g.id = c.program_id
     WHERE p.id = :participant AND (:anyway OR g.notices)
       AND coalesce(m.chosen_email, m.email) IS NOT NULL AND {REACHABLE}
""")  # noqa: S608 - a constant of ours is put in
_MEMBERS = text("""
    SELECT p.id FROM group_member m JOIN participant p ON p.tenant_id = m.tenant_id AND p.id = m.participant_id
     WHERE m.group_id = :group AND m.left_at IS NULL AND p.state = 'placed' ORDER BY p.id
""")


def tell_placed(session: Session, *, group_id: UUID) -> None:
    """Have the members of a group that is announced now told that they are placed."""
    tell(session, participant_ids=session.scalars(_MEMBERS, {"group": group_id}).all())


def tell_changed(session: Session, *, cohort_id: UUID, moment: datetime) -> None:
    """Have those told whose state has changed at this very moment; not of a group that is yet to be announced."""
    known = {"cohort": cohort_id, "moment": moment}
    tell(session, participant_ids=session.scalars(_CHANGED, known).all())


def ask_of_admission(session: Session, *, group_id: UUID) -> None:
    """Have the members of a group but the session's told that somebody is proposed to them, away or not."""
    known = {"group": group_id, "me": session.membership_id}
    post(session, "admission", subject_ids=session.scalars(_ASKED, known).all())


def tell_of_admission(session: Session, *, participant_id: UUID) -> None:
    """Have whoever was let into a group told of it."""
    post(session, "admitted", subject_ids=[participant_id])


def compose(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """What one participant is told of her state; None where she is not to be told of it, or not yet."""
    if not to_be_told(session, [subject_id]):
        return None
    return _composed(session, subject_id, settings)


def compose_admission(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """That a participant's group is asked about somebody: neither whom nor which group. None where she cannot be
    written to. It does not depend on the program's notices: silence lets somebody in, so nobody may switch the question
    off.
    """
    asked = _writes_to(session, subject_id, anyway=True)
    return _composed(session, subject_id, settings, ASKED) if asked else None


def compose_admitted(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """That a group let a participant in: neither which nor who is in it. None where she is in none by now, the program
    sends no notices, or she cannot be written to.
    """
    told = session.scalar(_IS_IN, {"participant": subject_id}) and _writes_to(session, subject_id)
    return _composed(session, subject_id, settings, ADMITTED) if told else None


def compose_invitation(session: Session, subject_id: UUID, settings: Settings) -> Letter | None:
    """That a participant is invited into a group: neither which nor by whom. None where the program
    sends no notices, or she cannot be written to.
    """
    return _composed(session, subject_id, settings, INVITED) if _writes_to(session, subject_id) else None


def _writes_to(session: Session, participant_id: UUID, *, anyway: bool = False) -> bool:
    known = {"participant": participant_id, "anyway": anyway}
    return session.scalar(_WRITTEN_TO, known) is not None


def _composed(
    session: Session, participant_id: UUID, settings: Settings, words: Words | None = None
) -> Letter | None:
    found = session.execute(_TO_WHOM, {"participant": participant_id}).one_or_none()
    if found is None:
        return None
    words = words or WORDS[found.state]
    return _LETTERS.letter(
        "state",
        to=Mailbox(found.address, found.name or ""),
        heading=words.heading,
        said=words.said,
        cohort=found.cohort,
        tenant=found.tenant,
        name=found.name,
        url=f"{settings.public_url}/sign-in/{found.slug}",
    )
