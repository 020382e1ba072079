"""A whole product of the demo's own, run as commands, gone afterwards."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import click

from cli.demo.client import Client
from cli.embedded import remove
from cli.homes import EmbeddedError
from cli.processes import die_with_parent

COMMAND = (sys.executable, "-P", "-m", "cli.main")
SECONDS_TO_STOP = 60.0


class Product:
    """A running product: its address, and the folder that holds all of its data."""

    def __init__(self, address: str, data: Path) -> None:
        self.address = address
        self._data = data

    def open_tenant(self, *, kind: str, slug: str, name: str) -> Client:
        """Open a tenant by command, as its operator does, and return its first client."""
        command = [*COMMAND, "tenant", "open", "--kind", kind, "--slug", slug, "--name", name]
        done = subprocess.run(
            [*command, "--data", str(self._data)], stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode != 0:
            raise click.ClickException(f"`peerloom tenant open` ended with status {done.returncode}")
        opened = json.loads(done.stdout)
        return Client(self.address, client_id=opened["client_id"], client_secret=opened["client_secret"])


@contextmanager
def running_product() -> Iterator[Product]:
    """`peerloom serve` on a free port and a throwaway folder; both are gone afterwards, whatever happens."""
    with ExitStack() as undo:
        data = Path(tempfile.mkdtemp(prefix="peerloom-demo-")).resolve()
        undo.callback(_remove, data)
        log = data / "serve.log"
        process = _serve(data, log)
        undo.callback(_stop, process)
        undo.callback(_be_deaf)  # a second Ctrl-C must not leave half of it running
        yield Product(_address(process, log), data)


def _serve(data: Path, log: Path) -> subprocess.Popen[str]:
    with log.open("w") as errors:
        return subprocess.Popen(
            [*COMMAND, "serve", "--port", "0", "--data", str(data)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            process_group=0,  # Ctrl-C in the terminal reaches the demo only, which then stops this in order
            preexec_fn=partial(die_with_parent, signal.SIGTERM, os.getpid()),  # noqa: PLW1509  no threads here
        )


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None  # noqa: S101  it is a pipe
    word, _, address = process.stdout.readline().strip().partition(" ")
    if word != "ready":
        raise click.ClickException(f"the product did not start:\n{log.read_text()[-2000:]}")
    return address


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _remove(data: Path) -> None:
    """The servers of a killed product end with it, but not in the same moment."""
    deadline = time.monotonic() + SECONDS_TO_STOP
    while True:
        try:
            return remove(data)
        except EmbeddedError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def _be_deaf() -> None:
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
