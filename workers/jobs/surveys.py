"""Surveys."""

from tenants.kernel.claims import Claim
from tenants.outcomes.surveys.counting import count_wave


def count(claim: Claim) -> None:
    """Publish what is told of the claimed wave, which has closed."""
    count_wave(claim)
