"""Identifiers: UUIDv7 for rows, and bearer strings that say their tenant.

A bearer (client id, token, secret) reads ``<prefix>_<tenant>_<secret>``. The tenant in it lets the
look-up run under the ordinary tenant wall; the secret is what must be guessed.
"""

import hashlib
import secrets
from uuid import UUID, uuid4

import uuid_utils.compat


def new_id() -> UUID:
    """A UUIDv7: its order is the order of making, so a primary key grows at its end."""
    return uuid_utils.compat.uuid7()


def random_id() -> UUID:
    """A UUIDv4, for what must not tell when it was made: whoever was there then could know whose it is."""
    return uuid4()


def bearer(prefix: str, tenant_id: UUID, secret: str | None = None) -> str:
    """`prefix`_`tenant`_`secret`; without `secret`, 256 random bits."""
    return f"{prefix}_{tenant_id.hex}_{secret or secrets.token_hex(32)}"


def tenant_of(text: str, prefix: str) -> UUID | None:
    """The tenant that a bearer names, or None if it is not one of ours."""
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != prefix or len(parts[1]) != 32 or not parts[2]:
        return None
    try:
        return UUID(hex=parts[1])
    except ValueError:
        return None


def digest(text: str) -> bytes:
    """SHA-256. Enough for our bearers: with 256 random bits there is nothing to guess slowly."""
    return hashlib.sha256(text.encode()).digest()
