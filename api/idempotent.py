"""Idempotency-Key: the second time, the first answer."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import orjson
from flask import Request, Response

from api.auth.bearer import Caller
from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid
from tenants.kernel.idempotency import KEPT_FOR, IdempotencyRecord, first_answer
from tenants.kernel.ids import digest
from tenants.kernel.session import Session

HEADER = "Idempotency-Key"
PATTERN = "^[!-~]{1,255}$"
_KEY = re.compile(PATTERN)
_KEPT_HEADERS = ("Location", "ETag", "Retry-After")


def answered_once(
    session: Session, caller: Caller, request: Request, act: Callable[[], Response], secrets: Iterable[str]
) -> Response:
    """`act`, or the stored answer to the same request; `secrets` are fields blanked in what is stored."""
    key = request.headers.get(HEADER)
    if key is None:
        return act()
    if not _KEY.fullmatch(key):
        raise Invalid.field(f"#{HEADER}", "invalid", "An Idempotency-Key is 1 to 255 visible characters.")
    bare = key.removeprefix('"').removesuffix('"')
    known = {
        "client_id": caller.client_id,
        "route": f"{request.method} {request.path}",
        # A key is its sender's: two people who use the same client never hear each other's answers.
        "key_hash": digest(f"{caller.membership_id} {bare}"),
    }
    # The scopes, too, and how far her roles reach: whoever may do less is not told what was answered before.
    may = f"{' '.join(sorted(caller.scopes))} {session.reach}"
    # The key as well, which is not kept: without it nobody can try texts against the hash that is.
    said = (bare, request.query_string.decode(), may, request.get_data(as_text=True))
    asked = digest("\n".join(said))
    record = first_answer(session, **known)
    if record is not None:
        if record.request_hash != asked:
            raise Invalid.field(
                f"#{HEADER}", "key_reused", "This Idempotency-Key was used for a different request."
            )
        return Response(record.body, record.status, record.headers, content_type="application/json")
    response = act()
    if response.status_code < 300:
        kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        session.add(
            IdempotencyRecord(
                **known,
                request_hash=asked,
                status=response.status_code,
                headers={**kept, "Idempotent-Replayed": "true"},
                body=_blanked(response.get_data(), secrets),
                expires_at=now() + KEPT_FOR,
            )
        )
    return response


def _blanked(body: bytes, secrets: Iterable[str]) -> bytes:
    names = set(secrets)
    if not names or not body:
        return body
    said: dict[str, Any] = orjson.loads(body)
    return orjson.dumps({name: None if name in names else value for name, value in said.items()})
