"""A report's forms as they are written into files.

What is drawn is written in a process of its own, which gives its memory back and knows nothing but the document.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import IO, Any, cast

import orjson

from tenants.reporting.forms.plain import as_csv, as_json

PLAIN = {"json": as_json, "csv": as_csv}
"""What is written here."""
CHUNK = 1 << 18
KNOWN = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")
"""What the process may know of where it runs."""


class NotWritten(Exception):
    """The process ended before the form was whole."""


def written(form: str, document: Mapping[str, Any]) -> Iterator[bytes]:
    """A form of the document, bit by bit. Raises NotWritten, last of all, if it is not whole."""
    return PLAIN[form](document) if form in PLAIN else _written_apart(form, document)


def _written_apart(form: str, document: Mapping[str, Any]) -> Iterator[bytes]:
    program = [sys.executable, "-m", "tenants.reporting.forms", form]
    known = {name: os.environ[name] for name in KNOWN if name in os.environ}
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=known) as process:
        with cast(IO[bytes], process.stdin) as told:
            told.write(orjson.dumps(document))
        while chunk := cast(IO[bytes], process.stdout).read(CHUNK):
            yield chunk
    if process.returncode != 0:
        raise NotWritten(f"{form}: ended with {process.returncode}")
