"""The providers do what the tests of sign-in take for granted."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests
from joserfc.errors import InvalidKeyIdError

from tests.conftest import eventually
from tests.identity.code_flow import CALLBACK, NONCE, STATE, answered, asking, redeem, verified
from tests.identity.providers import ACCOUNTS, Browser, start_provider

ROOT = Path(__file__).parents[2]
STARTER = """
import time
from tests.identity.providers import start_provider
with start_provider() as provider:
    print(provider.issuer, flush=True)
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def provider():
    with start_provider(redirect_uris=[CALLBACK]) as started:
        yield started


def claims_of(provider, login, **changes):
    """The claims of the ID token that a whole sign-in brings."""
    callback = answered(provider.sign_in(asking(provider, **changes), login=login))
    assert (callback["state"], callback["iss"]) == (STATE, provider.issuer)
    return verified(redeem(provider, callback["code"]).json()["id_token"], provider.keys()).claims


def serves(issuer):
    with Browser() as browser:
        try:
            return browser.get(f"{issuer}/jwks", timeout=30).ok
        except requests.ConnectionError:
            return False


@pytest.mark.parametrize("login", ACCOUNTS)
def test_a_person_signs_in_with_the_claims_of_the_account(provider, login):
    expected = {"sub": login, **ACCOUNTS[login], "iss": provider.issuer, "aud": "peerloom", "nonce": NONCE}
    claims = claims_of(provider, login)
    assert {name: claims[name] for name in expected} == expected


def test_a_scope_that_is_not_asked_for_brings_no_claims(provider):
    assert not {"name", "email", "eppn", "groups"} & set(claims_of(provider, "alma", scope="openid"))


def test_the_provider_announces_what_a_careful_client_needs(provider):
    metadata = provider.metadata()
    assert metadata["issuer"] == provider.issuer
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["end_session_endpoint"].startswith(provider.issuer)


def test_the_provider_gives_no_code_without_pkce(provider):
    url = asking(provider, code_challenge=None, code_challenge_method=None)
    assert answered(provider.sign_in(url, login="alma"))["error"] == "invalid_request"


def test_a_person_may_decline(provider):
    callback = answered(provider.decline(asking(provider)))
    assert (callback["error"], callback["iss"]) == ("access_denied", provider.issuer)


def test_an_address_of_ours_is_registered_while_the_provider_runs(provider):
    later = "http://127.0.0.1:1/later"
    with pytest.raises(AssertionError, match="redirect_uri"):
        provider.sign_in(asking(provider, redirect_uri=later), login="alma")
    provider.register(later)
    assert provider.sign_in(asking(provider, redirect_uri=later), login="alma").startswith(f"{later}?code=")


def test_a_browser_stays_signed_in_until_it_signs_out(provider):
    after = "http://127.0.0.1:1/signed-out"
    provider.register(logout=[after])
    silent = asking(provider, prompt="none")
    with Browser() as browser:
        provider.sign_in(asking(provider), login="alma", browser=browser)
        assert "code" in answered(provider.sign_in(silent, login="bora", browser=browser))
        leaving = urlencode({"client_id": provider.client_id, "post_logout_redirect_uri": after})
        end = provider.metadata()["end_session_endpoint"]
        assert provider.sign_out(f"{end}?{leaving}", browser=browser) == after
        assert answered(provider.sign_in(silent, login="bora", browser=browser))["error"] == "login_required"


def test_new_keys_have_other_names_and_sign_what_was_begun_before():
    with start_provider(redirect_uris=[CALLBACK]) as provider:
        before = provider.keys()
        code = answered(provider.sign_in(asking(provider), login="alma"))["code"]
        provider.rotate_keys()
        after = provider.keys()
        assert not {key["kid"] for key in before["keys"]} & {key["kid"] for key in after["keys"]}
        token = redeem(provider, code).json()["id_token"]
        assert verified(token, after).claims["sub"] == "alma"
        with pytest.raises(InvalidKeyIdError):
            verified(token, before)


def test_accounts_change_while_the_provider_runs_and_claims_may_be_kept_out_of_the_token():
    with start_provider(redirect_uris=[CALLBACK], claims_in_id_token=False) as provider:
        provider.change(accounts={"cara": {"name": "Cara Dunstead"}})
        claims = claims_of(provider, "cara")
        assert (claims["sub"], "name" in claims) == ("cara", False)


def test_two_providers_know_the_same_client_and_do_not_take_each_others_codes(provider):
    with start_provider(
        redirect_uris=[CALLBACK], client={"client_secret": "another-invented-secret"}
    ) as other:
        assert other.client_id == provider.client_id
        code = answered(other.sign_in(asking(other), login="alma"))["code"]
        assert redeem(provider, code).json()["error"] == "invalid_grant"
        assert redeem(other, code).status_code == 200


def test_a_provider_ends_with_whoever_started_it():
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        issuer = starter.stdout.readline().strip()
        assert serves(issuer)
        os.kill(starter.pid, signal.SIGKILL)
    eventually(lambda: not serves(issuer), within=30)


def test_a_provider_may_be_stopped_early():
    with start_provider() as provider:
        provider.stop()
        assert not serves(provider.issuer)
