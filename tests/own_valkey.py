"""A Valkey that a test may stop, freeze and start again."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from cli.homes import _valkey
from tests.conftest import eventually


class OwnValkey:
    """One server on a socket in `folder`, running at first."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "valkey.sock"
        self.url = f"unix://{self._socket}"
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        command = [_valkey(), "--port", "0", "--unixsocket", self._socket, "--save", "", "--logfile", ""]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self._socket.parent)
        eventually(self._answers)

    def stop(self) -> None:
        """End it; it answers nobody any more."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """It takes what is sent, and says nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def counts(self) -> list[bytes]:
        """The keys of what it counted."""
        with redis.Redis.from_url(self.url) as client:
            return list(client.keys("limit:*"))

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


@contextmanager
def running_valkey() -> Iterator[OwnValkey]:
    """In a folder with a short name, for a socket's path is short."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as folder:
        valkey = OwnValkey(Path(folder))
        try:
            yield valkey
        finally:
            valkey.stop()


class Clock:
    """A clock that stands still until it is moved, for a limiter whose `clock` is `LUA`."""

    LUA = "local now = tonumber(redis.call('GET', 'clock'))"

    def __init__(self, url: str, start: int = 1_000_000) -> None:
        self._valkey = redis.Redis.from_url(url)
        self._valkey.flushdb()
        self.milliseconds = start
        self.move(0)

    def move(self, milliseconds: int) -> None:
        """Let time pass."""
        self.milliseconds += milliseconds
        self._valkey.set("clock", self.milliseconds)

    def close(self) -> None:
        self._valkey.close()
