"""Getting pages of public sources: no faster than they bear, again where they stumble, and kept for a while."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from urllib.parse import urlencode

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.limits import Limiter, Quota
from tenants.kernel.outgoing import Answer, Outgoing, Unreachable
from tenants.kernel.settings import Settings
from tenants.outcomes.verification.models import SourcePage
from tenants.outcomes.verification.sources import SOURCES
from tenants.outcomes.verification.sources.found import Asked, Fetch

MOST_BYTES = 16 << 20
SECONDS = 30.0
ATTEMPTS = 4
LONGEST_WAIT = 60.0
"""Seconds; a source that asks for more is left alone."""
FRESH, SETTLED = timedelta(days=1), timedelta(days=30)
"""For how long a page serves: of a fiscal year that goes on, and of one that is over."""
KEPT = SETTLED
"""After how long a page goes."""


class SourceUnavailable(Exception):
    """A source does not answer, or not with what it documents."""


class Library:
    """The pages of all sources, for one job. It asks the job, whenever it waits, whether to go on."""

    def __init__(self, claim: Claim) -> None:
        settings = claim.settings
        self._claim = claim
        self._settings = settings
        self._limiter = Limiter(settings.redis_url)
        self._out = Outgoing(
            allow_private=settings.allow_private_providers, seconds=SECONDS, most_bytes=MOST_BYTES
        )

    def fetching(self, source: str, fiscal_year: int) -> Fetch:
        """Gets the pages of a source that tell of a fiscal year. Raises SourceUnavailable, Cancelled and LeaseLost."""

        def fetch(asked: Asked) -> bytes:
            key = _hash(asked)
            page = self._kept(source, key, since=now() - _serves(fiscal_year))
            if page is None:
                page = self._get(source, asked)
                self._keep(source, key, page)
            return page

        return fetch

    def _kept(self, source: str, key: str, *, since: datetime) -> bytes | None:
        of_it = (SourcePage.source == source) & (SourcePage.request_hash == key)
        with self._claim.session() as session:
            return session.scalar(select(SourcePage.body).where(of_it, SourcePage.fetched_at >= since))

    def _keep(self, source: str, key: str, page: bytes) -> None:
        with self._claim.session() as session:
            row = {"tenant_id": session.tenant_id, "id": new_id(), "source": source, "request_hash": key}
            new = {"fetched_at": now(), "body": page}
            keep = insert(SourcePage).values(**row, **new)
            same = [SourcePage.tenant_id, SourcePage.source, SourcePage.request_hash]
            session.execute(keep.on_conflict_do_update(index_elements=same, set_=new))
            session.commit()

    def _get(self, source: str, asked: Asked) -> bytes:
        for attempt in range(1, ATTEMPTS + 1):
            self._take_turn(source)
            wait = float(2 ** (attempt - 1))
            try:
                answer = self._ask(source, asked)
            except Unreachable:
                pass
            else:
                if answer.status == 200:
                    return answer.body
                if answer.status == 404:
                    return b""
                if answer.status != 429 and answer.status < 500:
                    raise SourceUnavailable(f"{source} refuses what was asked ({answer.status})")
                wait = _told_to_wait(answer.headers, wait)
            if wait > LONGEST_WAIT or attempt == ATTEMPTS:
                break
            self._pause(wait)
        raise SourceUnavailable(f"{source} does not answer")

    def _ask(self, source: str, asked: Asked) -> Answer:
        base, keys = ADDRESSES[source](self._settings)
        query = {**asked.query, **{name: value for name, value in keys.items() if value}}
        url = f"{base}{asked.path}" + (f"?{urlencode(query)}" if query else "")
        headers = {"Accept": asked.accept}
        if asked.body is None:
            return self._out.get(url, headers=headers)
        return self._out.post_json(url, orjson.dumps(asked.body), headers=headers)

    def _take_turn(self, source: str) -> None:
        """Wait until all workers together have not asked too often lately."""
        asked = (Quota(f"source-{source}", SOURCES[source].a_second, 1), "everybody")
        while True:
            count = self._limiter.take(asked) or self._limiter.take_here(asked)
            if count.granted:
                return
            self._pause(max(standing.wait for standing in count.standings) or 0.1)

    def _pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        self._claim.check()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, 1.0))
            self._claim.check()


ADDRESSES: Mapping[str, Callable[[Settings], tuple[str, dict[str, str]]]] = {
    "nih_reporter": lambda s: (s.nih_reporter_url, {}),
    "pubmed": lambda s: (
        s.pubmed_url,
        {"tool": "peerloom", "email": s.sources_email, "api_key": s.pubmed_key},
    ),
    "crossref": lambda s: (s.crossref_url, {"mailto": s.sources_email}),
    "openalex": lambda s: (s.openalex_url, {"mailto": s.sources_email, "api_key": s.openalex_key}),
    "orcid": lambda s: (s.orcid_url, {}),
}
"""By source, where it is, and what is told it with every request."""


def _serves(fiscal_year: int) -> timedelta:
    today = now().date()
    return SETTLED if fiscal_year < today.year + (today.month >= 10) else FRESH


def _hash(asked: Asked) -> str:
    said = [asked.path, dict(asked.query), asked.body]
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _told_to_wait(headers: Mapping[str, str], otherwise: float) -> float:
    """Seconds that Retry-After asks for: a number of them, or until a moment."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said)
    try:
        return max((parsedate_to_datetime(said) - now()).total_seconds(), 0.0)
    except (ValueError, TypeError):
        return otherwise
