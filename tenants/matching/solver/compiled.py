"""The one way to compile: what is kept on disk is bound to all sources that are compiled.

numba keeps machine code by the file that a function is in, and does not see when a function that it calls,
in another file, has changed. So the code is kept in a folder named after a digest of all files with functions that
are compiled, which hold all that these read, beside them or in NUMBA_CACHE_DIR; where neither can be written, each
process compiles anew.
"""

import functools
import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

SOURCES = Path(__file__).parent
Compiled = TypeVar("Compiled", bound=Callable[..., Any])


def sources() -> list[Path]:
    """The files with functions that are compiled, and this one."""
    return [
        path
        for path in sorted(SOURCES.rglob("*.py"))
        if path == Path(__file__) or "\n@compiled\n" in path.read_text()
    ]


@functools.cache
def digest() -> str:
    """Of these files, as they were when this process first looked."""
    found = sha256()
    for path in sources():
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


@functools.cache
def _keeps() -> bool:
    folder = Path(os.environ.get("NUMBA_CACHE_DIR") or SOURCES / "__pycache__")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    if not os.access(folder, os.W_OK):
        return False
    numba.config.CACHE_DIR = str(folder / f"solver-{digest()}")  # type: ignore[attr-defined]  # made at import
    return True


def compiled(function: Compiled) -> Compiled:
    """Compile a function of arrays and numbers, at its first call for each combination of types.

    It runs without the interpreter's lock, and adds in the order that is written, the same everywhere.
    """
    return cast(Compiled, numba.njit(cache=_keeps(), nogil=True)(function))
