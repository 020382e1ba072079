"""Groups."""

from tenants.kernel.claims import Claim
from tenants.matching.repair import order_repair


def repair(claim: Claim) -> None:
    """Order a run that mends the claimed group, and others of its cohort in need."""
    order_repair(claim)
