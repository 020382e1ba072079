"""Notices."""

from tenants.kernel.claims import Claim
from tenants.notices.planning import plan_notices


def plan(claim: Claim) -> None:
    """Post what the people of the claimed tenant are to be sent now."""
    plan_notices(claim)
