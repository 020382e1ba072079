"""Reports."""

from tenants.kernel.claims import Claim
from tenants.reporting.building import build_report


def build(claim: Claim) -> None:
    """Build the claimed report."""
    build_report(claim)
