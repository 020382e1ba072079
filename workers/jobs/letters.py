"""Letters."""

from tenants.kernel.claims import Claim
from tenants.kernel.delivery import deliver


def send(claim: Claim) -> None:
    """Send the letters of the claimed batch."""
    deliver(claim)
