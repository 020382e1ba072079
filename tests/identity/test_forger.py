"""The forger forges what it is told to, and nothing else."""

import base64
import functools
import hashlib
import hmac
import itertools
import json
import time

import pytest
import requests
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, InvalidKeyIdError
from joserfc.jwk import KeySet

from tests.identity import forger as hostile
from tests.identity.code_flow import NONCE, STATE, VERIFIER, answered, asking, challenge, redeem, verified
from tests.identity.forger import ABSENT, Forgery, Reply, Signature, endless, start_forger
from tests.identity.forgeries import BAD_CALLBACKS, BAD_TOKENS, DUBIOUS_TOKENS, GOOD_TOKENS, NO_TOKENS
from tests.identity.providers import Browser


@pytest.fixture(scope="module")
def started():
    with start_forger() as forger:
        yield forger


@pytest.fixture
def forger(started):
    started.next = Forgery()
    started.requests.clear()
    return started


def sent_back(forger, forgery):
    """The parameters of the authorization response."""
    forger.next = forgery
    return answered(forger.sign_in(asking(forger, hostile.AUTHORIZATION)))


def token_of(forger, forgery):
    """The ID token that a whole sign-in brings."""
    return redeem(forger, sent_back(forger, forgery)["code"]).json().get("id_token")


def read(forger, path):
    with Browser() as browser:
        return browser.get(forger.issuer + path, timeout=30).json()


def parts(token):
    """Header, claims and signature, unverified."""
    header, claims, signature = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims), signature


def said_by(forger, changes):
    """The changes of a forgery with their functions called."""
    return {name: value(forger) if callable(value) else value for name, value in changes.items()}


@pytest.mark.parametrize("name", GOOD_TOKENS)
def test_what_is_not_forged_is_good(forger, name):
    token = verified(token_of(forger, GOOD_TOKENS[name]), read(forger, hostile.KEYS))
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": forger.issuer},
        aud={"essential": True, "value": forger.client_id},
        sub={"essential": True},
        nonce={"essential": True, "value": NONCE},
    ).validate(token.claims)
    assert token.claims["exp"] - token.claims["iat"] == hostile.LIFETIME


@pytest.mark.parametrize("name", BAD_TOKENS | DUBIOUS_TOKENS)
def test_a_forged_token_says_what_it_was_told_to(forger, name):
    forgery = (BAD_TOKENS | DUBIOUS_TOKENS)[name]
    header, claims, _ = parts(token_of(forger, forgery))
    for found, changes in ((header, forgery.header), (claims, forgery.claims)):
        expected = said_by(forger, changes)
        assert {member: found.get(member, ABSENT) for member in expected} == expected
    assert abs(claims.get("iat", time.time()) - time.time() - forgery.clock) < 3600


def test_only_the_published_key_makes_signatures_that_hold(forger):
    keys = read(forger, hostile.KEYS)
    assert verified(token_of(forger, Forgery()), keys)
    with pytest.raises(BadSignatureError):
        verified(token_of(forger, BAD_TOKENS["signed with a foreign key"]), keys)


@pytest.mark.parametrize("name", ["signed with a key brought along", "signed with a short key brought along"])
def test_a_key_brought_along_verifies_its_token(forger, name):
    token = token_of(forger, BAD_TOKENS[name])
    roomy = jws.JWSRegistry(algorithms=["RS256", "ES256"])
    roomy.max_header_length = 4096
    brought = KeySet.import_key_set({"keys": [parts(token)[0]["jwk"]]})
    assert jwt.decode(token, brought, registry=roomy)


@pytest.mark.parametrize("kind", [Signature.CLIENT_SECRET, Signature.PUBLIC_KEY])
def test_secrets_and_public_keys_make_the_signatures_that_a_fooled_client_believes(forger, kind):
    token = token_of(forger, Forgery(signature=kind))
    header, _, signature = parts(token)
    secrets = {
        Signature.CLIENT_SECRET: forger.client_secret.encode(),
        Signature.PUBLIC_KEY: forger.key.as_pem(private=False),
    }
    expected = hmac.digest(secrets[kind], token.rpartition(".")[0].encode(), hashlib.sha256)
    assert (header["alg"], signature) == ("HS256", expected)


def test_a_token_without_a_signature_has_none(forger):
    for name, algorithm in (("algorithm none", "none"), ("a signature left out", "RS256")):
        header, _, signature = parts(token_of(forger, BAD_TOKENS[name]))
        assert (header["alg"], signature) == (algorithm, b"")


@pytest.mark.parametrize("name", NO_TOKENS)
def test_an_answer_may_lack_its_token(forger, name):
    told = NO_TOKENS[name].tokens["id_token"]
    assert token_of(forger, NO_TOKENS[name]) == (None if told is ABSENT else told)


def test_the_forger_forgets_its_old_key(forger):
    before = read(forger, hostile.KEYS)
    forger.rotate_keys()
    with pytest.raises(InvalidKeyIdError):
        verified(token_of(forger, Forgery()), before)


@pytest.mark.parametrize("name", BAD_CALLBACKS)
def test_a_forged_response_says_what_it_was_told_to(forger, name):
    callback = sent_back(forger, BAD_CALLBACKS[name])
    code = {"code": callback["code"]} if "code" in callback else {}
    told = {**code, "state": STATE, "iss": forger.issuer, **BAD_CALLBACKS[name].callback}
    assert callback == {name: value for name, value in told.items() if value is not ABSENT}


def test_the_metadata_may_be_anybodys(forger):
    forger.next = Forgery(metadata={"issuer": "http://other.example", "jwks_uri": ABSENT})
    metadata = read(forger, hostile.DISCOVERY)
    assert (metadata["issuer"], "jwks_uri" in metadata) == ("http://other.example", False)


def test_the_forger_records_what_it_was_sent(forger):
    token_of(forger, Forgery())
    (asked,), (redeemed,) = forger.seen(hostile.AUTHORIZATION), forger.seen(hostile.TOKEN)
    assert (asked.method, asked.query["code_challenge"]) == ("GET", challenge(VERIFIER))
    assert (redeemed.method, redeemed.form["code_verifier"]) == ("POST", VERIFIER)
    assert redeemed.credentials == (forger.client_id, forger.client_secret)


def test_whole_answers_replace_the_forgers_own(forger):
    replies = {
        hostile.DISCOVERY: Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        hostile.KEYS: Reply(b"no JSON", headers={"Content-Type": "text/html"}),
        hostile.TOKEN: Reply(b'{"error": "invalid_client"}', status=401),
    }
    forger.next = Forgery(replies=replies)
    with Browser() as browser:
        for path, reply in replies.items():
            answer = browser.get(forger.issuer + path, allow_redirects=False, timeout=30)
            assert (answer.status_code, answer.content) == (reply.status, reply.body)
            assert answer.headers.items() >= reply.headers.items()


def test_an_answer_may_be_endless_or_come_in_drips_or_not_at_all(forger):
    bodies = {
        "/endless": endless,
        "/drips": functools.partial(forger.drip, b"{}"),
        "/nothing": forger.silence,
    }
    forger.next = Forgery(replies={path: Reply(body) for path, body in bodies.items()})
    with Browser() as browser:
        with browser.get(forger.issuer + "/endless", stream=True, timeout=30) as answer:
            some = itertools.islice(answer.iter_content(65536), 100)
            assert sum(map(len, some)) > 1e6
        assert read(forger, "/drips") == {}
        with pytest.raises(requests.RequestException):
            browser.get(forger.issuer + "/nothing", timeout=0.1)
