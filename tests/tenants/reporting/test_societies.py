"""Reports that leave a program whose people are of several institutions. All are invented."""

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from cli.release import release
from tenants.reporting.actions import order_report
from tenants.reporting.audit.auditing import audit
from tenants.reporting.ledger import snapshot_of_report
from tenants.reporting.lifting import lifted, lifted_table
from tenants.reporting.queries import file_of_report
from tenants.reporting.releasing import Earlier, known_to, lifted_ledger, released, released_of_one
from tenants.reporting.remaking import remade
from tenants.reporting.tables import said_of_table, table_from
from tests.factories.counted import Circle
from tests.tenants.reporting.insiders import without_parts
from tests.tenants.reporting.together import OWN, at, gives, pool_of, states
from workers.tenant_job import run_job

HERE = {"north": 25, "south": 8, "west": 14}
GONE = {"north": 13, "south": 12, "west": 2}


def joined(circle, numbers, state):
    for name, number in numbers.items():
        for _ in range(number):
            person = circle.joined(state=state, attributes={"institution": name})
            circle.made(person, visibility="funder")


@pytest.fixture
def left(tenant, database, settings):
    """Order a report on the program, build it, and let it leave; its id."""

    def run(program_id):
        with database.tenant(tenant.id) as session:
            ordered = order_report(session, audience="public", program_id=program_id, formats=["json"])
            session.commit()
        run_job(database, tenant_id=tenant.id, job_id=ordered.job_id, settings=settings)
        with database.tenant(tenant.id) as session:
            file_of_report(session, report_id=ordered.id, format_="json")
            session.commit()
        return ordered.id

    return run


def test_what_leaves_a_society_tells_no_institution_of_the_others(
    tenant, database, environment, left, tmp_path
):
    with database.tenant(tenant.id) as session:
        circle = Circle(session)
        levels = [{"key": each} for each in HERE]
        circle.knows("institution", "categorical", levels=levels, uses=["reporting"])
        joined(circle, HERE, "placed")
        joined(circle, GONE, "withdrawn")
        session.commit()
        program_id = circle.program.id
    left(program_id)
    with database.tenant(tenant.id) as session:
        circle.session = session
        joined(circle, {"north": 20, "south": 4}, "placed")
        session.commit()
    second = left(program_id)
    with database.tenant(tenant.id) as session:
        assert remade(session, report_id=second)
        snapshot, tables = snapshot_of_report(session, report_id=second)
        assert snapshot.refused is None
    command = ["export", str(second), "--tenant", str(tenant.id), "--to", str(tmp_path)]
    assert CliRunner().invoke(release, command, env=environment).exit_code == 0
    attack = ["audit", f"{tmp_path}/release.json", "--exact", f"{tmp_path}/exact.json"]
    attack += ["--ledger", f"{tmp_path}/ledger-001.json"]
    attacked = CliRunner().invoke(release, attack)
    assert "0 are unsafe.\nThe exact tables give this release." in attacked.output, attacked.output
    unaware = without_parts([table_from(each) for each in tables])
    said = {"as_of": "2026-01-01", "snapshot": "other", "threshold": 10}
    (tmp_path / "release.json").write_text(json.dumps(released(unaware, **said).document))
    attacked = CliRunner().invoke(release, attack)
    assert attacked.exit_code == 1
    assert "(without answer:north)" in attacked.output


def test_institutions_are_known_also_where_the_society_was_part_of_a_pool():
    given = {name: gives([30, 40, 20, 25]) for name in ("one", "two", "three")}
    _, leaving = pool_of(given)
    pooled = Earlier(leaving.document, pooled=True, at="1", digest="1")
    own = states([60, 80, 50, 60])
    codes = ("invited", "placed", "left", "gone")
    north = {at(state=code): n for code, n in zip(codes, (30, 73, 20, 45), strict=True)}
    south = {key: number - north[key] for key, number in own.counts.items()}
    table = replace(own, parts={"answer:north": north, "answer:south": south})
    ledger = [pooled]
    for snapshot in ("2", "3"):
        found = released_of_one([table], "one", ledger=ledger, snapshot=snapshot, **OWN)
        assert found.refused is None
        whole = [lifted_table(table, "one")]
        documents = lifted_ledger(ledger, "one")
        attack = known_to(whole, documents)
        assert set(attack["parts"]) == {"answer:north", "answer:south"}
        attack |= {"exact": whole[0].counts, "ends": False}
        before = [each.document for each in documents]
        assert not audit(lifted(found.document, "one"), before, **attack).unsafe
        unaware = released_of_one(without_parts([table]), "one", ledger=ledger, snapshot=snapshot, **OWN)
        assert audit(lifted(unaware.document, "one"), before, **attack).unsafe
        ledger.append(Earlier(found.document, table.counts, [said_of_table(table)], digest=snapshot))
        counts = {**table.counts, at(state="gone"): 80}
        parts = {**table.parts, "answer:south": {**south, at(state="gone"): 35}}
        table = replace(table, counts=counts, parts=parts)
