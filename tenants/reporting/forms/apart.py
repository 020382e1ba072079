"""Forms written in a process of their own, whose memory is given back and which knows nothing but the document."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

import orjson

CHUNK = 1 << 18
KNOWN = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")
"""What it may know of where it runs."""


class NotWritten(Exception):
    """The process ended before the form was whole."""


def written_apart(form: str, document: Mapping[str, Any]) -> Iterator[bytes]:
    """The form of `RENDER`, chunk by chunk. Raises NotWritten, last of all, if it is not whole."""
    program = [sys.executable, "-m", __package__, form]
    known = {name: os.environ[name] for name in KNOWN if name in os.environ}
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=known) as process:
        with cast(IO[bytes], process.stdin) as told:
            told.write(orjson.dumps(document))
        while chunk := cast(IO[bytes], process.stdout).read(CHUNK):
            yield chunk
    if process.returncode != 0:
        raise NotWritten(f"{form}: ended with {process.returncode}")
