"""Peer groups whose members have joined as themselves. All of them are invented."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import select

from tenants.access.clients import create_own_client
from tenants.access.models import Client
from tenants.kernel.clock import now
from tests.contract import ContractClient
from tests.factories.people import acting, joined
from tests.planting import plant


@dataclass
class Circle:
    """A group of a tenant with its members' memberships, and for each an API client of the product's own."""

    app: Any
    tenant: Any
    superuser: psycopg.Connection[Any]
    id: UUID
    program_id: UUID
    cohort_id: UUID
    members: list[UUID] = field(default_factory=list)
    participants: dict[UUID, UUID] = field(default_factory=dict)
    """By membership."""

    @property
    def url(self) -> str:
        return f"/v1/groups/{self.id}"

    def api(self, number: int = 0, **how: Any) -> ContractClient:
        """The client that acts for a member."""
        return acting(self.app, self.tenant.id, self.members[number], own_client=True, **how)

    def add(self, *, admitted: bool = True, membership_id: UUID | None = None, **dates: Any) -> UUID:
        """Somebody more, who has joined; her membership."""
        member, _ = joined(self.app.extensions["database"], self.tenant.id, membership_id=membership_id)
        self.members.append(member)
        self.take_in(member, admitted=admitted, **dates)
        return member

    def take_in(self, member: UUID, *, admitted: bool = True, **dates: Any) -> None:
        """A place in the group for somebody who has joined, perhaps once more."""
        cursor = self.superuser.cursor()
        at = {"tenant_id": self.tenant.id, "membership_id": member}
        if member not in self.participants:
            known = {"cohort_id": self.cohort_id, "state": "placed"}
            self.participants[member] = plant(cursor, "participant", **known, **at)
        if admitted:
            dates = {"admitted_at": now(), **dates}
        participant = self.participants[member]
        plant(cursor, "group_member", group_id=self.id, participant_id=participant, **at, **dates)


def circle_of(app: Any, tenant: Any, superuser: Any, *, people: int = 3, state: str = "active") -> Circle:
    """A group of so many, all of whom have joined and were admitted."""
    with app.extensions["database"].tenant(tenant.id) as session:
        if session.scalar(select(Client).where(Client.first_party)) is None:
            create_own_client(session)
            session.commit()
    cursor = superuser.cursor()
    program = plant(cursor, "program", tenant_id=tenant.id)
    cohort = plant(cursor, "cohort", tenant_id=tenant.id, program_id=program, time_zone="UTC")
    group = plant(
        cursor,
        "peer_group",
        tenant_id=tenant.id,
        cohort_id=cohort,
        opened_at=now(),
        announced_at=None if state == "formed" else now(),
        active_on=now().date() if state in ("active", "paused") else None,
        state=state,
        name="Invented",
    )
    circle = Circle(app, tenant, superuser, group, program, cohort)
    for _ in range(people):
        circle.add()
    return circle
