"""OpenID providers that somebody else wrote, and a browser to sign in at their pages with."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from tests.identity.node import NodeProgram

SCRIPT = Path(__file__).with_name("provider.mjs")
CLIENT_ID, CLIENT_SECRET = "peerloom", "an-invented-secret-of-the-client"
# What CILogon's scopes ask for, with an institution's groups beside it.
CLAIMS = {
    "openid": ["sub"],
    "profile": ["name", "given_name", "family_name"],
    "email": ["email", "email_verified"],
    "org.cilogon.userinfo": ["eppn", "idp"],
    "groups": ["groups"],
}
ACCOUNTS: dict[str, dict[str, Any]] = {
    "alma": {
        "name": "Alma Ashbourne",
        "email": "alma@amberbay.example",
        "email_verified": True,
        "eppn": "alma@amberbay.example",
        "idp": "https://idp.amberbay.example/shibboleth",
        "groups": ["mentors"],
    },
    "bora": {
        "name": "Bora Caldmere",
        "email": "bora@eastgate.example",
        "email_verified": False,
        "eppn": "bora@eastgate.example",
        "idp": "https://idp.eastgate.example/shibboleth",
        "groups": [],
    },
}


class Browser(requests.Session):
    """Keeps cookies and takes no proxy of this machine. Give it to several sign-ins to stay signed in."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False


class Provider:
    """A running provider that knows `ACCOUNTS` and one client, unless told otherwise."""

    def __init__(
        self, program: NodeProgram, client: dict[str, Any], others: Sequence[dict[str, Any]]
    ) -> None:
        self._program, self._client, self._others = program, client, others
        self.issuer: str = program.hear()["issuer"]
        self.client_id: str = client["client_id"]
        self.client_secret: str = client["client_secret"]

    def metadata(self) -> dict[str, Any]:
        """What its discovery document says."""
        return self._read("/.well-known/openid-configuration")

    def keys(self) -> dict[str, Any]:
        """Its public keys, a JWK set."""
        return self._read("/jwks")

    def change(self, **settings: Any) -> None:
        """Replace members of its settings, such as `accounts`; who is signed in stays so."""
        self._program.tell(settings)

    def register(self, *redirect_uris: str, logout: Sequence[str] = ()) -> None:
        """Let the client be sent back to these addresses too, and to those of `logout` after signing out."""
        more = {"redirect_uris": redirect_uris, "post_logout_redirect_uris": logout}
        self._client |= {name: [*self._client[name], *added] for name, added in more.items()}
        self.change(clients=[self._client, *self._others])

    def rotate_keys(self) -> None:
        """Sign with new keys from now on, and forget the old ones."""
        self.change(keys="new")

    def sign_in(self, url: str, *, login: str, browser: requests.Session | None = None) -> str:
        """Sign in as the subject `login`, and consent. Returns where the browser is then sent, without going."""
        return self._walk(url, browser, lambda page: page.fields | {"login": login, "password": "invented"})

    def decline(self, url: str) -> str:
        """Turn away instead of signing in. Returns where the browser is then sent, without going."""
        return self._walk(url, None, lambda _: None)

    def sign_out(self, url: str, *, browser: requests.Session) -> str:
        """Confirm an end of the session. Returns where the browser is then sent, without going."""
        return self._walk(url, browser, lambda page: page.fields | {"logout": "yes"})

    def stop(self) -> None:
        """End the process, and wait until it has ended."""
        self._program.stop()

    def _read(self, path: str) -> dict[str, Any]:
        with Browser() as browser:
            found: dict[str, Any] = browser.get(self.issuer + path, timeout=30).json()
        return found

    def _walk(
        self,
        url: str,
        browser: requests.Session | None,
        fill: Callable[["_Page"], dict[str, str] | None],
    ) -> str:
        """Follow redirects and send forms, filled by `fill`, until a redirect leads elsewhere; None cancels."""
        with Browser() as own:
            browser = browser or own
            answer = browser.get(url, allow_redirects=False, timeout=30)
            for _ in range(20):
                if answer.is_redirect:
                    target = urljoin(answer.url, answer.headers["Location"])
                    if not target.startswith(self.issuer + "/"):
                        return target
                    answer = browser.get(target, allow_redirects=False, timeout=30)
                    continue
                page = _Page(answer.text)
                assert page.action, f"{answer.status_code} from {answer.url}: {answer.text}"
                if (fields := fill(page)) is None:
                    answer = browser.get(page.cancel, allow_redirects=False, timeout=30)
                else:
                    target = urljoin(answer.url, page.action)
                    answer = browser.post(target, data=fields, allow_redirects=False, timeout=30)
        raise AssertionError(f"no end of pages after {url}")


class _Page(HTMLParser):
    """The form of a page, with its hidden fields, and the link that cancels."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = self.cancel = ""
        self.fields: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given["action"]
        elif tag == "input" and given.get("type") == "hidden":
            self.fields[given["name"]] = given["value"]
        elif tag == "a" and given.get("href", "").endswith("/abort"):
            self.cancel = given["href"]


@contextmanager
def start_provider(
    *,
    redirect_uris: Sequence[str] = (),
    client: dict[str, Any] | None = None,
    clients: Sequence[dict[str, Any]] = (),
    accounts: dict[str, dict[str, Any]] = ACCOUNTS,
    claims: dict[str, list[str]] = CLAIMS,
    claims_in_id_token: bool = True,
) -> Iterator[Provider]:
    """A provider on a free port of this machine.

    `client` changes the metadata of its client, `clients` are the metadata of others beside it. `accounts` are
    claims by subject; `claims` says which of them a scope brings.
    """
    first = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": list(redirect_uris),
        "post_logout_redirect_uris": [],
        "grant_types": ["authorization_code", "refresh_token"],
        **(client or {}),
    }
    settings = {
        "clients": [first, *clients],
        "accounts": accounts,
        "claims": claims,
        "claims_in_id_token": claims_in_id_token,
    }
    program = NodeProgram(SCRIPT, settings)
    try:
        yield Provider(program, first, clients)
    finally:
        program.stop()
