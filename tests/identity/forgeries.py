"""What a forger may try on us, each in a line."""

from tests.identity.forger import ABSENT, Forgery, Signature
from tests.identity.providers import CLIENT_ID

OTHER = "http://other.example"

# ID tokens that nobody may believe.
BAD_TOKENS = {
    "another issuer": Forgery(claims={"iss": OTHER}),
    "an issuer with a slash more": Forgery(claims={"iss": lambda forger: forger.issuer + "/"}),
    "no issuer": Forgery(claims={"iss": ABSENT}),
    "another's": Forgery(claims={"aud": "other"}),
    "several others'": Forgery(claims={"aud": ["other", "another"]}),
    "nobody's": Forgery(claims={"aud": ABSENT}),
    "an empty audience": Forgery(claims={"aud": []}),
    "ours and another's, given to the other": Forgery(claims={"aud": [CLIENT_ID, "other"], "azp": "other"}),
    "ours and another's, given to nobody": Forgery(claims={"aud": [CLIENT_ID, "other"]}),
    "another nonce": Forgery(claims={"nonce": "other"}),
    "no nonce": Forgery(claims={"nonce": ABSENT}),
    "long expired": Forgery(clock=-86400),
    "no expiry": Forgery(claims={"exp": ABSENT}),
    "no time of issue": Forgery(claims={"iat": ABSENT}),
    "an expiry that is no number": Forgery(claims={"exp": "never"}),
    "no subject": Forgery(claims={"sub": ABSENT}),
    "a subject that is no string": Forgery(claims={"sub": 7}),
    "algorithm none": Forgery(signature=Signature.NONE),
    "a signature left out": Forgery(signature=Signature.NONE, header={"alg": "RS256"}),
    "signed with the client's secret": Forgery(signature=Signature.CLIENT_SECRET),
    "signed with the public key as a secret": Forgery(signature=Signature.PUBLIC_KEY),
    "signed with a foreign key": Forgery(signature=Signature.FOREIGN_KEY),
    "signed with an unknown key": Forgery(signature=Signature.FOREIGN_KEY, header={"kid": "unknown"}),
    "an unknown key's name": Forgery(header={"kid": "unknown"}),
    "signed with a key brought along": Forgery(
        signature=Signature.FOREIGN_KEY,
        header={"kid": ABSENT, "jwk": lambda forger: forger.foreign_key.as_dict(private=False)},
    ),
    "signed with a short key brought along": Forgery(
        signature=Signature.FOREIGN_ELLIPTIC_KEY,
        header={"kid": ABSENT, "jwk": lambda forger: forger.foreign_elliptic_key.as_dict(private=False)},
    ),
}
# ID tokens that OpenID Connect does not forbid to believe. The strict clients do; ours should not.
DUBIOUS_TOKENS = {
    "ours, given to another": Forgery(claims={"azp": "other"}),
    "from tomorrow": Forgery(clock=86400),
    "an empty subject": Forgery(claims={"sub": ""}),
}
# Answers of the token endpoint in which there is no ID token.
NO_TOKENS = {
    "none": Forgery(tokens={"id_token": ABSENT}),
    "null": Forgery(tokens={"id_token": None}),
    "not a string": Forgery(tokens={"id_token": {"sub": "invented-subject"}}),
    "not a token": Forgery(tokens={"id_token": "invented"}),
}
# Authorization responses after which no code may be redeemed.
BAD_CALLBACKS = {
    "another issuer": Forgery(callback={"iss": OTHER}),
    "no issuer although it was promised": Forgery(callback={"iss": ABSENT}),
    "another state": Forgery(callback={"state": "other"}),
    "no state": Forgery(callback={"state": ABSENT}),
    "no code": Forgery(callback={"code": ABSENT}),
    "an error": Forgery(callback={"code": ABSENT, "error": "access_denied"}),
}
# ID tokens that are good, if unusual.
GOOD_TOKENS = {
    "as usual": Forgery(),
    "an audience of one in a list": Forgery(claims={"aud": [CLIENT_ID]}),
    "ours and another's, given to us": Forgery(claims={"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}),
    "no key's name": Forgery(header={"kid": ABSENT}),
}
