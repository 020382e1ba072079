"""Which breakdowns leave a tenant, and that it stays so. Everybody is invented."""

import json

from sqlalchemy import text

from tenants.kernel.files import FileStore
from tenants.reporting.actions import order_report
from tenants.reporting.ledger import enter
from tenants.reporting.models import Report, ReportSnapshot
from tenants.reporting.shapes import by_cohort, names_of, rolled_up
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import YES, CountTable, axis, said_of_table
from tests.factories.reports import cells
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
    left, gone = rolled_up([table], told=told, before=before, threshold=10)
    assert (left == []) == bool(gone)
    return bool(gone)


def test_a_breakdown_is_left_out_if_more_than_half_of_its_cells_are_too_small():
    assert goes(breakdown(1, 10, 3, 50))
    assert not goes(breakdown(1, 10, 30, 50))
    assert not goes(breakdown(0, 0, 3, 2))
    assert goes(breakdown(0, 0, 3, 20, sensitive=True))
    assert goes(breakdown(1, 20, 30, 50, few="bc"))
    assert not goes(breakdown(6, 6, 6, 6, spread=True)), "the parts of a funder are no cells of it"
    assert not goes(breakdown(1, 1, 1, 1, breakdown=False))


COHORTS = axis("cohort", "Cohort", ("x", "y"))


def crossed(*numbers, few=()):
    """A table by field and cohort with these numbers: of a in x and y, of b in x and y."""
    places = [(field, cohort) for field in "ab" for cohort in "xy"]
    counts = {key_of({"field": f, "cohort": c}): n for (f, c), n in zip(places, numbers, strict=True) if n}
    fields = axis("field", "Field", ("a", "b"))
    return CountTable("by_field", "By field", "groups", (fields,), (), counts, frozenset(few), (COHORTS,))


def test_a_table_of_which_most_is_too_small_by_cohort_is_told_of_the_whole_program_alone():
    assert rolled_up([crossed(4, 9, 1, 14)], told=(), before=(), threshold=10)[1] == set()
    few = [key_of({"field": "a"}), key_of({"field": "b", "cohort": "x"})]
    (whole,), gone = rolled_up([crossed(4, 9, 30, 42, few=few)], told=(), before=(), threshold=10)
    assert gone == {by_cohort("by_field")}
    assert whole.spread == ()
    assert whole.counts == {key_of({"field": "a"}): 13, key_of({"field": "b"}): 72}
    assert whole.few == {key_of({"field": "a"})}


def test_whether_a_table_is_told_by_cohort_is_decided_once():
    small, large = crossed(1, 1, 1, 1), crossed(20, 20, 20, 20)
    assert rolled_up([small], told=names_of([said_of_table(large)]), before=(), threshold=10) == (
        [small],
        set(),
    )
    (whole,), _ = rolled_up([large], told=["by_field"], before=[by_cohort("by_field")], threshold=10)
    assert whole.spread == ()


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


def states_of(session, settings, report):
    file_id = session.scalars(
        text("SELECT file_id FROM report_file WHERE report_id = :id"), {"id": report.id}
    ).one()
    content = b"".join(FileStore.of(settings).kept(report.tenant_id, file_id))
    return cells(json.loads(content), "states")


def test_a_report_on_a_cohort_has_no_numbers_where_a_table_is_told_of_the_whole_program_alone(
    circle, database, settings, tenant
):
    session = circle.session
    for place in range(16):
        circle.agreed(circle.joined(cohort=place % 2), purpose="outcomes")

    def built(**scope):
        ordered = order_report(session, audience="public", formats=["json"], **scope)
        session.commit()
        run_job(database, tenant_id=tenant.id, job_id=ordered.job_id, settings=settings)
        session.expire_all()
        return session.get_one(Report, (tenant.id, ordered.id))

    report = built(cohort_id=circle.cohorts[0].id)
    enter(session, report)
    session.commit()
    snapshot = session.get_one(ReportSnapshot, (tenant.id, report.snapshot_id))
    assert {by_cohort("states"), by_cohort("stages")} <= set(snapshot.left_out)
    assert set(states_of(session, settings, report).values()) == {None}
    assert 16 in states_of(session, settings, built(program_id=circle.program.id)).values()
