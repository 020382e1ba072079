"""Where a run lends blocks of its search to those who help, in Valkey, and where they come back."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from workers.parcels import packed, unpacked

log = logging.getLogger(__name__)

SECONDS_KEPT = 600
"""How long Valkey keeps what a killed run has lent."""


def connected(redis_url: str) -> Any:
    """A connection that soon says that there is none: whoever is helped can do without."""
    return redis.Redis.from_url(
        redis_url, socket_timeout=5, socket_connect_timeout=5, retry=Retry(NoBackoff(), 1)
    )


@dataclass
class Desk:
    """The desk of one run. All its keys begin with its name, and none outlives the run for long.

    ``alone`` once Valkey did not answer: from then on nothing more is asked of it.
    """

    valkey: Any
    run: str
    alone: bool = False

    @property
    def _lent(self) -> str:
        return f"peerloom:blocks:{self.run}:lent"

    def _back(self, turn: int) -> str:
        # Its first element is nobody's, so that the list is there for just as long as the round.
        return f"peerloom:blocks:{self.run}:back:{turn}"

    def ask(self, act: Callable[[], Any]) -> Any:
        """What Valkey answers; None if it does not, or did not before."""
        if self.alone:
            return None
        try:
            return act()
        except redis.RedisError as error:
            log.warning("valkey does not answer; searching on without help: %s", error)
            self.alone = True
            return None

    def open(self, turn: int) -> None:
        """Be ready for a round."""
        back = self._back(turn)
        self.valkey.pipeline().rpush(back, b"").expire(back, SECONDS_KEPT).execute()

    def close(self, turn: int) -> None:
        """Put away what is left of a round; what comes back later is dropped."""
        self.valkey.delete(self._lent, self._back(turn))

    def lent(self) -> int:
        """How many blocks wait for somebody to take them."""
        return int(self.valkey.llen(self._lent))

    def lend(self, turn: int, number: int, block: Any) -> None:
        """Lay out a block."""
        parcel = packed((turn, number, block))
        self.valkey.pipeline().rpush(self._lent, parcel).expire(self._lent, SECONDS_KEPT).execute()

    def take_back(self) -> int | None:
        """The number of a block that nobody has taken, and now nobody will; None if there is none."""
        parcel = self.valkey.rpop(self._lent)
        return None if parcel is None else unpacked(parcel)[1]

    def come_back(self, turn: int) -> list[tuple[int, Any]]:
        """What has come back since this was last asked: number and what was found."""
        back = self._back(turn)
        asked = self.valkey.pipeline().lrange(back, 1, -1).ltrim(back, 0, 0).expire(back, SECONDS_KEPT)
        return [unpacked(parcel) for parcel in asked.execute()[0]]

    def take(self, seconds: int) -> tuple[int, int, Any] | None:
        """Round, number and block that this helper is to search; None if there was none for so long."""
        taken = self.valkey.blpop([self._lent], timeout=seconds)
        return None if taken is None else unpacked(taken[1])

    def give_back(self, turn: int, number: int, found: Any) -> None:
        """What a helper found. Where the round has ended there is no list, and none is made."""
        self.valkey.rpushx(self._back(turn), packed((number, found)))
