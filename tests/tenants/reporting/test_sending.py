"""Sending a release: what keeps it from leaving. Everybody is invented."""

from datetime import timedelta

import pytest

from tenants.kernel.clock import now
from tenants.kernel.errors import Conflict
from tenants.people.models import ConsentEntry
from tenants.reporting.actions import order_report
from tenants.reporting.ledger import refusals
from tenants.reporting.release_models import Release
from tenants.reporting.sending import send_release


def test_what_was_looked_through_is_not_sent_once_somebody_withdrew(circle, settings):
    session, who = circle.session, circle.joined()
    report = order_report(session, audience="public", program_id=circle.program.id)
    report.refusals = refusals(session, program_id=circle.program.id)
    report.disclosed_at = now() - timedelta(hours=1)  # somebody downloaded it, to review it
    release = circle.add(Release(program_id=circle.program.id, report_id=report.id, state="approved"))
    session.identify(membership_id=who.membership_id, person_id=None)
    said = {"decision": "withdrawn", "said_by": "person", "wording": "Invented words", "wording_version": "1"}
    entry = {"membership_id": who.membership_id, "program_id": circle.program.id, "purpose": "outcomes"}
    circle.add(ConsentEntry(**entry, **said))
    with pytest.raises(Conflict) as refused:
        send_release(session, release_id=release.id, files=None)
    assert refused.value.code == "out_of_date"
