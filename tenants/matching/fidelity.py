"""What a group keeps of its recipe's fidelity list, for when a model is carried elsewhere.

Organisers see it by design, whoever of the two ticked it: it says how the model was followed, nothing that was said.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from tenants.groups.models import Group
from tenants.kernel import events
from tenants.kernel.errors import FieldError, Invalid
from tenants.kernel.ids import new_id
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.matching.models import FIDELITY, FidelityCheck, MatchingRun, Recipe


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the list; `kept` is None where nobody has said yet."""

    item: str
    kept: bool | None = None
    said_by: str | None = None
    said_at: datetime | None = None


def fidelity(session: Session, *, group_id: UUID) -> list[Item]:
    """The list of a group's recipe, or ours where no recipe formed it, as far as it was ticked. Raises NotFound."""
    group = row_of(session, Group, group_id, "group")
    ticked = {
        row.item: row
        for row in session.scalars(select(FidelityCheck).where(FidelityCheck.group_id == group_id))
    }
    return [
        Item(item, row.kept, row.said_by, row.said_at) if (row := ticked.get(item)) else Item(item)
        for item in _listed(session, group)
    ]


def tick(session: Session, *, group_id: UUID, items: list[dict[str, Any]], said_by: str) -> list[Item]:
    """Say of items, {item, kept}, whether the group keeps them; others stay as they are.

    `said_by` is "organiser" or "group". Raises NotFound, and Invalid for what is not on the list, or twice.
    """
    group = row_of(session, Group, group_id, "group")
    listed = set(_listed(session, group))
    broken = []
    said: dict[str, bool] = {}
    for place, each in enumerate(items):
        if each["item"] not in listed or each["item"] in said:
            code = "duplicate" if each["item"] in said else "unknown"
            broken.append(FieldError(f"/items/{place}/item", code, "Name each item of the list once."))
        said[each["item"]] = each["kept"]
    if broken:
        raise Invalid(*broken)
    here = {"tenant_id": session.tenant_id, "group_id": group_id, "said_by": said_by}
    for item in sorted(said):  # in one order, so that two who tick at once never wait for each other
        row = insert(FidelityCheck).values(id=new_id(), item=item, kept=said[item], **here)
        session.execute(
            row.on_conflict_do_update(
                index_elements=["tenant_id", "group_id", "item"],
                set_={"kept": said[item], "said_by": said_by, "said_at": func.now()},
                where=FidelityCheck.kept != said[item],
            )
        )
    if said:
        events.record(
            session, "group.fidelity_ticked", subject=group, counts={"items": len(said)},
            names_actor=said_by == "organiser",
        )  # fmt: skip
    return fidelity(session, group_id=group_id)


def _listed(session: Session, group: Group) -> list[str]:
    recipe = select(Recipe.fidelity).join(
        MatchingRun, (MatchingRun.tenant_id == Recipe.tenant_id) & (MatchingRun.recipe_id == Recipe.id)
    )
    found = session.scalar(recipe.where(MatchingRun.id == group.matching_run_id))
    return list(FIDELITY) if found is None else found
