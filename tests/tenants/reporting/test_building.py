"""A report of every metric is built for each audience."""

import json

import pytest
from sqlalchemy import text

from tenants.reporting.actions import order_report
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
        refused = session.scalars(text("SELECT refused FROM report_snapshot")).all()
    assert found.state == "succeeded", json.dumps(found.error)
    assert not any(refused)
