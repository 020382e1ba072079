"""What is kept compiled goes with every source that it was made of."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from numba.core.dispatcher import Dispatcher

from tenants.matching.solver import compiled
from tests.architecture.test_house_rules import ROOT

MODULES = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in compiled.sources()]


def parts(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from parts(each)


def read(module: ModuleType) -> Iterator[tuple[str, str, object]]:
    """Each global name that a compiled function of a module reads, and what it stands for."""
    for name, each in vars(module).items():
        if isinstance(each, Dispatcher) and each.py_func.__module__ == module.__name__:
            known = each.py_func.__globals__
            for code in parts(each.py_func.__code__):
                yield from ((name, read, known[read]) for read in code.co_names if read in known)


def defined_in(name: str, value: object) -> str | None:
    """The module of a compiled function or a class; of a constant whichever of the sources assigns it."""
    if isinstance(value, Dispatcher):
        return str(value.py_func.__module__)
    if isinstance(value, type):
        return value.__module__
    return next(
        (each for each in MODULES if f"\n{name} = " in Path(str(import_module(each).__file__)).read_text()),
        None,
    )


@pytest.mark.parametrize("module", MODULES)
def test_what_a_compiled_function_reads_is_in_a_source_of_the_digest(module):
    reads = [each for each in read(import_module(module)) if not isinstance(each[2], ModuleType)]
    assert [(name, read) for name, read, value in reads if defined_in(read, value) not in MODULES] == []


def test_compiled_functions_are_found_in_many_sources():
    assert len(MODULES) > 8
    assert sum(1 for module in MODULES for _ in read(import_module(module))) > 50
