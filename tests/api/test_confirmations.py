"""What becomes of a finding that its person confirms, beside what is recorded already. Everybody is invented."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.planting import plant

PAPER = {"kind": "manuscript", "title": "Amberbay in print", "date": "2026-05-01"}


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


@pytest.fixture
def found(circle, tenant, superuser):
    """A finding of a member's, as the path under which she confirms it."""

    def one(who=0, **said):
        known = {
            "kind": "product",
            "product_kind": "manuscript",
            "matched_by": "name",
            "state": "open",
            **said,
        }
        made = plant(
            superuser.cursor(), "finding", tenant_id=tenant.id, membership_id=circle.members[who], **known
        )
        return f"/v1/me/findings/{made}/confirmation"

    return one


def confirmed(api, path):
    answer = api.post(path)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def test_what_the_tenant_has_by_title_alone_is_hers_as_well(circle, tenant, found):
    recorded = tenant.api.post("/v1/products", json={**PAPER, "membership_ids": [str(circle.members[1])]})
    same = confirmed(circle.api(), found(title=PAPER["title"], date=PAPER["date"], doi="10.1000/invented.1"))
    assert same["product_id"] == recorded.get_json()["id"]
    (row,) = every(tenant.api, "/v1/products")
    assert set(row["membership_ids"]) == {str(each) for each in circle.members}


def test_what_another_keeps_for_her_group_is_not_touched_by_it(circle, tenant, found):
    kept = circle.api(1).post("/v1/me/products", json={**PAPER, "doi": "10.1000/invented.2"}).get_json()["id"]
    assert circle.api(1).put(f"{circle.url}/products/{kept}").status_code == 204
    became = confirmed(circle.api(), found(title=PAPER["title"], doi="10.1000/invented.2"))["product_id"]
    assert became != kept
    assert [each["id"] for each in every(tenant.api, "/v1/products")] == [became]


def test_what_she_keeps_herself_does_not_stand_for_what_she_confirms(circle, tenant, found):
    award = {"kind": "award", "code": "R01", "date": "2026-05-01", "project_number": "R01HL000001"}
    assert circle.api().post("/v1/me/career-events", json=award).status_code == 201
    path = found(kind="award", product_kind="other", code="R01", project_number="R01HL000001")
    event = confirmed(circle.api(), path)["career_event_id"]
    assert [each["id"] for each in every(tenant.api, "/v1/career-events")] == [event]


def test_an_award_that_is_recorded_by_its_whole_number_is_not_recorded_again(circle, tenant, found):
    award = {"kind": "award", "code": "R01", "date": "2026-05-01", "project_number": "5R01HL000001-02"}
    made = tenant.api.post("/v1/career-events", json={**award, "membership_id": str(circle.members[0])})
    path = found(kind="award", product_kind="other", code="R01", project_number="R01HL000001")
    assert confirmed(circle.api(), path)["career_event_id"] == made.get_json()["id"]


def test_an_award_without_a_number_of_the_same_code_and_day_is_the_one_that_was_found_and_gets_its_number(
    circle, tenant, found
):
    award = {"kind": "award", "code": "R01", "date": "2026-05-01", "membership_id": str(circle.members[0])}
    made = tenant.api.post("/v1/career-events", json=award).get_json()["id"]
    tenant.api.post("/v1/career-events", json={**award, "date": "2026-06-01"})
    seen = {"kind": "award", "product_kind": "other", "code": "R01", "date": "2026-05-01"}
    path = found(**seen, project_number="R01HL000002", natural_key="one")
    assert confirmed(circle.api(), path)["career_event_id"] == made
    told = {each["id"]: each["project_number"] for each in every(tenant.api, "/v1/career-events")}
    assert (told[made], len(told)) == ("R01HL000002", 2)
    other = found(**seen, project_number="R01HL000003", natural_key="two")
    assert confirmed(circle.api(), other)["career_event_id"] not in told


def test_two_who_confirm_the_same_at_once_stand_behind_one_product(circle, tenant, found):
    paths = [(circle.api(n), found(n, doi="10.1000/invented.3", title="Both")) for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        ids = set(pool.map(lambda one: confirmed(*one)["product_id"], paths))
    (row,) = every(tenant.api, "/v1/products")
    assert (ids, len(row["membership_ids"])) == ({row["id"]}, 2)
