"""The whole product as an operator runs it, killed in the middle of its work."""

import json
import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager

import pytest

from cli.embedded import remove
from tests.cli.test_commands import COMMAND, OTHERS, opened
from tests.conftest import QUICK, eventually
from tests.factories.reports import cells

PEOPLE = 30_000


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "data"
    remove(tmp_path / "data")


@contextmanager
def served(folder):
    """`peerloom serve` and its address."""
    command = [*COMMAND, "serve", "--port=0", "--workers=1", f"--data={folder}"]
    process = subprocess.Popen(command, env={**OTHERS, **QUICK}, stdout=subprocess.PIPE, text=True)
    try:
        word, _, address = process.stdout.readline().strip().partition(" ")
        assert word == "ready"
        yield process, address
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def ask(url, token=None, body=None, *, method=None, kind="application/json"):
    data = json.dumps(body).encode() if isinstance(body, dict) else body
    headers = {"Content-Type": kind} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310  our own address
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


@pytest.mark.slow
def test_a_product_killed_in_the_middle_of_an_import_ends_it_once_when_it_runs_again(folder):
    with served(folder) as (process, address):
        known = json.loads(opened({}, data=str(folder)).stdout)
        form = {**known, "grant_type": "client_credentials"}
        del form["tenant_id"]
        encoded, kind = urllib.parse.urlencode(form).encode(), "application/x-www-form-urlencoded"
        token = ask(f"{address}/oauth/token", body=encoded, kind=kind)["access_token"]
        program = ask(f"{address}/v1/programs", token, {"name": "Circles"})["id"]
        cohort = ask(f"{address}/v1/cohorts", token, {"program_id": program, "name": "Autumn"})["id"]
        told = {"mapping": {"external_id": "id", "name": "who"}}
        made = ask(f"{address}/v1/cohorts/{cohort}/imports", token, told)["id"]
        roster = "id,who\n" + "".join(f"P{n},Invented {n}\n" for n in range(PEOPLE))
        url = f"/v1/imports/{made}"
        ask(f"{address}{url}/file", token, roster.encode(), method="PUT", kind="text/csv")
        eventually(lambda: ask(address + url, token)["progress"] > 0)
        process.kill()
        process.wait(60)
    with served(folder) as (_, address):
        done = eventually(lambda: ended(ask(address + url, token)))
        assert (done["state"], done["counts"]["created"]) == ("succeeded", PEOPLE)
        report = ask(f"{address}/v1/reports", token, {"cohort_id": cohort, "audience": "internal"})["id"]
        eventually(lambda: ended(ask(f"{address}/v1/reports/{report}", token)))
        found = ask(f"{address}/v1/reports/{report}/files/json", token)
    assert cells(found, "states")[()] == PEOPLE


def ended(resource):
    return None if resource["state"] in ("queued", "running", "checking") else resource
