"""Trying a recipe on a cohort without keeping what comes of it, over HTTP with a real worker."""

from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from tenants.kernel.idempotency import forget_expired
from tenants.matching.actions import start_run
from tenants.matching.adjustments import adjust_run
from tenants.matching.analyses import order_analysis
from tests.factories.matching import (
    CAP,
    TERMS,
    every,
    held_back,
    partition,
    program_to_match,
    ready_to_match,
    released,
)

INLINE = {"terms": TERMS, "rules": [CAP]}


@pytest.fixture
def simulated(tenant, finished):
    """Simulate on a cohort and wait for the end; its URL and the run."""

    def run(cohort_id, **more):
        body = {"cohort_id": cohort_id, "simulation": True, **more}
        made = tenant.api.post("/v1/matching-runs", json=body)
        assert made.status_code == 202, made.get_json()
        return made.headers["Location"], finished(tenant.api, made.headers["Location"])

    return run


def test_a_recipe_that_is_not_kept_is_tried_on_a_cohort(tenant, database, proposed, simulated):
    ready = ready_to_match(tenant, database, people=30)
    kept, real = proposed(ready)
    url, run = simulated(ready.cohort_id, recipe=INLINE)
    assert (run["state"], run["simulation"], run["recipe_id"]) == ("succeeded", True, None)
    assert run["recipe"] == {name: said for name, said in real["recipe"].items() if name != "name"}
    assert run["value"] == real["value"]
    assert partition(tenant.api, url) == partition(tenant.api, kept)
    assert len(every(tenant.api, f"{url}/placements")) == 30
    assert len(every(tenant.api, "/v1/recipes")) == 1


def test_a_kept_recipe_is_simulated_as_it_is(tenant, database, proposed, simulated):
    ready = ready_to_match(tenant, database, people=12)
    _, run = simulated(ready.cohort_id, recipe_id=ready.recipe_id)
    assert (run["recipe_id"], run["recipe"]["name"], run["simulation"]) == (ready.recipe_id, "Default", True)


def test_a_simulation_is_never_accepted(tenant, database, simulated):
    ready = ready_to_match(tenant, database, people=12)
    url, _ = simulated(ready.cohort_id, recipe=INLINE)
    refused = tenant.api.post(f"{url}/acceptance")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "simulation")
    assert every(tenant.api, "/v1/groups") == []
    with database.tenant(tenant.id) as session, pytest.raises(Exception, match="ck_matching_run_simulation"):
        session.execute(text("UPDATE matching_run SET accepted_at = now()"))


def test_a_simulation_is_listed_only_where_it_is_asked_for(tenant, database, proposed, simulated):
    ready = ready_to_match(tenant, database, people=12)
    _, real = proposed(ready)
    _, run = simulated(ready.cohort_id, recipe=INLINE)
    assert real["simulation"] is False
    assert every(tenant.api, "/v1/matching-runs") == [real]
    assert every(tenant.api, "/v1/matching-runs?simulation=false") == [real]
    assert every(tenant.api, "/v1/matching-runs?simulation=true") == [run]
    assert every(tenant.api, f"/v1/matching-runs?simulation=true&cohort_id={ready.cohort_id}") == [run]
    assert every(tenant.api, f"/v1/matching-runs?simulation=true&cohort_id={uuid4()}") == []
    for wrong in ("1", "yes", "TRUE", ""):
        answer = tenant.api.get(f"/v1/matching-runs?simulation={wrong}")
        assert [each["pointer"] for each in answer.get_json()["errors"]] == ["?simulation"]


def test_events_of_a_simulation_say_that_it_ran_and_not_who_was_placed(tenant, database, simulated):
    ready = ready_to_match(tenant, database, people=12)
    _, run = simulated(ready.cohort_id, recipe=INLINE)
    with database.tenant(tenant.id) as session:
        told = "SELECT type, counts FROM event WHERE subject_id = :run ORDER BY id"
        events = [tuple(row) for row in session.execute(text(told), {"run": run["id"]})]
    assert events == [("matching_run.started", {}), ("matching_run.succeeded", {})]


def test_what_is_wrong_with_a_recipe_is_told_where_it_stands(tenant, database):
    ready = ready_to_match(tenant, database, people=2)

    def refusal(**changed):
        body = {"cohort_id": ready.cohort_id, "simulation": True, **changed}
        answer = tenant.api.post("/v1/matching-runs", json=body)
        assert answer.status_code == 422, answer.get_json()
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    def wrong(**changed):
        return refusal(recipe={**INLINE, **changed})

    nobody = {"attribute": "nobody", "prefer": "similar"}
    assert wrong(terms=[TERMS[0], nobody]) == [("/recipe/terms/1/attribute", "unknown")]
    assert wrong(terms=[]) == [("/recipe/terms", "invalid")]
    assert wrong(terms=[{"attribute": "award", "prefer": "alike"}]) == [("/recipe/terms/0/prefer", "invalid")]
    assert wrong(rules=[{**CAP, "max": 0}]) == [("/recipe/rules/0/max", "invalid")]
    assert wrong(rules=[CAP, CAP]) == [("/recipe/rules/1/attribute", "duplicate")]
    assert wrong(size={"min": 7, "max": 5}) == [("/recipe/size/max", "invalid")]
    assert wrong(priority="institution") == [("/recipe/priority", "invalid")]
    assert wrong(priority="income") == [("/recipe/priority", "not_for_matching")]
    assert wrong(name="R") == [("/recipe/name", "unknown_field")]
    assert wrong(program_id=ready.program_id) == [("/recipe/program_id", "unknown_field")]
    assert refusal(recipe={"rules": [CAP]}) == [("/recipe/terms", "required")]
    assert refusal(recipe="Default") == [("/recipe", "invalid")]
    assert refusal() == [("/recipe_id", "required")]
    assert refusal(recipe=INLINE, recipe_id=ready.recipe_id) == [("/recipe", "one_of_two")]
    assert refusal(recipe=INLINE, simulation=False) == [("/recipe", "only_in_simulation")]
    assert refusal(recipe=INLINE, simulation="yes") == [("/simulation", "invalid")]
    assert refusal(recipe=INLINE, cohort_id=str(uuid4())) == [("/cohort_id", "unknown")]
    assert every(tenant.api, "/v1/matching-runs?simulation=true") == []


def test_an_inline_recipe_is_of_the_cohorts_program(tenant, database):
    ready = ready_to_match(tenant, database, people=2)
    other = program_to_match(tenant.api)
    more = {"key": "hobby", "label": "Hobby", "kind": "categorical"}
    assert tenant.api.post(f"/v1/programs/{other}/attributes", json=more).status_code == 201
    body = {
        "cohort_id": ready.cohort_id,
        "simulation": True,
        "recipe": {"terms": [{"attribute": "hobby", "prefer": "similar"}]},
    }
    answer = tenant.api.post("/v1/matching-runs", json=body)
    assert answer.get_json()["errors"][0]["pointer"] == "/recipe/terms/0/attribute"


def test_a_recipe_that_only_simulations_followed_can_be_deleted(tenant, database, simulated):
    ready = ready_to_match(tenant, database, people=12)
    url, run = simulated(ready.cohort_id, recipe_id=ready.recipe_id)
    gone = tenant.api.delete(f"/v1/recipes/{ready.recipe_id}", headers={"If-Match": '"1"'})
    assert gone.status_code == 204
    left = tenant.api.get(url).get_json()
    assert (left["recipe_id"], left["recipe"]) == (None, run["recipe"])


def test_old_simulations_of_all_tenants_are_deleted_and_nothing_else(
    tenant, new_tenant, database, servers, proposed, simulated, finished
):
    ready = ready_to_match(tenant, database, people=12)
    real, _ = proposed(ready)
    old, _ = simulated(ready.cohort_id, recipe=INLINE)
    young, _ = simulated(ready.cohort_id, recipe=INLINE)
    other = new_tenant()
    theirs = ready_to_match(other, database, people=12)
    body = {"cohort_id": theirs.cohort_id, "simulation": True, "recipe": INLINE}
    their_old = other.api.post("/v1/matching-runs", json=body).headers["Location"]
    finished(other.api, their_old)
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        for url, days in ((real, 30), (old, 8), (their_old, 8), (young, 6)):
            superuser.execute(
                "UPDATE matching_run SET created_at = now() - make_interval(days => %s) WHERE id = %s",
                [days, url.rpartition("/")[2]],
            )
    forget_expired(database)
    assert [tenant.api.get(url).status_code for url in (real, old, young)] == [200, 404, 200]
    assert other.api.get(their_old).status_code == 404
    with database.tenant(tenant.id) as session:
        placed = "SELECT count(*), count(DISTINCT matching_run_id) FROM placement"
        assert tuple(session.execute(text(placed)).one()) == (24, 2)


def outdate(servers, run_id):
    """Let a run be of eight days ago."""
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        superuser.execute(
            "UPDATE matching_run SET created_at = now() - interval '8 days' WHERE id = %s", [run_id]
        )


def test_a_simulation_that_is_still_at_work_is_not_deleted(tenant, database, servers):
    ready = ready_to_match(tenant, database, people=12)
    order = {"cohort_id": UUID(ready.cohort_id), "recipe_id": UUID(ready.recipe_id)}
    run = held_back(database, tenant.id, lambda session: start_run(session, **order, simulation=True, seed=1))
    outdate(servers, run.id)
    forget_expired(database)
    url = f"/v1/matching-runs/{run.id}"
    assert tenant.api.get(url).get_json()["state"] == "queued"
    tenant.api.post(f"/v1/jobs/{run.job_id}/cancellation")
    forget_expired(database)
    assert tenant.api.get(url).status_code == 404


def test_an_analysis_of_a_simulation_that_was_deleted_fails_at_once_and_says_so(
    tenant, database, servers, simulated, finished
):
    ready = ready_to_match(tenant, database, people=12)
    _, run = simulated(ready.cohort_id, recipe=INLINE)
    analysis = held_back(
        database, tenant.id, lambda session: order_analysis(session, matching_run_id=UUID(run["id"]))
    )
    outdate(servers, run["id"])
    forget_expired(database)
    released(database, tenant.id, analysis.job_id)
    job = finished(tenant.api, f"/v1/jobs/{analysis.job_id}")
    assert (job["state"], job["error"]["code"], job["attempts"]) == ("failed", "gone", 1)
    assert "deleted" in job["error"]["message"]


def test_an_adjustment_of_a_simulation_that_was_deleted_fails_and_says_so(
    tenant, database, servers, simulated, finished
):
    ready = ready_to_match(tenant, database, people=12)
    url, run = simulated(ready.cohort_id, recipe=INLINE)
    lock = [UUID(partition(tenant.api, url)[0][0])]
    adjusted = held_back(
        database,
        tenant.id,
        lambda session: adjust_run(session, matching_run_id=UUID(run["id"]), locked=lock),
    )
    outdate(servers, run["id"])
    forget_expired(database)
    released(database, tenant.id, adjusted.job_id)
    told = finished(tenant.api, f"/v1/matching-runs/{adjusted.id}")
    assert (told["state"], told["error"]["code"], told["clash"]) == ("failed", "gone", None)
    assert tenant.api.get(f"/v1/jobs/{adjusted.job_id}").get_json()["attempts"] == 1


def test_what_adjusted_a_simulation_that_was_deleted_can_be_adjusted_itself(
    tenant, database, servers, simulated, finished
):
    ready = ready_to_match(tenant, database, people=12)
    url, run = simulated(ready.cohort_id, recipe=INLINE)
    body = {"locked": partition(tenant.api, url)[0][:1]}
    first = tenant.api.post(f"{url}/adjustments", json=body).headers["Location"]
    assert finished(tenant.api, first)["state"] == "succeeded"
    outdate(servers, run["id"])
    forget_expired(database)
    again = tenant.api.post(f"{first}/adjustments", json=body)
    assert again.status_code == 202, again.get_json()
    assert finished(tenant.api, again.headers["Location"])["state"] == "succeeded"
