"""When reports under an agreement fall due. Everybody is invented."""

from datetime import timedelta

from tenants.institutions.actions import open_tenant
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.reporting.agreements import offer_agreement
from tenants.reporting.schedule import keep_schedule
from tenants.reporting.sharing_models import SharingPlan


def test_what_falls_due_before_both_have_signed_waits_for_them(circle, database):
    slug = f"fund-{new_id()}"
    with database.tenant(new_id()) as session:
        open_tenant(session, kind="funder", slug=slug, name="Invented Fund")
        session.commit()
    circle.program.funders = ["Fund"]
    circle.session.flush()
    agreement_id = offer_agreement(
        circle.session,
        partner=slug,
        offered_by="institution",
        funder="Fund",
        program_id=circle.program.id,
        first_due_on=now().date(),
    )
    again = keep_schedule(circle.session, agreement_id=agreement_id)
    assert again > now() + timedelta(hours=23)
    plan = circle.session.get_one(SharingPlan, (circle.session.tenant_id, agreement_id))
    assert plan.due_on == now().date()
