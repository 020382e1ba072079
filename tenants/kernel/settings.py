"""What the environment says: read once, checked as a whole."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Self
from urllib.parse import urlsplit

from tenants.kernel.addresses import Mailbox, SmtpServer, sender, smtp_server
from tenants.kernel.crypto import master_keys

SECRET_KEY_LENGTH = 32
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._/-]*)?")


class SettingsError(Exception):
    """The environment lacks a variable or holds an invalid one; the message names each of them."""


@dataclass(frozen=True)
class Settings:
    """The configuration of one process. Each field is read from the variable of its name in capitals."""

    database_url: str = field(repr=False)
    """The application role's URL, with SQLAlchemy's driver name."""
    redis_url: str = field(repr=False)
    files_url: str
    """Where files are kept: `file:///…` (percent-encoded) or `s3://bucket/prefix`."""
    secret_key: tuple[str, ...] = field(repr=False)
    """The first signs, all verify."""
    encryption_keys: tuple[bytes, ...] = field(repr=False)
    """Master keys: the first encrypts, all decrypt."""
    public_url: str = "http://127.0.0.1:8000"
    """The address people and clients reach, without a trailing slash."""
    files_endpoint: str = ""
    """Of a store that speaks S3 and is not Amazon's; plain http only where it says so."""
    files_region: str = "us-east-1"
    files_key_id: str = ""
    """With its secret; without them, what AWS's own variables or the machine's role say."""
    files_secret: str = field(default="", repr=False)
    files_per_tenant_bytes: int = 5_000_000_000
    """How much a tenant's members may keep in files, all together."""
    platform_issuer: str = ""
    """The OpenID Connect issuer of the personal sign-in that all tenants accept; without it there is none."""
    platform_client_id: str = ""
    platform_client_secret: str = field(default="", repr=False)
    platform_name: str = "ORCID"
    """What people are shown of it."""
    allow_private_providers: bool = False
    """Whether providers may be reached by http and at private addresses: for trying things out only."""
    nih_reporter_url: str = "https://api.reporter.nih.gov"
    """Where public sources are asked for publications and awards."""
    pubmed_url: str = "https://eutils.ncbi.nlm.nih.gov"
    pubmed_key: str = field(default="", repr=False)
    crossref_url: str = "https://api.crossref.org"
    openalex_url: str = "https://api.openalex.org"
    openalex_key: str = field(default="", repr=False)
    """Free; without one OpenAlex answers a few requests a day."""
    orcid_url: str = "https://pub.orcid.org"
    sources_email: str = ""
    """Whom the sources write to if they are asked too much; they ask for it."""
    lease_seconds: float = 30.0
    """How long a claimed job stays its worker's without a heartbeat."""
    sweep_seconds: float = 1.0
    """How often the scheduler looks for jobs that are due."""
    bell_seconds: float = 30.0
    """After how long an unanswered bell is rung again."""
    bells_per_tenant: int = 1
    """How many bells of one tenant may be outstanding at once in each queue. With fewer than there are
    workers, no tenant keeps the others waiting."""
    helped_from_people: int = 50_000
    """Idle workers help to search pools of so many people or more."""
    requests_per_minute_client: int = 1200
    requests_per_minute_tenant: int = 6000
    """Of all its clients together."""
    tokens_per_minute_client: int = 300
    """Whose secret is right or not, from one address."""
    sign_ins_per_minute_address: int = 600
    """Tokens that clients ask for, and steps of people who sign in, from one address."""
    trusted_proxies: int = 0
    """How many proxies stand before the API and say in X-Forwarded-For and X-Forwarded-Proto who asks."""
    max_upload_bytes: int = 100_000_000
    job_attempts: int = 5
    smtp_url: SmtpServer | None = field(default=None, repr=False)
    """The server that takes letters. Without it they wait, and none is sent."""
    mail_from: Mailbox | None = field(default=None, repr=False)
    """Whom letters come from; there whenever `smtp_url` is."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read every field; an empty variable counts as unset.

        Raises SettingsError that names every missing or invalid variable, never their values.
        """
        values: dict[str, Any] = {}
        problems: list[str] = []
        for each in fields(cls):
            variable = each.name.upper()
            text = environ.get(variable, "")
            if text:
                try:
                    values[each.name] = _PARSERS[each.name](text)
                except ValueError as error:
                    problems.append(f"{variable} {error}")
            elif each.default is MISSING:
                problems.append(f"{variable} is not set")
        if values.get("platform_issuer") and not values.keys() >= {
            "platform_client_id",
            "platform_client_secret",
        }:
            problems.append("PLATFORM_ISSUER needs PLATFORM_CLIENT_ID and PLATFORM_CLIENT_SECRET")
        if bool(values.get("files_key_id")) != bool(values.get("files_secret")):
            problems.append("FILES_KEY_ID and FILES_SECRET need each other")
        if environ.get("SMTP_URL") and not environ.get("MAIL_FROM"):
            problems.append("MAIL_FROM is not set, and SMTP_URL needs it")
        if problems:
            raise SettingsError("; ".join(problems))
        return cls(**values)


def owner_database_url(environ: Mapping[str, str]) -> str:
    """The URL of the role that owns the schema. Only migrations use it, so it is no part of Settings.

    Raises SettingsError when DATABASE_OWNER_URL is missing or no PostgreSQL URL.
    """
    text = environ.get("DATABASE_OWNER_URL", "")
    if not text:
        raise SettingsError("DATABASE_OWNER_URL is not set")
    try:
        return sqlalchemy_url(text)
    except ValueError as error:
        raise SettingsError(f"DATABASE_OWNER_URL {error}") from None


def sqlalchemy_url(url: str) -> str:
    """The PostgreSQL URL with the driver SQLAlchemy shall use. Raises ValueError for any other database."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError("must be a postgresql:// URL")
    return f"postgresql+psycopg://{rest}"


def _redis_url(text: str) -> str:
    if not text.startswith(("redis://", "rediss://", "unix:///")):
        raise ValueError("must be a redis://, rediss:// or unix:/// URL")
    return text


def _files_url(text: str) -> str:
    if not text.startswith("file:///") and not _BUCKET.fullmatch(text):
        raise ValueError("must be a file:/// URL with an absolute path, or s3://bucket/prefix")
    return text


def _secret_key(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(","))
    if min(map(len, keys)) < SECRET_KEY_LENGTH:
        raise ValueError(f"must have at least {SECRET_KEY_LENGTH} characters, in each part between commas")
    return keys


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be an http:// or https:// address without query and fragment")
    return text.rstrip("/")


def _issuer(text: str) -> str:
    _public_url(text)
    return text  # to the letter, with a trailing slash if it has one


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("must be true or false")
    return text == "true"


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError("must be a positive number of seconds")
    return seconds


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and int(text) > 0):
        raise ValueError("must be a positive whole number")
    return int(text)


def _count_or_none(text: str) -> int:
    return 0 if text == "0" else _count(text)


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "database_url": sqlalchemy_url,
    "redis_url": _redis_url,
    "files_url": _files_url,
    "secret_key": _secret_key,
    "encryption_keys": master_keys,
    "files_endpoint": _public_url,
    "files_region": str,
    "files_key_id": str,
    "files_secret": str,
    "files_per_tenant_bytes": _count,
    "public_url": _public_url,
    "platform_issuer": _issuer,
    "platform_client_id": str,
    "platform_client_secret": str,
    "platform_name": str,
    "allow_private_providers": _flag,
    "nih_reporter_url": _public_url,
    "pubmed_url": _public_url,
    "pubmed_key": str,
    "crossref_url": _public_url,
    "openalex_url": _public_url,
    "openalex_key": str,
    "orcid_url": _public_url,
    "sources_email": str,
    "lease_seconds": _seconds,
    "sweep_seconds": _seconds,
    "bell_seconds": _seconds,
    "bells_per_tenant": _count,
    "helped_from_people": _count,
    "requests_per_minute_client": _count,
    "requests_per_minute_tenant": _count,
    "tokens_per_minute_client": _count,
    "sign_ins_per_minute_address": _count,
    "trusted_proxies": _count_or_none,
    "max_upload_bytes": _count,
    "job_attempts": _count,
    "smtp_url": smtp_server,
    "mail_from": sender,
}
