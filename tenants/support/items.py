"""What check-ins ask of themselves, and what an item must be. Ours are no validated scale.

An item is of kind `scale` (whole numbers from `least` to `most`; `reversed`: a high number is bad), `yes_no`, or
`choice` (of `levels`, up to `most_chosen` of them).
"""

from collections.abc import Sequence
from typing import Any

from tenants.kernel.errors import FieldError, Invalid

KINDS = ("scale", "yes_no", "choice")
MOST_ITEMS = 60
LEAST_SPAN = 4
"""Five points: on fewer, a band over five people would leave too few values for somebody's answer."""
Item = dict[str, Any]


def item_of(**said: Any) -> Item:
    """An item with all that it does not say of itself."""
    unsaid = {"least": None, "most": None, "reversed": False, "levels": None, "most_chosen": None}
    return unsaid | said


def _scale(key: str, text: str) -> Item:
    return item_of(key=key, text=text, kind="scale", least=1, most=7)


def _choice(key: str, text: str, *levels: str, most_chosen: int = 1) -> Item:
    return item_of(key=key, text=text, kind="choice", levels=list(levels), most_chosen=most_chosen)


OURS: tuple[Item, ...] = (
    _scale("worth_it", "The hour was worth it."),
    _scale("could_speak", "I could say what I needed to."),
    item_of(key="gave_help", text="I gave help.", kind="yes_no"),
    item_of(key="got_help", text="I got help.", kind="yes_no"),
    _scale("work_goes", "My work is going well."),
    _choice(
        "settled_here",
        "Something that I would otherwise have taken to a senior mentor was settled here.",
        *("never", "once", "several times"),
    ),
    _choice(
        "barriers",
        "What stood in my way.",
        *("time", "money", "department", "caregiving", "mentor", "health", "rules", "none"),
        most_chosen=2,
    ),
)
"""After a meeting and at the end of a window; all of them optional."""


def check_items(items: Sequence[Item], *, in_check_ins: bool = True) -> None:
    """Raise Invalid, at /items, unless these can be asked, or asked in check-ins."""
    least_span = LEAST_SPAN if in_check_ins else 1
    broken = [
        FieldError(f"/items/{place}/key", "repeated", "Each item needs a key of its own.")
        for place, item in enumerate(items)
        if item["key"] in [each["key"] for each in items[:place]]
    ]
    for place, item in enumerate(items):
        at = f"/items/{place}"
        if item["kind"] == "scale" and not least_span <= (item["most"] or 0) - (item["least"] or 0) <= 20:
            said = f"A scale has a least and a most, {least_span} to 20 apart."
            broken.append(FieldError(f"{at}/most", "invalid", said))
        if item["kind"] == "choice" and not item["levels"]:
            broken.append(FieldError(f"{at}/levels", "required", "Say what can be chosen."))
        if item["levels"] and len(set(item["levels"])) < len(item["levels"]):
            broken.append(FieldError(f"{at}/levels", "repeated", "Give each level once."))
    if broken:
        raise Invalid(*broken)


def check_answers(items: Sequence[Item], answers: dict[str, Any]) -> None:
    """Raise Invalid, at /answers, for what no item asks or takes."""
    known = {item["key"]: item for item in items}
    broken = []
    for key, answer in answers.items():
        if key not in known:
            broken.append(FieldError(f"/answers/{key}", "unknown", "No item of this check-in has this key."))
        elif said := _refused(known[key], answer):
            broken.append(FieldError(f"/answers/{key}", "invalid", said))
    if broken:
        raise Invalid(*broken)


def _refused(item: Item, answer: Any) -> str | None:
    if item["kind"] == "scale":
        least, most = item["least"], item["most"]
        if isinstance(answer, bool) or not isinstance(answer, int) or not least <= answer <= most:
            return f"Answer with a whole number from {least} to {most}."
    elif item["kind"] == "yes_no":
        if not isinstance(answer, bool):
            return "Answer with true or false."
    else:
        most = item["most_chosen"] or 1
        chosen = isinstance(answer, list) and all(each in item["levels"] for each in answer)
        if not chosen or not 1 <= len(answer) <= most or len(set(answer)) < len(answer):
            return f"Answer with a list of 1 to {most} of: {', '.join(item['levels'])}."
    return None
