"""Letters."""

from tenants.cohorts.reminders import remind
from tenants.kernel.claims import Claim
from tenants.kernel.delivery import deliver
from tenants.notices.announcing import tell_of_announcement


def send(claim: Claim) -> None:
    """Send the letters of the claimed batch."""
    deliver(claim)


def remind_of_intake(claim: Claim) -> None:
    """Remind those of the claimed cohort who have not answered."""
    remind(claim)


def announce(claim: Claim) -> None:
    """Tell the people of a cohort of the claimed announcement."""
    tell_of_announcement(claim)
