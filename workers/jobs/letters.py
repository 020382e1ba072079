"""Letters."""

from tenants.cohorts.reminders import remind
from tenants.kernel.claims import Claim
from tenants.kernel.delivery import deliver
from tenants.notices.announcing import tell_of_announcement
from tenants.notices.surveying import remind_of_survey as remind_those_who_wait


def send(claim: Claim) -> None:
    """Send the letters of the claimed batch."""
    deliver(claim)


def remind_of_intake(claim: Claim) -> None:
    """Remind those of the claimed cohort who have not answered."""
    remind(claim)


def announce(claim: Claim) -> None:
    """Tell the people of a cohort of the claimed announcement."""
    tell_of_announcement(claim)


def remind_of_survey(claim: Claim) -> None:
    """Write to those who have not answered the claimed wave."""
    remind_those_who_wait(claim)
