"""Matching runs and what they propose, over HTTP with a real worker."""

from collections import Counter
from uuid import uuid4

from sqlalchemy import text

from tests.factories.matching import TERMS, every, partition, program_to_match, ready_to_match, statements
from tests.factories.participants import add_participants


def test_a_run_proposes_groups_that_keep_the_recipe(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=60)
    url, run = proposed(ready, sweeps=50)
    assert run["state"] == "succeeded"
    assert (run["progress"], run["seed"], run["error"], run["reasons"]) == (1, 1, None, [])
    assert run["recipe"]["name"] == "Default"
    assert every(tenant.api, f"/v1/matching-runs?cohort_id={ready.cohort_id}") == [run]
    groups = every(tenant.api, f"{url}/proposed-groups?limit=3")
    assert [group["position"] for group in groups] == list(range(1, run["group_count"] + 1))
    people = {member["participant_id"] for group in groups for member in group["members"]}
    left = every(tenant.api, f"{url}/unplaced")
    assert len(people) == run["placed_count"]
    assert len(left) == run["unplaced_count"]
    assert people | {person["participant_id"] for person in left} == set(ready.participants)
    with database.tenant(tenant.id) as session:
        rows = session.execute(text("SELECT id, attributes ->> 'institution' FROM participant"))
        institution = {str(participant_id): name for participant_id, name in rows}
    for group in groups:
        assert 5 <= len(group["members"]) <= 7
        assert max(Counter(institution[m["participant_id"]] for m in group["members"]).values()) == 1
        assert [(c["attribute"], c["weight"]) for c in group["terms"]] == [
            ("award", 2),
            ("institution", 1),
        ]
        assert group["terms"][1]["value"] == 1.0


def test_who_fits_nowhere_is_told_why(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=12, institutions=6, waitlist=True)
    crowd = [{"institution": "Invented Crowd", "award": "K01"}] * 4
    add_participants(database, tenant.id, ready.cohort_id, crowd, prefix="Q")
    url, run = proposed(ready)
    left = every(tenant.api, f"{url}/unplaced")
    assert run["state"] == "partial"
    assert "Invented Crowd" in run["clash"]["said"]
    assert run["unplaced_count"] == len(left) > 0
    assert {person["code"] for person in left} <= {"cap", "size"}
    assert all(person["reason"].endswith(".") and person["external_id"] for person in left)


def test_rules_that_the_recipe_does_not_have_are_not_numbered_as_if_it_had(tenant, database, proposed):
    ready = ready_to_match(
        tenant, database, people=6, institutions=6, waitlist=True, size={"min": 5, "max": 6}
    )
    url = f"/v1/cohorts/{ready.cohort_id}/separations"
    assert tenant.api.post(url, json={"participants": ready.participants[:2]}).status_code == 201
    run, _ = proposed(ready)
    (left,) = every(tenant.api, f"{run}/unplaced")
    assert left["code"] == "apart"
    assert left["reason"] == "Closed in every group by those who must be kept apart."
    assert left["for_member"]["said"] == ["There was no place for you in a group this time."]


def test_without_a_waitlist_nobody_is_left_over_and_the_clash_is_told(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=30, institutions=6)
    crowd = [{"institution": "Invented Crowd", "award": "K01"}] * 8
    add_participants(database, tenant.id, ready.cohort_id, crowd, prefix="Q")
    url, run = proposed(ready)
    assert (run["state"], run["group_count"]) == ("infeasible", None)
    assert run["reasons"] == [run["clash"]["said"]]
    cap = next(part for part in run["clash"]["parts"] if part["rule"] == 0)
    assert cap["value"] == "Invented Crowd"
    assert len(cap["people"]) == 8
    assert run["clash"]["relaxations"]
    assert every(tenant.api, f"{url}/unplaced") == []


def test_a_run_says_how_good_its_groups_are_and_why_each_member_is_there(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=40)
    url, run = proposed(ready)
    assert 0 < run["value"] <= run["bound"] <= 1
    assert abs(run["gap"] - (run["bound"] - run["value"]) / run["bound"]) < 1e-9
    groups = {group["position"]: group for group in every(tenant.api, f"{url}/proposed-groups")}
    sizes = [len(group["members"]) for group in groups.values()]
    mean = sum(size * group["value"] for size, group in zip(sizes, groups.values(), strict=True)) / sum(sizes)
    weakest = min(group["value"] for group in groups.values())
    assert abs(run["value"] - (mean + weakest) / 2) < 1e-6
    for group in groups.values():
        assert [term["share_of_bound"] <= 1 for term in group["terms"]] == [True, True]
    placements = every(tenant.api, f"{url}/placements?limit=7")
    assert {each["participant_id"] for each in placements} == set(ready.participants)
    for position, group in groups.items():
        own = [each for each in placements if each["position"] == position]
        assert {each["external_id"] for each in own} == {each["external_id"] for each in group["members"]}
        assert abs(sum(each["affinity"] for each in own) / len(own) - group["value"]) < 1e-6
    ids = {each["external_id"] for each in placements}
    for each in placements:
        assert each["alternative"] is None or each["alternative"]["in_exchange_with"] in ids | {None}
        assert not any(other in " ".join(each["for_member"]["said"]) for other in ids)


def test_what_the_cohort_keeps_apart_stays_apart(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=20, rules=[])
    first = ready.participants[0]
    url = f"/v1/cohorts/{ready.cohort_id}/separations"
    for other in ready.participants[1:9]:
        assert tenant.api.post(url, json={"participants": [first, other]}).status_code == 201
    together = [group for group in partition(tenant.api, proposed(ready)[0]) if first in group]
    assert len(together) == 1
    assert not set(together[0]) & set(ready.participants[1:9])


def test_the_same_seed_gives_the_same_members(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=40)
    first, second = proposed(ready, seed=7)[0], proposed(ready, seed=7)[0]
    assert partition(tenant.api, first) == partition(tenant.api, second)


def test_a_pool_too_small_is_infeasible_and_says_why(tenant, database, proposed):
    url, run = proposed(ready_to_match(tenant, database, people=3))
    assert run["state"] == "infeasible"
    assert "3 people" in run["reasons"][0]
    assert every(tenant.api, f"{url}/proposed-groups") == []
    refused = tenant.api.post(f"{url}/acceptance")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "infeasible")


def test_an_empty_cohort_is_infeasible(tenant, database, proposed):
    assert proposed(ready_to_match(tenant, database, people=0))[1]["state"] == "infeasible"


def test_only_people_who_can_be_placed_are_in_the_pool(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=10)
    for state in ("applied", "waitlisted"):
        add_participants(
            database, tenant.id, ready.cohort_id, [{"institution": state}], state=state, prefix=state
        )
    for state in ("invited", "withdrawn", "ineligible", "placed"):
        add_participants(
            database, tenant.id, ready.cohort_id, [{"institution": state}], state=state, prefix=state
        )
    _, run = proposed(ready)
    assert run["placed_count"] + run["unplaced_count"] == 12


def test_a_value_that_no_longer_fits_fails_the_run_by_name(tenant, database, proposed):
    terms = [{"attribute": "rank", "prefer": "similar"}]
    ready = ready_to_match(tenant, database, people=10, terms=terms, rules=[])
    add_participants(database, tenant.id, ready.cohort_id, [{"rank": "emperor"}], prefix="Q")
    url, run = proposed(ready)
    assert (run["state"], run["error"]["code"]) == ("failed", "invalid_value")
    assert "rank" in run["error"]["message"]
    assert "Q0" in run["error"]["message"]
    assert tenant.api.post(f"{url}/acceptance").get_json()["code"] == "not_ready"


def test_a_recipe_whose_attribute_is_gone_fails_the_run(tenant, database, proposed):
    ready = ready_to_match(
        tenant, database, people=10, terms=[{"attribute": "papers", "prefer": "similar"}], rules=[]
    )
    attributes = every(tenant.api, f"/v1/programs/{ready.program_id}/attributes")
    papers = next(attribute for attribute in attributes if attribute["key"] == "papers")
    gone = tenant.api.delete(f"/v1/attributes/{papers['id']}", headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    _, run = proposed(ready)
    assert (run["state"], run["error"]["code"]) == ("failed", "invalid_recipe")
    assert "papers" in run["error"]["message"]


def test_a_recipe_that_a_run_followed_stays_as_the_run_took_it(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=12)
    url, run = proposed(ready)
    recipe = f"/v1/recipes/{ready.recipe_id}"
    assert tenant.api.delete(recipe, headers={"If-Match": '"1"'}).get_json()["code"] == "in_use"
    tenant.api.patch(recipe, json={"name": "Later"}, headers={"If-Match": '"1"'})
    assert tenant.api.get(url).get_json()["recipe"] == run["recipe"]


def test_what_a_run_is_ordered_from_must_be_known_and_fit_together(tenant, new_tenant, database):
    ready, theirs = (ready_to_match(each, database, people=6) for each in (tenant, new_tenant()))
    other = program_to_match(tenant.api)
    recipe = tenant.api.post("/v1/recipes", json={"program_id": other, "name": "R", "terms": TERMS})

    def refusal(**changed):
        answer = tenant.api.post("/v1/matching-runs", json={**ready.order(), **changed})
        assert answer.status_code == 422
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    assert refusal(cohort_id=theirs.cohort_id) == [("/cohort_id", "unknown")]
    assert refusal(cohort_id=str(uuid4())) == [("/cohort_id", "unknown")]
    assert refusal(recipe_id=theirs.recipe_id) == [("/recipe_id", "unknown")]
    assert refusal(recipe_id=recipe.get_json()["id"]) == [("/recipe_id", "other_program")]
    assert refusal(seed=-1) == [("/seed", "invalid")]
    assert refusal(seed=2**31 + 1) == [("/seed", "invalid")]
    assert refusal(seed="1") == [("/seed", "invalid")]
    assert refusal(cohort_id="Fall") == [("/cohort_id", "invalid")]
    assert every(tenant.api, "/v1/matching-runs") == []


def test_another_tenants_run_is_unknown(tenant, new_tenant, database, proposed):
    url, _ = proposed(ready_to_match(tenant, database, people=12, rules=[]))
    other = new_tenant().api
    for path in ("", "/proposed-groups", "/placements", "/unplaced"):
        assert other.get(url + path).status_code == 404
    assert other.post(f"{url}/acceptance").status_code == 404
    assert every(other, "/v1/matching-runs") == []
    assert tenant.api.post(f"{url}/acceptance").status_code == 201


def test_scopes_keep_readers_from_running_and_accepting(tenant, new_tenant, database):
    reader = new_tenant(scopes=["matching:read"]).api
    assert reader.get("/v1/recipes").status_code == 200
    body = {"cohort_id": str(uuid4()), "recipe_id": str(uuid4())}
    assert reader.post("/v1/matching-runs", json=body).status_code == 403
    assert reader.post(f"/v1/matching-runs/{uuid4()}/acceptance").status_code == 403
    assert reader.get("/v1/groups").status_code == 403


def test_a_list_costs_the_same_statements_however_long_it_is(tenant, database, proposed):
    url, _ = proposed(ready_to_match(tenant, database, people=60), sweeps=0)
    tenant.api.post(f"{url}/acceptance")
    for path in (f"{url}/proposed-groups", "/v1/groups", "/v1/matching-runs", "/v1/recipes"):
        counted = []
        for limit in (1, 50):
            with statements(database) as seen:
                tenant.api.get(f"{path}?limit={limit}")
            counted.append(len(seen))
        assert counted[0] == counted[1] > 0, path
