"""A real SMTP server for tests: it keeps what it takes, and refuses, waits or goes away when it is told to."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST = "127.0.0.1"
TAKEN = "250 taken"


@dataclass
class Received:
    """A letter that the server took."""

    sender: str
    recipient: str
    content: bytes
    connection: int

    @property
    def message(self) -> EmailMessage:
        """What a reader's program makes of it."""
        made = (
            message_from_bytes(self.content, policy=policy.default)
            if self.content.isascii()
            else message_from_string(self.content.decode(), policy=policy.default)
        )
        assert isinstance(made, EmailMessage)
        return made

    def text(self, form: str = "plain") -> str:
        """The part "plain" or "html"."""
        part = self.message.get_body((form,))
        assert part is not None
        return str(part.get_content())


@dataclass
class PostOffice:
    """The server. Everything but `url` may be changed while it runs."""

    received: list[Received] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    """By recipient, what is answered to RCPT, such as "550 nobody here"."""
    senders_refused: str = ""
    """What is answered to every MAIL."""
    answer: str = TAKEN
    """What is answered to every letter."""
    letters_a_connection: int = 10**6
    """After so many the server answers 421 and closes."""
    before_taking: Callable[[Received], None] = lambda _: None
    """Called with each letter before it is taken; may wait."""
    before_answering: Callable[[Received], None] = lambda _: None
    """Called with each letter after it was taken, before the server says so; may wait."""
    port: int = 0
    scheme: str = "smtp"
    login: tuple[str, str] | None = None
    certificate: "Certificate | None" = None
    utf8: bool = True
    _lines: dict[SMTP, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        if not self.port:
            with socket.socket() as free:
                free.bind((HOST, 0))
                self.port = free.getsockname()[1]
        self.open()

    @property
    def url(self) -> str:
        """The SMTP_URL."""
        login = ":".join(self.login) + "@" if self.login else ""
        return f"{self.scheme}://{login}{HOST}:{self.port}"

    @property
    def connections(self) -> int:
        """How many there have been."""
        return len(self._lines)

    @property
    def connected(self) -> int:
        """How many are connected now."""
        return sum(line.transport is not None for line in self._lines)

    def to(self, recipient: str) -> list[Received]:
        """What was received for somebody."""
        return [each for each in self.received if each.recipient == recipient]

    def open(self) -> None:
        """Take letters."""
        tls = self.certificate.context() if self.certificate and self.scheme == "smtps" else None
        self._server = self._do(self._loop.create_server(self._line, HOST, self.port, ssl=tls))

    def close(self) -> None:
        """Be away: whoever is connected is cut off."""
        self._do(self._hang_up())

    def end(self) -> None:
        """Close for good."""
        self.close()
        self._do(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _hang_up(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for line in self._lines:
            if isinstance(line.transport, asyncio.WriteTransport):
                line.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _line(self) -> SMTP:
        starttls = self.certificate.context() if self.certificate and self.scheme == "smtp+starttls" else None
        line = SMTP(
            self,
            hostname="post.example",
            loop=self._loop,
            enable_SMTPUTF8=self.utf8,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_require_tls=starttls is not None,
            authenticator=self._authenticate,
        )
        self._lines[line] = len(self._lines)
        return line

    def _authenticate(self, *asked: Any) -> AuthResult:
        data = asked[-1]
        known = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        return AuthResult(success=known == self.login, handled=False)

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.login and not session.authenticated:
            return "530 say who you are"
        taken = [each for each in self.received if each.connection == self._lines[server]]
        if len(taken) >= self.letters_a_connection:
            server.loop.call_later(0.01, server.transport.close)
            return "421 enough for one connection"
        if self.senders_refused:
            return self.senders_refused
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 ok"

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server: SMTP, _: Session, envelope: Envelope) -> str:  # noqa: N802
        assert envelope.mail_from is not None
        assert isinstance(envelope.content, bytes)
        (recipient,) = envelope.rcpt_tos
        letter = Received(envelope.mail_from, recipient, envelope.content, self._lines[server])
        await self._loop.run_in_executor(None, self.before_taking, letter)
        if self.answer == TAKEN:
            self.received.append(letter)
        await self._loop.run_in_executor(None, self.before_answering, letter)
        return self.answer


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that only those trust who are told where it is."""

    path: Path
    key_path: Path

    @classmethod
    def made(cls, folder: Path) -> "Certificate":
        """Sign one."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "post.example")])
        today = dt.datetime.now(dt.UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - dt.timedelta(days=1))
            .not_valid_after(today + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(key, hashes.SHA256())
        )
        made = cls(folder / "certificate.pem", folder / "key.pem")
        made.path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        made.key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return made

    def context(self) -> ssl.SSLContext:
        """What a server shows it with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key_path)
        return context
