"""Groups."""

from tenants.groups.admissions import conclude_admissions_of
from tenants.kernel.claims import Claim
from tenants.support import nudges


def conclude_admission(claim: Claim) -> None:
    """Decide about the newcomer of the claimed place, once the time to object has passed."""
    with claim.effect() as session:
        due = conclude_admissions_of(session, group_member_id=claim.subject_id)
        if due is not None:
            claim.go_on(due)


def look_after(claim: Claim) -> None:
    """Ask the claimed group whether all is well, if it has been silent."""
    nudges.look_after(claim)
