"""Imports and their reversal, by kind."""

from tenants.cohorts.imports import reversal, roster
from tenants.cohorts.models import Import
from tenants.kernel.claims import Claim
from tenants.matching import separation_imports as separations
from tenants.outcomes import imports as outcomes

APPLY = {
    "roster": roster.apply,
    "products": outcomes.apply,
    "career_events": outcomes.apply,
    "separations": separations.apply,
}
REVERSE = {
    "roster": reversal.reverse,
    "products": outcomes.reverse,
    "career_events": outcomes.reverse,
    "separations": separations.reverse,
}


def apply(claim: Claim) -> None:
    """Read and apply an import's file."""
    APPLY[_kind(claim)](claim)


def reverse(claim: Claim) -> None:
    """Undo an import."""
    REVERSE[_kind(claim)](claim)


def _kind(claim: Claim) -> str:
    with claim.session() as session:
        return session.get_one(Import, (claim.tenant_id, claim.subject_id)).kind
