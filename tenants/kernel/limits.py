"""How often somebody may ask: quotas in a sliding window, counted in Valkey, for all processes together.

The rule is the sliding window counter, as the library `limits` has it: what was counted in this window counts
whole, what was counted in the window before it counts by the part of it that lies within the last `seconds`,
rounded up. The first window begins with the first request.

The library itself asks Valkey four times for the two quotas of a request: to take from each, and to learn what
is left of each. It takes from one quota without knowing of the other, so that a client which has used up its
own would go on using up its tenant's. Here one script takes from every quota or from none, and tells what is
left, in one round trip. While Valkey is away, the library counts in this process.
"""

import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import redis
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants.kernel.settings import Settings

log = logging.getLogger(__name__)

SECONDS_TO_ANSWER = 1.0
"""After which Valkey counts as away."""
SERVERS_CLOCK = "local t = redis.call('TIME') local now = t[1] * 1000 + math.floor(t[2] / 1000)"
"""Valkey's own: the clocks of several machines differ."""
# KEYS: for each quota the hash of who asks. ARGV: for each quota how many, and the window in milliseconds.
# Answers 1 or 0, granted or not; then for each quota what is left, and in how many milliseconds the next may come.
_TAKE = """
local granted, windows, told = 1, {}, {}
local function free(w) return w.most - math.ceil(w.before * w.left / w.length) - w.count end
for i, key in ipairs(KEYS) do
  local kept = redis.call('HMGET', key, 'start', 'count', 'before')
  local w = {most = tonumber(ARGV[2 * i - 1]), length = tonumber(ARGV[2 * i])}
  local start, count = tonumber(kept[1]) or now, tonumber(kept[2]) or 0
  local passed = math.floor((now - start) / w.length)
  if passed == 0 then
    w.start, w.count, w.before = start, count, tonumber(kept[3]) or 0
  elseif passed == 1 then
    w.start, w.count, w.before = start + w.length, 0, count
  else
    w.start, w.count, w.before = now, 0, 0
  end
  w.left = w.start + w.length - now
  windows[i] = w
  if free(w) < 1 then granted = 0 end
end
told[1] = granted
for i, key in ipairs(KEYS) do
  local w, wait = windows[i], 0
  if granted == 1 then
    w.count = w.count + 1
    redis.call('HSET', key, 'start', w.start, 'count', w.count, 'before', w.before)
    redis.call('PEXPIRE', key, w.left + w.length)
  end
  if free(w) < 1 and w.count < w.most then
    wait = w.left - math.floor((w.most - 1 - w.count) * w.length / w.before)
  elseif free(w) < 1 then
    wait = w.left + w.length - math.floor((w.most - 1) * w.length / w.count)
  end
  told[2 * i], told[2 * i + 1] = math.max(free(w), 0), wait
end
return told
"""


@dataclass(frozen=True, slots=True)
class Quota:
    """`most` requests in `seconds` of whoever it is kept for. `name` is what callers are told it is called."""

    name: str
    most: int
    seconds: int = 60


@dataclass(frozen=True, slots=True)
class Quotas:
    """All there are. Whoever asks to be let in is not known yet, and has less."""

    client: Quota
    tenant: Quota
    token: Quota
    """For who claims to be a client, from one address."""
    address: Quota
    """For all who ask to be let in from one address."""
    sign_in: Quota
    """For all who ask to be let in as people of one tenant: too many for one address to use up."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The quotas that the settings tell."""
        return cls(
            client=Quota("client", settings.requests_per_minute_client),
            tenant=Quota("tenant", settings.requests_per_minute_tenant),
            token=Quota("token", settings.tokens_per_minute_client),
            address=Quota("address", settings.sign_ins_per_minute_address),
            sign_in=Quota("sign-in", settings.requests_per_minute_tenant),
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """What is `left` of a quota, and `wait`, the seconds until the next may come, 0 while some are left."""

    quota: Quota
    left: int
    wait: float

    @property
    def lasts(self) -> int:
        """Whole seconds, at least 1, for which what is left must last.

        Spread over them, it is asked for no faster than the quota as a whole allows, and nobody who keeps
        to that is refused; when nothing is left, it is until there is some.
        """
        return max(1, math.ceil(max(self.wait, self.left * self.quota.seconds / self.quota.most)))


@dataclass(frozen=True, slots=True)
class Count:
    """Whether a request may go on, and how each of its quotas stands after it."""

    granted: bool
    standings: tuple[Standing, ...]

    @property
    def used_up(self) -> tuple[Standing, ...]:
        """Those of which nothing is left."""
        return tuple(each for each in self.standings if not each.left)

    @property
    def retry_after(self) -> int:
        """Whole seconds, at least 1, until a request may come again."""
        return max((each.lasts for each in self.used_up), default=1)


def caller_key(client_id: UUID, membership_id: UUID | None = None) -> str:
    """For whom a client's quota is kept: for the client, or for each person that it acts for."""
    return client_id.hex if membership_id is None else f"{client_id.hex}:{membership_id.hex}"


class Limiter:
    """Counts requests. Safe to share between threads."""

    def __init__(self, redis_url: str, *, clock: str = SERVERS_CLOCK, pause: float = 2.0) -> None:
        """`clock`: Lua that sets `now`, in milliseconds. `pause`: seconds before Valkey is asked again."""
        self._url = redis_url
        self._rule = clock + _TAKE
        self._of_thread = threading.local()
        self._here = FixedWindowRateLimiter(MemoryStorage())
        self._pause = pause
        self._away = False
        self._asked_again_at = 0.0

    def take(self, *asked: tuple[Quota, str]) -> Count | None:
        """Take one from each quota of the one it is kept for, or nothing from any. None while Valkey is away."""
        if self._is_left_alone():
            return None
        keys = [f"limit:{quota.name}:{whose}" for quota, whose in asked]
        sizes = [number for quota, _ in asked for number in (quota.most, quota.seconds * 1000)]
        try:
            granted, *told = self._script()(keys=keys, args=sizes)
        except redis.RedisError as error:
            self._leave_alone(error)
            return None
        if self._away:
            self._away = False
            log.warning("valkey answers again")
        rows = zip(asked, told[::2], told[1::2], strict=True)
        return Count(
            bool(granted), tuple(Standing(quota, left, wait / 1000) for (quota, _), left, wait in rows)
        )

    def take_here(self, *asked: tuple[Quota, str]) -> Count:
        """The same in this process alone, in fixed windows, without what Valkey counted before."""
        items = [
            (quota, RateLimitItemPerSecond(quota.most, quota.seconds, quota.name), whose)
            for quota, whose in asked
        ]
        granted = all(self._here.test(item, whose) for _, item, whose in items) and all(
            self._here.hit(item, whose) for _, item, whose in items
        )
        standings = []
        for quota, item, whose in items:
            until, left = self._here.get_window_stats(item, whose)
            standings.append(Standing(quota, left, 0 if left else max(until - time.time(), 0)))
        return Count(granted, tuple(standings))

    def _script(self) -> Any:
        """On a connection of this thread's own: a pool would look at each use whether its connection still is one."""
        if not hasattr(self._of_thread, "script"):
            valkey = redis.Redis.from_url(
                self._url,
                single_connection_client=True,
                socket_timeout=SECONDS_TO_ANSWER,
                socket_connect_timeout=SECONDS_TO_ANSWER,
                # The connection to a Valkey that was restarted is replaced at once; for silence nobody waits twice.
                retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
            )
            self._of_thread.script = valkey.register_script(self._rule)
        return self._of_thread.script

    def _is_left_alone(self) -> bool:
        if not self._away:
            return False
        moment = time.monotonic()
        if moment < self._asked_again_at:
            return True
        self._asked_again_at = moment + self._pause  # so that the others need not wait with the one who tries
        return False

    def _leave_alone(self, error: redis.RedisError) -> None:
        self._asked_again_at = time.monotonic() + self._pause
        if not self._away:
            self._away = True
            log.warning(
                "valkey does not answer; until it does, each process counts requests alone: %s", error
            )
