"""Check-ins."""

from tenants.kernel.claims import Claim
from tenants.support import tally as tallying


def tally(claim: Claim) -> None:
    """Publish what the claimed cohort's closed windows tell."""
    tallying.tally(claim)
