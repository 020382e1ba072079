"""Somebody with a browser at our pages, who goes to the provider's and comes back."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from werkzeug.test import TestResponse

from tests.contract import ContractClient
from tests.identity.providers import Browser as TheirBrowser
from tests.identity.providers import Provider

SESSION, SIGN_IN = "__Host-session", "__Host-sign-in"


class Browser:
    """One browser: its cookies at ours, and those at a provider's."""

    def __init__(self, app: Flask) -> None:
        self.ours: ContractClient = app.test_client()
        self.theirs = TheirBrowser()

    def get(self, url: str) -> TestResponse:
        """Go to one of our pages; redirects are not followed."""
        return self.ours.get(local(url))

    def submit(self, page: TestResponse, **fields: str) -> TestResponse:
        """Send the page's form, the one with a button for these fields if there are several, with its hidden fields."""
        forms = re.findall(r'<form method="post" action="[^"]*".*?</form>', page.text, re.DOTALL)
        assert forms, page.text
        form = next((each for each in forms if any(f'name="{name}"' in each for name in fields)), forms[0])
        action = re.search(r'action="([^"]*)"', form)
        assert action
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
        return self.ours.post(unescape(action[1]), data=hidden | fields)

    def at_provider(self, begun: TestResponse, provider: Provider, login: str) -> str:
        """Sign in at the provider that our page leads to; where it sends the browser, not yet gone to."""
        assert begun.status_code == 303, begun.text
        return provider.sign_in(begun.headers["Location"], login=login, browser=self.theirs)

    def sign_in(self, url: str, provider: Provider, login: str) -> TestResponse:
        """The whole way from one of the choices to sign in through; our answer to the provider's."""
        return self.get(self.at_provider(self.get(url), provider, login))

    def confirming(self, link: str, provider: Provider, login: str, name: str = "ORCID") -> TestResponse:
        """From an invitation's link through signing in to the page that asks whether to join."""
        back = self.sign_in(self.choices(self.get(link))[name], provider, login)
        assert back.status_code == 303, back.text
        return self.get(back.headers["Location"])

    def cookie(self, name: str = SESSION) -> str | None:
        """The value of one of our cookies."""
        found = self.ours.get_cookie(name, domain="localhost")
        return found.value if found else None

    def choices(self, page: TestResponse) -> dict[str, str]:
        """The ways to sign in that a page offers, by name."""
        return {
            unescape(name): unescape(url)
            for url, name in re.findall(r'<a href="(/sign-in/[^"]*)">([^<]*)</a>', page.text)
        }


def local(url: str) -> str:
    """A URL of ours without its host."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def audited(database: Any, tenant_id: Any, type_: str) -> list[Any]:
    """What the audit says of one kind of event: subject and changed keys."""
    with database.tenant(tenant_id) as session:
        rows = session.connection().exec_driver_sql(
            "SELECT subject_id, changed, actor FROM event WHERE type = %s ORDER BY id", (type_,)
        )
        return [tuple(row) for row in rows]
