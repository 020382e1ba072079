import fcntl
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# Runs a supervisor with the programs and options of its argument, a JSON document.
SUPERVISOR = """
import json, os, sys
from cli.processes import Program, Supervisor
given = json.loads(sys.argv[1])
programs = [Program(environment=os.environ, **each) for each in given["programs"]]
ready = given["ready"]
supervisor = Supervisor(
    programs,
    ready=lambda: ready is None or os.path.exists(ready),
    announce=lambda: print("ready", flush=True),
    sound=lambda: not os.path.exists(given["broken"]),
    first_pause=0.1,
    **given["options"],
)
sys.exit(supervisor.run())
"""
# Writes a line when it starts and when it is told to stop, and holds the lock "alive" while it lives.
CHILD = """
import fcntl, signal, sys, time
name, journal, alive, manner = sys.argv[1:]
held = open(alive)
fcntl.flock(held, fcntl.LOCK_SH)
def say(what):
    with open(journal, "a") as file:
        file.write(f"{name} {what}\\n")
def stop(*_):
    say("stops")
    if manner != "stubborn":
        sys.exit(0)
signal.signal(signal.SIGTERM, stop)
say("starts")
if manner == "crashes":
    sys.exit(3)
while True:
    time.sleep(60)
"""
WEB = """
import fcntl, os
held = open(os.environ["ALIVE"])
fcntl.flock(held, fcntl.LOCK_SH)
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"up"]
"""


class Stage:
    """A folder in which a supervisor and its children leave their traces."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.alive = folder / "alive"
        self.journal.touch()
        self.alive.touch()
        self.started: list[subprocess.Popen[str]] = []

    def program(self, name: str, manner: str = "lives", **more: object) -> dict[str, object]:
        command = [sys.executable, "-c", CHILD, name, str(self.journal), str(self.alive), manner]
        return {"name": name, "command": command, **more}

    def supervise(
        self,
        *programs: dict[str, object],
        ready: Path | None = None,
        files: tuple[int, ...] = (),
        **options: object,
    ) -> subprocess.Popen[str]:
        given = {"programs": programs, "ready": ready and str(ready), "options": options}
        given["broken"] = str(self.folder / "broken")
        process = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, json.dumps(given)],
            stdout=subprocess.PIPE,
            text=True,
            pass_fds=files,
            env=os.environ | {"ALIVE": str(self.alive), "PYTHONPATH": str(self.folder)},
        )
        self.started.append(process)
        return process

    def lines(self) -> list[str]:
        return self.journal.read_text().splitlines()

    def nothing_lives(self) -> bool:
        with self.alive.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    for process in stage.started:
        process.kill()
        process.communicate()
    until(stage.nothing_lives)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], 30)[0], "said nothing in time"
    return process.stdout.readline()


def test_nothing_outlives_a_killed_supervisor(stage: Stage):
    supervisor = stage.supervise(stage.program("api", essential=True), stage.program("worker", "stubborn"))
    until(lambda: len(stage.lines()) == 2)
    supervisor.kill()
    until(stage.nothing_lives)


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_the_programs_in_their_order_and_succeeds(stage: Stage, told: signal.Signals):
    names = ["api", "scheduler", "worker"]
    supervisor = stage.supervise(*[stage.program(name) for name in names])
    until(lambda: len(stage.lines()) == 3)
    supervisor.send_signal(told)
    assert supervisor.wait(30) == 0
    assert [line for line in stage.lines() if "stops" in line] == [f"{name} stops" for name in names]
    assert stage.nothing_lives()


def test_who_does_not_stop_in_time_is_killed(stage: Stage):
    supervisor = stage.supervise(stage.program("worker", "stubborn"), stop_seconds=0.3)
    until(lambda: stage.lines() == ["worker starts"])
    supervisor.terminate()
    assert supervisor.wait(30) == 0
    assert stage.lines() == ["worker starts", "worker stops"]
    assert stage.nothing_lives()


def test_a_crashed_program_is_started_again_and_the_others_go_on(stage: Stage):
    supervisor = stage.supervise(stage.program("api", essential=True), stage.program("worker", "crashes"))
    until(lambda: stage.lines().count("worker starts") >= 3)
    assert stage.lines().count("api starts") == 1
    assert supervisor.poll() is None
    supervisor.terminate()
    assert supervisor.wait(30) == 0


def test_the_end_of_an_essential_program_ends_everything_and_is_a_failure(stage: Stage):
    supervisor = stage.supervise(stage.program("worker"), stage.program("api", "crashes", essential=True))
    assert supervisor.wait(30) == 1
    assert stage.nothing_lives()


def test_the_end_of_a_server_that_all_need_ends_everything_and_is_a_failure(stage: Stage):
    supervisor = stage.supervise(stage.program("api"))
    until(lambda: stage.lines() == ["api starts"])
    (stage.folder / "broken").touch()
    assert supervisor.wait(30) == 1
    assert stage.nothing_lives()


def test_it_says_once_that_it_is_ready_and_not_before(stage: Stage):
    sign = stage.folder / "sign"
    supervisor = stage.supervise(stage.program("api"), ready=sign)
    until(lambda: stage.lines() == ["api starts"])
    assert supervisor.stdout is not None
    assert not select.select([supervisor.stdout], [], [], 0)[0]
    sign.touch()
    assert line_of(supervisor) == "ready\n"
    supervisor.terminate()
    assert supervisor.communicate(timeout=30)[0] == ""


def test_not_getting_ready_is_a_failure(stage: Stage):
    supervisor = stage.supervise(stage.program("api"), ready=stage.folder / "never", ready_seconds=0.3)
    assert supervisor.wait(30) == 1
    assert stage.nothing_lives()


@pytest.mark.parametrize("told", [signal.SIGKILL, signal.SIGTERM])
def test_gunicorn_serves_on_the_port_it_is_handed_and_its_workers_end_with_everything(stage: Stage, told):
    (stage.folder / "a_web_app.py").write_text(WEB)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port, file = listener.getsockname()[1], listener.fileno()
        options = ["-c", "python:cli.web", "--bind", f"fd://{file}", "--log-level", "error"]
        command = [sys.executable, "-P", "-m", "gunicorn", *options, "a_web_app:app"]
        program = {"name": "api", "command": command, "essential": True, "files": [file]}
        supervisor = stage.supervise(program, files=(file,))
    until(lambda: answers(port))
    assert not stage.nothing_lives()
    supervisor.send_signal(told)
    supervisor.wait(30)
    until(stage.nothing_lives)
    assert not answers(port)


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read() == b"up"
    except OSError:
        return False
    finally:
        connection.close()
