"""What a membership goes by, and what it went by before.

Others name it by its external id or an address: as somebody's evaluator, say. Who takes another stays whom they meant.
"""

from collections.abc import Mapping

from tenants.people.models import Membership

NAMES = ("external_id", "email", "chosen_email")


def keep_names(membership: Membership, changes: Mapping[str, str | None]) -> None:
    """Keep among those of before the names that these changes put another in place of."""
    before = {name: getattr(membership, name) for name in NAMES if name in changes}
    gone = {said.lower() for name, said in before.items() if said and said != changes[name]}
    if gone - set(membership.known_as):
        membership.known_as = sorted(gone.union(membership.known_as))


def names_of(membership: str) -> str:
    """SQL: an array of what the membership of this alias goes by, and of what it went by before, in lower case."""
    said = ", ".join(f"lower({membership}.{name})" for name in NAMES)
    return f"array_remove({membership}.known_as || ARRAY[{said}], NULL)"


def names_kept(membership: str) -> str:
    """SQL: as `names_of`, each of them once, for `known_as` in a statement that changes the names."""
    return f"ARRAY(SELECT DISTINCT named FROM unnest({names_of(membership)}) AS named ORDER BY named)"  # noqa: S608 - as ours
