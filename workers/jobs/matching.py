"""Matching runs."""

from tenants.kernel.claims import Claim
from tenants.matching.runs import form_proposal


def run(claim: Claim) -> None:
    """Form the groups that the claimed run proposes."""
    form_proposal(claim)
