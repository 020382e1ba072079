"""A pool whose workers are killed before, in or after sealing and pooling, or whose Valkey forgets."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from psycopg import sql

from tests.conftest import eventually
from tests.factories.events import sealed
from tests.factories.matching import every
from tests.factories.pools import ordered, requests_to
from tests.factories.reports import cells
from tests.workers.test_matching_faults import horses

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc"),
]
SIZES = (20, 30, 40)
STOPS = """
import os, threading
from pathlib import Path
from tenants.kernel.settings import Settings
from tenants.reporting.pools import contributing, pooling
from workers import main

at, act = {module}.{name}, threading.Event()

def stops(*given, **more):
    if {after}:
        at(*given, **more)
    Path({there!r}).touch()
    act.wait()

{module}.{name} = stops
main.run_worker(Settings.from_environment(os.environ), served=["long"])
"""


@pytest.fixture
def killed(environment, app, tmp_path):
    """Let a worker come to where it writes or reckons something, and kill it there."""

    def run(module, name, *, after=False):
        there = tmp_path / "there"
        program = STOPS.format(module=module, name=name, after=after, there=str(there))
        environ = {**os.environ, **environment}
        worker = subprocess.Popen([sys.executable, "-c", program], env=environ, cwd=Path(__file__).parents[2])
        try:
            eventually(there.exists)
            for pid in (*horses(worker), worker.pid):
                os.kill(pid, signal.SIGKILL)
        finally:
            worker.kill()
            worker.wait(30)

    return run


def built_once(funder, sources, url, database, root):
    """The report is there one time, with everybody, and nothing is left of what was sealed."""
    found = eventually(lambda: (each := funder.api.get(url).get_json())["state"] != "waiting" and each)
    assert (found["state"], found["coverage"]["counted"]) == ("built", sum(SIZES))
    assert cells(funder.api.get(f"{url}/files/json").get_json(), "states")[()] == sum(SIZES)
    pool = url.rpartition("/")[2]

    def number(table):
        counted = sql.SQL("SELECT count(*) FROM {} WHERE pooled_report_id = %s").format(sql.Identifier(table))
        return root.execute(counted, [pool]).fetchone()[0]

    assert number("sealed_contribution") == 0
    assert number("pooled_file") == 1
    assert (number("report_snapshot"), number("contribution_answer")) == (3, 3)
    assert [[each["state"] for each in requests_to(tenant)] for tenant, _ in sources] == [["contributed"]] * 3
    sealed(database, funder.id)
    kinds = [each["type"] for each in every(funder.api, "/v1/events")]
    assert kinds.count("pooled_report.built") == 1


def order(funder, sources):
    return ordered(funder, [each["agreement"] for _, each in sources], metrics=["reach"])


@pytest.mark.parametrize(
    ("module", "name", "after"),
    [
        ("contributing", "seal", False),
        ("contributing", "seal", True),
        ("pooling", "sealed_for", True),
        ("pooling", "released_of", False),
        ("pooling", "add_files", False),
    ],
)
def test_nothing_is_lost_or_doubled_whenever_a_worker_is_killed(
    funder, sources, start, killed, database, root, module, name, after
):
    start("scheduler")
    url = order(funder, sources)
    killed(module, name, after=after)
    start("worker")
    built_once(funder, sources, url, database, root)


def test_a_pool_is_made_though_valkey_forgot_everything_after_what_was_sealed(
    funder, sources, start, settings, database, root
):
    start("scheduler")
    url = order(funder, sources)
    worker = start("worker")
    eventually(lambda: funder.api.get(url).get_json()["contributed"] > 0)
    for pid in (*horses(worker), worker.pid):
        os.kill(pid, signal.SIGKILL)
    worker.wait(30)
    redis.Redis.from_url(settings.redis_url).flushall()
    start("worker")
    built_once(funder, sources, url, database, root)
