"""Who is told by letter of an announcement: the people of its cohort but those who want no such letters."""

from sqlalchemy import exists, select

from tenants.cohorts.models import Participant
from tenants.kernel.claims import Claim
from tenants.kernel.mail import post
from tenants.notices.models import NoticePreference
from tenants.support.announcements import TOLD_NOTHING
from tenants.support.care_models import Announcement


def tell_of_announcement(claim: Claim) -> None:
    """The job of an announcement that is published now."""
    with claim.effect() as session:
        found = session.get(Announcement, (session.tenant_id, claim.subject_id))
        if found is None:
            return
        wants_none = exists().where(
            NoticePreference.tenant_id == Participant.tenant_id,
            NoticePreference.membership_id == Participant.membership_id,
            ~NoticePreference.announcements,
        )
        addressed = select(Participant.id).where(
            Participant.cohort_id == found.cohort_id, Participant.state.not_in(TOLD_NOTHING), ~wants_none
        )
        post(session, "announcement", subject_ids=session.scalars(addressed.order_by(Participant.id)).all())
