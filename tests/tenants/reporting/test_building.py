"""A report of every metric is built for each audience."""

import json

import pytest
from sqlalchemy import text

from tenants.reporting.actions import order_report
from tenants.reporting.ledger import told_digest
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
