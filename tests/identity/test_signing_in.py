"""Signing in with a provider that somebody else wrote, as the person of a membership and as nobody else."""

import re

import pytest

from tests.factories.people import acting
from tests.identity.browsers import SESSION, SIGN_IN, Browser, audited, local
from tests.identity.providers import ACCOUNTS


@pytest.fixture
def joined(browser, invited, platform, login):
    """Somebody who has accepted an invitation, signed in as herself; her membership."""
    membership_id, link = invited()
    confirm = browser.confirming(link, platform, login)
    assert "Alma Ashbourne" in confirm.text
    done = browser.submit(confirm)
    assert (done.status_code, done.headers["Location"]) == (303, "/account"), done.text
    return membership_id


def test_an_invitation_leads_to_signing_in_and_to_membership(browser, joined, tenant):
    page = browser.get("/account")
    assert page.status_code == 200
    assert "You are Alma Ashbourne" in page.text
    assert tenant.api.get(f"/v1/people/{joined}").get_json()["joined"] is True
    listed = tenant.api.get(f"/v1/invitations?membership_id={joined}").get_json()["items"]
    assert [each["state"] for each in listed] == ["accepted"]


def test_who_joined_comes_back_by_signing_in(app, joined, platform, login, slug):
    other = Browser(app)
    choice = other.choices(other.get(f"/sign-in/{slug}"))["ORCID"]
    back = other.sign_in(choice, platform, login)
    assert (back.status_code, back.headers["Location"]) == (303, "/account")
    assert "You are Alma Ashbourne" in other.get("/account").text


def test_who_is_no_member_is_not_let_in(browser, platform, login, slug, tenant, database):
    refused = browser.sign_in(browser.choices(browser.get(f"/sign-in/{slug}"))["ORCID"], platform, login)
    assert refused.status_code == 403
    assert browser.cookie() is None
    assert audited(database, tenant.id, "session.refused") == [(None, ["not_a_member"], None)]


def test_cookies_are_for_this_host_https_and_no_script(browser, joined, slug):
    for url in (f"/sign-in/{slug}/personal",):
        answer = browser.get(url)
        for cookie in answer.headers.getlist("Set-Cookie"):
            assert cookie.startswith(SIGN_IN)
            assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
            assert "Domain" not in cookie
    assert SESSION.startswith("__Host-")


def test_the_session_is_another_after_every_sign_in(browser, joined, platform, login, slug):
    before = browser.cookie()
    browser.sign_in(f"/sign-in/{slug}/personal", platform, login)
    after = browser.cookie()
    assert before != after
    browser.ours.set_cookie(SESSION, before, domain="localhost")
    assert browser.get("/account").status_code == 401


def test_a_session_that_somebody_planted_is_not_taken_over(app, browser, invited, platform, login, slug):
    """Fixation: the attacker's own session is in her browser when she signs in."""
    _, link = invited()
    planted = "plw_" + "0" * 32 + "_" + "a" * 64
    browser.ours.set_cookie(SESSION, planted, domain="localhost")
    confirm = browser.confirming(link, platform, login)
    unbound = browser.cookie()
    assert unbound != planted
    browser.submit(confirm)
    assert browser.cookie() not in (planted, unbound)
    thief = Browser(app)
    thief.ours.set_cookie(SESSION, unbound, domain="localhost")
    assert thief.get("/account").status_code == 401


def test_the_answer_is_good_in_the_browser_that_asked_only(app, browser, joined, platform, login, slug):
    answer = browser.at_provider(browser.get(f"/sign-in/{slug}/personal"), platform, login)
    victim = Browser(app)
    assert victim.get(answer).status_code == 403
    victim.get(f"/sign-in/{slug}/personal")
    assert victim.get(answer).status_code == 403
    assert victim.cookie() is None
    assert browser.get(answer).status_code == 303
    assert browser.get(answer).status_code == 403, "an answer is taken once"


@pytest.mark.parametrize(
    "where",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/v1/tenant",
        "/oauth/authorize?x\r\ny",
        "",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(browser, joined, platform, login, slug, where):
    from urllib.parse import quote

    back = browser.sign_in(f"/sign-in/{slug}/personal?return_to={quote(where)}", platform, login)
    assert back.headers["Location"] == "/account"


def test_an_invitation_serves_once_and_binds_nobody_else(app, browser, invited, platform, login, tenant):
    membership_id, link = invited()
    confirm = browser.confirming(link, platform, login)
    second = Browser(app)
    platform.change(accounts={**ACCOUNTS, "second": {}, login: {}})
    late = second.confirming(link, platform, "second")
    assert browser.submit(confirm).status_code == 303
    assert second.submit(late).status_code == 409
    assert second.get("/account").status_code == 401
    assert browser.get(link).status_code == 404
    again = tenant.api.post("/v1/invitations", json={"membership_id": membership_id, "deliver": "link"})
    assert (again.status_code, again.get_json()["code"]) == (409, "already_bound")


def test_one_person_is_one_member_of_a_tenant(browser, joined, invited, platform, login):
    _, link = invited("Somebody Else")
    back = browser.sign_in(browser.choices(browser.get(link))["ORCID"], platform, login)
    assert back.headers["Location"] != "/sign-in/acceptance", "she is a member already"


def test_declining_needs_no_signing_in_and_ends_the_link(browser, invited, tenant):
    membership_id, link = invited()
    assert browser.submit(browser.get(link)).status_code == 200
    assert browser.get(link).status_code == 404
    listed = tenant.api.get(f"/v1/invitations?membership_id={membership_id}").get_json()["items"]
    assert [each["state"] for each in listed] == ["declined"]


def test_what_she_calls_herself_outranks_the_roster(browser, invited, platform, login, tenant):
    membership_id, link = invited()
    confirm = browser.confirming(link, platform, login)
    browser.submit(confirm, name="Alma of Amberbay", email="own@alma.example")
    shown = tenant.api.get(f"/v1/people/{membership_id}").get_json()
    assert (shown["name"], shown["email"]) == ("Alma of Amberbay", "own@alma.example")
    tag = tenant.api.get(f"/v1/people/{membership_id}").headers["ETag"]
    tenant.api.patch(
        f"/v1/people/{membership_id}", json={"name": "As the roster says"}, headers={"If-Match": tag}
    )
    assert tenant.api.get(f"/v1/people/{membership_id}").get_json()["name"] == "Alma of Amberbay"


def test_a_broken_address_is_refused_and_joins_nobody(browser, invited, platform, login, tenant):
    membership_id, link = invited()
    confirm = browser.confirming(link, platform, login)
    assert browser.submit(confirm, email="no address").status_code == 422
    assert tenant.api.get(f"/v1/people/{membership_id}").get_json()["joined"] is False


def test_forms_of_other_pages_change_nothing(browser, joined):
    for url, form in (
        ("/sign-in/end", {"where": "everywhere"}),
        ("/sign-in/acceptance", {}),
        ("/account/groups", {"groups": "lock"}),
    ):
        assert browser.ours.post(url, data=form).status_code == 403
        assert browser.ours.post(url, data={**form, "csrf_token": "0" * 64}).status_code == 403
    assert browser.get("/account").status_code == 200


def test_she_locks_her_groups_and_opens_them_on_her_page(app, browser, joined, tenant):
    mine = acting(app, tenant.id, joined)
    for word, locked in (("lock", True), ("open", False)):
        page = browser.get("/account")
        assert f'value="{word}"' in page.text
        assert browser.submit(page, groups=word).headers["Location"] == "/account"
        assert mine.get("/v1/me").get_json()["groups_locked"] is locked
    assert Browser(app).ours.post("/account/groups", data={"groups": "lock"}).status_code == 401


def test_signing_out_ends_the_session_and_goes_to_the_provider(browser, joined, platform):
    token = browser.cookie()
    gone = browser.submit(browser.get("/account"), where="here")
    assert gone.headers["Location"].startswith(platform.issuer)
    assert browser.cookie() is None
    browser.ours.set_cookie(SESSION, token, domain="localhost")
    assert browser.get("/account").status_code == 401


def test_signing_out_everywhere_ends_every_browser(app, browser, joined, platform, login, slug):
    other = Browser(app)
    other.sign_in(f"/sign-in/{slug}/personal", platform, login)
    assert other.get("/account").status_code == 200
    browser.submit(browser.get("/account"), where="everywhere")
    assert other.get("/account").status_code == 401


def test_a_suspended_tenant_lets_nobody_in(browser, joined, platform, login, slug, tenant, servers):
    import psycopg

    begun = browser.get(f"/sign-in/{slug}/personal")
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as superuser:
        superuser.execute("UPDATE tenant SET state = 'suspended' WHERE id = %s", [tenant.id])
    assert browser.get(browser.at_provider(begun, platform, login)).status_code == 403
    assert browser.get("/account").status_code == 403
    assert browser.get(f"/sign-in/{slug}").status_code == 404


def test_a_sign_in_opens_one_tenant_only(browser, joined, new_tenant, platform, login):
    """Switching signs in again, under the other tenant's rule, and there she is no member."""
    other = new_tenant().api.get("/v1/tenant").get_json()["slug"]
    assert browser.sign_in(f"/sign-in/{other}/personal", platform, login).status_code == 403


def test_pages_are_closed_to_frames_and_scripts(browser, slug):
    page = browser.get(f"/sign-in/{slug}")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert "<script" not in page.text


def test_names_are_shown_and_not_run(browser, invited):
    _, link = invited("<script>alert(1)</script>")
    assert "<script>" not in browser.get(link).text


def test_unknown_links_and_tenants_are_pages_that_say_so(browser, tenant):
    for url in ("/invitations/x", f"/invitations/pli_{tenant.id.hex}_{'0' * 64}", "/sign-in/no-such-tenant"):
        answer = browser.get(url)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), url
    assert re.search("not", browser.get("/account").text)
    assert local("http://x/y?z") == "/y?z"
