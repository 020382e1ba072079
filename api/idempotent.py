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
from tenants.kernel.ids import digest, random_id
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
    known = {
        "client_id": caller.client_id,
        "route": f"{request.method} {request.path}",
        # A key is its sender's: two people who use the same client never hear each other's answers.
        "key_hash": digest(f"{caller.membership_id} {bare}"),
    }
    asked = digest(_said(session, caller, request, bare))
    record = first_answer(session, **known)
    if record is not None:
        return _again(record, asked)
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


def done_once(session: Session, caller: Caller, request: Request, act: Callable[[], Response]) -> Response:
    """As `answered_once`, of what nobody shall be able to lay at somebody's door.

    Of whoever has the database, and guesses a key, nobody learns whose it is: the hashes are made with the secret of
    this deployment, which the database does not hold. The record has a random id, and tells the hour alone.
    """
    bare = _bare_key(request)
    if bare is None:
        return act()
    route = f"{request.method} {request.path}"
    config = current_app.config
    for secret in (config["SECRET_KEY"], *config["SECRET_KEY_FALLBACKS"]):
        record = first_answer(
            session,
            client_id=caller.client_id,
            route=route,
            key_hash=_keyed(secret, f"{caller.membership_id} {route} {bare}"),
        )
        if record is not None:
            return _again(record, _keyed(secret, _said(session, caller, request, bare)))
    response = act()
    secret, hour = config["SECRET_KEY"], now().replace(minute=0, second=0, microsecond=0)
    row = IdempotencyRecord(
        id=random_id(),
        client_id=caller.client_id,
        route=route,
        key_hash=_keyed(secret, f"{caller.membership_id} {route} {bare}"),
        request_hash=_keyed(secret, _said(session, caller, request, bare)),
        status=response.status_code,
        headers={"Idempotent-Replayed": "true"},
        body=b"",
        created_at=hour,
        expires_at=hour + timedelta(hours=1) + KEPT_FOR,
    )
    session.add(row)
    return response


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
    return hmac.digest(secret.encode(), f"traceless {said}".encode(), "sha256")


def _blanked(body: bytes, secrets: Iterable[str]) -> bytes:
    names = set(secrets)
    if not names or not body:
        return body
    said: dict[str, Any] = orjson.loads(body)
    return orjson.dumps({name: None if name in names else value for name, value in said.items()})
