"""What is counted beside the rest, in a session of its own, is counted as of the same moment."""

import datetime as dt

import pytest
from sqlalchemy.exc import DataError

from tenants.kernel.claims import claim
from tenants.kernel.session import expect_many_rows
from tenants.reporting.actions import order_report
from tenants.reporting.counting import Counting
from tenants.reporting.lanes import counted
from tenants.reporting.metric import Found, Metric
from tenants.reporting.metrics import METRICS, OF_PRODUCTS
from tenants.reporting.scope import Scope
from tests.factories.counted import Circle


@pytest.fixture
def claimed(tenant, database, settings):
    """A report's job in hand, with three people of its program."""
    with database.tenant(tenant.id) as session:
        circle = Circle(session)
        for _ in range(3):
            circle.made(circle.joined())
        ordered = order_report(session, audience="internal", program_id=circle.program.id, formats=["json"])
        session.commit()
    return circle, claim(database, tenant_id=tenant.id, job_id=ordered.job_id, settings=settings)


def scope_of(circle):
    cohorts = tuple(sorted(each.id for each in circle.cohorts))
    return Scope(circle.program.tenant_id, circle.program.id, cohorts, dt.datetime.now(dt.UTC).date())


def test_all_is_counted_as_of_the_moment_in_which_the_first_session_began(claimed, database):
    circle, job = claimed
    with job.session(snapshot=True) as session:
        expect_many_rows(session)
        counting = Counting(session, scope_of(circle))
        counting.count_people([])
        with database.tenant(circle.program.tenant_id) as later:
            circle.session = later
            circle.made(circle.joined())
            later.commit()
        found, _ = counted(job, counting, METRICS, [])
    tables = {table.name: sum(table.counts.values()) for each in found for table in each.tables}
    assert tables["states"] == tables["contributors"] == tables["products"] == 3


@pytest.mark.parametrize("name", [METRICS[0].name, *sorted(OF_PRODUCTS)[:1]])
def test_what_goes_wrong_in_either_is_raised(claimed, name):
    def fails(counting):
        counting.run("SELECT 1 / 0")
        return Found(())

    circle, job = claimed
    broken = Metric(name=name, version=1, title="Invented", text="Invented", count=fails)
    with job.session(snapshot=True) as session:
        counting = Counting(session, scope_of(circle))
        counting.count_people([])
        with pytest.raises(DataError, match="division by zero"):
            counted(job, counting, [broken], [])
