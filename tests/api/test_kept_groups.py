"""Runs that go on from groups: a leaver is replaced, newcomers join, as few as possible move; over HTTP with a
real worker."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from tests.factories.matching import TERMS, every, ready_to_match
from tests.factories.participants import add_participants

SIZE = {"min": 4, "max": 7}


def present(api: Any, cohort_id: str) -> dict[str, set[str]]:
    """Who is in each living group, by group id."""
    groups = every(api, f"/v1/groups?cohort_id={cohort_id}")
    return {
        group["id"]: {
            member["participant_id"]
            for member in every(api, f"/v1/groups/{group['id']}/members")
            if member["left_at"] is None
        }
        for group in groups
        if group["state"] != "ended"
    }


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


@pytest.fixture
def formed(tenant, database, proposed):
    """A cohort of 30 people in groups that a run has formed."""
    ready = ready_to_match(tenant, database, people=30, institutions=30, size=SIZE, rules=[], emphasis=0)
    url, _ = proposed(ready, sweeps=0)
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    return ready


def change_state(api: Any, participant_id: str, state: str) -> None:
    url = f"/v1/participants/{participant_id}"
    tag = api.get(url).headers["ETag"]
    answer = api.patch(url, json={"state": state}, headers={"If-Match": tag})
    assert answer.status_code == 200, answer.get_json()


def withdraw(api: Any, participant_id: str) -> None:
    change_state(api, participant_id, "withdrawn")


def test_a_newcomer_takes_the_place_of_a_leaver_and_nobody_else_moves(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    leaver = formed.participants[0]
    withdraw(tenant.api, leaver)
    (newcomer,) = add_participants(
        database, tenant.id, formed.cohort_id, [{"award": "K01"}], prefix="N", state="waitlisted"
    )
    url, run = proposed(formed, keep_groups={})
    assert (run["state"], run["moved_count"]) == ("succeeded", 0)
    assert run["options"] == {"keep_groups": {}}
    assert present(tenant.api, formed.cohort_id) == before
    proposals = every(tenant.api, f"{url}/proposed-groups")
    assert {each["group_id"] for each in proposals} == set(before)
    came_from = {
        each["participant_id"]: each["from_group_id"] for each in every(tenant.api, f"{url}/placements")
    }
    assert came_from == {newcomer: None} | {
        person: group_id for group_id, people in before.items() for person in people if person != leaver
    }

    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.status_code == 201, accepted.get_json()
    assert accepted.get_json()["member_count"] == 0
    after = present(tenant.api, formed.cohort_id)
    assert set(after) == set(before)
    joined = {group_id: people - before[group_id] for group_id, people in after.items()}
    assert sorted(map(sorted, joined.values())) == [[]] * (len(before) - 1) + [[newcomer]]
    assert set().union(*after.values()) == set().union(*before.values()) - {leaver} | {newcomer}
    state = tenant.api.get(f"/v1/participants/{newcomer}").get_json()["state"]
    assert state == "placed"


def test_whoever_joins_a_group_that_exists_waits_to_be_let_in(tenant, database, formed, proposed):
    (newcomer,) = add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}], prefix="N")
    url, _ = proposed(formed, keep_groups={})
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    (group_id,) = (g for g, people in present(tenant.api, formed.cohort_id).items() if newcomer in people)
    members = every(tenant.api, f"/v1/groups/{group_id}/members")
    assert [m["participant_id"] for m in members if m["admitted_at"] is None] == [newcomer]


def test_a_group_too_small_is_dissolved_and_enough_newcomers_form_one_of_their_own(
    tenant, database, formed, proposed
):
    before = present(tenant.api, formed.cohort_id)
    smallest = min(before, key=lambda group_id: len(before[group_id]))
    stays, *leave = sorted(before[smallest])
    for person in leave:
        withdraw(tenant.api, person)
    url, run = proposed(formed, keep_groups={})
    assert run["moved_count"] == 1
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    after = present(tenant.api, formed.cohort_id)
    assert set(after) == set(before) - {smallest}
    assert tenant.api.get(f"/v1/groups/{smallest}").get_json()["state"] == "ended"
    assert stays in set().union(*after.values())
    with database.tenant(tenant.id) as session:
        told = "SELECT counts FROM event WHERE type = 'matching_run.accepted' AND subject_id = :run"
        counts = session.execute(text(told), {"run": run["id"]}).scalar_one()
    assert {name: counts[name] for name in ("joined", "left", "ended", "members")} == {
        "joined": 1,
        "left": len(before[smallest]),
        "ended": 1,
        "members": 0,
    }
    room = sum(7 - len(people) for people in after.values())
    add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}] * (room + 4), prefix="N")
    url, run = proposed(formed, keep_groups={})
    assert run["moved_count"] == 0
    new = [each for each in every(tenant.api, f"{url}/proposed-groups") if each["group_id"] is None]
    assert len(new) == 1
    said = tenant.api.post(f"{url}/acceptance").get_json()
    assert said["member_count"] == len(new[0]["members"])


@pytest.mark.parametrize("named", [False, True])
def test_a_group_that_everybody_has_withdrawn_from_ends(tenant, database, formed, proposed, named):
    before = present(tenant.api, formed.cohort_id)
    empty, on_leave, *_ = sorted(before)
    for person in before[empty] | before[on_leave]:
        withdraw(tenant.api, person)
    away = sorted(before[on_leave])[0]
    change_state(tenant.api, away, "paused")
    url, _ = proposed(formed, keep_groups={"group_ids": sorted(before)} if named else {})
    assert empty not in {each["group_id"] for each in every(tenant.api, f"{url}/proposed-groups")}
    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.status_code == 201, accepted.get_json()
    group = tenant.api.get(f"/v1/groups/{empty}").get_json()
    assert (group["state"], group["member_count"]) == ("ended", 0)
    after = present(tenant.api, formed.cohort_id)
    assert set(after) == set(before) - {empty}
    assert away in after[on_leave]
    with database.tenant(tenant.id) as session:
        told = "SELECT counts ->> 'ended' FROM event WHERE type = 'matching_run.accepted' ORDER BY id"
        assert session.scalars(text(told)).all() == [None, "1"]


def test_a_group_without_anybody_is_left_alone_by_a_run_that_names_others(tenant, formed, proposed):
    empty, other, *_ = sorted(before := present(tenant.api, formed.cohort_id))
    for person in before[empty]:
        withdraw(tenant.api, person)
    url, _ = proposed(formed, keep_groups={"group_ids": [other]})
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    assert tenant.api.get(f"/v1/groups/{empty}").get_json()["state"] == "formed"


def test_where_nobody_is_left_who_could_let_others_in_they_are_let_in(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    one, other, *_ = sorted(before)
    newcomers = add_participants(
        database, tenant.id, formed.cohort_id, [{"award": "K01"}] * (7 - len(before[one])), prefix="N"
    )
    url, _ = proposed(formed, keep_groups={"group_ids": [one]})
    assert tenant.api.post(f"{url}/acceptance").get_json()["member_count"] == 0
    assert set(newcomers) <= present(tenant.api, formed.cohort_id)[one]
    for person in before[one]:
        withdraw(tenant.api, person)
    more = add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}] * 3, prefix="M")
    url, _ = proposed(formed, keep_groups={"group_ids": [one]})
    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.get_json()["member_count"] == len(newcomers) + len(more)
    members = every(tenant.api, f"/v1/groups/{one}/members")
    assert {each["participant_id"] for each in members if each["left_at"] is None} == {*newcomers, *more}
    assert all(each["admitted_at"] for each in members if each["left_at"] is None)
    assert tenant.api.get(f"/v1/groups/{one}").get_json()["state"] == "formed"
    assert present(tenant.api, formed.cohort_id)[other] == before[other]


def join(database: Any, tenant: Any, group_id: str, participant_id: str) -> None:
    """Put somebody into a group besides their own, as no run does."""
    row = (
        "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id)"
        " SELECT tenant_id, uuidv7(), :group, id, membership_id FROM participant WHERE id = :person"
    )
    with database.tenant(tenant.id) as session:
        session.execute(text(row), {"group": group_id, "person": participant_id})
        session.commit()


def test_somebody_in_two_groups_is_placed_once_and_goes_on_from_the_first(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    one, other, *_ = sorted(before)
    both = sorted(before[one])[0]
    join(database, tenant, other, both)
    url, _ = proposed(formed, keep_groups={})
    placed = [each["participant_id"] for each in every(tenant.api, f"{url}/placements")]
    assert sorted(placed) == sorted(formed.participants)
    came_from = {
        each["participant_id"]: each["from_group_id"] for each in every(tenant.api, f"{url}/placements")
    }
    assert came_from[both] == one
    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.status_code == 201, accepted.get_json()
    assert present(tenant.api, formed.cohort_id) == before


def test_somebody_in_two_groups_can_stay_in_the_second_where_the_first_is_dissolved(
    tenant, database, formed, proposed
):
    before = present(tenant.api, formed.cohort_id)
    one, other, *_ = sorted(before)
    both, *leave = sorted(before[one])
    join(database, tenant, other, both)
    for person in leave:
        withdraw(tenant.api, person)
    url, _ = proposed(formed, keep_groups={"group_ids": [one, other]})
    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.status_code == 201, accepted.get_json()
    after = present(tenant.api, formed.cohort_id)
    assert after == {group: people for group, people in before.items() if group not in (one, other)} | {
        other: before[other] | {both}
    }


def test_whoever_loses_one_of_two_groups_stays_placed_in_the_other(tenant, database, formed, proposed):
    """Of a group with one too many whom the recipe leaves over: the one of them who is in another group too."""
    before = present(tenant.api, formed.cohort_id)
    one, other, *_ = sorted(before)
    lone, *leave = sorted(before[one])
    join(database, tenant, other, lone)
    for person in leave:
        withdraw(tenant.api, person)
    newcomers = add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}] * 4, prefix="N")
    apart = [{"participants": [lone, newcomer]} for newcomer in newcomers]
    for body in apart:
        made = tenant.api.post(f"/v1/cohorts/{formed.cohort_id}/separations", json=body)
        assert made.status_code == 201
    recipe = {
        "program_id": formed.program_id,
        "name": "Loose",
        "terms": TERMS,
        "size": SIZE,
        "waitlist": True,
    }
    formed.recipe_id = tenant.api.post("/v1/recipes", json=recipe).get_json()["id"]
    url, _ = proposed(formed, keep_groups={"group_ids": [one]})
    assert [each["participant_id"] for each in every(tenant.api, f"{url}/unplaced")] == [lone]
    accepted = tenant.api.post(f"{url}/acceptance")
    assert accepted.status_code == 201, accepted.get_json()
    assert tenant.api.get(f"/v1/participants/{lone}").get_json()["state"] == "placed"
    assert [g for g, people in present(tenant.api, formed.cohort_id).items() if lone in people] == [other]


def test_a_usual_run_does_not_place_somebody_in_two_groups_a_third_time(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    one, other, *_ = sorted(before)
    join(database, tenant, other, sorted(before[one])[0])
    newcomers = add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}] * 5, prefix="N")
    url, _ = proposed(formed)
    assert {each["participant_id"] for each in every(tenant.api, f"{url}/placements")} == set(newcomers)


def test_never_more_move_than_may(tenant, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    smallest = min(before, key=lambda group_id: len(before[group_id]))
    for person in sorted(before[smallest])[1:]:
        withdraw(tenant.api, person)
    url, run = proposed(formed, keep_groups={"max_moves": 0})
    assert run["state"] == "infeasible"
    assert [(part["rule"], part["said"]) for part in run["clash"]["parts"]] == [
        (None, "at most 0 people may leave their group")
    ]
    assert refused(tenant.api.post(f"{url}/acceptance")) == (409, "infeasible")
    assert present(tenant.api, formed.cohort_id).keys() == before.keys()


def test_groups_that_are_not_named_are_left_alone(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    one = sorted(before)[0]
    (newcomer,) = add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}], prefix="N")
    url, _ = proposed(formed, keep_groups={"group_ids": [one]})
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    assert present(tenant.api, formed.cohort_id) == {**before, one: before[one] | {newcomer}}


def test_a_group_that_has_paused_is_left_in_peace_unless_it_is_named(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    paused = sorted(before)[0]
    for state in ("announced", "confirmed", "active", "paused"):
        tag = tenant.api.get(f"/v1/groups/{paused}").headers["ETag"]
        answer = tenant.api.patch(f"/v1/groups/{paused}", json={"state": state}, headers={"If-Match": tag})
        assert answer.status_code == 200
    add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}] * 2, prefix="N")
    url, _ = proposed(formed, keep_groups={})
    went_on = {each["group_id"] for each in every(tenant.api, f"{url}/proposed-groups")}
    assert went_on == set(before) - {paused}
    url, _ = proposed(formed, keep_groups={"group_ids": [paused]})
    assert {each["group_id"] for each in every(tenant.api, f"{url}/proposed-groups")} == {paused}


def test_somebody_on_leave_keeps_the_place_in_the_group(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    group_id = sorted(before)[0]
    away = sorted(before[group_id])[0]
    change_state(tenant.api, away, "paused")
    add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}], prefix="N")
    run, _ = proposed(formed, keep_groups={})
    assert tenant.api.post(f"{run}/acceptance").status_code == 201
    assert away in present(tenant.api, formed.cohort_id)[group_id]


def test_at_a_price_of_nothing_groups_are_formed_anew_and_at_a_high_one_they_stay(tenant, formed, finished):
    opposite = {"terms": [{"attribute": "award", "prefer": "different"}], "size": SIZE}

    def moved(price: float) -> int:
        body = {"cohort_id": formed.cohort_id, "simulation": True, "recipe": opposite}
        made = tenant.api.post("/v1/matching-runs", json={**body, "keep_groups": {"price": price}})
        assert made.status_code == 202, made.get_json()
        count: int = finished(tenant.api, made.headers["Location"])["moved_count"]
        return count

    assert moved(100) == 0
    assert moved(0) > 5


def test_a_run_is_stale_once_somebody_left_a_group_that_it_goes_on_from(tenant, formed, proposed):
    url, _ = proposed(formed, keep_groups={})
    withdraw(tenant.api, formed.participants[3])
    assert refused(tenant.api.post(f"{url}/acceptance")) == (409, "stale_run")


def test_of_two_repairs_of_the_same_groups_one_is_accepted(tenant, app, database, formed, proposed):
    add_participants(database, tenant.id, formed.cohort_id, [{"award": "K01"}], prefix="N")
    urls = [proposed(formed, keep_groups={}, seed=seed)[0] for seed in (1, 2)]

    def accept(url: str) -> int:
        api = app.test_client()
        api.token = tenant.api.token
        return api.post(f"{url}/acceptance").status_code

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(accept, urls)) == [201, 409]
    people = [person for each in present(tenant.api, formed.cohort_id).values() for person in each]
    assert len(people) == len(set(people)) == 31


def test_somebody_who_has_left_a_group_can_come_back_to_it(tenant, database, formed, proposed):
    before = present(tenant.api, formed.cohort_id)
    group_id = next(iter(before))
    person = sorted(before[group_id])[0]
    with database.tenant(tenant.id) as session:
        session.execute(
            text("UPDATE group_member SET left_at = now() WHERE participant_id = :person"), {"person": person}
        )
        session.execute(text("UPDATE participant SET state = 'waitlisted' WHERE id = :id"), {"id": person})
        session.commit()
    url, _ = proposed(formed, keep_groups={"group_ids": [group_id]})
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    rows = [
        each["left_at"]
        for each in every(tenant.api, f"/v1/groups/{group_id}/members")
        if each["participant_id"] == person
    ]
    assert len(rows) == 2
    assert rows.count(None) == 1


def test_groups_that_cannot_be_kept_are_named(tenant, database, formed, new_tenant):
    def wrong(**keep: Any) -> list[tuple[str, str]]:
        answer = tenant.api.post("/v1/matching-runs", json=formed.order(**keep))
        assert answer.status_code == 422, answer.get_json()
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    theirs = ready_to_match(new_tenant(), database, people=6).cohort_id
    assert wrong(keep_groups={"group_ids": [theirs]}) == [("/keep_groups/group_ids/0", "unknown")]
    # Nothing chosen is not everything.
    assert wrong(keep_groups={"group_ids": []}) == [("/keep_groups/group_ids", "required")]
    assert wrong(keep_groups={"max_moves": -1})[0][0] == "/keep_groups/max_moves"
    assert wrong(keep_groups={"price": -0.5})[0][0] == "/keep_groups/price"
    assert wrong(keep_groups={}, randomise={"design": "waitlist"}) == [("/keep_groups", "one_of_two")]
