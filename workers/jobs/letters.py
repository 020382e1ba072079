"""Letters."""

from tenants.cohorts.reminders import remind
from tenants.kernel.claims import Claim
from tenants.kernel.delivery import deliver


def send(claim: Claim) -> None:
    """Send the letters of the claimed batch."""
    deliver(claim)


def remind_of_intake(claim: Claim) -> None:
    """Remind those of the claimed cohort who have not answered."""
    remind(claim)
