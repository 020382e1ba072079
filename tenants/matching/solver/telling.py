"""What members have in common or not, in words."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any

from tenants.matching.solver.clash import Clash
from tenants.matching.solver.compiling import elements
from tenants.matching.solver.model import Attribute, Group, Pool, Recipe, Term
from tenants.matching.solver.partition import MemberTold
from tenants.matching.solver.words import shown

SHOWN = 5
"""Values of an attribute that are named, the most frequent first."""


def group_said(attribute: Attribute, term: Term, group: Group) -> str:
    """What the members have in common or not, in words."""
    key, number = term.attribute, len(group)
    known = [attribute.values[person] for person in group if attribute.values[person] is not None]
    unknown = _without(number - len(known))
    if not known:
        return f"{key}: nobody has a value"
    if attribute.kind in {"number", "date"}:
        low, high = min(known), max(known)
        span = f"all {low}" if low == high else f"from {low} to {high}"
        return f"{key}: {span}{unknown}"
    if attribute.kind in {"text", "availability"}:
        return f"{key}: {len(known)} of {number} have one"
    counts = Counter(e for person in group for e in elements(attribute, attribute.values[person]))
    order = list(attribute.levels or ())
    frequent = sorted(
        counts.items(), key=lambda item: (-item[1], order.index(item[0]) if item[0] in order else 0)
    )
    named = ", ".join(f"{shown(value)} {times}" for value, times in frequent[:SHOWN])
    more = f" and {len(frequent) - SHOWN} more" if len(frequent) > SHOWN else ""
    return f"{key}: {named}{more} of {number}{unknown}"


def member_said(attribute: Attribute, term: Term, group: Group, place: int) -> str | None:
    """What a member shares with the partners, to be told to the member; None where there is nothing to count."""
    if attribute.kind in {"text", "availability", "number", "date"}:
        return None
    own = set(elements(attribute, attribute.values[group[place]]))
    if not own:
        return None
    partners = [attribute.values[person] for at, person in enumerate(group) if at != place]
    known = [set(elements(attribute, value)) for value in partners if value is not None]
    differ = term.prefer == "different"
    number = sum(own.isdisjoint(each) is differ for each in known)
    return _partners_said(number, len(partners), len(partners) - len(known), term.attribute, differ=differ)


@lru_cache(1024)
def _partners_said(number: int, partners: int, unknown: int, key: str, *, differ: bool) -> str:
    """One sentence for all members of whom it is true: large pools have very many."""
    said = f"differ from you in {key}" if differ else f"share your {key}"
    return f"{number} of your {partners} partners {said}{_without(unknown)}."


def _without(unknown: int) -> str:
    return f"; {unknown} without a value" if unknown else ""


def clash_told(clash: Clash, pool: Pool, own: int) -> dict[str, Any]:
    """A clash as JSON has it. ``own`` rules are the recipe's; those after them are separations, which have no
    place in it."""

    def place(rule: int | None) -> int | None:
        return rule if rule is not None and rule < own else None

    return {
        "said": clash.said,
        "proven": clash.proven,
        "parts": [
            {
                "rule": place(part.rule),
                "said": part.said,
                "people": [pool.ids[person] for person in part.people],
                "value": part.value,
            }
            for part in clash.parts
        ],
        "relaxations": [
            {"rule": place(each.rule), "said": each.said, "amount": each.amount} for each in clash.relaxations
        ],
    }


def member_told(member: MemberTold, recipe: Recipe, pool: Pool) -> dict[str, Any]:
    """A member's place as JSON has it: the organiser's telling and, under ``for_member``, the member's own."""
    alternative = member.alternative
    return {
        "affinity": member.affinity,
        "terms": [
            {"attribute": term.attribute, "value": value}
            for term, value in zip(recipe.terms, member.terms, strict=True)
        ],
        "alternative": None
        if alternative is None
        else {
            "position": alternative.group + 1,
            "in_exchange_with": None
            if alternative.counterpart is None
            else pool.ids[alternative.counterpart],
            "cost": alternative.cost,
        },
        "for_member": {"affinity": member.open_affinity, "said": list(member.said)},
    }
