"""Clients that send or read slowly do not keep the others waiting."""

import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager

import pytest

from tests.conftest import eventually

THREADS = 2
HALF_A_HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nX-A: "
HALF_A_BODY = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"
HALF_A_FILE = b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf"


@pytest.fixture
def address(tmp_path):
    """A server of one process with two threads, both of which two slow clients can hold."""
    path = tmp_path / "web.sock"
    options = ["--bind", f"unix:{path}", "--workers=1", f"--threads={THREADS}", "--log-level=error"]
    options += ["--worker-class", "tests.cli.hasty.HastyWorker", "--no-control-socket"]
    process = subprocess.Popen([sys.executable, "-m", "gunicorn", *options, "tests.cli.hasty:app"])
    yield str(path)
    process.terminate()
    process.wait(30)


@contextmanager
def connected(address):
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(30)
        client.connect(address)
        yield client


def answered(address):
    try:
        with connected(address) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return client.recv(100).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


@pytest.mark.parametrize("half", [HALF_A_HEAD, HALF_A_BODY, HALF_A_FILE], ids=["head", "body", "file"])
def test_half_sent_requests_are_ended_and_the_others_answered(address, half):
    eventually(lambda: answered(address))
    with ExitStack() as open_:
        slow = [open_.enter_context(connected(address)) for _ in range(THREADS)]
        for client in slow:
            client.sendall(half)
        assert eventually(lambda: answered(address))
        for client in slow:
            assert b"200" not in client.recv(100)


def test_answers_that_are_not_read_are_ended_and_the_others_answered(address):
    eventually(lambda: answered(address))
    with ExitStack() as open_:
        slow = [open_.enter_context(connected(address)) for _ in range(THREADS)]
        for client in slow:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.recv(12) == b"HTTP/1.1 200"
        assert eventually(lambda: answered(address))
