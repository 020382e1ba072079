"""Matching runs and analyses of them."""

from tenants.kernel.claims import Claim
from tenants.matching.runs import analyse_proposal, form_proposal
from workers.sharing import Sharing


def run(claim: Claim) -> None:
    """Form the groups that the claimed run proposes."""
    with Sharing(claim.settings.redis_url) as across:
        form_proposal(claim, across=across)


def analyse(claim: Claim) -> None:
    """Analyse what the run of the claimed analysis proposes."""
    analyse_proposal(claim)
