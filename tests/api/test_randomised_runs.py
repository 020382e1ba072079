"""Runs that draw by lot who starts now and who later, over HTTP with a real worker."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from tenants.matching.randomising import ALGORITHM, digest, draw
from tests.factories.matching import every, partition, ready_to_match
from tests.factories.participants import add_participants

WAITLIST = {"design": "waitlist"}
THREE = {"design": "staggered", "arms": 3, "strata": ["rank", "award"]}


def everybody(api, url):
    """The placements of a run, of those in a group and of those in none, by participant."""
    both = every(api, f"{url}/placements") + every(api, f"{url}/unplaced")
    return {each["participant_id"]: each for each in both}


def arms(api, url):
    found: dict[int, set[str]] = {}
    for person, each in everybody(api, url).items():
        found.setdefault(each["arm"], set()).add(person)
    return found


def placed(api, url):
    return {person for group in partition(api, url) for person in group}


def states(database, tenant):
    with database.tenant(tenant.id) as session:
        rows = session.execute(text("SELECT id, state, state_reason FROM participant"))
        return {str(person): (state, reason) for person, state, reason in rows}


def code_of(answer):
    return answer.status_code, answer.get_json().get("code")


def test_only_the_first_arm_is_placed_and_the_others_are_told_why(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=36, rules=[])
    url, run = proposed(ready, randomise=THREE, seed=5)
    assert run["state"] == "succeeded"
    assert run["options"] == {"randomise": THREE}
    found = arms(tenant.api, url)
    assert {arm: len(people) for arm, people in found.items()} == {1: 12, 2: 12, 3: 12}
    assert placed(tenant.api, url) == found[1]
    assert (run["placed_count"], run["unplaced_count"]) == (12, 24)
    for each in every(tenant.api, f"{url}/unplaced"):
        assert each["code"] == "randomised"
        assert each["reason"] == f"Drawn by lot to start later, in arm {each['arm']} of 3."
    with database.tenant(tenant.id) as session:
        told = "SELECT counts FROM event WHERE type = 'matching_run.randomised'"
        assert session.execute(text(told)).scalars().all() == [{"arm_1": 12, "arm_2": 12, "arm_3": 12}]


def test_arms_are_balanced_in_every_stratum(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=40, rules=[])
    unknown = add_participants(database, tenant.id, ready.cohort_id, [{"award": "K01"}] * 5, prefix="N")
    url, _ = proposed(ready, randomise=THREE)
    people = everybody(tenant.api, url)
    assert {people[person]["stratum"] for person in unknown} == {'rank=null, award="K01"'}
    strata = Counter(each["stratum"] for each in people.values())
    assert len(strata) == 7
    for stratum, number in strata.items():
        inside = Counter(each["arm"] for each in people.values() if each["stratum"] == stratum)
        assert all(abs(inside[arm] - number / 3) < 1 for arm in (1, 2, 3)), stratum


def test_a_waitlist_takes_the_share_that_was_asked(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=40, rules=[])
    url, half = proposed(ready, randomise=WAITLIST)
    assert half["options"]["randomise"] == {"design": "waitlist", "arms": 2, "strata": [], "share": 0.5}
    assert {arm: len(people) for arm, people in arms(tenant.api, url).items()} == {1: 20, 2: 20}
    assert {each["stratum"] for each in everybody(tenant.api, url).values()} == {None}
    url, _ = proposed(ready, randomise={**WAITLIST, "share": 0.3})
    assert {arm: len(people) for arm, people in arms(tenant.api, url).items()} == {1: 12, 2: 28}


def test_anybody_can_repeat_the_draw_from_what_the_run_shows(tenant, database, proposed):
    rules = [
        {"rule": "together", "pairs": [["P0", "P9"]]},
        {"rule": "locked", "lists": [["P9", "P4", "gone"]]},
    ]
    ready = ready_to_match(tenant, database, people=36, rules=rules)
    first, run = proposed(ready, randomise=THREE, seed=11)
    people = everybody(tenant.api, first)
    ids = sorted(people, reverse=True)
    at = {people[person]["external_id"]: place for place, person in enumerate(ids)}
    known = (
        [UUID(person) for person in ids],
        [people[person]["stratum"] for person in ids],
        [[at["P0"], at["P9"]], [at["P9"], at["P4"]]],
    )
    drawn = draw(*known, arms=3, seed=run["seed"])
    assert dict(zip(ids, drawn, strict=True)) == {person: each["arm"] for person, each in people.items()}
    assert len({each["arm"] for each in people.values() if each["external_id"] in ("P0", "P9", "P4")}) == 1
    again, same = proposed(ready, randomise=THREE, seed=11)
    assert arms(tenant.api, again) == arms(tenant.api, first)
    anew, other = proposed(ready, randomise=THREE, seed=12)
    assert arms(tenant.api, anew) != arms(tenant.api, first)
    # What was drawn from is said, and that the three are of the same.
    said = {"algorithm": ALGORITHM, "input_sha256": digest(*known, arms=3)}
    assert run["draw"] == same["draw"] == other["draw"] == said


def test_who_of_the_first_arm_finds_no_group_keeps_the_arm_and_their_own_reason(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=26, size={"min": 5, "max": 5}, rules=[], waitlist=True)
    url, run = proposed(ready, randomise=WAITLIST)
    assert run["state"] == "partial"
    left = every(tenant.api, f"{url}/unplaced")
    now = [each for each in left if each["arm"] == 1]
    assert len(now) == 3
    assert all(each["code"] != "randomised" for each in now)
    assert (run["placed_count"], run["unplaced_count"]) == (10, 16)
    tenant.api.post(f"{url}/acceptance")
    assert {states(database, tenant)[each["participant_id"]][0] for each in now} == {"eligible"}


def test_a_first_arm_that_makes_no_groups_draws_nobody(tenant, database, proposed):
    url, run = proposed(ready_to_match(tenant, database, people=8), randomise=WAITLIST)
    assert run["state"] == "infeasible"
    assert everybody(tenant.api, url) == {}
    with database.tenant(tenant.id) as session:
        told = "SELECT count(*) FROM event WHERE type = 'matching_run.randomised'"
        assert session.execute(text(told)).scalar_one() == 0


def test_acceptance_puts_the_later_arms_on_the_waitlist_and_leaves_other_states_alone(
    tenant, database, proposed
):
    ready = ready_to_match(tenant, database, people=36, rules=[])
    url, run = proposed(ready, randomise=THREE)
    found = arms(tenant.api, url)
    gone, waiting, *usual = sorted(found[2] | found[3])
    with database.tenant(tenant.id) as session:
        change = text("UPDATE participant SET state = :state WHERE id = :id")
        session.execute(change, {"state": "withdrawn", "id": gone})
        session.execute(change, {"state": "waitlisted", "id": waiting})
        session.commit()
    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.status_code == 201
    assert accepted.get_json()["member_count"] == 12
    after = states(database, tenant)
    assert {after[person] for person in found[1]} == {("placed", None)}
    assert (after[gone], after[waiting]) == (("withdrawn", None), ("waitlisted", None))
    reason = f"Drawn by lot to start later, in arm {2 if usual[0] in found[2] else 3} of 3."
    assert after[usual[0]] == ("waitlisted", reason)
    assert {after[person][0] for person in usual} == {"waitlisted"}
    with database.tenant(tenant.id) as session:
        noted = "SELECT count(*) FROM participant_change WHERE source = 'matching' AND state = 'waitlisted'"
        assert session.execute(text(noted)).scalar_one() == 22
        told = "SELECT counts FROM event WHERE type = 'matching_run.accepted'"
        counts = session.execute(text(told)).scalar_one()
    assert counts == {"groups": run["group_count"], "members": 12, "waitlisted": 22}


@pytest.fixture
def drawn(tenant, database, proposed):
    """36 people of whom an accepted run drew 12 into each of three arms; what is ready, its URL, its arms."""
    ready = ready_to_match(tenant, database, people=36, rules=[])
    url, _ = proposed(ready, randomise=THREE)
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    return ready, url, arms(tenant.api, url)


def later(url, arm):
    return {"matching_run_id": url.rpartition("/")[2], "arm": arm}


def test_a_later_start_places_the_people_of_its_arm_and_nobody_else(tenant, database, proposed, drawn):
    ready, url, found = drawn
    second, run = proposed(ready, arm=later(url, 2))
    assert run["options"] == {"arm": later(url, 2)}
    assert run["reasons"] == []
    assert placed(tenant.api, second) == found[2]
    assert {each["arm"] for each in everybody(tenant.api, second).values()} == {None}
    assert tenant.api.post(f"{second}/acceptance").status_code == 201
    third, _ = proposed(ready, arm=later(url, 3))
    assert placed(tenant.api, third) == found[3]
    again, none = proposed(ready, arm=later(url, 2))
    assert (none["state"], everybody(tenant.api, again)) == ("infeasible", {})


def test_a_usual_run_leaves_out_those_who_wait_and_says_how_many(tenant, database, proposed, drawn):
    ready, url, _ = drawn
    newcomers = add_participants(database, tenant.id, ready.cohort_id, [{"award": "K01"}] * 6, prefix="N")
    usual, run = proposed(ready)
    assert placed(tenant.api, usual) == set(newcomers)
    assert run["reasons"] == ["24 people wait for their randomised start."]
    assert tenant.api.post(f"{usual}/acceptance").status_code == 201
    assert tenant.api.post(f"{proposed(ready, arm=later(url, 2))[0]}/acceptance").status_code == 201
    _, nobody = proposed(ready)
    assert nobody["state"] == "infeasible"
    assert nobody["reasons"][-1] == "12 people wait for their randomised start."


def test_who_has_had_their_start_waits_no_longer(tenant, database, proposed, drawn):
    ready, url, found = drawn
    tenant.api.post(f"{proposed(ready, arm=later(url, 2))[0]}/acceptance")
    with database.tenant(tenant.id) as session:
        session.execute(text("UPDATE peer_group SET state = 'ended'"))
        session.execute(text("UPDATE participant SET state = 'eligible' WHERE state = 'placed'"))
        session.commit()
    usual, run = proposed(ready)
    assert placed(tenant.api, usual) == found[1] | found[2]
    assert run["reasons"] == ["12 people wait for their randomised start."]


def test_a_draw_that_was_accepted_is_not_drawn_again(tenant, database, proposed, drawn):
    ready, _, _ = drawn
    add_participants(database, tenant.id, ready.cohort_id, [{"award": "K01"}] * 12, prefix="N")
    refused = tenant.api.post("/v1/matching-runs", json=ready.order(randomise=WAITLIST, seed=2))
    assert code_of(refused) == (409, "already_randomised")
    assert len(every(tenant.api, "/v1/matching-runs")) == 1


def test_a_draw_of_newcomers_alone_is_a_new_one(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=20, rules=[])
    url, _ = proposed(ready, randomise=WAITLIST)
    tenant.api.post(f"{url}/acceptance")
    tenant.api.post(f"{proposed(ready, arm=later(url, 2))[0]}/acceptance")
    newcomers = add_participants(database, tenant.id, ready.cohort_id, [{"award": "K01"}] * 12, prefix="N")
    second, _ = proposed(ready, randomise=WAITLIST)
    assert set(everybody(tenant.api, second)) == set(newcomers)
    assert tenant.api.post(f"{second}/acceptance").status_code == 201


def test_of_two_draws_of_the_same_people_one_is_accepted_even_at_once(tenant, app, database, proposed):
    ready = ready_to_match(tenant, database, people=36, rules=[])
    urls = [proposed(ready, randomise=THREE, seed=seed)[0] for seed in (1, 2, 3)]

    def accept(url):
        api = app.test_client()
        api.token = tenant.api.token
        return code_of(api.post(f"{url}/acceptance"))

    with ThreadPoolExecutor(3) as threads:
        answers = sorted(threads.map(accept, urls), key=str)
    assert answers == [(201, None), (409, "already_randomised"), (409, "already_randomised")]
    kept = next(url for url in urls if tenant.api.get(url).get_json()["accepted_at"])
    assert {person for person, (state, _) in states(database, tenant).items() if state == "placed"} == arms(
        tenant.api, kept
    )[1]


def test_a_usual_run_of_before_a_draw_cannot_place_those_who_wait(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=36, rules=[])
    usual, (url, _) = proposed(ready)[0], proposed(ready, randomise={**WAITLIST, "share": 0.4})
    new = add_participants(database, tenant.id, ready.cohort_id, [{"award": "K01"}] * 6, prefix="N")
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    refused = tenant.api.post(f"{usual}/acceptance")
    assert code_of(refused) == (409, "stale_run")
    assert {states(database, tenant)[person][0] for person in new} == {"eligible"}


def test_a_draw_is_stale_once_somebody_who_was_to_start_later_is_in_a_group(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=36, rules=[])
    url, _ = proposed(ready, randomise=THREE)
    found = arms(tenant.api, url)
    aside = sorted(found[1] | found[3])
    change = text("UPDATE participant SET state = :state WHERE id = ANY (:ids)")
    with database.tenant(tenant.id) as session:
        session.execute(change, {"state": "paused", "ids": aside})
        session.commit()
    usual, _ = proposed(ready)
    assert placed(tenant.api, usual) == found[2]
    assert tenant.api.post(f"{usual}/acceptance").status_code == 201
    with database.tenant(tenant.id) as session:
        session.execute(change, {"state": "eligible", "ids": aside})
        session.commit()
    assert code_of(tenant.api.post(f"{url}/acceptance")) == (409, "stale_run")


def test_a_run_that_waits_to_be_accepted_binds_nobody(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=36, rules=[])
    proposed(ready, randomise=THREE)
    _, run = proposed(ready)
    assert (run["placed_count"], run["reasons"]) == (36, [])


def test_what_cannot_be_drawn_is_refused_by_name_and_starts_nothing(tenant, database):
    ready = ready_to_match(tenant, database, people=12)

    def refusal(**more):
        answer = tenant.api.post("/v1/matching-runs", json=ready.order(**more))
        assert answer.status_code == 422, answer.get_json()
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    def wrong(**changed):
        return refusal(randomise={"design": "staggered", **changed})

    assert refusal(randomise={}) == [("/randomise/design", "required")]
    assert refusal(randomise={"design": "lottery"}) == [("/randomise/design", "invalid")]
    assert refusal(randomise={**WAITLIST, "arms": 3}) == [("/randomise/arms", "invalid")]
    assert refusal(randomise={**WAITLIST, "share": 0}) == [("/randomise/share", "invalid")]
    assert refusal(randomise={**WAITLIST, "share": 1}) == [("/randomise/share", "invalid")]
    assert wrong(share=0.5) == [("/randomise/share", "only_waitlist")]
    assert wrong(arms=1) == [("/randomise/arms", "invalid")]
    assert wrong(arms=7) == [("/randomise/arms", "invalid")]
    assert wrong(strata=["award", "rank", "award"]) == [("/randomise/strata/2", "duplicate")]
    assert wrong(strata=["nobody"]) == [("/randomise/strata/0", "unknown")]
    assert wrong(strata=["income"]) == [("/randomise/strata/0", "not_for_matching")]
    assert wrong(strata=["award", "papers", "pitch"]) == [
        ("/randomise/strata/1", "wrong_kind"),
        ("/randomise/strata/2", "wrong_kind"),
    ]
    assert wrong(strata=["a", "b", "c", "d", "e", "f"]) == [("/randomise/strata", "invalid")]
    assert wrong(colour="red") == [("/randomise/colour", "unknown_field")]
    arm = {"matching_run_id": str(uuid4()), "arm": 2}
    assert refusal(randomise=WAITLIST, arm=arm) == [("/arm", "one_of_two")]
    assert refusal(randomise=WAITLIST, simulation=True) == [("/randomise", "not_in_simulation")]
    assert every(tenant.api, "/v1/matching-runs") == []


def test_a_later_start_is_of_an_accepted_draw_of_the_cohort(tenant, new_tenant, database, proposed, drawn):
    ready, url, _ = drawn
    usual, _ = proposed(ready)
    other = {"program_id": ready.program_id, "name": "Spring"}
    spring = tenant.api.post("/v1/cohorts", json=other).get_json()["id"]
    add_participants(database, tenant.id, spring, [{"award": "K01"}] * 12, prefix="S")
    waiting, _ = proposed(ready, cohort_id=spring, randomise=WAITLIST)

    def refusal(of, arm=2, api=tenant.api, **more):
        asked = {**ready.order(arm=later(of, arm)), **more}
        answer = api.post("/v1/matching-runs", json=asked)
        assert answer.status_code == 422, answer.get_json()
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    assert refusal(str(uuid4())) == [("/arm/matching_run_id", "unknown")]
    assert refusal(usual) == [("/arm/matching_run_id", "not_randomised")]
    assert refusal(url, cohort_id=spring) == [("/arm/matching_run_id", "other_cohort")]
    assert refusal(waiting, cohort_id=spring) == [("/arm/matching_run_id", "not_accepted")]
    assert refusal(url, arm=4) == [("/arm/arm", "unknown")]
    assert refusal(url, arm=0) == [("/arm/arm", "invalid")]
    stranger = new_tenant()
    own = ready_to_match(stranger, database, people=2)
    mine = {"cohort_id": own.cohort_id, "recipe_id": own.recipe_id}
    assert refusal(url, api=stranger.api, **mine) == [("/arm/matching_run_id", "unknown")]


def test_a_later_start_can_be_simulated(tenant, database, proposed, drawn):
    ready, url, found = drawn
    simulated, _ = proposed(ready, arm=later(url, 3), simulation=True)
    assert placed(tenant.api, simulated) == found[3]


def test_a_stratum_that_is_gone_fails_the_run_by_name(tenant, database, finished):
    from tenants.matching.actions import start_run

    terms = [{"attribute": "award", "prefer": "similar"}]
    ready = ready_to_match(tenant, database, people=12, terms=terms, rules=[])
    with database.tenant(tenant.id) as session:
        order = {"cohort_id": UUID(ready.cohort_id), "recipe_id": UUID(ready.recipe_id), "seed": 1}
        run = start_run(session, **order, randomise={**WAITLIST, "strata": ["rank"]})
        session.execute(text("DELETE FROM attribute WHERE key = 'rank'"))
        session.commit()
    failed = finished(tenant.api, f"/v1/matching-runs/{run.id}")
    assert (failed["state"], failed["error"]["code"]) == ("failed", "invalid_strata")
    assert "rank" in failed["error"]["message"]
