"""Reports."""

from tenants.kernel.claims import Claim
from tenants.reporting import approving
from tenants.reporting.building import build_report
from tenants.reporting.named.building import build_named_document, forget_files
from tenants.reporting.schedule import keep_schedule


def build(claim: Claim) -> None:
    """Build the claimed report."""
    build_report(claim)


def write_approved(claim: Claim) -> None:
    """Write the files of the claimed release, whose cover names the approver."""
    approving.write_approved(claim)


def draft_due(claim: Claim) -> None:
    """Draft what is due under the claimed agreement, or remind of it."""
    with claim.effect() as session:
        again = keep_schedule(session, agreement_id=claim.subject_id)
        if again is not None:
            claim.go_on(again)


def name_people(claim: Claim) -> None:
    """Build the claimed document that names people."""
    build_named_document(claim)


def forget_names(claim: Claim) -> None:
    """Delete the files of the claimed document, as their time is over."""
    forget_files(claim)
