"""Where letters come from, where they go, and the mail server on the way."""

import re
from dataclasses import dataclass, field
from typing import Literal
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

_ATOM = r"[^\s\x00-\x20\x7f-\x9f()<>\[\]:;@\\,.\"]+"
_LOCAL_PART = re.compile(rf"(?=.{{1,64}}\Z){_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.IGNORECASE)
_SENDER = re.compile(r'\s*(?:"?(?P<name>[^"<>]*?)"?\s*<(?P<inside>[^<>\s]+)>|(?P<bare>[^<>\s]+))\s*')
_PORTS = {"none": 25, "starttls": 587, "tls": 465}


class InvalidAddress(ValueError):
    """No mail server could take this address; the message does not repeat it."""


@dataclass(frozen=True, slots=True, repr=False)
class Mailbox:
    """An address, and the name of whoever reads what is sent there ("" if that is not known)."""

    address: str
    name: str = ""

    def deliverable(self) -> tuple[str, str]:
        """The part before the @, and the domain in ASCII (`bücher.example` is `xn--bcher-kva.example`).

        Raises InvalidAddress, also for domains that Python's older rules would make another one of: ß is not ss.
        """
        local_part, _, domain = self.address.rpartition("@")
        try:
            in_ascii = domain.encode("idna").decode()
            same = in_ascii.encode().decode("idna").lower() == normalize("NFC", domain.lower())
            local_part.encode()
        except UnicodeError:
            same = False
        if not (same and _HOST.fullmatch(in_ascii) and _LOCAL_PART.fullmatch(local_part)):
            raise InvalidAddress("not an address that mail can be sent to")
        return local_part, in_ascii


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server that takes letters, and how to reach it."""

    host: str
    port: int
    encryption: Literal["none", "starttls", "tls"]
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


def smtp_server(url: str) -> SmtpServer:
    """The server of an SMTP_URL. Raises ValueError, whose message does not repeat it."""
    schemes: dict[str, Literal["none", "starttls", "tls"]] = {
        "smtp": "none",
        "smtp+starttls": "starttls",
        "smtps": "tls",
    }
    try:
        parts = urlsplit(url)
        encryption, port = schemes[parts.scheme], parts.port
    except (KeyError, ValueError):
        raise ValueError("must be an smtp://, smtp+starttls:// or smtps:// URL") from None
    user, password = (part if part is None else unquote(part) for part in (parts.username, parts.password))
    if not parts.hostname or port == 0 or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("must name a host and nothing after it; percent-encode what the password holds")
    if bool(user) != bool(password) or not f"{user}{password}".isascii():
        raise ValueError("must have both a user and a password, in ASCII, or neither")
    return SmtpServer(parts.hostname, port or _PORTS[encryption], encryption, user or None, password or None)


def sender(text: str) -> Mailbox:
    """The mailbox of a MAIL_FROM: `post@example.org` or `Name <post@example.org>`. Raises ValueError."""
    found = _SENDER.fullmatch(text)
    if found and text.isprintable():
        mailbox = Mailbox(found["inside"] or found["bare"], found["name"] or "")
        if mailbox.address.rpartition("@")[0].isascii() and _is_deliverable(mailbox):
            return mailbox
    raise ValueError("must be an address such as post@example.org or Name <post@example.org>")


def _is_deliverable(mailbox: Mailbox) -> bool:
    try:
        mailbox.deliverable()
    except InvalidAddress:
        return False
    return True
