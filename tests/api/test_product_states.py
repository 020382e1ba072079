"""What products go through, who is behind them and how, and where reports put them."""

import pytest

from tests.factories.circles import circle_of
from tests.factories.matching import every

PAPER = {"kind": "manuscript", "title": "Amberbay in print", "date": "2026-01-10"}
PROPOSAL = {"kind": "proposal_submitted", "project_number": "1R01ZZ000001-01", "date": "2026-01-10"}


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


@pytest.fixture
def record(circle, tenant):
    def made(**told):
        answer = tenant.api.post("/v1/products", json={"membership_ids": [str(circle.members[0])], **told})
        assert answer.status_code == 201, answer.get_json()
        return answer.get_json()

    return made


def entered(api, product, state, date=None, path="/v1/products"):
    return api.post(f"{path}/{product}/states", json={"state": state, "date": date})


def history(api, product, path="/v1/products"):
    return [(row["state"], row["date"]) for row in every(api, f"{path}/{product}/states")]


def test_a_product_is_in_the_last_of_its_states_whenever_each_was_told(tenant, record):
    paper = record(**PAPER, state="in_preparation")
    assert paper["state"] == "in_preparation"
    for state, date in (
        ("accepted", "2026-05-01"),
        ("submitted", "2026-02-01"),
        ("in_revision", "2026-03-01"),
    ):
        assert entered(tenant.api, paper["id"], state, date).status_code == 201
    found = tenant.api.get(f"/v1/products/{paper['id']}").get_json()
    assert found["state"] == "accepted"
    assert history(tenant.api, paper["id"]) == [
        ("in_preparation", "2026-01-10"), ("accepted", "2026-05-01"), ("submitted", "2026-02-01"),
        ("in_revision", "2026-03-01"),
    ]  # fmt: skip


def test_a_proposal_that_is_awarded_becomes_an_award_and_both_days_are_kept(tenant, record):
    proposal = record(**PROPOSAL)
    assert proposal["state"] == "submitted"
    assert entered(tenant.api, proposal["id"], "awarded", "2026-07-01").status_code == 201
    found = tenant.api.get(f"/v1/products/{proposal['id']}").get_json()
    assert (found["kind"], found["state"]) == ("proposal_awarded", "awarded")
    assert history(tenant.api, proposal["id"]) == [("submitted", "2026-01-10"), ("awarded", "2026-07-01")]
    again = {**PROPOSAL, "membership_ids": found["membership_ids"], "kind": "proposal_awarded"}
    for number in ("1R01ZZ000001-01", "5 R01 ZZ000001-02"):
        answer = tenant.api.post("/v1/products", json={**again, "project_number": number})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "exists")


def test_another_kind_brings_the_state_that_it_says(tenant, record):
    proposal = record(**PROPOSAL)
    url = f"/v1/products/{proposal['id']}"
    for kind, state in (("proposal_awarded", "awarded"), ("other", None)):
        held = {"If-Match": tenant.api.get(url).headers["ETag"]}
        changed = tenant.api.patch(url, json={"kind": kind, "title": "Invented"}, headers=held)
        assert changed.get_json()["state"] == state
    assert [state for state, _ in history(tenant.api, proposal["id"])] == ["submitted", "awarded"]


def test_a_state_is_one_of_its_kind_and_not_to_come(tenant, record, circle):
    talk, paper = record(**{**PAPER, "kind": "talk"})["id"], record(**PAPER)["id"]
    for product, state, date, pointer in (
        (talk, "submitted", None, "/state"),
        (paper, "awarded", None, "/state"),
        (paper, "done", None, "/state"),
        (paper, "accepted", "2999-01-01", "/date"),
    ):
        refused = entered(tenant.api, product, state, date)
        assert refused.get_json()["errors"][0]["pointer"] == pointer
    body = {**PROPOSAL, "state": "awarded", "membership_ids": [str(circle.members[0])]}
    assert tenant.api.post("/v1/products", json=body).get_json()["errors"][0]["pointer"] == "/state"
    assert history(tenant.api, talk) == history(tenant.api, paper) == []


def test_a_member_tells_the_states_of_her_own(circle, tenant):
    api, path = circle.api(), "/v1/me/products"
    paper = api.post(path, json={**PAPER, "state": "submitted"}).get_json()["id"]
    assert entered(api, paper, "accepted", "2026-04-01", path).status_code == 201
    assert history(api, paper, path) == [("submitted", "2026-01-10"), ("accepted", "2026-04-01")]
    assert api.get(f"{path}/{paper}").get_json()["state"] == "accepted"
    for other in (tenant.api, circle.api(1)):
        assert other.get(f"/v1/products/{paper}/states").status_code in (403, 404)
    assert circle.api(1).get(f"{path}/{paper}/states").status_code == 404
    assert entered(circle.api(1), paper, "published", None, path).status_code == 404


def test_history_is_not_rewritten(database, tenant, record):
    record(**PROPOSAL)
    with database.tenant(tenant.id) as session:
        for change in ("UPDATE product_state SET date = NULL", "DELETE FROM product_state"):
            with pytest.raises(Exception, match="permission denied"):
                session.connection().exec_driver_sql(change)
            session.rollback()


def test_who_helped_is_behind_it_informally_and_a_nomination_says_who_named_whom(circle, tenant, record):
    one, other = map(str, circle.members)
    named = record(kind="nomination_given", title="Invented prize")
    url = f"/v1/products/{named['id']}/contributors"
    put = tenant.api.put(f"{url}/{other}", json={"relation": "nominee"})
    assert (put.status_code, put.get_json()["role"]) == (200, "formal")
    assert {row["membership_id"]: row["relation"] for row in every(tenant.api, url)} == {
        one: "nominator", other: "nominee",
    }  # fmt: skip
    before = tenant.api.get(f"/v1/products/{named['id']}").get_json()
    assert set(before["membership_ids"]) == {one, other}
    tenant.api.put(f"{url}/{other}", json={"relation": "nominee"})
    assert tenant.api.get(f"/v1/products/{named['id']}").get_json() == before
    paper = f"/v1/products/{record(**PAPER)['id']}/contributors"
    helped = {"role": "informal", "relation": "reviewer"}
    assert tenant.api.put(f"{paper}/{other}", json=helped).get_json()["role"] == "informal"
    refused = tenant.api.put(f"{paper}/{other}", json={"relation": "nominee"})
    assert refused.get_json()["errors"][0]["pointer"] == "/relation"
    assert tenant.api.put(f"{paper}/{named['id']}", json=helped).status_code == 404


def test_one_that_the_tenant_has_by_any_identifier_is_not_recorded_twice(tenant, record, circle):
    record(**PAPER)
    record(**{**PAPER, "title": "Another"}, doi="10.5555/x", pmid="11")
    body = {**PAPER, "membership_ids": [str(circle.members[1])]}
    for told in ({"doi": "10.5555/y"}, {"title": "Otherwise", "pmid": "11"}):
        answer = tenant.api.post("/v1/products", json={**body, **told})
        assert (answer.status_code, answer.get_json()["code"]) == (409, "exists")


def test_every_kind_is_told_with_its_places(tenant):
    told = tenant.api.get("/v1/outcome-kinds").get_json()
    manuscript = next(kind for kind in told["products"] if kind["name"] == "manuscript")
    assert (manuscript["rppr"], manuscript["outcome_type"]) == ("C.1", "publications")
    assert "accepted" in manuscript["states"]
    assert told["rppr"]["C.1"] == "Publications"
    leave = next(kind for kind in told["career_events"] if kind["name"] == "leave")
    assert (leave["rppr"], leave["outcome_type"]) == (None, None)
