"""What passes between tenants: rows that their addressee reads, each thing said once."""

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from tenants.kernel.errors import Conflict
from tenants.kernel.rows import broken_rule
from tenants.kernel.session import Session
from tenants.reporting.release_models import ReceivedReport, ReleaseAnswer
from tenants.reporting.sharing_models import SharingOffer, SharingSignature

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('shared' || :what, 0))")
ONCE = ("uq_sharing_signature_decision", "uq_release_answer_release")
_TELL = text("SELECT door.tell_of_sharing(:sent)")


def send(session: Session, row: SharingOffer | SharingSignature | ReceivedReport | ReleaseAnswer) -> None:
    """Add a row that another tenant reads, and an event of that tenant's own that it has come.

    Raises Conflict "said_already" for a signature or an answer that there is.
    """
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        if broken_rule(error) not in ONCE:
            raise
        raise Conflict("This has been said already, and stands.", code="said_already") from error
    session.execute(_TELL, {"sent": row.id})
