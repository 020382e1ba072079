"""Why somebody is in no group, as the organiser and the member are told."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from tenants.matching import solver
from tenants.matching.models import LEFT_OVER_BY_HAND
from tenants.matching.questions import Question

_BY_HAND_SAID = "Left over by hand: an adjustment puts this person in no group."
_FOR_MEMBER = {
    LEFT_OVER_BY_HAND: "Whoever organises the groups has put you in none of them for now.",
    "randomised": "You were drawn by lot to start later.",
}
_NO_ROOM = "There was no place for you in a group this time."

Left = tuple[UUID, str, str]
"""A participant, a code, and a sentence for the organiser."""


def left_over(asked: Question, found: solver.Partition) -> Iterator[Left]:
    """Those whom a run places nowhere though they could start now.

    Of groups that are given, the rules tell why somebody is in none of them only where they close these groups.
    """
    room = asked.groups is not None and any(len(each) < asked.recipe.size.max for each in found.groups)
    for each in found.unplaced:
        person = asked.people[each.index]
        if person in asked.by_hand or (room and each.code == "size"):
            yield person, LEFT_OVER_BY_HAND, _BY_HAND_SAID
        else:
            yield person, each.code, each.reason


def later(asked: Question) -> Iterator[Left]:
    """Those whom the lots let start later."""
    if asked.lots is not None:
        for person in asked.lots.later:
            said = f"Drawn by lot to start later, in arm {asked.lots.arm_of[person]} of {asked.lots.arms}."
            yield person, "randomised", said


def for_member(code: str) -> dict[str, Any]:
    """The member's own telling: nothing of other people, nor of rules that are about them."""
    return {"for_member": {"affinity": None, "said": [_FOR_MEMBER.get(code, _NO_ROOM)]}}
