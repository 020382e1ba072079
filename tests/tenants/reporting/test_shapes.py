"""Which breakdowns leave a tenant, and that it stays so. Everybody is invented."""

from tenants.reporting.actions import order_report
from tenants.reporting.ledger import enter
from tenants.reporting.models import Report, ReportSnapshot
from tenants.reporting.shapes import left_out
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import YES, CountTable, axis
from workers.tenant_job import run_job

FIELDS = axis("field", "Field", ("a", "b", "c", "d"))
SIDES = axis("shares:Fund", "Fund", (YES, "no"))


def breakdown(*numbers, few=(), sensitive=False, spread=False, **how):
    """A table by field whose cells, or their halves, have these numbers."""
    fields = axis("field", "Field", ("a", "b", "c", "d"), sensitive=sensitive)
    counts, parts = {}, (("yes", "no") if spread else (None,))
    for code, number in zip(fields.codes, numbers, strict=True):
        for part in parts:
            at = {"field": code.code, **({SIDES.name: part} if part else {})}
            counts[key_of(at)] = number
    marked = frozenset(key_of({"field": code}) for code in few)
    told = {"spread": (SIDES,) if spread else (), "breakdown": True, **how}
    return CountTable("by_field", "By field", "people", (fields,), (), counts, marked, **told)


def goes(table, *, told=(), before=()):
    return bool(left_out([table], told=told, before=before, threshold=10))


def test_a_breakdown_is_left_out_if_more_than_half_of_its_cells_are_too_small():
    assert goes(breakdown(1, 10, 3, 50))
    assert not goes(breakdown(1, 10, 30, 50))
    assert not goes(breakdown(0, 0, 3, 2))
    assert goes(breakdown(0, 0, 3, 20, sensitive=True))
    assert goes(breakdown(1, 20, 30, 50, few="bc"))
    assert not goes(breakdown(6, 6, 6, 6, spread=True)), "the parts of a funder are no cells of it"
    assert not goes(breakdown(1, 1, 1, 1, breakdown=False))


def test_what_was_decided_once_stays():
    assert not goes(breakdown(1, 1, 1, 1), told=["by_field"])
    assert goes(breakdown(90, 90, 90, 90), before=["by_field"])


def test_the_first_release_fixes_which_breakdowns_leave(circle, database, settings, tenant):
    session = circle.session
    circle.knows("field", "categorical", levels=[{"key": code} for code in "abcdefgh"])
    circle.knows("site", "categorical", levels=[{"key": "one"}, {"key": "other"}])

    def add(each, site):
        for code in "abcdefgh":
            people = [circle.joined(attributes={"field": code, "site": site}) for _ in range(each)]
            circle.agreed(*people, purpose="demographics")

    def released():
        ordered = order_report(session, audience="public", program_id=circle.program.id, formats=["json"])
        session.commit()
        run_job(database, tenant_id=tenant.id, job_id=ordered.job_id, settings=settings)
        session.expire_all()
        report = session.get_one(Report, (tenant.id, ordered.id))
        enter(session, report)
        session.commit()
        found = session.get_one(ReportSnapshot, (tenant.id, report.snapshot_id))
        return {table["name"] for table in found.document["tables"]}, found.left_out

    add(5, "one")
    tables, gone = released()
    assert gone == ["demographics_field"], (
        "eight of its twelve cells are small; of how far they came most are none"
    )
    assert {"demographics_site", "reach_demographics_field"} <= tables
    add(40, "other")
    assert released() == (tables, gone)
    circle.knows("later", "boolean")
    assert released()[0] == tables | {"demographics_later", "reach_demographics_later"}
