"""What providers of others may answer: whatever breaks a rule opens no session, and is audited."""

import time
from urllib.parse import parse_qsl, urlsplit

import pytest

from api.auth.oidc import Provider, Providers, Secrets, SignInRefused
from tenants.kernel import outgoing as kernel_outgoing
from tenants.kernel.outgoing import Outgoing
from tests.identity import forger as hostile
from tests.identity.browsers import Browser, audited
from tests.identity.forger import ABSENT, Forgery, Reply, endless, start_forger
from tests.identity.forgeries import BAD_CALLBACKS, BAD_TOKENS, DUBIOUS_TOKENS, GOOD_TOKENS, NO_TOKENS

CALLBACK = "http://127.0.0.1:1/callback"


@pytest.fixture(scope="module")
def started():
    with start_forger() as forger:
        yield forger


@pytest.fixture
def forger(started):
    started.next = Forgery()
    started.requests.clear()
    return started


@pytest.fixture
def connection(tenant, forger, database):
    """A connection to the forger, switched on; and its choice at the tenant's page to sign in."""
    made = tenant.api.post("/v1/connections", json={
        "name": "Forger", "issuer": forger.issuer, "client_id": forger.client_id,
        "client_secret": forger.client_secret,
    }).get_json()  # fmt: skip
    with database.tenant(tenant.id) as session:
        session.connection().exec_driver_sql("UPDATE connection SET state = 'on'")
        session.commit()
    return made


def tried(browser, slug, connection, forger, forgery):
    """A sign-in at the forger: our answer to what it sends back."""
    begun = browser.get(f"/sign-in/{slug}/{connection['id']}")
    assert begun.status_code == 303, begun.text
    forger.next = forgery
    return browser.get(forger.sign_in(begun.headers["Location"]))


def claims_of(forger, forgery, *, providers=None, clock=None):
    """What our client makes of a whole sign-in, without pages."""
    providers = providers or Providers(Outgoing(allow_private=True, seconds=0.5))
    provider = Provider(forger.issuer, forger.client_id, forger.client_secret, CALLBACK)
    secrets = Secrets("a-state", "a-browser")
    forger.next = forgery
    url = providers.authorization_url(provider, secrets)
    back = dict(parse_qsl(urlsplit(forger.sign_in(url)).query))
    return providers.claims(provider, secrets, back)


@pytest.mark.parametrize("name", {**BAD_TOKENS, **DUBIOUS_TOKENS, **NO_TOKENS})
def test_a_token_that_breaks_a_rule_names_nobody(forger, name):
    with pytest.raises(SignInRefused):
        claims_of(forger, {**BAD_TOKENS, **DUBIOUS_TOKENS, **NO_TOKENS}[name])
    assert len(forger.seen(hostile.TOKEN)) == 1


@pytest.mark.parametrize("name", GOOD_TOKENS)
def test_an_unusual_token_that_breaks_none_names_somebody(forger, name):
    assert claims_of(forger, GOOD_TOKENS[name])["sub"]


@pytest.mark.parametrize(("clock", "good"), [(-3600 + 60 - 110, True), (110, True), (150, False)])
def test_clocks_may_differ_by_two_minutes(forger, clock, good):
    if good:
        assert claims_of(forger, Forgery(clock=clock if clock > 0 else 0))["sub"]
    else:
        with pytest.raises(SignInRefused):
            claims_of(forger, Forgery(clock=clock))


@pytest.mark.parametrize("name", BAD_CALLBACKS)
def test_an_answer_that_may_be_anothers_shows_its_code_to_nobody(browser, slug, connection, forger, name):
    answer = tried(browser, slug, connection, forger, BAD_CALLBACKS[name])
    assert (answer.status_code, answer.mimetype) == (403, "text/html")
    assert forger.seen(hostile.TOKEN) == []
    assert browser.cookie() is None


def test_the_request_is_tied_to_the_browser_by_pkce_nonce_and_its_own_address(
    browser, slug, connection, forger
):
    tried(browser, slug, connection, forger, Forgery())
    asked = forger.seen(hostile.AUTHORIZATION)[0].query
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == connection["redirect_uri"]
    assert {"nonce", "state", "code_challenge"} <= asked.keys()
    redeemed = forger.seen(hostile.TOKEN)[0]
    assert redeemed.credentials == (forger.client_id, forger.client_secret)
    assert redeemed.form["redirect_uri"] == connection["redirect_uri"]
    assert len(redeemed.form["code_verifier"]) >= 43


def test_a_refused_sign_in_is_audited_by_its_rule_and_names_nobody(
    browser, slug, connection, forger, tenant, database
):
    tried(browser, slug, connection, forger, BAD_TOKENS["another nonce"])
    ((subject, changed, actor),) = audited(database, tenant.id, "session.refused")
    assert (str(subject), changed, actor) == (connection["id"], ["bad_id_token"], None)


def test_new_keys_are_fetched_when_a_token_names_one(forger, monkeypatch):
    providers = Providers(Outgoing(allow_private=True))
    assert claims_of(forger, Forgery(), providers=providers)["sub"]
    forger.rotate_keys()
    with pytest.raises(SignInRefused):
        claims_of(forger, Forgery(), providers=providers)  # too soon after the last look
    now = time.monotonic()
    monkeypatch.setattr("api.auth.oidc.time.monotonic", lambda: now + 11)
    assert claims_of(forger, Forgery(), providers=providers)["sub"]
    before = len(forger.seen(hostile.KEYS))
    with pytest.raises(SignInRefused):
        claims_of(forger, BAD_TOKENS["an unknown key's name"], providers=providers)
    assert len(forger.seen(hostile.KEYS)) == before, "nobody makes us ask again and again"


@pytest.mark.parametrize(
    "forgery",
    [
        Forgery(metadata={"issuer": "http://other.example"}),
        Forgery(metadata={"issuer": ABSENT}),
        Forgery(metadata={"token_endpoint": ABSENT}),
        Forgery(metadata={"jwks_uri": "file:///etc/passwd"}),
        Forgery(metadata={"authorization_endpoint": "javascript:alert(1)"}),
        Forgery(replies={hostile.DISCOVERY: Reply(b"<html>", 200)}),
        Forgery(replies={hostile.DISCOVERY: Reply(b"[]", 200)}),
        Forgery(replies={hostile.DISCOVERY: Reply(b"{}", 500)}),
        Forgery(replies={hostile.DISCOVERY: Reply(b"", 302, {"Location": "http://127.0.0.1:1/"})}),
        Forgery(replies={hostile.DISCOVERY: Reply(endless, 200)}),
    ],
)
def test_a_provider_that_does_not_describe_itself_is_not_asked(forger, forgery):
    with pytest.raises(SignInRefused):
        claims_of(forger, forgery)
    assert forger.seen(hostile.TOKEN) == []


def test_a_provider_that_is_silent_is_not_waited_for(forger):
    began = time.monotonic()
    with pytest.raises(SignInRefused):
        claims_of(forger, Forgery(replies={hostile.DISCOVERY: Reply(forger.silence, 200)}))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "reply",
    [Reply(b'{"error": "invalid_grant"}', 400), Reply(b"nothing", 200), Reply(b"[]", 200), Reply(b"", 302)],
)
def test_a_code_that_is_not_taken_back_opens_nothing(forger, reply):
    with pytest.raises(SignInRefused):
        claims_of(forger, Forgery(replies={hostile.TOKEN: reply}))


def test_user_info_of_somebody_else_is_refused(forger):
    with pytest.raises(SignInRefused):
        claims_of(forger, Forgery(userinfo={"sub": "somebody-else"}))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/", "https://10.0.0.1/",
        "https://2130706433/", "https://0x7f.1/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
        "https://0.0.0.0/", "https://192.168.1.1/", "https://[fe80::1]/", "https://[fd00::1]/", "http://example.org/",
        "https://user@example.org/", "ftp://example.org/", "https://", "https://224.0.0.1/", "https://100.64.0.1/",
    ],
)  # fmt: skip
def test_no_address_inside_is_ever_asked(url):
    with pytest.raises(kernel_outgoing.Unreachable):
        Outgoing(seconds=0.5).get(url)


def test_a_name_is_looked_at_where_it_leads(monkeypatch):
    """A name of the attacker's that leads inside, at whatever moment it is asked (DNS rebinding)."""
    asked = []

    def resolve(host, port, **_):
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(kernel_outgoing.socket, "getaddrinfo", resolve)
    with pytest.raises(kernel_outgoing.Unreachable):
        Outgoing().get("https://rebinding.example/")
    assert asked == ["rebinding.example"]


def test_two_providers_that_know_us_by_one_name_are_not_mixed_up(
    app, tenant, slug, platform, login, connected, database
):
    """Mix-up: she begins at one provider, and the other answers where the first would."""
    own = connected()
    browser = Browser(app)
    begun = browser.get(f"/sign-in/{slug}/{own['id']}")
    theirs = browser.get(f"/sign-in/{slug}/personal")
    mixed = browser.at_provider(theirs, platform, login)
    parts = urlsplit(mixed)
    query = dict(parse_qsl(parts.query))
    own_state = dict(parse_qsl(urlsplit(begun.headers["Location"]).query))["state"]
    assert platform.client_id == dict(parse_qsl(urlsplit(begun.headers["Location"]).query))["client_id"]
    path = urlsplit(own["redirect_uri"]).path
    for state in (query["state"], own_state):
        answer = browser.ours.get(path, query_string={**query, "state": state})
        assert answer.status_code == 403
        assert browser.cookie() is None
