"""Who is told to read something about somebody, against what they in fact get."""

from typing import Any
from uuid import UUID

from tenants.custody.readers import KINDS
from tenants.kernel.permissions import IN_PLACES, PRIVATE, SELF, Permission, Role
from tenants.tables import METADATA
from tests.contract import document
from tests.factories.matching import every
from tests.factories.outside import found_for
from tests.factories.people import holder, member_of

TELLS_OF_NOBODY = {
    Permission.TENANT_READ, Permission.CLIENTS_MANAGE, Permission.CONNECTIONS_MANAGE, Permission.PROGRAMS_READ,
    Permission.REPORTS_READ, Permission.JOBS_READ,
}  # fmt: skip
TOLD_WITH_OTHERS = {
    # The way in, which is hers alone; what is told with the participant; and what names people of a file.
    "access_token", "authorization_code", "client_authorization", "identity", "refresh_token", "invitation_link",
    "participant_change", "guest",
    # Told with what the group writes; in `delivered_invitation` she sees her own alone.
    "group_invitation", "delivered_invitation",
    # What members do in their group, as open to the others as its charter is, or to nobody.
    "member_answer",
    # How she is told of meetings, and written to at all.
    "calendar_feed", "meeting_invitee", "meeting_reminder", "notice_day", "notice_preference", "unsubscribe_link",
    # What she shows everybody, under her name if she says so.
    "shared_resource",
    # Told with the participant, with the groups that she facilitates, and with what she says for herself.
    "sponsor_commitment", "facilitation", "commitment_answer", "concern_reader",
    # That public sources were asked about her alone: told with what they said.
    "verification",
    # In what reports she was counted, which is hers alone to read.
    "counted_person",
    # What documents say of her: to the tenant with the documents, to her beside them.
    "named_person",
}  # fmt: skip
GROUP_CONTENT = {"group_id", "author_id", "written_at"}
"""The columns of whatever is behind the group wall, all of which is told as one kind."""


def about(tenant: Any, there: dict[str, str], me: str) -> dict[str, str]:
    """By kind, a URL that tells something about me."""
    cohort = f"/v1/cohorts/{there['cohort_id']}"
    people = {row["membership_id"]: row["id"] for row in every(tenant.api, f"{cohort}/participants")}
    mine = people[me]

    def made(path: str, **body: Any) -> str:
        answer = tenant.api.post(path, json=body)
        assert answer.status_code in (200, 201), answer.get_json()
        return answer.get_json()["id"]

    apart = made(f"{cohort}/separations", participants=[mine, next(p for p in people.values() if p != mine)])
    talk = made("/v1/products", kind="talk", title="About me", membership_ids=[me])
    promoted = made("/v1/career-events", kind="promotion", date="2024-06-01", membership_id=me)
    made("/v1/role-grants", membership_id=me, role="facilitator", program_id=there["program_id"])
    found = found_for(tenant.api.application.extensions["database"], tenant.id, me)
    return {
        "profile": f"/v1/people/{me}",
        "invitations": f"/v1/invitations?membership_id={me}",
        "roles": f"/v1/role-grants?membership_id={me}",
        "participation": f"/v1/participants/{mine}",
        "nominations": f"/v1/received-partner-invitations/{there['received_partner_invitation_id']}/nominations",
        "consents": f"/v1/participants/{mine}/consents",
        "separations": f"{cohort}/separations/{apart}",
        "placements": f"/v1/matching-runs/{there['matching_run_id']}/placements",
        "groups": f"/v1/groups/{there['group_id']}/members",
        "group_content": f"/v1/groups/{there['group_id']}/charter/versions",
        "check_ins": f"/v1/groups/{there['group_id']}/check-ins",
        "products": f"/v1/products/{talk}",
        "career_events": f"/v1/career-events/{promoted}",
        "findings": f"/v1/findings/{found}",
        "named_documents": "/v1/named-documents",
        "events": "/v1/events",
    }


def gets(api: Any, urls: dict[str, str]) -> set[str]:
    """The kinds of which there is something to read."""
    answers = {kind: api.get(url) for kind, url in urls.items()}
    return {
        kind
        for kind, answer in answers.items()
        if answer.status_code == 200 and answer.get_json().get("items", ["itself"])
    }


def test_everybody_who_is_named_reads_just_the_kinds_that_she_is_named_for(app, places):
    tenant, here, there = places
    me = tenant.group_person.get("/v1/me").get_json()["id"]
    urls = about(tenant, there, me)
    limits: list[dict[str, UUID]] = [
        {"program_id": UUID(there["program_id"])},
        {"cohort_id": UUID(there["cohort_id"])},
        {"program_id": UUID(here["program_id"])},
    ]
    candidates = {}
    for role in Role:
        for number, limit in enumerate([{}, *(limits if role in IN_PLACES else [])]):
            name = f"Invented {role} {number}"
            candidates[name] = holder(app, tenant.id, role, name=name, own_client=True, **limit).api
    for scopes in (["people:read"], ["participants:read", "events:read"], ["reports:read"]):
        client = {"name": f"Invented {scopes[0]}", "scopes": scopes}
        secret = tenant.api.post("/v1/clients", json=client).get_json()
        api = app.test_client()
        form = {"grant_type": "client_credentials"}
        answer = api.post("/oauth/token", data=form, auth=(secret["client_id"], secret["client_secret"]))
        api.token = answer.get_json()["access_token"]
        candidates[client["name"]] = api
    fellows = [row for row in every(tenant.api, urls["groups"]) if row["admitted_at"]]
    fellow = next(row for row in fellows if row["membership_id"] != me)
    peer = member_of(app, tenant.id, membership_id=UUID(fellow["membership_id"]), own_client=True)
    number = tenant.group_person.get(f"/v1/groups/{there['group_id']}/charter").get_json()["number"]
    written = {"text": "Written when she had joined.", "builds_on": number}
    assert tenant.group_person.post(urls["group_content"], json=written).status_code == 201
    told = every(tenant.group_person, "/v1/me/readers?limit=100")
    for name, api in candidates.items():
        assert gets(api, urls) == {row["kind"] for row in told if row["name"] == name}, name
    in_the_group = {
        row["kind"] for row in told if (row["by"], row["name"]) == ("group_member", fellow["name"])
    }
    assert gets(peer.api, urls) == in_the_group == {"group_content"}
    assert len([row for row in told if row["by"] == "group_member"]) == len(fellows) - 1
    assert [row["kind"] for row in told if row["by"] == "self"] == [kind.name for kind in KINDS]
    assert {row["by"] for row in told if row["kind"] in ("wishes", "sign_ins")} == {"self"}


def test_whoever_reads_by_a_limited_role_is_told_with_its_limit(app, places):
    tenant, _, there = places
    name = "Invented with a limit"
    holder(app, tenant.id, "facilitator", name=name, cohort_id=UUID(there["cohort_id"]))
    told = [row for row in every(tenant.group_person, "/v1/me/readers?limit=100") if row["name"] == name]
    assert [(row["kind"], row["role"], row["cohort_name"]) for row in told] == [
        ("groups", "facilitator", "Fall")
    ]
    assert all(row["expires_at"] for row in told)


def test_all_that_is_known_of_people_is_of_some_kind():
    opens = {
        Permission(scope)
        for item in document()["paths"].values()
        for each in item.get("get", {}).get("security", ())
        for scope in each.get("oauth", ())
    }
    kinds = {kind.permission for kind in KINDS}
    assert opens - TELLS_OF_NOBODY - SELF - PRIVATE <= kinds | {Permission.AUDIT_READ}
    named = {"membership_id", "participant_id", "author_id"}
    tables = {
        name
        for name, table in METADATA.tables.items()
        if named & set(table.c.keys()) and not set(table.c.keys()) >= GROUP_CONTENT
    }
    assert tables - {kind.table for kind in KINDS} <= TOLD_WITH_OTHERS
