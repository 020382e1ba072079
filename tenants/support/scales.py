"""What an instrument is scored by: scales over its items. Each is the whole of it or a part, as its publisher says.

A scale has a key, a name, the keys of its `items`, which are all answered on the same numbers, `score` (`mean` or
`sum`), `least_answered` (with fewer there is no score) and `about`: `self`, or `group` where it asks of a group what
its members could agree on.
"""

from collections.abc import Sequence
from typing import Any

from tenants.kernel.errors import FieldError, Invalid
from tenants.support.items import Item

SCORES = ("mean", "sum")
ABOUT = ("self", "group")
MOST_SCALES = 30
Scale = dict[str, Any]


def scale_of(**said: Any) -> Scale:
    """A scale with all that it does not say of itself: the mean, about oneself, of which all is answered."""
    unsaid = {"score": "mean", "least_answered": len(said["items"]), "about": "self"}
    return unsaid | {name: value for name, value in said.items() if value is not None}


def check_scales(items: Sequence[Item], scales: Sequence[Scale]) -> None:
    """Raise Invalid, at /scales, unless each can be computed from these items."""
    known = {item["key"]: item for item in items}
    broken = list[FieldError]()
    for place, scale in enumerate(scales):
        at, keys = f"/scales/{place}", scale["items"]
        if scale["key"] in [each["key"] for each in scales[:place]]:
            broken.append(FieldError(f"{at}/key", "repeated", "Each scale needs a key of its own."))
        broken += [
            FieldError(f"{at}/items/{number}", "unknown", "No item of kind scale has this key.")
            for number, key in enumerate(keys)
            if key not in known or known[key]["kind"] != "scale"
        ]
        # Else two scales of one survey could differ by the few who left something out.
        if {*keys} in [{*each["items"]} for each in scales[:place]]:
            broken.append(FieldError(f"{at}/items", "repeated", "Another scale has the same items."))
        if len(set(keys)) < len(keys):
            broken.append(FieldError(f"{at}/items", "repeated", "Name each item once."))
        ranges = {(known[key]["least"], known[key]["most"]) for key in keys if key in known}
        if len(ranges) > 1:
            said = "The items of a scale are answered on the same numbers."
            broken.append(FieldError(f"{at}/items", "not_alike", said))
        if scale["least_answered"] > len(keys):
            broken.append(FieldError(f"{at}/least_answered", "invalid", "There are fewer items."))
    if broken:
        raise Invalid(*broken)
