"""Accepting what a run proposes, over HTTP with a real worker."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from tenants.cohorts.imports.roster_sql import HOLD_MEMBERSHIPS
from tests.factories.matching import every, partition, ready_to_match, statements
from tests.factories.participants import add_participants


def test_acceptance_forms_the_groups_once(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=36, emphasis=0)
    url, run = proposed(ready, sweeps=0)
    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.status_code == 201
    said = accepted.get_json()
    assert (said["group_count"], said["member_count"]) == (run["group_count"], run["placed_count"])
    assert tenant.api.get(url).get_json()["accepted_at"] == said["accepted_at"]
    again = tenant.api.post(f"{url}/acceptance")
    assert (again.status_code, again.get_json()["code"]) == (409, "already_accepted")

    groups = every(tenant.api, f"/v1/groups?cohort_id={ready.cohort_id}&limit=4")
    assert [group["name"] for group in groups] == [f"Group {n}" for n in range(1, len(groups) + 1)]
    assert {group["state"] for group in groups} == {"formed"}
    assert all(group["opened_at"] and group["matching_run_id"] == run["id"] for group in groups)
    members = [every(tenant.api, f"/v1/groups/{group['id']}/members") for group in groups]
    assert [len(each) for each in members] == [group["member_count"] for group in groups]
    assert all(member["admitted_at"] for each in members for member in each)
    formed = [sorted(member["participant_id"] for member in each) for each in members]
    assert formed == [sorted(each) for each in partition(tenant.api, url)]

    with database.tenant(tenant.id) as session:
        state = "SELECT state, version, count(*) FROM participant GROUP BY 1, 2"
        assert ("placed", 2, run["placed_count"]) in [tuple(row) for row in session.execute(text(state))]
        changed = "SELECT count(*) FROM participant_change WHERE source = 'matching' AND state = 'placed'"
        assert session.execute(text(changed)).scalar_one() == run["placed_count"]
        noted = "SELECT counts FROM event WHERE type = 'matching_run.accepted'"
        assert session.execute(text(noted)).scalar_one() == {
            "groups": run["group_count"],
            "members": run["placed_count"],
        }


def test_a_repeated_acceptance_with_the_same_key_gets_its_first_answer(tenant, database, proposed):
    url, _ = proposed(ready_to_match(tenant, database, people=12))
    key = {"Idempotency-Key": "accept"}
    first = tenant.api.post(f"{url}/acceptance", headers=key)
    assert tenant.api.post(f"{url}/acceptance", headers=key).get_json() == first.get_json()


def test_of_eight_acceptances_at_once_one_forms_the_groups(tenant, app, database, proposed):
    ready = ready_to_match(tenant, database, people=36, emphasis=0)
    url, run = proposed(ready, sweeps=0)

    def accept(_):
        api = app.test_client()
        api.token = tenant.api.token
        return api.post(f"{url}/acceptance").status_code

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(accept, range(8))) == [201] + [409] * 7
    groups = every(tenant.api, "/v1/groups")
    assert len(groups) == run["group_count"]
    assert sum(group["member_count"] for group in groups) == run["placed_count"]


def test_of_two_runs_over_the_same_people_accepted_at_once_only_one_places_them(
    tenant, app, database, proposed
):
    ready = ready_to_match(tenant, database, people=36, emphasis=0)
    urls = [proposed(ready, seed=seed, sweeps=0)[0] for seed in (1, 2, 3)]

    def accept(url):
        api = app.test_client()
        api.token = tenant.api.token
        answer = api.post(f"{url}/acceptance")
        return answer.status_code, answer.get_json().get("code")

    with ThreadPoolExecutor(3) as threads:
        answers = sorted(threads.map(accept, urls), key=str)
    assert answers == [(201, None), (409, "stale_run"), (409, "stale_run")]
    with database.tenant(tenant.id) as session:
        twice = "SELECT count(*) - count(DISTINCT participant_id) FROM group_member"
        assert session.execute(text(twice)).scalar_one() == 0


def test_a_run_is_stale_once_somebody_it_placed_has_withdrawn(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=12, institutions=1000)
    url, _ = proposed(ready)
    one = partition(tenant.api, url)[0][0]
    with database.tenant(tenant.id) as session:
        session.execute(text("UPDATE participant SET state = 'withdrawn' WHERE id = :id"), {"id": one})
        session.commit()
    refused = tenant.api.post(f"{url}/acceptance")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "stale_run")
    assert "1 of the 12" in refused.get_json()["detail"]
    assert every(tenant.api, "/v1/groups") == []
    assert tenant.api.get(url).get_json()["accepted_at"] is None


def test_a_later_run_leaves_out_who_is_in_a_living_group(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=12, institutions=1000)
    tenant.api.post(f"{proposed(ready)[0]}/acceptance")
    with database.tenant(tenant.id) as session:
        session.execute(text("UPDATE participant SET state = 'eligible'"))
        session.commit()
    newcomers = [{"institution": f"Invented {number}"} for number in range(6)]
    joined = add_participants(database, tenant.id, ready.cohort_id, newcomers, prefix="N")
    url, _ = proposed(ready)
    placed = [person for group in partition(tenant.api, url) for person in group]
    assert sorted(placed) == sorted(joined)
    tenant.api.post(f"{url}/acceptance")
    assert every(tenant.api, "/v1/groups")[-1]["name"] == "Group 3"


def test_a_group_is_named_with_the_programs_own_word(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=6, institutions=1000)
    word = {"labels": {"group": "circle"}}
    tenant.api.patch(f"/v1/programs/{ready.program_id}", json=word, headers={"If-Match": '"1"'})
    tenant.api.post(f"{proposed(ready)[0]}/acceptance")
    assert [group["name"] for group in every(tenant.api, "/v1/groups")] == ["Circle 1"]


def test_a_run_not_yet_finished_cannot_be_accepted(tenant, database):
    ready = ready_to_match(tenant, database, people=12)
    with database.tenant(tenant.id) as session:
        from tenants.matching.actions import start_run

        run = start_run(session, cohort_id=ready.cohort_id, recipe_id=ready.recipe_id, seed=1)
        session.info.pop("enqueued")
        session.execute(
            text("UPDATE job SET not_before = now() + interval '1 day' WHERE id = :id"), {"id": run.job_id}
        )
        session.commit()
    refused = tenant.api.post(f"/v1/matching-runs/{run.id}/acceptance")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "not_ready")
    assert tenant.api.get(f"/v1/matching-runs/{run.id}").get_json()["state"] == "queued"
    assert tenant.api.post(f"/v1/jobs/{run.job_id}/cancellation").status_code == 202
    assert tenant.api.get(f"/v1/matching-runs/{run.id}").get_json()["state"] == "cancelled"


@pytest.mark.slow
def test_twelve_hundred_people_are_accepted_in_few_statements(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=1200, institutions=160, emphasis=0)
    url, run = proposed(ready, sweeps=50)
    assert run["placed_count"] == 1200
    with statements(database) as seen:
        accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.get_json()["member_count"] == run["placed_count"]
    assert len(seen) < 25


def test_an_acceptance_does_not_wait_for_an_import_that_may_wait_for_it(tenant, database, proposed):
    url, _ = proposed(ready_to_match(tenant, database, people=12))
    with database.tenant(tenant.id) as session, ThreadPoolExecutor(1) as other:
        session.execute(text("CREATE TEMP TABLE staged ON COMMIT DROP AS SELECT external_id FROM membership"))
        session.execute(text(HOLD_MEMBERSHIPS), {"tenant": tenant.id})
        accepted = other.submit(tenant.api.post, f"{url}/acceptance")
        try:
            assert accepted.result(10).status_code == 201
        finally:
            session.rollback()
