"""What is asked of public sources."""

from tenants.kernel.claims import Claim
from tenants.outcomes.verification.candidates import search
from tenants.outcomes.verification.expiry import forget
from tenants.outcomes.verification.looking import look


def verify(claim: Claim) -> None:
    """Look for what the people of the claimed verification published or were awarded."""
    look(claim)


def find_candidates(claim: Claim) -> None:
    """Search public awards for the claimed search."""
    search(claim)


def expire(claim: Claim) -> None:
    """Delete what came from outside and has been kept long enough."""
    forget(claim)
