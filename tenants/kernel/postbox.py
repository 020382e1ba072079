"""Handing letters to a mail server: many over one connection, and what it answers to each.

What is raised here carries a code and nothing else, so that no address or text gets into a log.
"""

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from types import TracebackType
from typing import Self
from unicodedata import category
from uuid import UUID

from tenants.kernel.addresses import InvalidAddress, Mailbox, SmtpServer
from tenants.kernel.clock import now
from tenants.kernel.mail import Letter

SECONDS_TO_ANSWER = 30.0
_NEVER_IN_A_HEADER = {"Cc", "Cs", "Zl", "Zp"}


class NotTaken(Exception):
    """A letter did not go out: `code` says why, such as smtp_550."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Unsendable(NotTaken):
    """No server could take this letter."""


class Refused(NotTaken):
    """The server will not take this letter."""


class PutOff(NotTaken):
    """The server may take this letter later."""


class Unavailable(NotTaken):
    """The server takes no letters now. What it was handed last it may have taken."""


def as_message(letter: Letter, letter_id: UUID, sender: Mailbox) -> bytes:
    """The letter as it goes out, text and HTML. Raises Unsendable.

    Sent again it has the same Message-ID, so that whoever reads it sees it once.
    """
    try:
        user, domain = letter.to.deliverable()
        from_user, from_domain = sender.deliverable()
        message = EmailMessage(policy.SMTP.clone(cte_type="7bit", utf8=not user.isascii()))
        message["From"] = Address(_on_one_line(sender.name), from_user, from_domain)
        message["To"] = Address(_on_one_line(letter.to.name), user, domain)
        message["Subject"] = _on_one_line(letter.subject)
        message["Date"] = now()
        message["Message-ID"] = f"<{letter_id}@{from_domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        message.add_alternative(letter.html, subtype="html")
        if letter.calendar is not None:
            # Last, as what programs should rather show, and with the method that they look for (RFC 6047, 2.4).
            message.add_alternative(
                letter.calendar.text, subtype="calendar", params={"method": letter.calendar.method}
            )
        written = message.as_bytes()
    except InvalidAddress:
        raise Unsendable("invalid_address") from None
    except ValueError:  # text that is no Unicode
        raise Unsendable("invalid_text") from None
    # As they are: long addresses of pages would be encoded beyond recognition.
    own = "".join(f"{name}: {value}\r\n" for name, value in letter.headers.items())
    return own.encode() + written


def _on_one_line(text: str) -> str:
    """Without what ends a line, and without =?, which Python decodes while it writes a header."""
    kept = "".join(" " if category(character) in _NEVER_IN_A_HEADER else character for character in text)
    return " ".join(kept.split()).replace("=?", "= ?")


class Postbox:
    """A connection to the mail server, made anew when the server has closed it."""

    def __init__(self, server: SmtpServer, sender: Mailbox) -> None:
        self._server = server
        self._sender = sender
        self._return_path = "@".join(sender.deliverable())
        self._fresh = True

    def __enter__(self) -> Self:
        """Raises Unavailable."""
        self._connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, trace: TracebackType | None
    ) -> None:
        if raised is None:
            with suppress(OSError):
                self._smtp.quit()
        self._smtp.close()

    def send(self, letter: Letter, letter_id: UUID) -> None:
        """Hand over one letter. Raises Unsendable, Refused, PutOff or Unavailable."""
        message = as_message(letter, letter_id, self._sender)
        user, domain = letter.to.deliverable()
        with _told_by_code():
            options = []
            if not user.isascii():
                if not self._smtp.has_extn("smtputf8"):
                    raise Unsendable("smtputf8_needed")
                options = ["SMTPUTF8", "BODY=8BITMIME"]
            self._begin(options)
            self._judge(self._smtp.rcpt(f"{user}@{domain}")[0])
            try:
                answered = self._smtp.data(message)[0]
            except smtplib.SMTPDataError as refused:
                answered = refused.smtp_code
            self._judge(answered)

    def _begin(self, options: list[str]) -> None:
        """Say that a letter comes; over a new connection, where the server had enough of one that it took some over."""
        try:
            answered = self._smtp.mail(self._return_path, options)[0]
        except smtplib.SMTPServerDisconnected:
            answered = 421
        if answered == 421 and not self._fresh:
            self._smtp.close()
            self._connect()
            answered = self._smtp.mail(self._return_path, options)[0]
        if answered != 250:
            raise Unavailable(f"smtp_{answered}")
        self._fresh = False

    def _judge(self, answered: int) -> None:
        if answered // 100 == 2:
            return
        if answered == 421 or answered // 100 not in (4, 5):
            raise Unavailable(f"smtp_{answered}")
        with suppress(smtplib.SMTPServerDisconnected):  # of which the next letter hears
            self._smtp.rset()
        raise (PutOff if answered // 100 == 4 else Refused)(f"smtp_{answered}")

    def _connect(self) -> None:
        server = self._server
        with _told_by_code():
            trusted = ssl.create_default_context()
            if server.encryption == "tls":
                self._smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=SECONDS_TO_ANSWER, context=trusted
                )
            else:
                self._smtp = smtplib.SMTP(server.host, server.port, timeout=SECONDS_TO_ANSWER)
            try:
                if server.encryption == "starttls":
                    self._smtp.starttls(context=trusted)
                if server.user and server.password:
                    self._smtp.login(server.user, server.password)
                self._smtp.ehlo_or_helo_if_needed()
            except BaseException:
                self._smtp.close()
                raise
        self._fresh = True


@contextmanager
def _told_by_code() -> Iterator[None]:
    """What smtplib raises, without its texts, which repeat addresses. Every error of it is an OSError."""
    try:
        yield
    except ssl.SSLCertVerificationError:
        raise Unavailable("certificate_not_trusted") from None
    except smtplib.SMTPAuthenticationError:
        raise Unavailable("login_refused") from None
    except smtplib.SMTPResponseException as answer:
        raise Unavailable(f"smtp_{answer.smtp_code}") from None
    except smtplib.SMTPNotSupportedError:
        raise Unavailable("not_offered") from None
    except OSError:
        raise Unavailable("no_connection") from None
