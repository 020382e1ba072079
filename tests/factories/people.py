"""People who have joined a tenant and let a client act for them. All of them are invented."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from tenants.access import joining, tokens
from tenants.access.clients import create_client, create_own_client
from tenants.access.models import BrowserSession, Client, Connection
from tenants.access.sign_in import SignedIn
from tenants.cohorts.models import Cohort, Participant
from tenants.groups.models import Group, GroupMember
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import ALL, PRIVATE, TENANT, Role
from tenants.people import invitations
from tenants.people.actions import add_person
from tenants.people.held import THE_TENANT
from tenants.people.models import Membership, RoleGrant
from tests.contract import ContractClient, document
from tests.factories.group_life import life_of

ISSUER = "https://people.example"
CALLBACK = "http://127.0.0.1/callback"
VERIFIER = "an-invented-verifier-that-is-long-enough-to-be-one"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@dataclass
class Member:
    """Somebody of a tenant, with an API client that acts for her."""

    id: UUID
    who: SignedIn
    api: ContractClient


def subject() -> SignedIn:
    """Somebody nobody has seen before, signed in as herself."""
    return SignedIn(None, ISSUER, new_id().hex)


def joined(database: Any, tenant_id: UUID, *, membership_id: UUID | None = None, who: SignedIn | None = None,
           roles: tuple[str, ...] = ()) -> tuple[UUID, SignedIn]:  # fmt: skip
    """Invite somebody, new unless she has a membership already, and let her accept; her membership."""
    who = who or subject()
    with database.tenant(tenant_id) as session:
        if membership_id is None:
            membership_id = add_person(session, name="Invented Person").id
        invitation = invitations.invite(session, giver=THE_TENANT, membership_id=membership_id)
        joining.accept(session, invitation_id=invitation.id, who=who)
        for role in roles:
            until = now().replace(year=now().year + 1) if role == Role.AUDITOR else None
            session.add(RoleGrant(membership_id=membership_id, role=role, expires_at=until))
        session.commit()
    return membership_id, who


def acting(
    app: Any, tenant_id: UUID, membership_id: UUID, *, connection_id: UUID | None = None,
    own_client: bool = False, scopes: frozenset[str] | None = None,
) -> ContractClient:  # fmt: skip
    """An API client that she let act for her: through the tenant's portal or the product's own client."""
    database = app.extensions["database"]
    with database.tenant(tenant_id) as session:
        client, secret = _client(session, own_client)
        may = scopes if scopes is not None else (ALL if own_client else ALL - PRIVATE)
        code = tokens.authorize(
            session, client_id=client.id, membership_id=membership_id, connection_id=connection_id,
            scopes=sorted(may), redirect_uri=CALLBACK, code_challenge=CHALLENGE,
        )  # fmt: skip
        session.commit()
    api: ContractClient = app.test_client()
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    if secret is None:
        answer = api.post("/oauth/token", data={**form, "client_id": client.client_id})
    else:
        answer = api.post("/oauth/token", data=form, auth=(client.client_id, secret))
    assert answer.status_code == 200, answer.get_json()
    api.token = answer.get_json()["access_token"]
    return api


def member_of(
    app: Any, tenant_id: UUID, *roles: str, membership_id: UUID | None = None, **how: Any
) -> Member:
    """Somebody who has joined, holds these roles and lets a client act for her."""
    found, who = joined(app.extensions["database"], tenant_id, membership_id=membership_id, roles=roles)
    return Member(found, who, acting(app, tenant_id, found, **how))


def holder(app: Any, tenant_id: UUID, role: str, *, name: str | None = None, own_client: bool = False,
           **grant: Any) -> Member:  # fmt: skip
    """Somebody who holds a role, limited perhaps, with a client that may do for her all that she may."""
    member = member_of(app, tenant_id, own_client=own_client)
    with app.extensions["database"].tenant(tenant_id) as session:
        until = {"expires_at": now() + timedelta(days=36_500)}
        session.add(RoleGrant(membership_id=member.id, role=role, **{**until, **grant}))
        session.get_one(Membership, (tenant_id, member.id)).chosen_name = name
        session.commit()
    return member


def api_for(tenant: Any, path: str, method: str = "get") -> ContractClient:
    """The API client that a route is for: one that acts for somebody where it is about oneself, or a group's own.
    Where the path has no such method, that of its others.
    """
    scopes = scopes_of(path, method)
    private, hers = "group_content" in scopes, path.startswith(("/v1/me/", "/v1/meeting")) or path == "/v1/me"
    if (private and not hers) or path.startswith("/v1/me/groups/{"):
        if tenant.group_person is None:
            tenant.group_person = member_of(tenant.api.application, tenant.id, own_client=True).api
        member: ContractClient = tenant.group_person
        return member
    if not hers and "me:read" not in scopes:
        found: ContractClient = tenant.api
        return found
    if tenant.person is None:
        tenant.person = member_of(tenant.api.application, tenant.id).api
    person: ContractClient = tenant.person
    if private:  # no portal is given what these routes ask for
        herself = UUID(person.get("/v1/me").get_json()["id"])
        return acting(tenant.api.application, tenant.id, herself, own_client=True)
    return person


def scopes_of(path: str, method: str | None = None) -> str:
    """What the operations on a documented path ask for, or the one of this method where there is one."""
    asked = {
        name: str(said["security"])
        for name, said in document()["paths"].get(path, {}).items()
        if name in ("get", "post", "put", "patch", "delete")
    }
    return asked[method] if method in asked else " ".join(asked.values())


def let_in(tenant: Any, group_id: str, *roles: str) -> dict[str, str]:
    """Announce a group, let the tenant's group person be one of its members, and let her write two of everything. She
    may hold roles as well. The ids of what she wrote, by path parameter."""
    url = f"/v1/groups/{group_id}"
    etag = {"If-Match": tenant.api.get(url).headers["ETag"]}
    assert tenant.api.patch(url, json={"state": "announced"}, headers=etag).status_code == 200
    first, second = (row["membership_id"] for row in tenant.api.get(f"{url}/members").get_json()["items"][:2])
    app = tenant.api.application
    tenant.group_person = member_of(app, tenant.id, *roles, membership_id=UUID(first), own_client=True).api
    shown = tenant.api.get(url).get_json()
    for _ in range(2):
        waiting(tenant, UUID(shown["cohort_id"]), UUID(group_id))
    joined(app.extensions["database"], tenant.id, roles=("admin",))  # who reads her concerns
    tenant.wrote = life_of(tenant.group_person, url, second)
    return tenant.wrote


def waiting(tenant: Any, cohort_id: UUID, group_id: UUID | None = None) -> tuple[UUID, UUID]:
    """Somebody new who has joined and takes part, and waits to be let into a group perhaps; her membership, and the
    participant.
    """
    database = tenant.api.application.extensions["database"]
    member, _ = joined(database, tenant.id)
    with database.tenant(tenant.id) as session:
        participant = Participant(id=new_id(), cohort_id=cohort_id, membership_id=member, state="applied")
        session.add(participant)
        session.flush()
        if group_id is not None:
            place = {"tenant_id": tenant.id, "id": new_id(), "group_id": group_id, "membership_id": member}
            session.execute(insert(GroupMember).values(**place, participant_id=participant.id))
        session.commit()
    return member, participant.id


def invited_by_another(tenant: Any, cohort_id: UUID, external_id: str) -> None:
    """Somebody new forms a group and invites whoever has this id into it."""
    member, participant = waiting(tenant, cohort_id)
    api = acting(tenant.api.application, tenant.id, member, own_client=True)
    made = api.post("/v1/groups", json={"application_id": str(participant), "name": "Invented"})
    assert made.status_code == 201, made.get_json()
    url = f"/v1/groups/{made.get_json()['id']}/invitations"
    assert api.post(url, json={"name": external_id}).status_code == 201


def inhabit(tenant: Any, participants: list[str]) -> None:
    """Let the tenant's person have two of everything that is hers: she takes part twice, here and there."""
    app = tenant.api.application
    database = app.extensions["database"]
    member = UUID(api_for(tenant, "/v1/me").get("/v1/me").get_json()["id"])
    acting(app, tenant.id, member)
    with database.tenant(tenant.id) as session:
        for number, participant in enumerate(participants):
            session.add(
                BrowserSession(
                    hash=b"%d" % number,
                    membership_id=member,
                    issuer=ISSUER,
                    subject="invented",
                    expires_at=now() + timedelta(hours=1),
                )
            )
            found = session.get_one(Participant, (tenant.id, UUID(participant)))
            twin = Participant(id=new_id(), cohort_id=found.cohort_id, membership_id=member)
            if number:
                twin.cohort_id = _cohort_beside(session, found.cohort_id)
            session.add(twin)
            session.flush()
            group_id = new_id()
            session.execute(
                insert(Group).values(
                    tenant_id=tenant.id,
                    id=group_id,
                    cohort_id=twin.cohort_id,
                    name="Invented",
                    state="announced",
                )
            )
            place = insert(GroupMember).values(
                tenant_id=tenant.id,
                id=new_id(),
                group_id=group_id,
                participant_id=twin.id,
                membership_id=member,
            )
            session.execute(place)
            if not number:
                here = found.cohort_id
        session.commit()
    for _ in range(2):
        invited_by_another(tenant, here, tenant.person.get("/v1/me").get_json()["external_id"])


def _cohort_beside(session: Any, cohort_id: UUID) -> UUID:
    program_id = session.get_one(Cohort, (session.tenant_id, cohort_id)).program_id
    beside = Cohort(id=new_id(), program_id=program_id, name="Invented, beside")
    session.add(beside)
    session.flush()
    return beside.id


def connection_of(database: Any, tenant_id: UUID, state: str = "on", **fields: Any) -> UUID:
    """A connection of the tenant's own, in this state."""
    with database.tenant(tenant_id) as session:
        connection = Connection(
            id=new_id(), name="Invented University", state=state, issuer="https://university.example",
            client_id="peerloom", client_secret=b"", scopes=["openid"], **{"rules": {}, **fields},
        )  # fmt: skip
        session.add(connection)
        session.commit()
    return connection.id


def _client(session: Any, own: bool) -> tuple[Client, str | None]:
    if own:
        return session.scalar(select(Client).where(Client.first_party)) or create_own_client(session), None
    return create_client(
        session, name="Portal", grant_types=["authorization_code", "refresh_token"], redirect_uris=[CALLBACK],
        scopes=sorted(ALL - PRIVATE), held=TENANT,
    )  # fmt: skip
