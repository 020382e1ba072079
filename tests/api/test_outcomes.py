"""Products and career events, over HTTP."""

import pytest
from sqlalchemy import event as listen


@pytest.fixture
def people(tenant):
    """The membership ids of three participants of one cohort."""
    program = tenant.api.post("/v1/programs", json={"name": "Circles"}).get_json()
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": program["id"], "name": "2026"}).get_json()
    url = f"/v1/cohorts/{cohort['id']}/participants"
    added = [tenant.api.post(url, json={"external_id": f"P{n}"}).get_json() for n in range(3)]
    return [participant["membership_id"] for participant in added]


def record(tenant, people, **told):
    body = {"kind": "manuscript", "title": "On peers", "membership_ids": people[:1], **told}
    return tenant.api.post("/v1/products", json=body)


def follow(tenant, people, **told):
    body = {"membership_id": people[0], "kind": "award", "code": "k23", "date": "2020-07-01", **told}
    return tenant.api.post("/v1/career-events", json=body)


def pointers(answer):
    assert answer.status_code == 422, answer.get_json()
    return {error["pointer"] for error in answer.get_json()["errors"]}


def test_a_product_is_recorded_with_everybody_behind_it_and_read_again(tenant, people):
    made = record(tenant, people, doi="https://doi.org/10.5555/ABC.1", membership_ids=people[:2])
    assert made.status_code == 201
    assert made.get_json()["doi"] == "10.5555/abc.1"
    assert made.get_json()["visibility"] == "program"
    assert set(made.get_json()["membership_ids"]) == set(people[:2])
    assert tenant.api.get(made.headers["Location"]).get_json() == made.get_json()
    assert tenant.api.get("/v1/products").get_json()["items"] == [made.get_json()]


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ({"doi": "10.5555/x"}, {"doi": "doi:10.5555/X", "title": "Otherwise", "kind": "other"}),
        ({"pmid": "123"}, {"pmid": "123", "title": "Otherwise"}),
        ({"title": "On  Peers", "date": "2026-01-02"}, {"title": "on peers", "date": "2026-01-02"}),
        (
            {"kind": "proposal_awarded", "project_number": "1R01ZZ1"},
            {"kind": "proposal_awarded", "project_number": "1R01ZZ1", "title": "Otherwise"},
        ),
    ],
)
def test_the_same_product_is_not_recorded_twice(tenant, people, told, same):
    assert record(tenant, people, **told).status_code == 201
    again = record(tenant, people[1:], **same)
    assert (again.status_code, again.get_json()["code"]) == (409, "exists")


def test_papers_that_acknowledge_one_project_are_different_products(tenant, people):
    assert record(tenant, people, project_number="1R01ZZ1", title="One").status_code == 201
    assert record(tenant, people, project_number="1R01ZZ1", title="Two").status_code == 201


def test_a_product_that_breaks_a_rule_is_refused_by_field_and_not_kept(tenant, people, new_tenant):
    assert pointers(record(tenant, people, title=None)) == {"/title"}
    assert pointers(record(tenant, people, doi="11.1/x")) == {"/doi"}
    assert pointers(record(tenant, people, doi="10.5555/with space")) == {"/doi"}
    assert pointers(record(tenant, people, pmid="PMC12")) == {"/pmid"}
    assert pointers(record(tenant, people, kind="song")) == {"/kind"}
    assert pointers(record(tenant, people, membership_ids=[])) == {"/membership_ids"}
    other = new_tenant()
    assert pointers(record(other, people, membership_ids=people[:2])) == {
        "/membership_ids/0",
        "/membership_ids/1",
    }
    assert tenant.api.get("/v1/products").get_json()["items"] == []


def test_an_edit_of_who_is_behind_a_product_is_a_new_version(tenant, people):
    made = record(tenant, people, doi="10.5555/1")
    url, held = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    edited = tenant.api.patch(url, json={"membership_ids": people[1:], "doi": None}, headers=held)
    assert edited.status_code == 200
    assert set(edited.get_json()["membership_ids"]) == set(people[1:])
    assert (edited.get_json()["doi"], edited.get_json()["version"]) == (None, 2)
    assert tenant.api.patch(url, json={"title": "x"}, headers=held).status_code == 412
    unknown = tenant.api.patch(
        url, json={"membership_ids": [made.get_json()["id"]]}, headers={"If-Match": edited.headers["ETag"]}
    )
    assert pointers(unknown) == {"/membership_ids/0"}
    assert set(tenant.api.get(url).get_json()["membership_ids"]) == set(people[1:])


def test_a_product_cannot_be_edited_into_another_one(tenant, people):
    record(tenant, people, doi="10.5555/1")
    made = record(tenant, people, doi="10.5555/2")
    held = {"If-Match": made.headers["ETag"]}
    answer = tenant.api.patch(made.headers["Location"], json={"doi": "10.5555/1"}, headers=held)
    assert (answer.status_code, answer.get_json()["code"]) == (409, "exists")


def test_a_deleted_product_is_gone_and_may_be_recorded_again(tenant, people):
    made = record(tenant, people)
    url = made.headers["Location"]
    assert tenant.api.delete(url).status_code == 428
    assert tenant.api.delete(url, headers={"If-Match": made.headers["ETag"]}).status_code == 204
    assert tenant.api.get(url).status_code == 404
    assert record(tenant, people).status_code == 201


def test_products_and_career_events_are_found_by_person_kind_and_change(tenant, people):
    talk = record(tenant, people[1:], kind="talk").get_json()
    record(tenant, people)
    award = follow(tenant, people[2:]).get_json()
    follow(tenant, people, kind="promotion", code=None)

    def listed(path):
        return [item["id"] for item in tenant.api.get(path).get_json()["items"]]

    assert listed(f"/v1/products?membership_id={people[1]}") == [talk["id"]]
    assert listed("/v1/products?kind=talk") == [talk["id"]]
    assert len(listed("/v1/products?updated_since=2020-01-01T00:00:00Z")) == 2
    assert listed("/v1/products?updated_since=2999-01-01T00:00:00Z") == []
    assert listed(f"/v1/career-events?membership_id={people[2]}&kind=award") == [award["id"]]
    assert listed("/v1/career-events?updated_since=2999-01-01T00:00:00Z") == []
    assert tenant.api.get("/v1/products?kind=song").status_code == 422


def test_an_award_is_known_by_its_activity_code_and_may_be_undated(tenant, people):
    made = follow(tenant, people, date=None)
    assert made.status_code == 201
    assert (made.get_json()["code"], made.get_json()["date"]) == ("K23", None)
    assert follow(tenant, people, date=None).get_json()["code"] == "exists"
    assert follow(tenant, people, date=None, before_first_k=True).status_code == 201
    assert follow(tenant, people[1:], date=None).status_code == 201


def test_a_person_has_one_observation(tenant, people):
    told = {"kind": "observation", "code": None, "until": "2026-08-31", "sample": "complete"}
    made = follow(tenant, people, **told)
    assert made.status_code == 201
    assert follow(tenant, people, **{**told, "until": "2027-08-31"}).status_code == 409
    held = {"If-Match": made.headers["ETag"]}
    edited = tenant.api.patch(made.headers["Location"], json={"until": "2027-08-31"}, headers=held)
    assert edited.get_json()["until"] == "2027-08-31"


@pytest.mark.parametrize(
    ("told", "pointer"),
    [
        ({"code": None}, "/code"),
        ({"until": "2026-01-01"}, "/until"),
        ({"sample": "complete"}, "/sample"),
        ({"kind": "observation", "code": None, "sample": "complete"}, "/until"),
        ({"kind": "observation", "code": None, "until": "2026-01-01"}, "/sample"),
        ({"kind": "observation", "sample": "complete", "until": "2020-06-30"}, "/until"),
        ({"kind": "promotion", "date": None}, "/date"),
        ({"kind": "promotion", "before_first_k": True}, "/before_first_k"),
        ({"kind": "observation", "sample": "some", "until": "2021-01-01"}, "/sample"),
        ({"membership_id": "01977777-7777-7777-8777-777777777777"}, "/membership_id"),
    ],
)
def test_a_career_event_that_breaks_a_rule_is_refused_by_field(tenant, people, told, pointer):
    assert pointers(follow(tenant, people, **told)) == {pointer}
    assert tenant.api.get("/v1/career-events").get_json()["items"] == []


def test_another_tenants_outcomes_are_unknown(tenant, people, new_tenant):
    other = new_tenant().api
    for made in (record(tenant, people), follow(tenant, people)):
        url, held = made.headers["Location"], {"If-Match": '"1"'}
        assert other.get(url).status_code == 404
        assert other.patch(url, json={"visibility": "me"}, headers=held).status_code == 404
        assert other.delete(url, headers=held).status_code == 404
        assert tenant.api.get(url).status_code == 200
    theirs = {"membership_id": people[0], "kind": "award", "code": "K23"}
    assert pointers(other.post("/v1/career-events", json=theirs)) == {"/membership_id"}


def test_a_list_of_fifty_products_asks_as_often_as_a_list_of_one(tenant, people, database):
    def statements():
        asked = []

        def note(_connection, _cursor, statement, *_):
            asked.append(statement)

        listen.listen(database.engine, "before_cursor_execute", note)
        found = tenant.api.get("/v1/products").get_json()["items"]
        listen.remove(database.engine, "before_cursor_execute", note)
        return len(found), len(asked)

    record(tenant, people)
    one, asked_for_one = statements()
    for number in range(49):
        record(tenant, people, title=f"Title {number}", membership_ids=people)
    fifty, asked_for_fifty = statements()
    assert (one, fifty) == (1, 50)
    assert asked_for_fifty == asked_for_one
