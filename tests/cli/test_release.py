"""`peerloom release audit`: what an auditor types, on files alone."""

import json

import pytest
from click.testing import CliRunner

from cli.release import release
from tenants.kernel.ids import new_id
from tenants.reporting.releasing import Earlier, released
from tenants.reporting.tables import CountTable, axis, said_of_table, table_from
from tests.cli.test_commands import run, said

KNOWN = {"snapshot": "one", "threshold": 10}
STATES = axis("state", "State", ("here", "left", "never"))


def table(**counts):
    return CountTable(
        "states", "States", "people", (STATES,), counts={(("state", code),): n for code, n in counts.items()}
    )


@pytest.fixture
def files(tmp_path):
    """A release after another one, as files, and the exact tables behind both."""
    before, now = table(here=40, left=30, never=4), table(here=60, left=31, never=6)
    first = released([before], as_of="2026-01-01", **KNOWN).document
    earlier = Earlier(first, dict(before.counts))
    second = released([now], as_of="2027-01-01", ledger=[earlier], **{**KNOWN, "snapshot": "two"}).document
    said = {
        "ledger-001": first,
        "ledger-001-exact": [said_of_table(before)],
        "release": second,
        "exact": [said_of_table(now)],
    }
    for name, each in said.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(each))
    return tmp_path


def audit(files, *options):
    command = ["audit", str(files / "release.json"), "--ledger", str(files / "ledger-001.json"), *options]
    return CliRunner().invoke(release, command)


def test_a_release_is_attacked_and_made_again_from_its_exact_tables(files):
    found = audit(files, "--exact", str(files / "exact.json"))
    assert found.exit_code == 0, found.output
    assert "0 are unsafe" in found.output
    assert "give this release" in found.output
    assert "state=never" in found.output


def test_without_exact_tables_the_ranges_are_told(files):
    found = audit(files, "--as-json")
    said = json.loads(found.output)
    assert found.exit_code == 0
    assert said["same"] is None
    assert {"state": "never"} in [each["at"] for each in said["ranges"]]


def test_what_is_no_release_is_not_attacked(files):
    found = audit(files, "--ledger", str(files / "ledger-001-exact.json"))
    assert (found.exit_code, "is no release" in found.output) == (2, True)
    (files / "release.json").write_text("{")
    assert "is not JSON" in audit(files).output


def test_a_release_that_gives_a_number_away_ends_with_1(files):
    path = files / "release.json"
    document = json.loads(path.read_text())
    for cell in document["cells"]:
        cell.update(value={"here": 60, "left": 31, "never": 6}.get(cell["at"].get("state"), 97), frozen=False)
    path.write_text(json.dumps(document))
    found = audit(files, "--exact", str(files / "exact.json"))
    assert found.exit_code == 1
    assert "UNSAFE state=never: 6 to 6, should reach 1 to 10" in found.output
    assert "ANOTHER release" in found.output


def test_a_report_that_was_not_built_cannot_be_made_again(environment, tenant):
    """What one that left gives is tested where it leaves."""
    made = tenant.api.post("/v1/programs", json={"name": "Circles"}).get_json()
    ordered = {"program_id": made["id"], "audience": "internal", "formats": ["json"]}
    report = tenant.api.post("/v1/reports", json=ordered).get_json()["id"]
    for asked in (report, str(new_id())):
        assert said(run("release", "remake", asked, "--tenant", str(tenant.id), **environment))


def test_what_is_read_back_is_the_table_that_was_written():
    made = table(here=3)
    assert table_from(json.loads(json.dumps(said_of_table(made)))) == made


def test_what_a_program_reads_is_json_alone(files):
    found = run(
        "release", "audit", str(files / "release.json"), "--exact", str(files / "exact.json"), "--as-json"
    )
    assert json.loads(found.stdout)["unsafe"] == []
