"""The strict clients pass with a good server, and refuse what the forger tries on them."""

import pytest

from tests.identity.code_flow import CALLBACK
from tests.identity.forger import ABSENT, TOKEN, Forgery, start_forger
from tests.identity.forgeries import BAD_CALLBACKS, BAD_TOKENS, GOOD_TOKENS, NO_TOKENS
from tests.identity.providers import start_provider
from tests.identity.strict_clients import LIBRARIES, Refused, strict_client

PUBLIC = {
    "client_id": "public",
    "token_endpoint_auth_method": "none",
    "redirect_uris": [CALLBACK],
    "grant_types": ["authorization_code", "refresh_token"],
}

pytestmark = pytest.mark.parametrize("library", LIBRARIES)


@pytest.fixture(scope="module")
def provider():
    with start_provider(redirect_uris=[CALLBACK], clients=[PUBLIC]) as started:
        yield started


@pytest.fixture
def forger():
    with start_forger() as started:
        yield started


def client_of(forger, library):
    return strict_client(
        library,
        issuer=forger.issuer,
        client_id=forger.client_id,
        client_secret=forger.client_secret,
        redirect_uri=CALLBACK,
        scope="openid",
        algorithm="oidc",
    )


@pytest.mark.parametrize(("algorithm", "scope"), [("oauth2", "email"), ("oidc", "openid")])
@pytest.mark.parametrize("confidential", [True, False])
def test_strict_clients_go_the_whole_way(provider, library, confidential, algorithm, scope):
    known = (provider.client_id, provider.client_secret) if confidential else ("public", None)
    with strict_client(
        library,
        issuer=provider.issuer,
        client_id=known[0],
        client_secret=known[1],
        redirect_uri=CALLBACK,
        scope=scope,
        algorithm=algorithm,
    ) as client:
        tokens = client.exchange(provider.sign_in(client.authorization_url, login="alma"))
        assert ("id_token" in tokens) == (algorithm == "oidc")
        renewed = client.refresh(tokens["refresh_token"])
        assert renewed["access_token"] != tokens["access_token"]
        client.revoke(renewed["refresh_token"])
        with pytest.raises(Refused) as refusal:
            client.refresh(renewed["refresh_token"])
        assert refusal.value.error == "invalid_grant"


@pytest.mark.parametrize(
    "metadata", [{"issuer": "http://other.example"}, {"code_challenge_methods_supported": ABSENT}]
)
def test_strict_clients_refuse_bad_metadata(forger, library, metadata):
    forger.next = Forgery(metadata=metadata)
    with pytest.raises(Refused), client_of(forger, library):
        pass


def test_strict_clients_believe_good_tokens_only(forger, library):
    def believes(forgery):
        forger.next = forgery
        try:
            return client.exchange(forger.sign_in(client.authorization_url))
        except Refused:
            return None

    with client_of(forger, library) as client:
        assert [name for name, forgery in GOOD_TOKENS.items() if not believes(forgery)] == []
        assert [name for name, forgery in (BAD_TOKENS | NO_TOKENS).items() if believes(forgery)] == []


def test_strict_clients_redeem_no_code_of_a_bad_response(forger, library):
    with client_of(forger, library) as client:
        for forger.next in BAD_CALLBACKS.values():
            with pytest.raises(Refused):
                client.exchange(forger.sign_in(client.authorization_url))
    assert forger.seen(TOKEN) == []
