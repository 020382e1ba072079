"""That somebody's participation has come into another state: who is written to. The letter is in `groups.notices`.

A letter is posted about a participant, not about a state: it tells what holds when it is sent, so that of several
changes in a row only the last is told. Nobody is written to of whom only a roster speaks.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from tenants.cohorts.models import PARTICIPANT_STATES
from tenants.kernel.clock import now
from tenants.kernel.mail import call_back, post
from tenants.kernel.session import Session
from tenants.people.invitations import REACHABLE

KIND = "participant_state"
SILENT = ("eligible", "invited")
"""States that somebody is not told: in the first nothing has happened, and of the second an invitation tells."""
TOLD = tuple(state for state in PARTICIPANT_STATES if state not in SILENT)
HELD_BACK = timedelta(hours=1)
"""For how long the letters of an import wait, so that it can be undone before anybody hears of it."""
_TO_BE_TOLD = text(f"""
    SELECT p.id FROM participant p
      JOIN membership m ON m.tenant_id = p.tenant_id AND m.id = p.membership_id
      JOIN cohort c ON c.tenant_id = p.tenant_id AND c.id = p.cohort_id
      JOIN program g ON g.tenant_id = c.tenant_id AND g.id = c.program_id
     WHERE p.id = ANY (CAST(:participants AS uuid[])) AND p.state = ANY (:told) AND g.notices
       AND coalesce(m.chosen_email, m.email) IS NOT NULL AND {REACHABLE}
     ORDER BY p.id
""")  # noqa: S608 - a constant of ours is put in
_TOLD_SINCE = text(
    "SELECT DISTINCT subject_id FROM letter WHERE kind = :kind AND sent_at >= :since"
    " AND subject_id = ANY (CAST(:participants AS uuid[]))"
)


def tell(session: Session, *, participant_ids: Sequence[UUID], held_back: bool = False) -> None:
    """Have those of these participants whom it concerns told of the state that they are in now.

    Where the program sends notices, to whoever has an address and has joined or been invited.
    """
    if participant_ids:
        post(
            session,
            KIND,
            subject_ids=to_be_told(session, participant_ids),
            not_before=now() + HELD_BACK if held_back else None,
        )


def to_be_told(session: Session, participant_ids: Sequence[UUID]) -> Sequence[UUID]:
    """Those of these participants who are to be told of their state now."""
    known = {"participants": list(participant_ids), "told": list(TOLD)}
    return session.scalars(_TO_BE_TOLD, known).all()


def take_back(session: Session, *, participant_ids: Sequence[UUID], since: datetime) -> None:
    """A change that was made at a moment is undone: call back its letters, and tell what holds now to whoever has had
    hers by now.
    """
    call_back(session, KIND, subject_ids=participant_ids)
    known = {"kind": KIND, "participants": list(participant_ids), "since": since}
    tell(session, participant_ids=session.scalars(_TOLD_SINCE, known).all())
