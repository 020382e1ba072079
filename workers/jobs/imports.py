"""Imports and their reversal, by kind."""

from tenants.cohorts.imports import reversal, roster
from tenants.cohorts.models import Import
from tenants.kernel.claims import Claim
from tenants.outcomes import imports as outcomes


def apply(claim: Claim) -> None:
    """Read and apply an import's file."""
    (roster.apply if _kind(claim) == "roster" else outcomes.apply)(claim)


def reverse(claim: Claim) -> None:
    """Undo an import."""
    (reversal.reverse if _kind(claim) == "roster" else outcomes.reverse)(claim)


def _kind(claim: Claim) -> str:
    with claim.session() as session:
        return session.get_one(Import, (claim.tenant_id, claim.subject_id)).kind
