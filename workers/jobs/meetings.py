"""Meetings of groups."""

from tenants.kernel.claims import Claim
from tenants.meetings.upkeep import keep_meetings


def keep(claim: Claim) -> None:
    """Look after the meetings of the claimed group."""
    keep_meetings(claim)
