"""Blocks of a search and what was found in them, as bytes: arrays, numbers and names of the few kinds listed here.

Whoever could write to Valkey could make a pickle do anything; these can only be what is listed.
"""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tenants.matching.solver.affinity import Affinity
from tenants.matching.solver.block import Block, Searched, always, broken, seen_unbroken
from tenants.matching.solver.hours import SharedHours
from tenants.matching.solver.search.board import Aim
from tenants.matching.solver.search.rules import Rules
from tenants.matching.solver.similarity import Closeness, Overlap, Sameness
from tenants.matching.solver.task import Layout, Part
from tenants.matching.solver.texts import Cosine

KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(Affinity, Closeness, Cosine, Overlap, Sameness, SharedHours),
        *(Aim, Block, Layout, Part, Rules, Searched),
    )
}
CHOICES: dict[str, Callable[..., bool]] = {
    choice.__name__: choice for choice in (always, broken, seen_unbroken)
}


def packed(thing: Any) -> bytes:
    """Bytes of which `unpacked` makes an equal thing, lists being tuples. Raises TypeError for what is not listed."""
    arrays: list[NDArray[Any]] = []
    form = json.dumps(_form(thing, arrays)).encode()
    file = BytesIO()
    np.savez(file, np.frombuffer(form, dtype=np.uint8), *arrays)
    return file.getvalue()


def unpacked(body: bytes) -> Any:
    """What was packed."""
    with np.load(BytesIO(body), allow_pickle=False) as stored:
        form, *arrays = [stored[name] for name in stored.files]
    return _made(json.loads(form.tobytes()), arrays)


def _form(thing: Any, arrays: list[NDArray[Any]]) -> Any:
    """A thing in JSON, but for its arrays."""
    kind = type(thing).__name__
    if thing is None or isinstance(thing, bool | int | float | str | np.generic):
        return thing.item() if isinstance(thing, np.generic) else thing
    if isinstance(thing, np.ndarray):
        arrays.append(thing)
        return {"array": len(arrays) - 1}
    if isinstance(thing, sparse.csr_array):
        return {
            "rows": [_form(each, arrays) for each in (thing.data, thing.indices, thing.indptr, thing.shape)]
        }
    if KINDS.get(kind) is type(thing):
        fields = getattr(thing, "_asdict", lambda: vars(thing))()
        return {"kind": kind, "fields": {name: _form(each, arrays) for name, each in fields.items()}}
    if isinstance(thing, list | tuple):
        return [_form(each, arrays) for each in thing]
    if thing in CHOICES.values():
        return {"choice": thing.__name__}
    raise TypeError(f"{kind} is not listed")


def _made(form: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(form, list):
        return tuple(_made(each, arrays) for each in form)
    match form:
        case {"array": place}:
            return arrays[place]
        case {"rows": rows}:
            data, indices, bounds, shape = _made(rows, arrays)
            return sparse.csr_array((data, indices, bounds), shape=shape)
        case {"choice": name}:
            return CHOICES[name]
        case {"kind": name, "fields": fields}:
            return _object(KINDS[name], {field: _made(each, arrays) for field, each in fields.items()})
    return form


def _object(kind: type[Any], fields: dict[str, Any]) -> Any:
    if issubclass(kind, tuple):
        return kind(**fields)
    made = object.__new__(kind)
    vars(made).update(fields)
    return made
