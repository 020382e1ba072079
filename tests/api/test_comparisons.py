"""Comparing two matching runs of a cohort, over HTTP with a real worker."""

from functools import partial
from itertools import combinations
from uuid import uuid4

import pytest

from tests.factories.matching import every, invented, partition, ready_to_match, statements
from tests.factories.participants import add_participants


@pytest.fixture
def compared(tenant):
    """The comparison of a run with another, and the people below it; by their URLs."""
    return partial(comparison, tenant.api)


def comparison(api, this, other):
    url = f"{this}/comparisons/{other.rpartition('/')[2]}"
    answer = api.get(url)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json(), every(api, f"{url}/people?limit=7")


@pytest.fixture(scope="module")
def two(new_tenant, database, finished):
    """A tenant with a cohort of 40 people, and the URLs of two runs of it, the second of which did not search."""
    tenant = new_tenant()
    ready = ready_to_match(tenant, database, people=40)
    orders = ready.order(seed=1), ready.order(seed=2, sweeps=0)
    urls = [tenant.api.post("/v1/matching-runs", json=order).headers["Location"] for order in orders]
    assert [finished(tenant.api, url)["state"] for url in urls] == ["succeeded"] * 2
    return tenant, ready, urls


def cohort_of(tenant, database, ready, people):
    """Another cohort of the same program; its id."""
    body = {"program_id": ready.program_id, "name": "Spring"}
    cohort_id = tenant.api.post("/v1/cohorts", json=body).get_json()["id"]
    add_participants(database, tenant.id, cohort_id, invented(people), prefix=f"of {cohort_id} ")
    return cohort_id


def pairs_of(groups):
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def partners(groups):
    return {person: set(group) - {person} for group in groups for person in group}


def test_two_runs_are_compared_in_all_that_they_are_worth(two):
    tenant, ready, (this, other) = two
    one, two = (tenant.api.get(url).get_json() for url in (this, other))
    said, _ = comparison(tenant.api, this, other)
    assert (said["matching_run_id"], said["other_run_id"]) == (one["id"], two["id"])
    assert said["cohort_id"] == ready.cohort_id
    assert one["bound_by"] == two["bound_by"]
    for name in ("value", "gap", "group_count", "placed_count", "unplaced_count"):
        assert (said[name]["this"], said[name]["other"]) == (one[name], two[name])
        assert said[name]["difference"] == pytest.approx(two[name] - one[name])
    for side, url in (("this", this), ("other", other)):
        groups = every(tenant.api, f"{url}/proposed-groups")
        values = [group["value"] for group in groups]
        assert said["weakest_group_value"][side] == min(values)
        assert said["mean_group_value"][side] == pytest.approx(sum(values) / len(values))
        assert said["owed"][side] == pytest.approx(sum(group["owed"] for group in groups))
    assert [(term["attribute"], term["prefer"]) for term in said["terms"]] == [
        ("award", "similar"),
        ("institution", "different"),
    ]
    for term, first, second in zip(said["terms"], one["terms"], two["terms"], strict=True):
        assert (term["this"], term["other"]) == (first["value"], second["value"])
        assert term["difference"] == pytest.approx(second["value"] - first["value"])


def test_who_stays_with_whom_is_counted(two):
    tenant, _, (this, other) = two
    before, after = partition(tenant.api, this), partition(tenant.api, other)
    said, _ = comparison(tenant.api, this, other)
    kept = pairs_of(before) & pairs_of(after)
    assert said["pairs"] == len(pairs_of(before))
    assert said["pairs_kept"] == len(kept)
    assert said["share_of_pairs_kept"] == pytest.approx(len(kept) / len(pairs_of(before)))
    moved = [person for person, with_ in partners(before).items() if partners(after)[person] != with_]
    assert said["moved"] == len(moved) > 0


def test_a_run_is_the_same_as_itself(tenant, database, proposed, compared):
    url, run = proposed(ready_to_match(tenant, database, people=12))
    said, people = compared(url, url)
    assert (said["moved"], said["share_of_pairs_kept"]) == (0, 1)
    assert said["value"] == {"this": run["value"], "other": run["value"], "difference": 0}
    assert {person["change"] for person in people} == {0}


def test_what_changes_for_each_person_is_listed(two):
    tenant, ready, (this, other) = two
    _, people = comparison(tenant.api, this, other)
    assert [person["participant_id"] for person in people] == sorted(ready.participants)
    for url, position, affinity in (
        (this, "position", "affinity"),
        (other, "other_position", "other_affinity"),
    ):
        placed = {each["participant_id"]: each for each in every(tenant.api, f"{url}/placements")}
        for person in people:
            found = placed[person["participant_id"]]
            assert (person[position], person[affinity]) == (found["position"], found["affinity"])
            assert person["external_id"] == found["external_id"]
    for person in people:
        assert person["change"] == pytest.approx(person["other_affinity"] - person["affinity"])


def test_who_is_in_one_run_only_has_nothing_on_the_other_side(tenant, database, proposed, compared):
    ready = ready_to_match(tenant, database, people=12, institutions=1000)
    before = proposed(ready)[0]
    more = [{"institution": f"Invented {number}", "award": "K01"} for number in range(6)]
    newcomers = add_participants(database, tenant.id, ready.cohort_id, more, prefix="N")
    after = proposed(ready)[0]
    said, people = compared(before, after)
    assert (said["placed_count"]["this"], said["placed_count"]["difference"]) == (12, 6)
    assert len(people) == 18
    for person in people:
        new = person["participant_id"] in newcomers
        nothing = (person["position"] is None, person["affinity"] is None, person["change"] is None)
        assert nothing == (new, new, new)
        assert person["other_position"] is not None
    moved = partners(partition(tenant.api, after))
    same = [who for who, with_ in partners(partition(tenant.api, before)).items() if moved[who] == with_]
    assert said["moved"] == 12 - len(same)


def test_who_is_in_no_group_of_either_has_not_moved(tenant, database, proposed, compared):
    ready = ready_to_match(tenant, database, people=13, size={"min": 5, "max": 5}, rules=[], waitlist=True)
    this, other = proposed(ready, seed=1)[0], proposed(ready, seed=2)[0]
    said, people = compared(this, other)
    assert len(people) == 13
    before, after = (partners(partition(tenant.api, url)) for url in (this, other))
    assert said["moved"] == sum(
        before.get(each, set()) != after.get(each, set()) for each in ready.participants
    )


def test_terms_that_one_recipe_lacks_are_null_on_its_side(tenant, database, proposed, finished, compared):
    ready = ready_to_match(tenant, database, people=12)
    this = proposed(ready)[0]
    terms = [
        {"attribute": "award", "prefer": "different"},
        {"attribute": "institution", "prefer": "different"},
    ]
    body = {"cohort_id": ready.cohort_id, "simulation": True, "recipe": {"terms": terms}}
    other = tenant.api.post("/v1/matching-runs", json=body).headers["Location"]
    assert finished(tenant.api, other)["state"] == "succeeded"
    said, _ = compared(this, other)
    found = {(term["attribute"], term["prefer"]): term for term in said["terms"]}
    assert len(found) == 3
    assert (found["award", "similar"]["other"], found["award", "similar"]["difference"]) == (None, None)
    assert (found["award", "different"]["this"], found["award", "different"]["difference"]) == (None, None)
    assert found["institution", "different"]["difference"] is not None


def test_runs_without_proposals_or_of_other_cohorts_are_not_compared(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=12)
    url, run = proposed(ready)
    _, none = proposed(ready, cohort_id=cohort_of(tenant, database, ready, people=3))
    _, elsewhere = proposed(ready, cohort_id=cohort_of(tenant, database, ready, people=12))
    assert (none["state"], elsewhere["state"]) == ("infeasible", "succeeded")
    for below in ("", "/people"):
        for other, code in ((none["id"], "not_ready"), (elsewhere["id"], "other_cohort")):
            refused = tenant.api.get(f"{url}/comparisons/{other}{below}")
            assert (refused.status_code, refused.get_json()["code"]) == (409, code)
        turned = tenant.api.get(f"/v1/matching-runs/{none['id']}/comparisons/{run['id']}{below}")
        assert turned.get_json()["code"] == "not_ready"
        assert tenant.api.get(f"{url}/comparisons/{uuid4()}{below}").status_code == 404


def test_another_tenants_run_is_unknown_on_either_side(tenant, new_tenant, database, proposed, finished):
    url, run = proposed(ready_to_match(tenant, database, people=12))
    other = new_tenant()
    own = other.api.post("/v1/matching-runs", json=ready_to_match(other, database, people=12).order())
    finished(other.api, own.headers["Location"])
    for below in ("", "/people"):
        for path in (
            f"{own.headers['Location']}/comparisons/{run['id']}",
            f"{url}/comparisons/{own.get_json()['id']}",
        ):
            assert other.api.get(path + below).status_code == 404


def test_a_comparison_costs_the_same_statements_however_many_people_there_are(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=12)
    counted = []
    for cohort_id in (ready.cohort_id, cohort_of(tenant, database, ready, people=60)):
        this, other = (proposed(ready, cohort_id=cohort_id, sweeps=sweeps)[0] for sweeps in (0, 10))
        url = f"{this}/comparisons/{other.rpartition('/')[2]}"
        for below in ("", "/people?limit=100"):
            with statements(database) as seen:
                assert tenant.api.get(url + below).status_code == 200
            counted.append(len(seen))
    assert counted[:2] == counted[2:]
    assert all(counted)
