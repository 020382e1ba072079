"""Keys, and encrypting with them: AES-256-GCM, bound to the place where the ciphertext is kept.

One story for all that must be unreadable in a dump or a backup. Master keys are in the environment alone; what
they and the keys under them encrypt is in the database, and opens in its own row and nowhere else.
"""

import base64
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = b"\x01"
"""The first byte of every ciphertext. Another way to encrypt gets another one."""
NONCE_BYTES = 12
MOST_REMEMBERED = 4096
"""Unwrapped keys that a process remembers."""
_MASTER_KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")


class CannotDecrypt(Exception):
    """A ciphertext was altered, moved from its place, or is under another key. The message tells nothing of it."""


class MasterKeyMissing(CannotDecrypt):
    """ENCRYPTION_KEYS lacks the master key that is needed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ciphertext of a tenant is kept."""

    table: str
    column: str
    row_id: UUID

    def bound_to(self, tenant_id: UUID) -> bytes:
        """What is authenticated with the ciphertext. No two places read the same: a name holds no zero byte."""
        return "\0".join((str(tenant_id), self.table, self.column, str(self.row_id))).encode()


class Key:
    """A key in the clear, which is in memory only. `name` tells which one it is, and nothing about it."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)
        self.name = sha256(b"peerloom key\0" + secret).hexdigest()[:16]

    def encrypted(self, content: bytes, bound_to: bytes) -> bytes:
        """The content as only this key can read it, there where it is bound to."""
        # Random nonces are good for 2^32 texts under one key; every tenant and group has its own.
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + nonce + self._cipher.encrypt(nonce, content, FORMAT + bound_to)

    def decrypted(self, ciphertext: bytes, bound_to: bytes) -> bytes:
        """What was encrypted. Raises CannotDecrypt."""
        nonce, rest = ciphertext[1 : 1 + NONCE_BYTES], ciphertext[1 + NONCE_BYTES :]
        if ciphertext[:1] != FORMAT or len(nonce) < NONCE_BYTES:
            raise CannotDecrypt("This is no ciphertext of a known format.")
        try:
            return self._cipher.decrypt(nonce, rest, FORMAT + bound_to)
        except InvalidTag:
            raise CannotDecrypt(
                "A ciphertext does not open: it was altered or moved, or is under another key."
            ) from None


class KeyRing:
    """The master keys of this process. The first encrypts, all decrypt, so that they can be changed while we serve."""

    def __init__(self, secrets: Sequence[bytes]) -> None:
        masters = [Key(secret) for secret in secrets]
        self.first = masters[0]
        self._masters = {master.name: master for master in masters}
        self.unwrapped = lru_cache(maxsize=MOST_REMEMBERED)(_unwrapped)
        """The key that another one wrapped there; remembered. Raises CannotDecrypt."""

    def master(self, name: str) -> Key:
        """The master key of this name. Raises MasterKeyMissing."""
        if name not in self._masters:
            raise MasterKeyMissing(f"ENCRYPTION_KEYS lacks the master key {name}, which keys are under.")
        return self._masters[name]


def _unwrapped(wrapping: Key, wrapped: bytes, bound_to: bytes) -> Key:
    return Key(wrapping.decrypted(wrapped, bound_to))


def new_secret() -> bytes:
    """256 random bits for a key."""
    return AESGCM.generate_key(256)


def new_master_key() -> str:
    """A master key as ENCRYPTION_KEYS holds it."""
    return base64.urlsafe_b64encode(new_secret()).decode()


def master_keys(text: str) -> tuple[bytes, ...]:
    """What ENCRYPTION_KEYS holds: keys of 32 bytes in base64url, separated by commas. Raises ValueError."""
    words = [word.strip() for word in text.split(",")]
    if not all(_MASTER_KEY.fullmatch(word) for word in words):
        raise ValueError("must be keys of 32 bytes in base64url, separated by commas")
    return tuple(base64.urlsafe_b64decode(word.rstrip("=") + "=") for word in words)
