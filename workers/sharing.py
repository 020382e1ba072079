"""Idle workers help a run to search the blocks of a large pool.

The run lends blocks to whoever has come to help, searches the others itself, and when none is left those that are
still out: it never waits, and whoever is first with a block, finds the same. So a helper may come, go or be killed
at any time, and Valkey may forget everything.

A call for help is no job with a row: there is nothing to show, to cancel or to repeat, the run's own row is the truth.
It is part of that run's turn, and nobody waits for it: calls are heard last, and a helper goes after the block in
hand when a job waits.
"""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Self
from uuid import uuid4

from rq import Queue, Worker, get_current_job
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus

from tenants.kernel.jobs import HELP, QUEUES
from tenants.kernel.settings import Settings
from tenants.matching.solver.block import THREADS, Block, Searched, in_threads, searched
from tenants.matching.solver.compiled import digest
from workers.desk import Desk, connected

CALL = "workers.sharing.help_search"

AHEAD = 2
"""Blocks lent for each that helpers search at a time, so that they need not wait for the next."""

SECONDS_TO_WAIT = 2
"""After how long without a block a helper goes; the next round calls anew."""


class Sharing:
    """Has the blocks of one run searched by this process and by those who help. Leaves nothing in Valkey."""

    def __init__(self, redis_url: str) -> None:
        self._desk = Desk(connected(redis_url), uuid4().hex)
        self._calls = Queue(HELP, connection=self._desk.valkey, serializer=JSONSerializer)
        self._called: list[Job] = []
        self._turn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._called:
            self._desk.ask(self._put_away)

    def __call__(self, number: int, cut: Callable[[int], Block]) -> list[Searched]:
        """Search so many blocks."""
        self._turn += 1
        helpers = self._desk.ask(self._helpers)
        if not helpers:
            return in_threads(number, cut)
        return _Round(self._desk, self._turn, number, cut, AHEAD * THREADS * helpers).run()

    def _helpers(self) -> int:
        """Call whoever is idle, unless a call is out; how many were called and have not gone."""
        self._called = [call for call in self._called if self._desk.valkey.exists(call.key)]
        if not self._calls.count:
            workers = Worker.all(queue=self._calls, serializer=JSONSerializer)
            for _ in range(sum(worker.get_state() == WorkerStatus.IDLE for worker in workers)):
                asked = self._calls.enqueue(
                    CALL, self._desk.run, digest(), result_ttl=0, failure_ttl=0, job_timeout=-1
                )
                self._called.append(asked)
        return len(self._called)

    def _put_away(self) -> None:
        self._desk.close(self._turn)
        for call in self._called:
            if self._calls.remove(call):  # else somebody hears it, and RQ forgets it when they have ended
                call.delete()


@dataclass
class _Round:
    """The blocks of one round. Up to ``most`` wait on the desk; those ``out`` are lent, oldest first."""

    desk: Desk
    turn: int
    number: int
    cut: Callable[[int], Block]
    most: int
    left: deque[int] = field(default_factory=deque)
    out: list[int] = field(default_factory=list)
    found: dict[int, Searched] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def run(self) -> list[Searched]:
        """Search all of them."""
        self.left.extend(range(self.number))
        self.desk.ask(lambda: self.desk.open(self.turn))
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda _: self._work(), range(THREADS)))
        self.desk.ask(lambda: self.desk.close(self.turn))
        return [self.found[number] for number in range(self.number)]

    def _work(self) -> None:
        while True:
            self.desk.ask(self._lend)
            self.found.update(self.desk.ask(lambda: self.desk.come_back(self.turn)) or ())
            mine = self._next()
            if mine is None:
                return
            self.found[mine] = searched(self.cut(mine))

    def _lend(self) -> None:
        while self.desk.lent() < self.most:
            with self.lock:
                if not self.left:
                    return
                number = self.left.pop()
                self.out.append(number)
            self.desk.lend(self.turn, number, self.cut(number))

    def _next(self) -> int | None:
        """A block that nobody has, else one that lies on the desk, else the one that is out for longest."""
        with self.lock:
            if self.left:
                return self.left.popleft()
            mine: int | None = self.desk.ask(self.desk.take_back)
            if mine is None:
                mine = next((number for number in self.out if number not in self.found), None)
            self.out = [number for number in self.out if number != mine]
            return mine


def help_search(run: str, source: str) -> None:
    """What a call for help calls: search blocks of a run as long as there are some and no job waits."""
    if source != digest():
        return  # another release might find other groups
    desk = Desk(connected(Settings.from_environment(os.environ).redis_url), run)
    call = get_current_job()
    worker = Worker.redis_worker_namespace_prefix + (call.worker_name or "") if call else ""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: _help(desk, worker), range(THREADS)))


def _help(desk: Desk, worker: str) -> None:
    queues = [Queue(name, connection=desk.valkey) for name in QUEUES]
    while not any(queue.count for queue in queues):
        if desk.valkey.hexists(worker, "shutdown_requested_date"):
            return  # RQ notes there that the worker was told to stop
        taken = desk.take(SECONDS_TO_WAIT)
        if taken is None:
            return
        turn, number, block = taken
        desk.give_back(turn, number, searched(block))
