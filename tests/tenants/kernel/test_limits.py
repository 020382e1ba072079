"""Counting: what a window lets through, to the request and to the millisecond, and what follows when Valkey is away."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from math import ceil
from threading import Barrier
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from tenants.kernel.ids import new_id
from tenants.kernel.limits import Count, Limiter, Quota, Standing, caller_key
from tenants.kernel.settings import Settings
from tests.own_valkey import Clock, OwnValkey, running_valkey

FEW = Quota("few", 3, 60)
MANY = Quota("many", 5, 60)


@pytest.fixture(scope="module")
def url(settings: Settings) -> str:
    return f"{settings.redis_url}?db=2"


@pytest.fixture(scope="module")
def clock(url: str) -> Iterator[Clock]:
    clock = Clock(url)
    yield clock
    clock.close()


@pytest.fixture(scope="module")
def limiter(url: str, clock: Clock) -> Limiter:
    return Limiter(url, clock=Clock.LUA)


@pytest.fixture
def valkey() -> Iterator[OwnValkey]:
    with running_valkey() as valkey:
        yield valkey


def somebody() -> str:
    return new_id().hex


def counted(limiter: Limiter, *asked: tuple[Quota, str]) -> Count:
    count = limiter.take(*asked)
    assert count is not None
    return count


def left(count: Count) -> list[int]:
    return [standing.left for standing in count.standings]


class ExactWindow:
    """The rule in exact numbers: this window whole, the one before by the part of it that is still near."""

    def __init__(self, quota: Quota, start: int) -> None:
        self.most, self.length = quota.most, quota.seconds * 1000
        self.start, self.count, self.before = start, 0, 0

    def take(self, now: int) -> tuple[bool, int]:
        passed = (now - self.start) // self.length
        start, count, before = self.start, self.count, self.before
        if passed == 1:
            start, count, before = self.start + self.length, 0, self.count
        elif passed:
            start, count, before = now, 0, 0
        granted = self._left(now, start, count, before) > 0
        if granted:  # whoever is refused leaves no trace
            count += 1
            self.start, self.count, self.before = start, count, before
        return granted, self._left(now, start, count, before)

    def _left(self, now: int, start: int, count: int, before: int) -> int:
        near = Fraction(before * (start + self.length - now), self.length)
        return max(self.most - ceil(near) - count, 0)


quotas = st.builds(Quota, st.just("any"), st.integers(1, 7), st.integers(1, 90))
moves = st.lists(st.tuples(st.integers(0, 200_000), st.integers(1, 9)), max_size=8)


@tries(max_examples=150, deadline=None)
@given(quota=quotas, moves=moves)
@example(quota=Quota("any", 1, 7), moves=[(7000, 1), (7001, 1), (13_999, 1)])
def test_what_is_granted_and_left_is_what_exact_numbers_say(
    limiter: Limiter, clock: Clock, quota: Quota, moves: list[tuple[int, int]]
) -> None:
    who, exact = somebody(), ExactWindow(quota, clock.milliseconds)
    counted(limiter, (quota, who))
    exact.take(clock.milliseconds)
    for milliseconds, times in moves:
        clock.move(milliseconds)
        for _ in range(times):
            count = counted(limiter, (quota, who))
            assert (count.granted, *left(count)) == exact.take(clock.milliseconds)


@tries(max_examples=150, deadline=None)
@given(quota=quotas, moves=moves)
def test_whoever_waits_as_long_as_told_may_go_on_and_not_a_millisecond_earlier(
    limiter: Limiter, clock: Clock, quota: Quota, moves: list[tuple[int, int]]
) -> None:
    who = somebody()
    for milliseconds, _ in moves:
        clock.move(milliseconds)
        while (count := counted(limiter, (quota, who))).granted:
            told = count.standings[0]
            assert (told.wait > 0) == (told.left == 0)
        wait = round(count.standings[0].wait * 1000)
        clock.move(wait - 1)
        assert not counted(limiter, (quota, who)).granted
        clock.move(1)
        assert counted(limiter, (quota, who)).granted


def test_a_burst_is_cut_at_the_limit_and_what_is_left_is_told(limiter: Limiter) -> None:
    who = somebody()
    counts = [counted(limiter, (FEW, who)) for _ in range(5)]
    assert [(count.granted, *left(count)) for count in counts] == [
        (True, 2), (True, 1), (True, 0), (False, 0), (False, 0),
    ]  # fmt: skip
    assert counts[-1].used_up[0].quota == FEW
    assert counts[-1].retry_after == 60 + 60 // 3


def test_who_is_refused_by_one_quota_takes_nothing_from_another(limiter: Limiter) -> None:
    first, second, both = somebody(), somebody(), somebody()
    for _ in range(10):
        refused = counted(limiter, (FEW, first), (MANY, both))
    assert (refused.granted, left(refused)) == (False, [0, 2])
    assert [standing.quota for standing in refused.used_up] == [FEW]
    granted = [counted(limiter, (FEW, second), (MANY, both)).granted for _ in range(3)]
    assert granted == [True, True, False]
    assert left(counted(limiter, (FEW, second))) == [0]


def test_two_quotas_of_one_name_are_kept_apart_by_whose_they_are(limiter: Limiter) -> None:
    for who in (somebody(), somebody()):
        assert left(counted(limiter, (FEW, who))) == [2]


def test_in_parallel_no_more_than_the_limit_is_granted(limiter: Limiter) -> None:
    who, start = somebody(), Barrier(8)

    def ask(_: int) -> int:
        start.wait()
        return sum(counted(limiter, (MANY, who)).granted for _ in range(5))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == MANY.most


def test_by_valkeys_own_clock_the_first_requests_are_counted_as_well(url: str) -> None:
    who, limiter = somebody(), Limiter(url)
    assert [counted(limiter, (FEW, who)).granted for _ in range(4)] == [True, True, True, False]


def test_what_is_counted_is_forgotten_with_its_last_window(url: str, limiter: Limiter) -> None:
    import redis

    who = somebody()
    counted(limiter, (FEW, who))
    with redis.Redis.from_url(url) as valkey:
        assert 100_000 < valkey.pttl(f"limit:few:{who}") <= 120_000


@pytest.mark.parametrize(
    ("left", "wait", "seconds"),
    [(1200, 0, 60), (1199, 0, 60), (600, 0, 30), (1, 0, 1), (0, 0.2, 1), (0, 7.1, 8)],
)
def test_what_is_left_lasts_as_long_as_the_quota_as_a_whole_would(
    left: int, wait: float, seconds: int
) -> None:
    assert Standing(Quota("client", 1200, 60), left, wait).lasts == seconds


def test_people_of_one_client_are_kept_apart_from_each_other_and_from_it() -> None:
    client, people = new_id(), [new_id(), new_id()]
    keys = {caller_key(client), *(caller_key(client, person) for person in people)}
    assert len(keys) == 3
    assert caller_key(client) == UUID(int=client.int).hex


def test_without_valkey_a_process_keeps_to_the_same_limit_alone(valkey: OwnValkey) -> None:
    valkey.stop()
    limiter = Limiter(valkey.url, pause=3600)
    first, second, both = somebody(), somebody(), somebody()
    assert limiter.take((FEW, first), (MANY, both)) is None
    counts = [limiter.take_here((FEW, first), (MANY, both)) for _ in range(9)]
    assert [count.granted for count in counts] == [True] * 3 + [False] * 6
    assert [left(count) for count in counts[:4]] == [[2, 4], [1, 3], [0, 2], [0, 2]]
    assert 1 <= counts[-1].retry_after <= 60
    assert [limiter.take_here((FEW, second), (MANY, both)).granted for _ in range(3)] == [True, True, False]


def test_after_a_failure_valkey_is_not_asked_for_a_while_and_it_is_said_once(
    valkey: OwnValkey, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = Limiter(valkey.url, pause=3600)
    counted(limiter, (FEW, somebody()))
    valkey.stop()
    assert limiter.take((FEW, somebody())) is None
    valkey.start()
    assert [limiter.take((FEW, somebody())) for _ in range(3)] == [None] * 3
    assert valkey.counts() == []
    assert len([record for record in caplog.records if record.name == "tenants.kernel.limits"]) == 1


def test_valkey_counts_again_once_it_is_back(valkey: OwnValkey, caplog: pytest.LogCaptureFixture) -> None:
    limiter, who = Limiter(valkey.url, pause=0), somebody()
    valkey.stop()
    assert [limiter.take((FEW, who)) for _ in range(3)] == [None] * 3
    valkey.start()
    assert left(counted(limiter, (FEW, who))) == [2]
    said = [record.message.partition(";")[0] for record in caplog.records]
    assert said == ["valkey does not answer", "valkey answers again"]


def test_a_restart_of_valkey_between_two_requests_is_not_noticed(
    valkey: OwnValkey, caplog: pytest.LogCaptureFixture
) -> None:
    limiter = Limiter(valkey.url)
    counted(limiter, (FEW, somebody()))
    valkey.stop()
    valkey.start()
    assert left(counted(limiter, (FEW, somebody()))) == [2]
    assert caplog.records == []


def test_an_answer_that_comes_too_late_is_nobodys(valkey: OwnValkey) -> None:
    limiter, slow, next_one = Limiter(valkey.url, pause=0), somebody(), somebody()
    for _ in range(3):
        counted(limiter, (FEW, slow))
    valkey.freeze()
    assert limiter.take((FEW, slow)) is None
    valkey.thaw()
    count = counted(limiter, (MANY, next_one))
    assert (count.granted, left(count)) == (True, [4])
