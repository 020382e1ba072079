"""What a run proposes is adjusted, compared and only then accepted; and what its rules cost."""

from typing import Any
from uuid import UUID

import pytest

from tenants.matching.analyses import order_analysis
from tests.factories.matching import CAP, every, held_back, partition, ready_to_match

EVERYBODY = 24


@pytest.fixture
def run(tenant, database, proposed):
    """A cohort of 24 people, a run that has proposed groups for them, and its URL."""
    ready = ready_to_match(tenant, database, people=EVERYBODY, institutions=12)
    url, found = proposed(ready)
    return ready, url, found


def places(api: Any, url: str) -> dict[str, int]:
    return {each["participant_id"]: each["position"] for each in every(api, f"{url}/placements")}


def adjusted(tenant: Any, finished: Any, url: str, **body: Any) -> tuple[str, dict[str, Any]]:
    made = tenant.api.post(f"{url}/adjustments", json=body)
    assert made.status_code == 202, made.get_json()
    return made.headers["Location"], finished(tenant.api, made.headers["Location"])


def exchange(api: Any, url: str) -> list[dict[str, Any]]:
    """Two people of different groups, each to the other's, where that keeps the cap: by what the run says."""
    for each in every(api, f"{url}/placements"):
        other = each["alternative"]
        if other is not None and other["in_exchange_with"] is not None:
            by_name = {p["external_id"]: p for p in every(api, f"{url}/placements")}
            counterpart = by_name[other["in_exchange_with"]]
            return [
                {"participant_id": each["participant_id"], "position": other["position"]},
                {"participant_id": counterpart["participant_id"], "position": each["position"]},
            ]
    raise AssertionError("nobody has another place")


def test_an_exchange_is_another_run_and_the_comparison_tells_what_it_changes(tenant, run, finished):
    ready, url, before = run
    moves = exchange(tenant.api, url)
    cost = next(
        each["alternative"]["cost"]
        for each in every(tenant.api, f"{url}/placements")
        if each["participant_id"] == moves[0]["participant_id"]
    )
    other, after = adjusted(tenant, finished, url, moves=moves)
    assert (after["state"], after["stopped_by"]) == ("succeeded", "given")
    assert after["options"]["adjust"] == {"matching_run_id": before["id"], "moves": moves, "locked": []}
    assert before["value"] - after["value"] == pytest.approx(cost, abs=1e-6)
    expected = [set(group) for group in partition(tenant.api, url)]
    old = places(tenant.api, url)
    for move in moves:
        expected[old[move["participant_id"]] - 1].discard(move["participant_id"])
    for move in moves:
        expected[move["position"] - 1].add(move["participant_id"])
    assert sorted(map(sorted, partition(tenant.api, other))) == sorted(map(sorted, expected))

    compared = tenant.api.get(f"{url}/comparisons/{after['id']}").get_json()
    assert compared["value"]["difference"] == pytest.approx(-cost, abs=1e-6)
    assert before["bound_by"] != after["bound_by"] == "star"
    assert compared["gap"] == {"this": before["gap"], "other": after["gap"], "difference": None}
    assert compared["pairs_kept"] < compared["pairs"]
    assert tenant.api.post(f"{other}/acceptance").status_code == 201
    assert tenant.api.post(f"{url}/acceptance").get_json()["code"] == "stale_run"
    assert ready


def test_a_move_that_breaks_a_rule_is_refused_with_the_rule_and_the_group(tenant, run, finished):
    _, url, _ = run
    names = {each["participant_id"]: each["external_id"] for each in every(tenant.api, f"{url}/placements")}
    first = partition(tenant.api, url)[0]
    old = places(tenant.api, url)
    institution = {p: int(name[1:]) % 12 for p, name in names.items()}
    twin = next(p for p in names if p not in first and institution[p] == institution[first[0]])
    moves = [
        {"participant_id": twin, "position": 1},
        {"participant_id": first[1], "position": old[twin]},
    ]
    _, after = adjusted(tenant, finished, url, moves=moves)
    assert after["state"] == "infeasible"
    (part,) = [part for part in after["clash"]["parts"] if names[twin] in part["people"]]
    assert part["rule"] == 0
    assert set(part["people"]) == {names[p] for p in (set(first) - {first[1]}) | {twin}}


def test_whoever_is_left_over_by_hand_is_told_so_and_stays_so(tenant, database, proposed, finished):
    ready = ready_to_match(tenant, database, people=EVERYBODY, institutions=EVERYBODY, waitlist=True)
    url, before = proposed(ready)
    assert before["unplaced_count"] == 0
    left = partition(tenant.api, url)[0][0]
    other, after = adjusted(tenant, finished, url, moves=[{"participant_id": left, "position": None}])
    assert (after["state"], after["unplaced_count"]) == ("partial", 1)
    (told,) = every(tenant.api, f"{other}/unplaced")
    assert (told["participant_id"], told["code"]) == (left, "left_over_by_hand")
    assert told["reason"] == "Left over by hand: an adjustment puts this person in no group."
    assert told["for_member"] == {
        "affinity": None,
        "said": ["Whoever organises the groups has put you in none of them for now."],
    }
    again, _ = adjusted(tenant, finished, other, moves=exchange(tenant.api, other))
    assert [each["code"] for each in every(tenant.api, f"{again}/unplaced")] == ["left_over_by_hand"]
    back, found = adjusted(tenant, finished, again, moves=[{"participant_id": left, "position": 1}])
    assert (found["state"], every(tenant.api, f"{back}/unplaced")) == ("succeeded", [])


def test_where_an_adjustment_makes_room_nobody_is_left_over_for_want_of_it(
    tenant, database, proposed, finished
):
    ready = ready_to_match(
        tenant, database, people=13, institutions=13, waitlist=True, size={"min": 5, "max": 6}
    )
    url, _ = proposed(ready)
    (told,) = every(tenant.api, f"{url}/unplaced")
    assert (told["code"], told["for_member"]["said"]) == (
        "size",
        ["There was no place for you in a group this time."],
    )
    another = {"participant_id": partition(tenant.api, url)[0][0], "position": None}
    after, _ = adjusted(tenant, finished, url, moves=[another])
    assert [each["code"] for each in every(tenant.api, f"{after}/unplaced")] == ["left_over_by_hand"] * 2


def test_who_is_locked_stays_and_the_others_are_placed_anew(tenant, run, finished):
    _, url, _ = run
    together = partition(tenant.api, url)[0][:2]
    other, after = adjusted(tenant, finished, url, locked=together)
    assert after["state"] == "succeeded"
    assert after["stopped_by"] in {"sweeps", "proof"}
    (home,) = [group for group in partition(tenant.api, other) if together[0] in group]
    assert set(together) <= set(home)
    moved = partition(tenant.api, url)[1][0]
    other, _ = adjusted(
        tenant, finished, url, moves=[{"participant_id": moved, "position": 1}], locked=[*together, moved]
    )
    (home,) = [group for group in partition(tenant.api, other) if moved in group]
    assert {*together, moved} <= set(home)


def test_adjustments_that_make_no_sense_are_refused_and_change_nothing(tenant, run, new_tenant, database):
    _, url, found = run
    person = partition(tenant.api, url)[0][0]
    stranger = ready_to_match(new_tenant(), database, people=6).participants[0]

    def wrong(**body: Any) -> list[tuple[str, str]]:
        answer = tenant.api.post(f"{url}/adjustments", json=body)
        assert answer.status_code == 422, answer.get_json()
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    groups = found["group_count"]
    assert wrong() == [("/moves", "required")]
    assert wrong(moves=[{"participant_id": stranger, "position": 1}]) == [
        ("/moves/0/participant_id", "unknown")
    ]
    assert wrong(moves=[{"participant_id": person, "position": groups + 2}]) == [
        ("/moves/0/position", "unknown")
    ]
    twice = [{"participant_id": person, "position": 1}, {"participant_id": person, "position": 2}]
    assert wrong(moves=twice) == [("/moves/1/participant_id", "duplicate")]
    assert wrong(locked=[stranger, person, person]) == [("/locked/0", "unknown"), ("/locked/2", "duplicate")]
    assert wrong(moves=[{"participant_id": person, "position": None}], locked=[person]) == [
        ("/locked/0", "not_placed")
    ]
    assert len(every(tenant.api, "/v1/matching-runs")) == 1


def test_a_run_that_was_accepted_or_proposes_nothing_is_not_adjusted(tenant, run, finished):
    ready, url, _ = run
    body = {"moves": [{"participant_id": partition(tenant.api, url)[0][0], "position": 2}]}
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    assert tenant.api.post(f"{url}/adjustments", json=body).get_json()["code"] == "already_accepted"
    impossible = {"terms": [{"attribute": "award", "prefer": "similar"}], "size": {"min": 5, "max": 5}}
    made = tenant.api.post(
        "/v1/matching-runs", json={"cohort_id": ready.cohort_id, "simulation": True, "recipe": impossible}
    )
    empty = made.headers["Location"]
    assert finished(tenant.api, empty)["state"] == "infeasible"
    assert tenant.api.post(f"{empty}/adjustments", json=body).get_json()["code"] == "not_ready"
    assert tenant.api.post(f"{empty}/analyses").get_json()["code"] == "not_ready"


def test_who_can_be_placed_no_longer_can_be_neither_moved_nor_locked(tenant, run):
    _, url, _ = run
    person = partition(tenant.api, url)[0][0]
    participant = f"/v1/participants/{person}"
    tag = tenant.api.get(participant).headers["ETag"]
    gone = tenant.api.patch(participant, json={"state": "withdrawn"}, headers={"If-Match": tag})
    assert gone.status_code == 200
    for body in ({"moves": [{"participant_id": person, "position": 2}]}, {"locked": [person]}):
        answer = tenant.api.post(f"{url}/adjustments", json=body)
        assert [each["code"] for each in answer.get_json()["errors"]] == ["unknown"]


def test_an_adjusted_randomised_run_keeps_its_draw(tenant, database, proposed, finished):
    ready = ready_to_match(tenant, database, people=24, rules=[], size={"min": 3, "max": 6})
    url, run = proposed(ready, randomise={"design": "waitlist"}, seed=3)
    drawn = {each["participant_id"] for each in every(tenant.api, f"{url}/unplaced")}
    person, other = partition(tenant.api, url)[0][0], partition(tenant.api, url)[1][0]
    moves = [{"participant_id": person, "position": 2}, {"participant_id": other, "position": 1}]
    adjusted_url, other_run = adjusted(tenant, finished, url, moves=moves)
    assert other_run["draw"] == run["draw"] is not None
    unplaced = every(tenant.api, f"{adjusted_url}/unplaced")
    assert {(each["participant_id"], each["arm"]) for each in unplaced} == {(each, 2) for each in drawn}
    assert {each["arm"] for each in every(tenant.api, f"{adjusted_url}/placements")} == {1}
    later = tenant.api.post(
        f"{url}/adjustments", json={"moves": [{"participant_id": sorted(drawn)[0], "position": 1}]}
    )
    assert later.get_json()["errors"][0]["code"] == "unknown"


def test_an_analysis_tells_what_each_rule_costs_and_what_plain_ways_reach(tenant, run, finished):
    _, url, found = run
    made = tenant.api.post(f"{url}/analyses")
    assert made.status_code == 202, made.get_json()
    analysis = finished(tenant.api, made.headers["Location"])
    assert analysis["state"] == "succeeded", analysis
    assert analysis["value"] == pytest.approx(found["value"])
    (price,) = analysis["rule_prices"]
    assert (price["rule"], price["name"], price["placed"]) == (0, CAP["rule"], EVERYBODY)
    assert price["cost"] == pytest.approx(price["value"] - found["value"])
    assert price["cost"] >= 0
    assert [each["name"] for each in analysis["baselines"]] == ["random", "greedy", "swap"]
    assert all(each["value"] <= found["value"] + 1e-9 for each in analysis["baselines"])
    assert every(tenant.api, f"{url}/analyses") == [analysis]


def test_an_accepted_run_can_be_analysed_and_one_whose_people_changed_says_so(tenant, run, finished):
    ready, url, _ = run
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    made = tenant.api.post(f"{url}/analyses").headers["Location"]
    assert finished(tenant.api, made)["state"] == "succeeded"
    first, second = partition(tenant.api, url)[0][:2]
    value = tenant.api.get(f"/v1/participants/{first}").get_json()["attributes"]["institution"]
    person = f"/v1/participants/{second}"
    answer = tenant.api.patch(
        person,
        json={"attributes": {"institution": value}},
        headers={"If-Match": tenant.api.get(person).headers["ETag"]},
    )
    assert answer.status_code == 200
    made = tenant.api.post(f"{url}/analyses").headers["Location"]
    analysis = finished(tenant.api, made)
    assert (analysis["state"], analysis["error"]["code"]) == ("failed", "changed_since")
    assert ready


def test_an_analysis_that_is_cancelled_before_it_begins_tells_nothing_but_that(tenant, database, run):
    _, url, found = run
    analysis = held_back(
        database, tenant.id, lambda session: order_analysis(session, matching_run_id=UUID(found["id"]))
    )
    shown = f"{url}/analyses/{analysis.id}"
    assert tenant.api.get(shown).get_json()["state"] == "queued"
    cancellation = f"/v1/jobs/{analysis.job_id}/cancellation"
    assert tenant.api.post(cancellation).status_code == 202
    told = tenant.api.get(shown).get_json()
    assert (told["state"], told["error"], told["value"], told["rule_prices"]) == (
        "cancelled",
        None,
        None,
        None,
    )
    assert every(tenant.api, f"{url}/analyses") == [told]
    again = tenant.api.post(cancellation)
    assert (again.status_code, again.get_json()["code"]) == (409, "job_ended")
