"""Of a pool all count major awards by one list, and a pool that was made stands. Everybody is invented."""

from tenants.reporting.metrics.award_lists import CHOICES
from tests.factories.matching import every
from tests.factories.pools import agreements_of, declaring, ordered, requests_to, tenants_of
from tests.factories.reports import cells

SIZES = (20, 30, 40, 50)
AWARDS, REACH = "time_to_r01", "reach"
USUAL, OTHER = CHOICES[:2]
PLACED = [
    {"table": table, "at": {axis: code}, "count": 25}
    for table, axis, code in (("states", "state", "placed"), ("stages", "stage", "stayed"))
]
FOLLOWED = [
    {"table": "follow_up", "at": {"award_follow_up": "no_first_k"}, "count": 25},
    {"table": "exits", "at": {"award_exit": "y1", "award_outcome": "award"}, "count": 0},
    {"table": "entries", "at": {"award_entry": "start"}, "count": 0},
    {"table": "undated_entries", "at": {"undated_award_entry": "start"}, "count": 0},
]


def made(funder, sources, run, **more):
    """A pool that was made of these sources, as it is shown."""
    url = ordered(funder, agreements_of(sources), **more)
    run(*tenants_of(sources))
    run(funder)
    return funder.api.get(url).get_json()


def ask_report(tenant, found, **more):
    order = {"program_id": found["program_id"], "audience": "public", "formats": ["json"], **more}
    return tenant.api.post("/v1/reports", json=order)


def left(tenant, found, run, **more):
    """A report of an institution's own that left."""
    answer = ask_report(tenant, found, **more)
    assert answer.status_code == 202, answer.get_json()
    url = answer.headers["Location"]
    run(tenant, kind="report")
    assert tenant.api.get(f"{url}/files/json").status_code == 200
    return tenant.api.get(url).get_json()


def test_all_count_by_the_list_that_was_ordered_and_go_on_with_it(funder, sources, run):
    pool = made(funder, sources, run, metrics=[REACH, AWARDS], award_list=OTHER)
    assert (pool["state"], pool["award_list"], pool["contributed"]) == ("built", OTHER, 4)
    document = funder.api.get(f"/v1/pooled-reports/{pool['id']}/files/json").get_json()
    (told,) = (each for each in document["definitions"] if each["name"] == AWARDS)
    assert OTHER in told["id"]
    assert cells(document, "follow_up")[()] == sum(SIZES)
    tenant, found = sources[0]
    (asked,) = requests_to(tenant)
    assert (asked["award_list"], asked["state"], asked["hindrance"]) == (OTHER, "contributed", None)
    (entry,) = every(tenant.api, "/v1/reports")
    assert (entry["pooled_for"], entry["award_list"]) == ("Invented Society", OTHER)
    refused = ask_report(tenant, found, award_list=USUAL)
    assert refused.status_code == 422
    assert [(each["pointer"], each["code"]) for each in refused.get_json()["errors"]] == [
        ("/award_list", "fixed")
    ]
    assert left(tenant, found, run)["award_list"] == OTHER


def test_what_is_pooled_for_one_name_of_a_funder_counts_by_one_list(funder, sources, run):
    assert made(funder, sources, run, metrics=[REACH], award_list=OTHER)["award_list"] == OTHER
    first = made(funder, sources[:3], run, metrics=[AWARDS], award_list=OTHER)
    assert (first["state"], first["award_list"]) == ("built", OTHER)
    body = {"title": "All", "sharing_agreement_ids": agreements_of(sources), "award_list": USUAL}
    refused = funder.api.post("/v1/pooled-reports", json=body)
    assert refused.status_code == 422
    assert [(each["pointer"], each["code"]) for each in refused.get_json()["errors"]] == [
        ("/award_list", "fixed")
    ]
    without = funder.api.post("/v1/pooled-reports", json={**body, "metrics": [REACH]})
    assert (without.status_code, without.get_json()["award_list"]) == (202, USUAL), "no award is in it"
    assert made(funder, sources, run, metrics=[AWARDS])["award_list"] == OTHER


def test_whose_own_releases_count_by_another_list_takes_no_part_and_learns_why(funder, sources, run):
    tenant, found = sources[0]
    left(tenant, found, run, award_list=OTHER)
    pool = made(funder, sources, run, metrics=[REACH, AWARDS])
    assert (pool["state"], pool["award_list"]) == ("built", USUAL)
    assert (pool["sources"], pool["contributed"], pool["declined"]) == (4, 3, 1)
    document = funder.api.get(f"/v1/pooled-reports/{pool['id']}/files/json").get_json()
    assert len(document["cover"]["sources"]) == 3
    assert cells(document, "states")[()] == sum(SIZES[1:])
    (asked,) = requests_to(tenant)
    assert (asked["state"], asked["hindrance"]) == ("declined", "other_award_list")
    assert not any(
        requests["hindrance"] for other in tenants_of(sources[1:]) for requests in requests_to(other)
    )


def test_a_pool_that_counts_no_awards_takes_whoever_counts_by_whichever_list(funder, sources, run):
    tenant, found = sources[0]
    left(tenant, found, run, award_list=OTHER)
    found["add"](30, start=100)
    pool = made(funder, sources, run, metrics=[REACH])
    assert (pool["state"], pool["contributed"]) == ("built", 4)
    assert {each["award_list"] for each in every(tenant.api, "/v1/reports")} == {OTHER}


def test_of_two_pools_under_way_by_two_lists_the_later_one_is_refused(funder, new_tenant, run):
    """What is declared has no ledger of its own that would keep the two apart."""
    sources = [new_tenant() for _ in range(3)]
    agreements = [declaring(funder, each) for each in sources]
    urls = [ordered(funder, agreements, metrics=[REACH, AWARDS], award_list=each) for each in (USUAL, OTHER)]
    for tenant in sources:
        for asked in requests_to(tenant):
            told = f"/v1/contribution-requests/{asked['id']}/declaration"
            assert tenant.api.put(told, json={"rows": PLACED}).status_code == 200
    run(funder)
    found = [funder.api.get(each).get_json() for each in urls]
    assert sorted(each["state"] for each in found) == ["built", "refused"]
    assert {each["contributed"] for each in found} == {3}


def test_whoever_declares_awards_says_by_which_list_and_a_pool_that_was_made_stands(
    funder, sources, run, new_tenant
):
    own = new_tenant()
    agreements = [*agreements_of(sources[:3]), declaring(funder, own)]
    url = ordered(funder, agreements, metrics=[REACH, AWARDS], award_list=OTHER)
    run(*tenants_of(sources[:3]))
    (asked,) = requests_to(own)
    told, refusal = (f"/v1/contribution-requests/{asked['id']}/{each}" for each in ("declaration", "refusal"))

    def wrong(**more):
        answer = own.api.put(told, json={"rows": [*PLACED, *FOLLOWED], **more})
        assert answer.status_code == 422, answer.get_json()
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    assert asked["award_list"] == OTHER
    assert wrong() == [("/award_list", "required")]
    assert wrong(award_list=USUAL) == [("/award_list", "other_list")]
    declared = own.api.put(told, json={"rows": [*PLACED, *FOLLOWED], "award_list": OTHER})
    assert declared.get_json()["state"] == "contributed", declared.get_json()
    run(funder)
    pool = funder.api.get(url).get_json()
    assert (pool["state"], pool["contributed"], pool["declined"]) == ("built", 4, 0)
    refused = own.api.put(refusal)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "pooled")
    assert funder.api.get(url).get_json() == pool
    assert [each["state"] for each in requests_to(own)] == ["contributed"]


def test_whoever_declared_can_decline_until_the_pool_is_made(funder, new_tenant, run):
    sources = [new_tenant() for _ in range(4)]
    url = ordered(funder, [declaring(funder, each) for each in sources], metrics=[REACH])
    for tenant in sources:
        (asked,) = requests_to(tenant)
        told = f"/v1/contribution-requests/{asked['id']}"
        assert tenant.api.put(f"{told}/declaration", json={"rows": PLACED}).status_code == 200
    assert tenant.api.put(f"{told}/refusal").get_json()["state"] == "declined"
    run(funder)
    pool = funder.api.get(url).get_json()
    assert (pool["state"], pool["contributed"], pool["declined"]) == ("built", 3, 1)


def test_whose_agreement_has_ended_learns_that_it_is_why(funder, sources, run):
    tenant, found = sources[0]
    ordered(funder, agreements_of(sources), metrics=[REACH])
    ended = f"/v1/sharing-agreements/{found['agreement']}/signature"
    assert funder.api.put(ended, json={"decision": "ended"}).status_code == 200
    run(tenant)
    (asked,) = requests_to(tenant)
    assert (asked["state"], asked["hindrance"]) == ("declined", "agreement_ended")
