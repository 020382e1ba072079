"""Idempotency-Key: the second time, the first answer."""

import hmac
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import orjson
from flask import Request, Response, current_app

from api.auth.bearer import Caller
from tenants.kernel.clock import now
from tenants.kernel.errors import Invalid
from tenants.kernel.idempotency import KEPT_FOR, IdempotencyRecord, first_answer
from tenants.kernel.ids import random_id
from tenants.kernel.session import Session

HEADER = "Idempotency-Key"
PATTERN = "^[!-~]{1,255}$"
_KEY = re.compile(PATTERN)
_KEPT_HEADERS = ("Location", "ETag", "Retry-After")


def answered_once(
    session: Session, caller: Caller, request: Request, act: Callable[[], Response], secrets: Iterable[str]
) -> Response:
    """`act`, or the stored answer to the same request; `secrets` are fields blanked in what is stored."""
    bare = _bare_key(request)
    if bare is None:
        return act()
    again = _answered(session, caller, request, bare)
    if again is not None:
        return again
    response = act()
    if response.status_code < 300:
        kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        session.add(
            IdempotencyRecord(
                **_hashes(current_app.config["SECRET_KEY"], session, caller, request, bare),
                client_id=caller.client_id,
                route=_route(request),
                status=response.status_code,
                headers={**kept, "Idempotent-Replayed": "true"},
                body=_blanked(response.get_data(), secrets),
                expires_at=now() + KEPT_FOR,
            )
        )
    return response


def done_once(session: Session, caller: Caller, request: Request, act: Callable[[], Response]) -> Response:
    """As `answered_once`, of what nobody shall be able to lay at somebody's door.

    The record has a random id, and tells the hour alone.
    """
    bare = _bare_key(request)
    if bare is None:
        return act()
    again = _answered(session, caller, request, bare)
    if again is not None:
        return again
    response = act()
    hour = now().replace(minute=0, second=0, microsecond=0)
    row = IdempotencyRecord(
        **_hashes(current_app.config["SECRET_KEY"], session, caller, request, bare),
        id=random_id(),
        client_id=caller.client_id,
        route=_route(request),
        status=response.status_code,
        headers={"Idempotent-Replayed": "true"},
        body=b"",
        created_at=hour,
        expires_at=hour + timedelta(hours=1) + KEPT_FOR,
    )
    session.add(row)
    return response


def _answered(session: Session, caller: Caller, request: Request, bare: str) -> Response | None:
    """The stored answer to a request with this key, whichever secret of the deployment was in use then."""
    for secret in (current_app.config["SECRET_KEY"], *current_app.config["SECRET_KEY_FALLBACKS"]):
        hashes = _hashes(secret, session, caller, request, bare)
        record = first_answer(
            session, client_id=caller.client_id, route=_route(request), key_hash=hashes["key_hash"]
        )
        if record is not None:
            return _again(record, hashes["request_hash"])
    return None


def _hashes(secret: str, session: Session, caller: Caller, request: Request, bare: str) -> dict[str, bytes]:
    """Of a key and of what was asked with it, made with a secret that the database does not hold: whoever has that, and
    guesses a key, learns nothing of whose it is. A key is its sender's: two people who use the same client never hear
    each other's answers.
    """
    return {
        "key_hash": _keyed(secret, f"{caller.membership_id} {_route(request)} {bare}"),
        "request_hash": _keyed(secret, _said(session, caller, request, bare)),
    }


def _route(request: Request) -> str:
    return f"{request.method} {request.path}"


def _bare_key(request: Request) -> str | None:
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Invalid.field(f"#{HEADER}", "invalid", "An Idempotency-Key is 1 to 255 visible characters.")
    return key.removeprefix('"').removesuffix('"')


def _said(session: Session, caller: Caller, request: Request, bare: str) -> str:
    """All that makes a request the same: the scopes, too, and how far her roles reach, as whoever may do less is not
    told what was answered before; and the key, which is not kept: without it nobody can try texts against the hash.
    """
    may = f"{' '.join(sorted(caller.scopes))} {session.reach}"
    return "\n".join((bare, request.query_string.decode(), may, request.get_data(as_text=True)))


def _again(record: IdempotencyRecord, asked: bytes) -> Response:
    if record.request_hash != asked:
        raise Invalid.field(
            f"#{HEADER}", "key_reused", "This Idempotency-Key was used for a different request."
        )
    return Response(record.body, record.status, record.headers, content_type="application/json")


def _keyed(secret: str, said: str) -> bytes:
    return hmac.digest(secret.encode(), f"idempotency {said}".encode(), "sha256")


def _blanked(body: bytes, secrets: Iterable[str]) -> bytes:
    names = set(secrets)
    if not names or not body:
        return body
    said: dict[str, Any] = orjson.loads(body)
    return orjson.dumps({name: None if name in names else value for name, value in said.items()})
