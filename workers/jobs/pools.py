"""Reports of several institutions."""

from tenants.kernel.claims import Claim
from tenants.reporting.pools import contributing, pooling


def contribute(claim: Claim) -> None:
    """Seal the claimed contribution."""
    contributing.contribute(claim)


def pool(claim: Claim) -> None:
    """Build the claimed pooled report once all have answered."""
    pooling.pool(claim)
