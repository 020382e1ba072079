"""What a matching run can be asked besides its recipe: how long to search."""

import pytest

from tenants.matching.options import RunOptions, options_of
from tenants.matching.solver import DEFAULT_BUDGET
from tests.factories.matching import every, partition, ready_to_match


def test_a_run_shows_the_options_that_it_was_given_and_no_others(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=12)
    _, usual = proposed(ready)
    assert usual["options"] == {}
    url, quick = proposed(ready, sweeps=0, time_limit=2.5)
    assert quick["options"] == {"sweeps": 0, "time_limit": 2.5}
    assert quick["state"] == "succeeded"
    assert tenant.api.get(url).get_json() == quick
    assert every(tenant.api, "/v1/matching-runs") == [usual, quick]


def test_a_longer_search_is_worth_no_less_and_a_shorter_one_is_still_repeatable(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=60)
    (first, none), (again, _), (_, long) = (proposed(ready, sweeps=sweeps) for sweeps in (0, 0, 200))
    assert partition(tenant.api, first) == partition(tenant.api, again)
    assert long["value"] >= none["value"]


def test_a_time_limit_ends_the_search_but_not_the_run(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=200, institutions=40)
    _, run = proposed(ready, sweeps=100_000, time_limit=0.2)
    assert (run["state"], run["placed_count"]) == ("succeeded", 200)
    assert run["stopped_by"] in ("time", "proof")


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("sweeps", -1),
        ("sweeps", 100_001),
        ("sweeps", 1.5),
        ("sweeps", "10"),
        ("sweeps", None),
        ("time_limit", 0),
        ("time_limit", -1),
        ("time_limit", 3600.5),
        ("time_limit", "60"),
        ("time_limit", True),
        ("time_limit", None),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name_and_starts_nothing(tenant, database, field, wrong):
    ready = ready_to_match(tenant, database, people=2)
    answer = tenant.api.post("/v1/matching-runs", json=ready.order(**{field: wrong}))
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.get_json()["errors"]] == [f"/{field}"]
    assert every(tenant.api, "/v1/matching-runs") == []


def test_options_are_kept_as_they_were_given():
    assert RunOptions().words == {}
    assert RunOptions().budget == DEFAULT_BUDGET
    given = RunOptions(sweeps=0, time_limit=1.5)
    assert given.words == {"sweeps": 0, "time_limit": 1.5}
    assert given.budget == 0
    assert options_of(given.words) == given
