"""Runs the product's processes side by side: starts them, starts crashed ones again, ends them in order."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from types import FrameType

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

TICK_SECONDS = 0.1
LONGEST_PAUSE = 30.0
HEALTHY_SECONDS = 60.0  # who lived this long before a crash is started again without the longer pause


def die_with_parent(with_signal: signal.Signals, parent: int) -> None:
    """Ask the kernel to send us `with_signal` when the thread that forked us ends (Linux; nothing elsewhere).

    To be called in the child, after it changed its user: a change of user cancels the request.
    """
    if _LIBC is None:
        return
    _LIBC.prctl(_PR_SET_PDEATHSIG, with_signal)
    if os.getppid() != parent:  # it was gone before we asked
        os._exit(1)


@dataclass(frozen=True)
class Program:
    """A command to keep running. When an essential one ends, everything ends; others are started again."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    essential: bool = False
    files: Sequence[int] = ()
    """Open files the program inherits."""


class Supervisor:
    """Runs programs until one of the signals SIGTERM and SIGINT, or the end of an essential program.

    Programs start in their order and end in their order, those of one name together. They end with this
    process even if it is killed, so `run` must be called from the main thread.
    """

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        ready: Callable[[], bool] = lambda: True,
        announce: Callable[[], None] = lambda: None,
        sound: Callable[[], bool] = lambda: True,
        ready_seconds: float = 120.0,
        stop_seconds: float = 15.0,
        first_pause: float = 1.0,
    ) -> None:
        self._children = [_Child(program, first_pause) for program in programs]
        self._ready = ready
        self._announce = announce
        self._sound = sound
        self._ready_seconds = ready_seconds
        self._stop_seconds = stop_seconds
        self._stopping = False

    def run(self) -> int:
        """Run everything. Returns 0 when told to stop.

        Returns 1 when an essential program ended or was not ready, or what they all need is not `sound`.
        """
        with _handling_signals(self._stop):
            try:
                return self._watch()
            finally:
                self._end_all()

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _watch(self) -> int:
        deadline = time.monotonic() + self._ready_seconds
        announced = False
        while not self._stopping:
            if not self._sound():
                _say("a server that everything needs has ended")
                return 1
            for child in self._children:
                if not child.tend():
                    return 1
            if not announced and self._ready():
                announced = True
                self._announce()
            elif not announced and time.monotonic() > deadline:
                _say(f"not ready after {self._ready_seconds:.0f} s")
                return 1
            time.sleep(TICK_SECONDS)
        return 0

    def _end_all(self) -> None:
        for _, together in groupby(self._children, key=lambda child: child.program.name):
            children = list(together)
            for child in children:
                child.terminate()
            deadline = time.monotonic() + self._stop_seconds
            for child in children:
                child.wait_until(deadline)


class _Child:
    """One program and, while it runs, its process."""

    def __init__(self, program: Program, first_pause: float) -> None:
        self.program = program
        self._first_pause = first_pause
        self._process: subprocess.Popen[bytes] | None = None
        self._crashes = 0
        self._started = 0.0
        self._due = 0.0

    def tend(self) -> bool:
        """Start what is due and notice what ended. False when an essential program ended."""
        now = time.monotonic()
        if self._process is None:
            if now >= self._due:
                self._start(now)
            return True
        status = self._process.poll()
        if status is None:
            return True
        self._kill_group()
        self._process = None
        if self.program.essential:
            _say(f"{self.program.name} ended with status {status}")
            return False
        self._crashes = 0 if now - self._started > HEALTHY_SECONDS else self._crashes
        pause = min(self._first_pause * 2**self._crashes, LONGEST_PAUSE)
        self._crashes += 1
        self._due = now + pause
        _say(f"{self.program.name} ended with status {status}; started again in {pause:g} s")
        return True

    def _start(self, now: float) -> None:
        self._started = now
        self._process = subprocess.Popen(
            self.program.command,
            env=self.program.environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),  # standard output is for what `serve` itself says
            process_group=0,  # Ctrl-C in the terminal reaches the supervisor only
            pass_fds=self.program.files,
            preexec_fn=partial(die_with_parent, signal.SIGKILL, os.getpid()),  # noqa: PLW1509  no threads here
        )

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def wait_until(self, deadline: float) -> None:
        """Wait for the process to end; kill it and its group once the deadline has passed."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _say(f"{self.program.name} did not stop in time and is killed")
        self._kill_group()
        self._process.wait()
        self._process = None

    def _kill_group(self) -> None:
        """Nothing a program started may outlive it."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


@contextmanager
def _handling_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = {each: signal.signal(each, handler) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for each, former in before.items():
            signal.signal(each, former)


def _say(message: str) -> None:
    print(f"peerloom: {message}", file=sys.stderr, flush=True)
