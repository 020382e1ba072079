"""Connections of a tenant: tried out, switched on, enforced; nobody locked out, nobody's identity taken."""

import re

import psycopg
import pytest

from tenants.access.models import Connection
from tenants.access.sign_in import SignedIn
from tenants.kernel.ids import new_id
from tenants.kernel.permissions import Role
from tests.factories.people import acting, connection_of, holder, joined, member_of
from tests.identity.browsers import Browser, audited
from tests.identity.providers import ACCOUNTS

WRITE_ONLY = "an-invented-secret-of-the-client"


def patched(tenant, connection, **changes):
    url = f"/v1/connections/{connection['id']}"
    return tenant.api.patch(url, json=changes, headers={"If-Match": tenant.api.get(url).headers["ETag"]})


def accepted(browser, link, university, login, name="Invented University"):
    """Join by an invitation, signed in through the tenant's own connection."""
    done = browser.submit(browser.confirming(link, university, login, name=name))
    assert done.status_code == 303, done.text


@pytest.fixture
def subject(university):
    """An account at the university that no other test uses."""
    name = f"member-{new_id().hex}"

    def account(**claims):
        university.change(accounts={**ACCOUNTS, name: claims})
        return name

    return account


def test_a_draft_lets_nobody_in_until_somebody_has_tried_it(
    browser, connected, university, tenant, slug, invited, subject
):
    draft = connected("draft")
    assert draft["state"] == "draft"
    assert "Invented University" not in browser.get(f"/sign-in/{slug}").text
    assert browser.get(f"/sign-in/{slug}/{draft['id']}").status_code == 404
    refused = patched(tenant, draft, state="on")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_tested")
    url = tenant.api.post(f"/v1/connections/{draft['id']}/tests").get_json()["url"]
    page = browser.sign_in(url, university, subject())
    assert (page.status_code, browser.cookie()) == (200, None), "a test opens no session"
    tested = tenant.api.get(f"/v1/connections/{draft['id']}").get_json()
    assert tested["state"] == "tested"
    assert tested["tested_at"] is not None
    assert patched(tenant, draft, state="on").get_json()["state"] == "on"
    accepted(browser, invited()[1], university, subject())
    assert browser.get("/account").status_code == 200


def test_a_test_is_of_the_connection_as_it_is(browser, connected, university, tenant, subject):
    draft = connected("draft")
    url = tenant.api.post(f"/v1/connections/{draft['id']}/tests").get_json()["url"]
    begun = browser.get(url)
    assert patched(tenant, draft, client_id="another").status_code == 200
    assert browser.get(url).status_code == 404
    assert browser.get(browser.at_provider(begun, university, subject())).status_code == 404
    assert tenant.api.get(f"/v1/connections/{draft['id']}").get_json()["state"] == "draft"


@pytest.mark.parametrize("trial", ["x", "", "WyJ4IiwxXQ.x.y"])
def test_a_forged_test_is_unknown(browser, connected, slug, trial):
    draft = connected("draft")
    assert browser.get(f"/sign-in/{slug}/{draft['id']}?trial={trial}").status_code == 404


def test_what_decides_who_is_let_in_is_not_changed_in_use(connected, tenant):
    on = connected()
    for changes in (
        {"issuer": "https://other.example"},
        {"client_id": "x"},
        {"rules": {"allowed_idps": ["x"]}},
    ):
        refused = patched(tenant, on, **changes)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "in_use")
    assert patched(tenant, on, name="Renamed", client_secret="another").get_json()["state"] == "on"
    assert patched(tenant, on, state="off").get_json()["state"] == "off"
    assert patched(tenant, on, client_id="x").get_json()["state"] == "draft"


def test_a_connections_secret_is_shown_nowhere_and_kept_encrypted(connected, tenant, servers):
    on = connected()
    assert "client_secret" not in on
    assert WRITE_ONLY not in tenant.api.get("/v1/connections").text
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        row = superuser.execute(
            "SELECT c::text, client_secret FROM connection c WHERE id = %s", [on["id"]]
        ).fetchone()
    assert WRITE_ONLY not in row[0]
    assert WRITE_ONLY.encode() not in row[1]
    assert len(row[1]) > len(WRITE_ONLY)


@pytest.mark.parametrize(
    ("rules", "claims", "let_in"),
    [
        ({"allowed_idps": ["https://idp.example"]}, {"idp": "https://idp.example"}, True),
        ({"allowed_idps": ["https://idp.example"]}, {"idp": "https://other.example"}, False),
        ({"allowed_idps": ["https://idp.example"]}, {}, False),
        ({"allowed_eppn_scopes": ["amberbay.example"]}, {"eppn": "alma@AMBERBAY.example"}, True),
        ({"allowed_eppn_scopes": ["amberbay.example"]}, {"eppn": "alma@evil-amberbay.example"}, False),
        ({"allowed_eppn_scopes": ["amberbay.example"]}, {"eppn": "alma@amberbay.example@evil.example"}, False),
        ({"allowed_eppn_scopes": ["amberbay.example"]}, {"eppn": "amberbay.example"}, False),
        ({"allowed_eppn_scopes": ["amberbay.example"]}, {"eppn": "@amberbay.example"}, False),
        ({"allowed_eppn_scopes": ["amberbay.example"]}, {}, False),
        ({"allowed_idps": ["https://idp.example"], "allowed_eppn_scopes": ["a.example"]},
         {"idp": "https://idp.example", "eppn": "x@b.example"}, False),
    ],
)  # fmt: skip
def test_rules_let_in_whom_they_name(
    browser, connected, university, tenant, invited, subject, database, rules, claims, let_in
):
    connection = connected(rules=rules, scopes=["openid", "org.cilogon.userinfo"])
    back = browser.sign_in(
        browser.choices(browser.get(invited()[1]))[connection["name"]], university, subject(**claims)
    )
    assert back.status_code == (303 if let_in else 403)
    refused = [changed for _, changed, _ in audited(database, tenant.id, "session.refused")]
    assert refused == ([] if let_in else [["not_let_in"]])


def test_claims_give_roles_and_take_them_away(browser, connected, university, tenant, invited, subject, slug):
    rules = {"roles": [{"claim": "groups", "value": "managers", "role": "program_manager"}]}
    connection = connected(rules=rules, scopes=["openid", "groups"])
    membership_id, link = invited()
    accepted(browser, link, university, subject(groups=["managers", "others"]))

    def held():
        listed = tenant.api.get(f"/v1/role-grants?membership_id={membership_id}").get_json()["items"]
        return [(each["role"], each["connection_id"]) for each in listed]

    assert held() == [("program_manager", connection["id"])]
    tenant.api.post("/v1/role-grants", json={"membership_id": membership_id, "role": "facilitator"})
    browser.sign_in(f"/sign-in/{slug}/{connection['id']}", university, subject(groups=["others"]))
    assert held() == [("facilitator", None)], "what a person gave stays"


def test_no_provider_makes_owners(tenant, university):
    for role in ("owner", "auditor"):
        made = tenant.api.post("/v1/connections", json={
            "name": "x", "issuer": university.issuer, "client_id": "x", "client_secret": "x",
            "rules": {"roles": [{"claim": "groups", "value": "x", "role": role}]},
        })  # fmt: skip
        assert made.status_code == 422
        assert made.get_json()["errors"][0]["pointer"] == "/rules/roles/0/role"


def test_an_address_links_nobody(app, connected, university, tenant, invited, subject, database):
    """Takeover: a second connection of the tenant's says of somebody that she has the first one's address."""
    first = connected()
    membership_id, link = invited()
    accepted(Browser(app), link, university, subject(email="alma@amberbay.example", email_verified=True))
    second = tenant.api.post("/v1/connections", json={
        "name": "Second", "issuer": university.issuer, "client_id": university.client_id,
        "client_secret": university.client_secret,
    }).get_json()  # fmt: skip
    university.register(second["redirect_uri"])
    with database.tenant(tenant.id) as session:
        session.connection().exec_driver_sql("UPDATE connection SET state = 'on'")
        session.commit()
    thief = Browser(app)
    name = subject(email="alma@amberbay.example", email_verified=True)
    for connection in (second,):
        slug = tenant.api.get("/v1/tenant").get_json()["slug"]
        refused = thief.sign_in(f"/sign-in/{slug}/{connection['id']}", university, name)
        assert (refused.status_code, thief.cookie()) == (403, None), (
            "even the same subject is another identity"
        )
    assert tenant.api.get(f"/v1/people/{membership_id}").get_json()["joined"]
    assert first["id"] != second["id"]


def test_a_provider_of_one_tenant_asserts_nobody_of_another(
    app, connected, university, new_tenant, invited, subject, database
):
    own = connected()
    accepted(Browser(app), invited()[1], university, name := subject())
    other = new_tenant()
    theirs = other.api.post("/v1/connections", json={
        "name": "Same", "issuer": university.issuer, "client_id": university.client_id,
        "client_secret": university.client_secret,
    }).get_json()  # fmt: skip
    university.register(theirs["redirect_uri"])
    with database.tenant(other.id) as session:
        session.connection().exec_driver_sql("UPDATE connection SET state = 'on'")
        session.commit()
    slug = other.api.get("/v1/tenant").get_json()["slug"]
    stranger = Browser(app)
    assert stranger.sign_in(f"/sign-in/{slug}/{theirs['id']}", university, name).status_code == 403
    assert stranger.get(f"/sign-in/{slug}/{own['id']}").status_code == 404


def test_the_last_owner_is_never_locked_out(app, connected, tenant, database, university, invited, subject):
    membership_id, link = invited()
    connection = connected()
    accepted(Browser(app), link, university, subject())
    tenant.api.post("/v1/role-grants", json={"membership_id": membership_id, "role": "owner"})
    refused = patched(tenant, connection, state="off")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "last_owner")
    assert patched(tenant, connection, state="enforced").status_code == 200, "its owner signs in through it"
    refused = patched(tenant, connection, state="off")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "last_owner")
    other, _ = joined(database, tenant.id, roles=(Role.OWNER,))
    assert patched(tenant, connection, state="off").status_code == 200, "another owner signs in as herself"
    [grant] = tenant.api.get(f"/v1/role-grants?membership_id={other}").get_json()["items"]
    kept = acting(app, tenant.id, other).delete(f"/v1/role-grants/{grant['id']}")
    assert (kept.status_code, kept.get_json()["code"]) == (409, "last_owner"), "who remains cannot sign in"


def test_a_role_by_claims_goes_with_its_connection(app, tenant, database):
    connection_id = connection_of(database, tenant.id)
    member = holder(app, tenant.id, "admin", connection_id=connection_id)
    assert member.api.get("/v1/clients").status_code == 200
    with database.tenant(tenant.id) as session:
        session.get_one(Connection, (tenant.id, connection_id)).state = "off"
        session.commit()
    assert member.api.get("/v1/clients").status_code == 404


def test_nothing_is_enforced_that_no_owner_can_use(connected, tenant, database):
    connection = connected()
    joined(database, tenant.id, roles=(Role.OWNER,))
    refused = patched(tenant, connection, state="enforced")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "last_owner")
    assert tenant.api.get(f"/v1/connections/{connection['id']}").get_json()["state"] == "on"


def test_what_is_enforced_is_the_only_way_to_roles_and_not_to_oneself(app, connected, tenant, database):
    connection = connected()
    manager = member_of(app, tenant.id, Role.PROGRAM_MANAGER)
    through = acting(app, tenant.id, manager.id, connection_id=connection["id"])
    assert [api.get("/v1/programs").status_code for api in (manager.api, through)] == [200, 200]
    with database.tenant(tenant.id) as session:
        session.connection().exec_driver_sql("UPDATE connection SET state = 'enforced'")
        session.commit()
    assert [api.get("/v1/programs").status_code for api in (manager.api, through)] == [404, 200]
    assert [api.get("/v1/me").status_code for api in (manager.api, through)] == [200, 200]


def test_with_a_connection_goes_what_was_done_through_it(
    app, browser, connected, tenant, university, invited, subject
):
    connection = connected()
    membership_id, link = invited()
    accepted(browser, link, university, subject())
    through = acting(app, tenant.id, membership_id, connection_id=connection["id"])
    assert through.get("/v1/me").get_json()["personal"] is False
    assert patched(tenant, connection, state="off").status_code == 200
    assert through.get("/v1/me").status_code == 401
    assert browser.get("/account").status_code == 401


def test_memberships_elsewhere_are_shown_to_herself_only(app, tenant, new_tenant, database, connected):
    _, who = joined(database, tenant.id)
    other = new_tenant()
    membership_id, _ = joined(database, other.id, who=who)
    as_herself = acting(app, other.id, membership_id)
    assert {each["tenant_id"] for each in as_herself.get("/v1/me").get_json()["memberships"]} == {
        str(tenant.id), str(other.id),
    }  # fmt: skip
    through = acting(app, other.id, membership_id, connection_id=connection_of(database, other.id))
    assert [each["tenant_id"] for each in through.get("/v1/me").get_json()["memberships"]] == [str(other.id)]


def test_a_personal_sign_in_is_offered_and_is_hers_alone(
    app, browser, connected, university, platform, login, tenant, invited, subject, slug
):
    connected()
    membership_id, link = invited()
    name = subject()
    accepted(browser, link, university, name)
    page = browser.get("/account")
    assert "Add a personal sign-in" in page.text
    assert 'name="groups"' not in page.text
    token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)[1]
    locking = browser.ours.post("/account/groups", data={"groups": "lock", "csrf_token": token})
    assert locking.status_code == 403
    assert "Sign in as yourself" in locking.text
    offer = browser.choices(page)["Add a personal sign-in"]
    for forged in ("", "=", "=" + "0" * 64):
        assert browser.get(f"/sign-in/{slug}/personal?link{forged}").status_code == 403
    assert browser.sign_in(offer, platform, login).headers["Location"] == "/account"
    assert "Add a personal sign-in" not in browser.get("/account").text
    own = Browser(app)
    own.sign_in(f"/sign-in/{slug}/personal", platform, login)
    assert "You are Alma Ashbourne" in own.get("/account").text
    # Her employer's identity administrator, who enters as her through the university, cannot add himself.
    administrator = Browser(app)
    administrator.sign_in(f"/sign-in/{slug}/{connected_id(tenant)}", university, name)
    platform.change(accounts={**ACCOUNTS, login: {}, "administrator": {}})
    token = re.search(r'name="csrf_token" value="([^"]*)"', administrator.get("/account").text)[1]
    refused = administrator.sign_in(f"/sign-in/{slug}/personal?link={token}", platform, "administrator")
    assert refused.status_code == 409
    assert membership_id


def connected_id(tenant):
    return tenant.api.get("/v1/connections").get_json()["items"][0]["id"]


def test_somebody_known_here_turns_out_to_be_a_person_known_elsewhere(
    app, browser, connected, university, platform, login, new_tenant, invited, subject, database
):
    """She signs in as herself at one tenant already, and adds that to what another tenant knows of her."""
    elsewhere = new_tenant()
    known, _ = joined(database, elsewhere.id, who=SignedIn(None, platform.issuer, login))
    connected()
    accepted(browser, invited()[1], university, subject())
    offer = browser.choices(browser.get("/account"))["Add a personal sign-in"]
    assert browser.sign_in(offer, platform, login).status_code == 303
    assert len(acting(app, elsewhere.id, known).get("/v1/me").get_json()["memberships"]) == 2
