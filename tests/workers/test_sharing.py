"""Idle workers help to search a large pool: the groups are the same, whoever helps, goes or is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Lock

import numpy as np
import pytest
import redis
from rq import Queue, Worker
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from tenants.kernel.jobs import HELP
from tenants.matching.solver import solve
from tenants.matching.solver.block import in_threads, searched
from tenants.matching.solver.blocks import WHOLE
from tests.conftest import eventually
from tests.factories.matching import ready_to_match
from tests.tenants.matching.rosters import every_rule, in_small_blocks, structured
from tests.workers.test_matching_faults import horses
from workers import sharing
from workers.desk import Desk
from workers.parcels import packed, unpacked
from workers.sharing import Sharing

pytestmark = pytest.mark.slow

POOL, RECIPE = structured(130, 1), every_rule(130)  # four blocks: two for a run and two for a helper
KEYS = "peerloom:blocks:*"

WITHOUT_END = """
import os, threading
from tenants.kernel.settings import Settings
from workers import main, sharing

sharing.searched = lambda block: threading.Event().wait()
main.run_worker(Settings.from_environment(os.environ), served=["long"])
"""


@pytest.fixture
def valkey(settings):
    connection = redis.Redis.from_url(settings.redis_url)
    connection.flushdb()
    return connection


@pytest.fixture
def alone(monkeypatch):
    """The groups of POOL without help, searched in small blocks from now on."""
    in_small_blocks(monkeypatch)
    return solve(POOL, RECIPE, seed=1, budget=60)


@pytest.fixture
def endless(environment, app):
    """A worker whose helpers never end with a block."""
    command, environ = [sys.executable, "-c", WITHOUT_END], {**os.environ, **environment}
    worker = subprocess.Popen(command, env=environ, cwd=Path(__file__).parents[2])
    yield worker
    worker.kill()
    worker.wait(30)


def hired(valkey):
    """The workers who hear calls for help."""
    return Worker.all(queue=Queue(HELP, connection=valkey), serializer=JSONSerializer)


def idle(valkey):
    return any(worker.get_state() == WorkerStatus.IDLE for worker in hired(valkey))


def shared(settings):
    with Sharing(settings.redis_url) as across:
        return solve(POOL, RECIPE, seed=1, budget=60, across=across)


def one_block():
    """A block of POOL, with all that its search needs."""
    taken = []

    def first(number, cut):
        taken.append(cut(0))
        return in_threads(number, cut)

    solve(POOL, RECIPE, seed=1, budget=60, across=first)
    return taken[-1]


def at_first(monkeypatch, act):
    """Have this process do something before it searches its first block."""
    once, done = Lock(), []

    def search(block):
        with once:
            done or done.append(act())
        return searched(block)

    monkeypatch.setattr(sharing, "searched", search)
    return done


def test_a_run_with_helpers_finds_the_groups_that_it_finds_alone(
    alone, start, valkey, settings, app, monkeypatch
):
    start("worker")
    eventually(lambda: idle(valkey))
    came_back = at_first(
        monkeypatch,
        lambda: eventually(lambda: [key for key in valkey.keys(f"{KEYS}back:*") if valkey.llen(key) > 1]),
    )
    assert shared(settings) == alone
    assert len(came_back) == 1
    assert valkey.keys(KEYS) == []
    eventually(lambda: idle(valkey) and valkey.keys("rq:job:*") == [])


def test_a_matching_run_of_many_people_is_helped_by_the_worker_who_is_idle(
    tenant, database, start, valkey, settings
):
    ready = ready_to_match(tenant, database, people=WHOLE + 1, institutions=400, emphasis=0)
    for command in ("worker", "worker", "scheduler"):
        start(command, HELPED_FROM_PEOPLE=str(WHOLE))
    eventually(lambda: [worker.get_state() for worker in hired(valkey)] == [WorkerStatus.IDLE] * 2)
    order = ready.order(seed=1, sweeps=50)
    run = tenant.api.post("/v1/matching-runs", json=order).get_json()
    url = f"/v1/matching-runs/{run['id']}"
    ended = eventually(
        lambda: (found := tenant.api.get(url).get_json())["state"] not in ("queued", "running") and found
    )
    assert (ended["state"], ended["error"]) == ("succeeded", None)
    eventually(lambda: [worker.successful_job_count > 0 for worker in hired(valkey)] == [True, True])
    assert valkey.keys(KEYS) == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")
def test_a_helper_killed_within_a_block_changes_nothing(alone, endless, valkey, settings, monkeypatch):
    eventually(lambda: idle(valkey))

    def kill():
        # This process has two blocks in hand and waits here; the helper has taken the two others.
        eventually(
            lambda: horses(endless) and valkey.keys(f"{KEYS}back:*") and not valkey.keys(f"{KEYS}lent")
        )
        for pid in horses(endless):
            os.kill(pid, signal.SIGKILL)
        return eventually(lambda: idle(valkey))

    killed = at_first(monkeypatch, kill)
    assert shared(settings) == alone
    assert killed == [True]
    assert valkey.keys(KEYS) == []


def test_a_run_forgotten_by_valkey_is_searched_all_the_same(alone, endless, valkey, settings, monkeypatch):
    eventually(lambda: idle(valkey))
    flushed = at_first(monkeypatch, valkey.flushdb)
    assert shared(settings) == alone
    assert flushed == [True]
    assert valkey.keys(KEYS) == []


def test_without_valkey_or_workers_a_run_is_searched_alone(alone, valkey, settings):
    assert shared(settings) == alone
    assert valkey.keys("*") == []
    with Sharing("redis://127.0.0.1:1") as across:
        assert solve(POOL, RECIPE, seed=1, budget=60, across=across) == alone


def test_a_run_that_is_given_up_leaves_nothing(alone, endless, valkey, settings, monkeypatch):
    eventually(lambda: idle(valkey))

    def give_up():
        assert valkey.keys(KEYS)
        assert all(valkey.ttl(key) > 0 for key in valkey.keys(KEYS))
        raise InterruptedError

    at_first(monkeypatch, give_up)
    with pytest.raises(InterruptedError):
        shared(settings)
    assert valkey.keys(KEYS) == []


def test_a_helper_takes_no_block_while_a_job_waits(alone, valkey):
    block, desk = one_block(), Desk(valkey, "run")
    desk.open(1)
    desk.lend(1, 0, block)
    desk.lend(2, 0, block)  # of a round that has ended
    waiting = Queue("long", connection=valkey).enqueue("workers.main.answer", "tenant", "job")
    sharing._help(desk, "")
    assert desk.lent() == 2
    waiting.delete()
    valkey.hset("rq:worker:told-to-stop", "shutdown_requested_date", "now")
    sharing._help(desk, "rq:worker:told-to-stop")
    assert desk.lent() == 2
    sharing._help(desk, "rq:worker:another")
    (number, found), *others = desk.come_back(1)
    assert (number, others, desk.lent()) == (0, [], 0)
    assert np.array_equal(found.group, searched(block).group)
    assert valkey.keys(f"{KEYS}back:2") == []


def test_a_helper_of_another_release_takes_no_block(alone, valkey, environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    desk = Desk(valkey, "run")
    desk.lend(1, 0, one_block())
    sharing.help_search("run", "another")
    assert desk.lent() == 1


def test_a_parcel_holds_numbers_and_nothing_that_says_whose_they_are(alone, monkeypatch):
    for scored in (5000, 0):
        monkeypatch.setattr(sys.modules["tenants.matching.solver.solve"], "MATRIX_LIMIT", scored)
        block = one_block()
        parcel = packed(block)
        found, again = searched(block), searched(unpacked(parcel))
        assert np.array_equal(found.group, again.group)
        assert np.array_equal(found.means, again.means)
        said = [
            *POOL.ids[10:],
            *(str(title).split()[0] for title in POOL.attributes["title"].values if title),
        ]
        assert not [each for each in said if each.encode() in parcel]
    with pytest.raises(TypeError, match="Pool is not listed"):
        packed([POOL])
    with pytest.raises(ValueError, match="allow_pickle"):
        unpacked(pickled())


def pickled():
    from io import BytesIO

    file = BytesIO()
    np.savez(file, np.array([print], dtype=object))
    return file.getvalue()
