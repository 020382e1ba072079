"""A report of every metric is built for each audience."""

import json

import pytest
from sqlalchemy import text

from tenants.kernel.errors import Conflict
from tenants.people.models import ConsentEntry
from tenants.reporting.actions import order_report
from tenants.reporting.ledger import told_digest
from tenants.reporting.queries import file_of_report
from tests.factories.counted import Circle
from workers.tenant_job import run_job


@pytest.mark.parametrize("audience", ["internal", "public"])
def test_a_report_of_every_metric_is_built(tenant, database, settings, audience):
    with database.tenant(tenant.id) as session:
        circle = Circle(session)
        circle.knows("parent", "boolean")
        people = [circle.joined(state="placed", attributes={"parent": True}) for _ in range(30)]
        circle.agreed(*people[:25], purpose="demographics")
        circle.grouped(*people[:6])
        circle.made(*people[:15], visibility="funder")
        ordered = order_report(session, audience=audience, program_id=circle.program.id, formats=["json"])
        session.commit()
    run_job(database, tenant_id=tenant.id, job_id=ordered.job_id, settings=settings)
    with database.tenant(tenant.id) as session:
        found = session.execute(
            text("SELECT state, error FROM job WHERE id = :id"), {"id": ordered.job_id}
        ).one()
        snapshots = session.execute(text("SELECT refused, digest FROM report_snapshot")).all()
        frozen = session.scalars(text("SELECT frozen FROM report")).one()
    assert found.state == "succeeded", json.dumps(found.error)
    assert not any(refused for refused, _ in snapshots)
    for _, digest in snapshots:
        assert digest not in frozen, "whether anything changed is the tenant's to know"
        assert told_digest(ordered.id, digest) in frozen


def test_a_refusal_that_was_made_before_people_were_counted_and_seen_only_afterwards_keeps_the_report(
    tenant, database, settings
):
    with database.tenant(tenant.id) as session:
        circle = Circle(session)
        one, *_ = [circle.joined(state="placed") for _ in range(30)]
        known = {"membership_id": one.membership_id, "program_id": circle.program.id, "purpose": "outcomes"}
        reports = [order_report(session, audience="public", program_id=circle.program.id) for _ in range(2)]
        session.commit()
    said = {"decision": "objected", "said_by": "person", "wording": "Invented", "wording_version": "1"}
    with database.tenant(tenant.id) as hers:
        hers.identify(membership_id=known["membership_id"], person_id=None)
        hers.add(ConsentEntry(**known, **said))
        hers.flush()
        run_job(database, tenant_id=tenant.id, job_id=reports[0].job_id, settings=settings)
        hers.commit()
    run_job(database, tenant_id=tenant.id, job_id=reports[1].job_id, settings=settings)
    with database.tenant(tenant.id) as session:
        with pytest.raises(Conflict) as refused:
            file_of_report(session, report_id=reports[0].id, format_="json")
        assert refused.value.code == "out_of_date"
        assert file_of_report(session, report_id=reports[1].id, format_="json")
