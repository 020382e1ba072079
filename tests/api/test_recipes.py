"""Recipes, over HTTP."""

from uuid import uuid4

import pytest

from tests.factories.matching import CAP, TERMS, every, program_to_match


@pytest.fixture
def program_id(tenant):
    return program_to_match(tenant.api)


@pytest.fixture
def refusal(tenant, program_id):
    """(pointer, code) pairs with which a recipe that differs from a good one is refused."""

    def post(**changed):
        body = {"program_id": program_id, "name": "Default", "terms": TERMS, **changed}
        answer = tenant.api.post("/v1/recipes", json=body)
        assert answer.status_code == 422, answer.get_json()
        assert every(tenant.api, "/v1/recipes") == []
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    return post


def test_a_recipe_comes_back_complete_and_the_same_everywhere(tenant, program_id):
    made = tenant.api.post("/v1/recipes", json={"program_id": program_id, "name": "R", "terms": TERMS})
    assert made.status_code == 201
    recipe = made.get_json()
    assert recipe["size"] == {"min": 5, "max": 7}
    assert recipe["rules"] == []
    assert recipe["terms"][1] == {"attribute": "institution", "prefer": "different", "weight": 1.0}
    assert tenant.api.get(made.headers["Location"]).get_json() == recipe
    assert every(tenant.api, f"/v1/recipes?program_id={program_id}") == [recipe]
    assert every(tenant.api, f"/v1/recipes?program_id={uuid4()}") == []


def test_a_recipe_is_edited_and_deleted_in_the_version_that_was_read(tenant, program_id):
    made = tenant.api.post("/v1/recipes", json={"program_id": program_id, "name": "R", "terms": TERMS})
    url, read = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    assert tenant.api.patch(url, json={"name": "S"}).status_code == 428
    edited = tenant.api.patch(url, json={"rules": [CAP], "size": {"min": 3, "max": 4}}, headers=read)
    assert (edited.get_json()["rules"], edited.get_json()["size"]) == ([CAP], {"min": 3, "max": 4})
    assert edited.get_json()["terms"] == made.get_json()["terms"]
    assert tenant.api.patch(url, json={"name": "S"}, headers=read).status_code == 412
    assert tenant.api.delete(url, headers=read).status_code == 412
    assert tenant.api.delete(url, headers={"If-Match": edited.headers["ETag"]}).status_code == 204
    assert tenant.api.get(url).status_code == 404


def test_an_edit_that_breaks_a_rule_changes_nothing(tenant, program_id):
    made = tenant.api.post("/v1/recipes", json={"program_id": program_id, "name": "R", "terms": TERMS})
    url, read = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    wrong = {"name": "S", "terms": [{"attribute": "nothing", "prefer": "similar"}]}
    answer = tenant.api.patch(url, json=wrong, headers=read)
    assert answer.get_json()["errors"][0]["pointer"] == "/terms/0/attribute"
    assert tenant.api.patch(url, json={"name": None}, headers=read).status_code == 422
    assert tenant.api.get(url).get_json() == made.get_json()


def term(attribute, prefer="similar", **more):
    return {"attribute": attribute, "prefer": prefer, **more}


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ([], ("/terms", "invalid")),
        ([term("nothing")], ("/terms/0/attribute", "unknown")),
        ([term("award"), term("pitch")], ("/terms/1/attribute", "not_yet_available")),
        ([term("hours")], ("/terms/0/attribute", "not_yet_available")),
        ([term("income")], ("/terms/0/attribute", "not_for_matching")),
        ([term("award"), term("award", "different")], ("/terms/1/attribute", "duplicate")),
        ([term("award", "near")], ("/terms/0/prefer", "not_yet_available")),
        ([term("award", "alike")], ("/terms/0/prefer", "invalid")),
        ([term("award", weight=0)], ("/terms/0/weight", "invalid")),
        ([term("award", weight=-1)], ("/terms/0/weight", "invalid")),
        ([term("award", weight=1001)], ("/terms/0/weight", "invalid")),
        ([term("award", weight="2")], ("/terms/0/weight", "invalid")),
        ([term("award", weight=True)], ("/terms/0/weight", "invalid")),
        ([term("award", colour="red")], ("/terms/0/colour", "unknown_field")),
        (["award"], ("/terms/0", "invalid")),
        ("award", ("/terms", "invalid")),
        ([term("a\u0000b")], ("/terms/0/attribute", "invalid")),
    ],
)
def test_a_term_that_cannot_be_kept_is_refused_where_it_stands(refusal, terms, expected):
    assert refusal(terms=terms) == [expected]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([{"rule": "apart", "pairs": [["a", "b"]]}], ("/rules/0/rule", "not_yet_available")),
        ([CAP, {"rule": "floor", "attribute": "award", "min": 2}], ("/rules/1/rule", "not_yet_available")),
        ([{"rule": "cap", "attribute": "nothing", "max": 1}], ("/rules/0/attribute", "unknown")),
        ([{"rule": "cap", "attribute": "papers", "max": 1}], ("/rules/0/attribute", "invalid")),
        ([{"rule": "cap", "attribute": "award", "max": 0}], ("/rules/0/max", "invalid")),
        ([{"rule": "cap", "attribute": "award"}], ("/rules/0/max", "required")),
        ([{"attribute": "award", "max": 1}], ("/rules/0/rule", "required")),
        ([CAP, CAP], ("/rules/1/attribute", "duplicate")),
        ([7], ("/rules/0", "invalid")),
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_where_it_stands(refusal, rules, expected):
    assert refusal(rules=rules) == [expected]


@pytest.mark.parametrize(
    ("size", "pointer"),
    [
        ({"min": 1, "max": 7}, "/size/min"),
        ({"min": 13, "max": 14}, "/size/min"),
        ({"min": 7, "max": 5}, "/size/max"),
        ({"min": 5}, "/size/max"),
        ({"min": 5.5, "max": 7}, "/size/min"),
        (None, "/size"),
        (5, "/size"),
    ],
)
def test_a_size_that_makes_no_group_is_refused(refusal, size, pointer):
    assert [where for where, _ in refusal(size=size)] == [pointer]


def test_what_is_not_yet_available_is_named(tenant, program_id):
    body = {"program_id": program_id, "name": "R", "terms": TERMS, "rules": [{"rule": "apart"}]}
    assert "apart" in tenant.api.post("/v1/recipes", json=body).get_json()["detail"]


def test_another_tenants_program_and_recipe_are_unknown(tenant, new_tenant, program_id):
    body = {"program_id": program_id, "name": "R", "terms": TERMS}
    url = tenant.api.post("/v1/recipes", json=body).headers["Location"]
    other = new_tenant().api
    assert other.post("/v1/recipes", json=body).get_json()["errors"][0]["pointer"] == "/program_id"
    assert other.get(url).status_code == 404
    assert other.patch(url, json={"name": "S"}, headers={"If-Match": '"1"'}).status_code == 404
    assert other.delete(url, headers={"If-Match": '"1"'}).status_code == 404
    assert every(other, "/v1/recipes") == []
    assert every(other, f"/v1/recipes?program_id={program_id}") == []
