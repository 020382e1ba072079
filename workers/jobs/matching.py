"""Matching runs and analyses of them."""

from tenants.kernel.claims import Claim
from tenants.matching.repair import order_repair
from tenants.matching.runs import analyse_proposal, form_proposal
from workers.sharing import Sharing


def run(claim: Claim) -> None:
    """Form the groups that the claimed run proposes."""
    with Sharing(claim.settings.redis_url) as across:
        form_proposal(claim, across=across)


def analyse(claim: Claim) -> None:
    """Analyse what the run of the claimed analysis proposes."""
    analyse_proposal(claim)


def repair(claim: Claim) -> None:
    """Order a run that mends the claimed group, and others of its cohort in need."""
    order_repair(claim)
