"""A cohort that is ready to be matched."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import event, text

from tenants.kernel.session import Database, Session
from tests.factories.participants import add_participants

ATTRIBUTES: tuple[dict[str, Any], ...] = (
    {"key": "institution", "label": "Institution", "kind": "categorical"},
    {"key": "award", "label": "Award", "kind": "categorical"},
    {"key": "rank", "label": "Rank", "kind": "ordinal", "levels": [{"key": "low"}, {"key": "high"}]},
    {"key": "pitch", "label": "Pitch", "kind": "text"},
    {"key": "hours", "label": "Hours", "kind": "availability"},
    {"key": "papers", "label": "Papers", "kind": "number"},
    {"key": "income", "label": "Income", "kind": "number", "uses": ["reporting"]},
)
TERMS = [
    {"attribute": "award", "prefer": "similar", "weight": 2},
    {"attribute": "institution", "prefer": "different"},
]
Ordered = TypeVar("Ordered")
CAP = {"rule": "cap", "attribute": "institution", "max": 1}


@dataclass
class Ready:
    """Ids of what was made."""

    program_id: str
    cohort_id: str
    recipe_id: str
    participants: list[str]

    def order(self, **more: Any) -> dict[str, Any]:
        """The body that starts a run."""
        return {"cohort_id": self.cohort_id, "recipe_id": self.recipe_id, **more}


def program_to_match(api: Any, **more: Any) -> str:
    """A program with attributes of several kinds; its id."""
    program_id: str = api.post("/v1/programs", json={"name": "Circles", **more}).get_json()["id"]
    for attribute in ATTRIBUTES:
        made = api.post(f"/v1/programs/{program_id}/attributes", json=attribute)
        assert made.status_code == 201, made.get_json()
    return program_id


def invented(people: int, *, institutions: int = 10) -> list[dict[str, Any]]:
    """Attributes of invented people, the same ones each time; institutions have about as many each."""
    chance = random.Random(people)
    return [
        {
            "institution": f"Invented University {number % institutions}",
            "award": chance.choice(("K01", "K08", "K23")),
            "rank": chance.choice(("low", "high")),
        }
        for number in range(people)
    ]


def ready_to_match(
    tenant: Any,
    database: Database,
    *,
    people: int = 24,
    institutions: int = 10,
    prefix: str = "P",
    **recipe: Any,
) -> Ready:
    """A program, a cohort of `people`, and a recipe: similar award, different institution, one of each."""
    program_id = program_to_match(tenant.api)
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": program_id, "name": "Fall"}).get_json()
    body = {"program_id": program_id, "name": "Default", "terms": TERMS, "rules": [CAP], **recipe}
    made = tenant.api.post("/v1/recipes", json=body)
    assert made.status_code == 201, made.get_json()
    roster = invented(people, institutions=institutions)
    participants = add_participants(database, tenant.id, cohort["id"], roster, prefix=prefix)
    return Ready(program_id, cohort["id"], made.get_json()["id"], participants)


def every(api: Any, url: str) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    items: list[dict[str, Any]] = []
    following: str | None = url
    while following:
        answer = api.get(following)
        assert answer.status_code == 200, answer.get_json()
        items += answer.get_json()["items"]
        following = answer.headers.get("Link", "").partition(">")[0].lstrip("<") or None
    return items


def partition(api: Any, url: str) -> list[list[str]]:
    """Who is with whom in what a run proposes."""
    groups = every(api, f"{url}/proposed-groups")
    return [[member["participant_id"] for member in group["members"]] for group in groups]


def held_back(database: Database, tenant_id: UUID, order: Callable[[Session], Ordered]) -> Ordered:
    """What `order` orders, queued and left so by workers until it is `released`."""
    with database.tenant(tenant_id) as session:
        made: Any = order(session)
        session.info.pop("enqueued")
        later = "UPDATE job SET not_before = now() + interval '1 day' WHERE id = :id"
        session.execute(text(later), {"id": made.job_id})
        session.commit()
    return made  # type: ignore[no-any-return]  # its job_id is all that is asked of it


def released(database: Database, tenant_id: UUID, job_id: UUID) -> None:
    """Let workers have a job that was held back."""
    with database.tenant(tenant_id) as session:
        session.execute(text("UPDATE job SET not_before = now() WHERE id = :id"), {"id": job_id})
        session.commit()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that go to PostgreSQL meanwhile."""
    seen: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
