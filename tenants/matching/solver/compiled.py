"""The one way to compile: what is kept on disk is bound to the whole source of the solver.

numba keeps machine code by the file that a function is in, and does not see when a function that it calls,
in another file, has changed. So the code is kept in a folder named after a digest of all sources, beside them
or in NUMBA_CACHE_DIR; where neither can be written, each process compiles anew.
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


@functools.cache
def digest() -> str:
    """Of all sources of the solver, as they were when this process first looked."""
    found = sha256()
    for path in sorted(SOURCES.rglob("*.py")):
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
