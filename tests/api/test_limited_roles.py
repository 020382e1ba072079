"""Whoever manages one program or cohort: all that she can do there, and how she might get further."""

from datetime import timedelta
from uuid import UUID

import pytest

from tenants.access import joining
from tenants.kernel.clock import now
from tenants.kernel.errors import NotFound
from tenants.people.invitations import invitation_named
from tests.contract import edit
from tests.factories.cohorts import send_file
from tests.factories.matching import TERMS, every, program_to_match, ready_to_match
from tests.factories.people import acting, holder, subject

ROSTER = b"person_id,name,email,award\nN1,New Person,new@people.example,K01\nT0,Taken Over,taken@people.example,K01\n"
MAPPING = {"external_id": "person_id", "name": "name", "email": "email", "attributes": {"award": "award"}}


@pytest.fixture
def here(tenant, database):
    return ready_to_match(tenant, database, people=12, prefix="H")


@pytest.fixture
def there(tenant, database):
    return ready_to_match(tenant, database, people=12, prefix="T")


@pytest.fixture
def manager(app, tenant, here):
    """Manages the program `here`, and may let others."""
    return holder(app, tenant.id, "program_manager", program_id=UUID(here.program_id), delegable=True)


@pytest.fixture
def of_cohort(app, tenant, here):
    return holder(app, tenant.id, "program_manager", cohort_id=UUID(here.cohort_id))


def membership_of(tenant, participant_id):
    return tenant.api.get(f"/v1/participants/{participant_id}").get_json()["membership_id"]


def shared(tenant, here, there):
    """Somebody of `here` who takes part `there` as well."""
    person = tenant.api.get(f"/v1/participants/{here.participants[0]}").get_json()
    added = tenant.api.post(
        f"/v1/cohorts/{there.cohort_id}/participants", json={"external_id": person["external_id"]}
    )
    assert added.status_code == 201
    return person


def test_she_does_in_her_program_what_managers_do(manager, here, finished):
    api = manager.api
    cohort = api.post("/v1/cohorts", json={"program_id": here.program_id, "name": "Spring"})
    assert cohort.status_code == 201
    url = f"/v1/cohorts/{cohort.get_json()['id']}/participants"
    made = api.post(url, json={"external_id": "N", "name": "New", "attributes": {"award": "K99"}})
    assert made.status_code == 201
    attribute = {"key": "more", "label": "More", "kind": "text"}
    assert api.post(f"/v1/programs/{here.program_id}/attributes", json=attribute).status_code == 201
    recipe = {"program_id": here.program_id, "name": "Mine", "terms": TERMS}
    assert api.post("/v1/recipes", json=recipe).status_code == 201
    run = api.post("/v1/matching-runs", json=here.order()).headers["Location"]
    assert finished(api, run)["state"] == "succeeded"
    assert api.post(f"{run}/acceptance").status_code == 201
    group = every(api, f"/v1/groups?cohort_id={here.cohort_id}")[0]["id"]
    assert edit(api, f"/v1/groups/{group}", state="announced").status_code == 200
    member = made.get_json()["membership_id"]
    talk = {"kind": "talk", "title": "Invented", "membership_ids": [member]}
    product = api.post("/v1/products", json=talk)
    assert product.status_code == 201
    assert edit(api, product.headers["Location"], title="Otherwise").status_code == 200
    assert edit(api, f"/v1/people/{member}", name="Newer").status_code == 200
    assert api.post("/v1/invitations", json={"membership_id": member, "deliver": "link"}).status_code == 201
    report = api.post("/v1/reports", json={"program_id": here.program_id, "audience": "internal"})
    assert finished(api, report.headers["Location"])["state"] == "succeeded"
    tag = api.get(product.headers["Location"]).headers["ETag"]
    assert api.delete(product.headers["Location"], headers={"If-Match": tag}).status_code == 204


def test_she_makes_no_program_and_adds_nobody_outside_of_one(manager):
    for url, body in (("/v1/programs", {"name": "Mine"}), ("/v1/people", {"name": "Mine"})):
        answer = manager.api.post(url, json=body)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "insufficient_role"), url


def test_one_cohorts_manager_reads_its_program_and_changes_only_the_cohort(of_cohort, here):
    api, program = of_cohort.api, f"/v1/programs/{here.program_id}"
    attribute = every(api, f"{program}/attributes")[0]
    assert edit(api, f"/v1/cohorts/{here.cohort_id}", name="Fall 2").status_code == 200
    for refused in (
        edit(api, program, name="Mine"),
        edit(api, f"/v1/attributes/{attribute['id']}", label="Mine"),
        edit(api, f"/v1/recipes/{here.recipe_id}", name="Mine"),
        api.post(f"{program}/attributes", json={"key": "mine", "label": "Mine", "kind": "text"}),
        api.post("/v1/cohorts", json={"program_id": here.program_id, "name": "Mine"}),
        api.post("/v1/recipes", json={"program_id": here.program_id, "name": "Mine", "terms": TERMS}),
        api.post("/v1/reports", json={"program_id": here.program_id, "audience": "internal"}),
    ):
        assert (refused.status_code, refused.get_json()["code"]) == (403, "insufficient_role"), (
            refused.request
        )
    assert api.get(program).get_json()["name"] == "Circles"


@pytest.mark.parametrize("at_all", ["elsewhere", "nowhere"])
def test_she_brings_nobody_into_reach_by_an_external_id(manager, tenant, here, there, at_all):
    external_id = "T0"
    if at_all == "nowhere":
        external_id = tenant.api.post("/v1/people", json={"name": "Colleague"}).get_json()["external_id"]
    answer = manager.api.post(f"/v1/cohorts/{here.cohort_id}/participants", json={"external_id": external_id})
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [
        ("/external_id", "out_of_reach")
    ]


def test_nor_by_a_roster(manager, tenant, here, there, finished):
    cohort = f"/v1/cohorts/{here.cohort_id}"
    found = finished(manager.api, send_file(manager.api, cohort, ROSTER, mapping=MAPPING))
    assert found["state"] == "succeeded"
    assert (found["counts"]["created"], found["counts"]["failed"]) == (1, 1)
    failed = every(manager.api, f"/v1/imports/{found['id']}/rows?outcome=failed")
    assert [(row["line"], row["code"]) for row in failed] == [(3, "out_of_reach")]
    person = tenant.api.get(f"/v1/people/{membership_of(tenant, there.participants[0])}").get_json()
    assert (person["name"], person["email"]) == ("Invented T0", None)


def test_what_is_said_of_somebody_who_is_elsewhere_too_is_not_hers_to_change(
    manager, tenant, here, there, finished
):
    person = shared(tenant, here, there)
    url = f"/v1/people/{person['membership_id']}"
    assert manager.api.get(url).status_code == 200
    assert edit(manager.api, url, email="mine@people.example").status_code == 403
    participant = f"/v1/participants/{here.participants[0]}"
    assert edit(manager.api, participant, email="mine@people.example").status_code == 403
    assert edit(manager.api, participant, attributes={"rank": "high"}).status_code == 200
    link = {"membership_id": person["membership_id"], "deliver": "link"}
    assert manager.api.post("/v1/invitations", json=link).status_code == 403
    file = b"person_id,name,email,award\nH0,Mine,mine@people.example,K99\n"
    mapped = {**MAPPING}
    found = finished(
        manager.api,
        send_file(manager.api, f"/v1/cohorts/{here.cohort_id}", file, mapping=mapped, mode="update"),
    )
    assert found["counts"]["updated"] == 1
    after = tenant.api.get(participant).get_json()
    assert (after["name"], after["email"], after["attributes"]["award"]) == (person["name"], None, "K99")


def test_what_others_are_behind_too_she_sees_without_them_and_leaves_as_it_is(
    manager, tenant, here, there, finished
):
    ours, theirs = membership_of(tenant, here.participants[0]), membership_of(tenant, there.participants[0])
    body = {"kind": "talk", "title": "Invented", "doi": "10.1234/invented", "membership_ids": [ours, theirs]}
    url = tenant.api.post("/v1/products", json=body).headers["Location"]
    seen = manager.api.get(url)
    assert seen.get_json()["membership_ids"] == [ours]
    assert edit(manager.api, url, title="Mine").status_code == 403
    assert manager.api.delete(url, headers={"If-Match": seen.headers["ETag"]}).status_code == 403
    file = b"person_id,kind,title,doi\nH0,talk,Mine,10.1234/invented\n"
    mapping = {"external_id": "person_id", "kind": "kind", "title": "title", "doi": "doi"}
    sent = send_file(
        manager.api, f"/v1/cohorts/{here.cohort_id}", file, kind="products", mapping=mapping, mode="update"
    )
    assert finished(manager.api, sent)["counts"]["unchanged"] == 1
    after = tenant.api.get(url).get_json()
    assert (after["title"], set(after["membership_ids"])) == ("Invented", {ours, theirs})


def test_she_gives_her_own_role_within_her_program_and_no_other(app, manager, tenant, here, there):
    colleague = tenant.api.post("/v1/people", json={"name": "Colleague"}).get_json()["id"]
    mine = {"membership_id": colleague, "role": "program_manager", "expires_at": "2090-01-01T00:00:00Z"}
    for limit in ({"program_id": here.program_id}, {"cohort_id": here.cohort_id}):
        assert manager.api.post("/v1/role-grants", json={**mine, **limit}).status_code == 201
    refused = [
        manager.api.post("/v1/role-grants", json=body)
        for body in (
            mine,
            {**mine, "role": "facilitator", "program_id": here.program_id},
            {**mine, "program_id": here.program_id, "delegable": True},
            {**mine, "role": "owner"},
            {"membership_id": str(manager.id), "role": "admin"},
        )
    ]
    assert [answer.get_json()["code"] for answer in refused] == ["role_not_held"] * 5
    for limit in ({"program_id": there.program_id}, {"cohort_id": there.cohort_id}):
        answer = manager.api.post("/v1/role-grants", json={**mine, **limit})
        assert [e["code"] for e in answer.get_json()["errors"]] == ["unknown"]
    nobody = {**mine, "membership_id": here.program_id, "program_id": here.program_id}
    answer = manager.api.post("/v1/role-grants", json=nobody)
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [("/membership_id", "unknown")]
    assert {row["program_id"] or row["cohort_id"] for row in every(manager.api, "/v1/role-grants")} == {
        here.program_id, here.cohort_id,
    }  # fmt: skip


@pytest.mark.parametrize("role", ["owner", "admin", "member"])
def test_roles_of_the_whole_tenant_cannot_be_limited(tenant, here, role):
    someone = tenant.api.post("/v1/people", json={"name": "Colleague"}).get_json()["id"]
    body = {"membership_id": someone, "role": role, "program_id": here.program_id}
    answer = tenant.api.post("/v1/role-grants", json=body)
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [
        ("/program_id", "not_limitable")
    ]


@pytest.mark.parametrize("role", ["admin", "program_manager"])
def test_nobody_becomes_by_a_link_or_an_address_who_holds_more(app, tenant, here, role):
    """An owner who has not joined yet is whoever gets her link, or her letters."""
    owner = tenant.api.get(f"/v1/participants/{here.participants[0]}").get_json()
    grant = {"membership_id": owner["membership_id"], "role": "owner"}
    assert tenant.api.post("/v1/role-grants", json=grant).status_code == 201
    open_one = tenant.api.post(
        "/v1/invitations", json={"membership_id": owner["membership_id"], "deliver": "link"}
    )
    api = holder(app, tenant.id, role).api
    url = open_one.headers["Location"]
    person = f"/v1/people/{owner['membership_id']}"
    for refused in (
        api.post(f"{url}/link"),
        api.post(f"{url}/letter"),
        edit(api, person, email="mine@people.example"),
    ):
        assert (refused.status_code, refused.get_json()["code"]) == (403, "role_not_held")
    answer = edit(api, f"/v1/participants/{here.participants[0]}", email="mine@people.example")
    assert [e["code"] for e in answer.get_json()["errors"]] == ["holds_role"]
    assert tenant.api.post(f"{url}/revocation").status_code == 200
    link = {"membership_id": owner["membership_id"], "deliver": "link"}
    assert api.post("/v1/invitations", json=link).get_json()["code"] == "role_not_held"
    counts = api.post(f"/v1/cohorts/{here.cohort_id}/invitations").get_json()
    assert counts["with_roles"] == 1
    assert tenant.api.get(person).get_json()["email"] is None


def test_no_client_makes_owners_once_an_owner_has_joined(app, tenant):
    """Else an admin would make a client that makes her one."""
    someone = tenant.api.post("/v1/people", json={"name": "Colleague"}).get_json()["id"]
    grant = {"membership_id": someone, "role": "owner"}
    first = tenant.api.post("/v1/role-grants", json=grant)
    assert first.status_code == 201
    owner = holder(app, tenant.id, "owner", expires_at=None).api
    assert tenant.api.post("/v1/role-grants", json=grant).get_json()["code"] == "role_not_held"
    assert tenant.api.delete(first.headers["Location"]).get_json()["code"] == "role_not_held"
    link = {"membership_id": someone, "deliver": "link"}
    assert tenant.api.post("/v1/invitations", json=link).get_json()["code"] == "role_not_held"
    assert owner.post("/v1/invitations", json=link).status_code == 201
    assert owner.delete(first.headers["Location"]).status_code == 204


def test_a_roster_gives_no_address_to_whoever_holds_a_role_and_has_not_joined(tenant, here, finished):
    owner = membership_of(tenant, here.participants[0])
    tenant.api.post("/v1/role-grants", json={"membership_id": owner, "role": "owner"})
    file = b"person_id,name,email,award\nH0,Mine,mine@people.example,K99\n"
    sent = send_file(tenant.api, f"/v1/cohorts/{here.cohort_id}", file, mapping=MAPPING, mode="update")
    assert finished(tenant.api, sent)["counts"]["updated"] == 1
    after = tenant.api.get(f"/v1/participants/{here.participants[0]}").get_json()
    assert (after["email"], after["attributes"]["award"]) == (None, "K99")


def accept(app, tenant, database, link):
    """Join by a link; a client that acts for whoever one has become."""
    with database.tenant(tenant.id) as session:
        invitation = invitation_named(session, link.rpartition("/")[2])
        membership_id = joining.accept(session, invitation_id=invitation.id, who=subject())
        session.commit()
    return acting(app, tenant.id, membership_id)


def test_a_link_from_before_a_role_was_given_is_worth_nothing_after(app, tenant, database, manager, here):
    member = membership_of(tenant, here.participants[0])
    asked = {"membership_id": member, "deliver": "link"}
    link = manager.api.post("/v1/invitations", json=asked).get_json()["url"]
    grant = {"membership_id": member, "role": "owner"}
    assert tenant.api.post("/v1/role-grants", json=grant).status_code == 201
    with pytest.raises(NotFound):
        accept(app, tenant, database, link)
    [invitation] = every(tenant.api, f"/v1/invitations?membership_id={member}")
    assert invitation["state"] == "revoked"
    again = tenant.api.post("/v1/invitations", json=asked).get_json()["url"]
    assert accept(app, tenant, database, again).get("/v1/clients").status_code == 200


def test_whoever_is_more_than_she_reaches_she_neither_invites_nor_uninvites(tenant, manager, here):
    api, participant = manager.api, here.participants[0]
    assert edit(api, f"/v1/participants/{participant}", email="mine@people.example").status_code == 200
    member = membership_of(tenant, participant)
    tenant.api.post("/v1/role-grants", json={"membership_id": member, "role": "owner"})
    assert api.post("/v1/invitations", json={"membership_id": member}).status_code == 403
    counts = api.post(f"/v1/cohorts/{here.cohort_id}/invitations").get_json()
    assert (counts["invited"], counts["out_of_reach"]) == (0, 1)
    url = tenant.api.post("/v1/invitations", json={"membership_id": member}).headers["Location"]
    for act in ("letter", "link", "revocation"):
        assert api.post(f"{url}/{act}").status_code == 403, act


def test_an_invitation_is_to_a_cohort_that_she_reaches(tenant, manager, here, there):
    member = membership_of(tenant, here.participants[0])
    for cohort in (there.cohort_id, here.program_id):
        body = {"membership_id": member, "cohort_id": cohort, "deliver": "link"}
        answer = manager.api.post("/v1/invitations", json=body)
        assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [("/cohort_id", "unknown")]


def test_a_role_that_she_gives_brings_nobody_into_her_reach(tenant, manager, here, there):
    colleague = tenant.api.post("/v1/people", json={"name": "Colleague"}).get_json()["id"]
    for member in (membership_of(tenant, there.participants[0]), colleague):
        grant = {"membership_id": member, "role": "program_manager", "program_id": here.program_id}
        grant |= {"expires_at": "2090-01-01T00:00:00Z"}
        assert manager.api.post("/v1/role-grants", json=grant).status_code == 201
        assert manager.api.get(f"/v1/people/{member}").status_code == 404
        link = {"membership_id": member, "deliver": "link"}
        assert manager.api.post("/v1/invitations", json=link).status_code == 422


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_whoever_holds_a_role_for_a_time_gives_none_for_longer(app, tenant, role):
    held = holder(app, tenant.id, role, expires_at=now() + timedelta(hours=2))
    mine = {"membership_id": str(held.id), "role": role}
    later = {**mine, "expires_at": (now() + timedelta(hours=3)).isoformat()}
    sooner = {**mine, "expires_at": (now() + timedelta(hours=1)).isoformat()}
    for body in (mine, later):
        assert held.api.post("/v1/role-grants", json=body).get_json()["code"] == "role_not_held"
    assert held.api.post("/v1/role-grants", json=sooner).status_code == 201


def test_a_former_admins_client_does_not_make_her_one_again(app, tenant):
    holder(app, tenant.id, "owner", expires_at=None)
    admin = holder(app, tenant.id, "admin")
    answer = tenant.api.post("/v1/role-grants", json={"membership_id": str(admin.id), "role": "admin"})
    assert answer.get_json()["code"] == "role_not_held"


def test_what_is_recorded_of_somebody_who_is_elsewhere_too_is_not_hers_to_remove(
    tenant, manager, here, there
):
    person = shared(tenant, here, there)
    event = {"kind": "promotion", "date": "2024-05-01", "membership_id": person["membership_id"]}
    url = tenant.api.post("/v1/career-events", json=event).headers["Location"]
    tag = manager.api.get(url).headers["ETag"]
    assert manager.api.delete(url, headers={"If-Match": tag}).status_code == 403
    assert edit(manager.api, url, date="2024-06-01").status_code == 403
    assert manager.api.post("/v1/career-events", json={**event, "date": "2025-05-01"}).status_code == 201


def test_an_answer_is_not_repeated_to_whoever_reaches_less_by_now(tenant, manager, here, there):
    body, key = {"external_id": "Again"}, {"Idempotency-Key": "invented"}
    url = f"/v1/cohorts/{here.cohort_id}/participants"
    assert manager.api.post(url, json=body, headers=key).status_code == 201
    [grant] = every(tenant.api, f"/v1/role-grants?membership_id={manager.id}")
    other = {"membership_id": str(manager.id), "role": "program_manager", "program_id": there.program_id}
    assert tenant.api.post("/v1/role-grants", json=other).status_code == 201
    assert tenant.api.delete(f"/v1/role-grants/{grant['id']}").status_code == 204
    answer = manager.api.post(url, json=body, headers=key)
    assert answer.status_code == 422
    assert [e["code"] for e in answer.get_json()["errors"]] == ["key_reused"]


def test_two_roles_in_two_places_open_each_what_it_gives(app, tenant, database, here, there):
    member = holder(app, tenant.id, "program_manager", program_id=UUID(here.program_id))
    viewer = {"membership_id": str(member.id), "role": "facilitator", "program_id": there.program_id}
    assert tenant.api.post("/v1/role-grants", json=viewer).status_code == 201
    api = member.api
    assert {row["id"] for row in every(api, "/v1/programs")} == {here.program_id, there.program_id}
    assert api.get(f"/v1/cohorts/{there.cohort_id}/participants").status_code == 404
    assert api.get(f"/v1/cohorts/{here.cohort_id}/participants").status_code == 200
    assert edit(api, f"/v1/programs/{here.program_id}", name="Ours").status_code == 200
    tag = api.get(f"/v1/programs/{there.program_id}").headers["ETag"]
    answer = api.patch(f"/v1/programs/{there.program_id}", json={"name": "Mine"}, headers={"If-Match": tag})
    assert answer.status_code == 404


def test_a_new_program_is_nobodys_place(manager, tenant):
    made = program_to_match(tenant.api)
    assert manager.api.get(f"/v1/programs/{made}").status_code == 404
