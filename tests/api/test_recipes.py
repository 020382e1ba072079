"""Recipes, over HTTP."""

from dataclasses import asdict
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from api.v1.recipes.schemas import RULES, RecipeCreate
from tenants.cohorts.templates import templates
from tenants.cohorts.templates.shape import RULE_FIELDS
from tenants.matching.models import TOO_SMALL_TO_SHOW
from tenants.matching.solver import recipe_of, words
from tests.factories.matching import CAP, TERMS, every, program_to_match
from tests.planting import plant

MORE_ATTRIBUTES = (
    {"key": "language", "label": "Language", "kind": "set"},
    {"key": "convene", "label": "Convenes", "kind": "boolean"},
    {"key": "mentor", "label": "Mentor", "kind": "reference"},
    {"key": "evaluators", "label": "Evaluators", "kind": "reference"},
    {"key": "ladder", "label": "Ladder", "kind": "ordinal"},
)
EVERY_RULE = (
    {"rule": "cap", "attribute": "institution", "max": 1},
    {"rule": "cap", "attribute": "award", "max": 2, "price": 0.25},
    {"rule": "at_least", "attribute": "convene", "value": True, "min": 1},
    {"rule": "at_least", "attribute": "rank", "value": "high", "min": 1, "price": None},
    {"rule": "seats", "attribute": "rank", "value": "low", "min": 0, "max": 3},
    {"rule": "seats", "attribute": "institution", "value": "No level yet", "min": 1, "max": 1, "price": 0},
    {"rule": "no_isolate", "attribute": "award"},
    {"rule": "no_isolate", "attribute": "rank", "values": ["low", "high"], "price": 2},
    {"rule": "shared", "attribute": "language", "min": 1},
    {"rule": "common_slots", "attribute": "hours", "hours": 1.5},
    {"rule": "similar_text", "attribute": "pitch", "similarity": 0.45},
    {"rule": "hierarchy", "attributes": ["mentor", "evaluators"]},
    {"rule": "hierarchy", "attributes": ["mentor"], "shared": True, "price": 1},
    {"rule": "apart", "pairs": [["P1", "P2"]], "lists": [["P3", "P4", "P5"]]},
    {"rule": "apart", "pairs": [], "lists": [], "price": 3},
    {"rule": "together", "pairs": [["P6", "P7"]]},
    {"rule": "together", "lists": [["P6", "P7", "P8"]]},
    {"rule": "locked", "lists": [["P1"], ["P2", "P9"]]},
    {"rule": "keep", "lists": [["P1", "P2"], ["P3"]], "max": 2, "price": 0.5},
)


@pytest.fixture
def program_id(tenant):
    found = program_to_match(tenant.api)
    for attribute in MORE_ATTRIBUTES:
        made = tenant.api.post(f"/v1/programs/{found}/attributes", json=attribute)
        assert made.status_code == 201, made.get_json()
    return found


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
    assert (recipe["emphasis"], recipe["waitlist"], recipe["priority"]) == (0.5, False, None)
    assert recipe["warnings"] == []
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
        ([term("award"), term("ladder")], ("/terms/1/attribute", "no_levels")),
        ([term("income")], ("/terms/0/attribute", "not_for_matching")),
        ([term("award"), term("award", "different")], ("/terms/1/attribute", "duplicate")),
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


@pytest.mark.parametrize("kind", ["text", "availability", "number", "set", "boolean", "reference"])
def test_every_kind_of_attribute_can_be_wished_for(tenant, program_id, kind):
    key = {
        "text": "pitch",
        "availability": "hours",
        "number": "papers",
        "set": "language",
        "boolean": "convene",
        "reference": "mentor",
    }[kind]
    terms = [term(key, "near", weight=1)]
    made = tenant.api.post("/v1/recipes", json={"program_id": program_id, "name": "R", "terms": terms})
    assert (made.status_code, made.get_json()["terms"]) == (201, terms)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=str)
def test_a_rule_reads_back_as_it_was_written(tenant, program_id, rule):
    body = {"program_id": program_id, "name": "R", "terms": TERMS, "rules": [rule]}
    made = tenant.api.post("/v1/recipes", json=body)
    assert made.status_code == 201, made.get_json()
    assert made.get_json()["rules"] == [rule]
    assert tenant.api.get(made.headers["Location"]).get_json() == made.get_json()
    assert every(tenant.api, "/v1/recipes") == [made.get_json()]


def test_the_solver_the_api_and_templates_know_the_same_rules():
    assert tuple(RULES) == words.RULES
    assert {rule["rule"] for rule in EVERY_RULE} == set(RULES)
    for name, schema in RULES.items():
        said = {key: field.required for key, field in schema().fields.items() if key != "rule"}
        needed, allowed = RULE_FIELDS[name]
        assert needed == {key for key, required in said.items() if required}
        assert allowed == {key for key, required in said.items() if not required}


@pytest.mark.parametrize("rule", EVERY_RULE, ids=str)
def test_the_solver_understands_every_rule(rule):
    assert (
        words.name_of(recipe_of({"size": {"min": 5, "max": 7}, "terms": [], "rules": [rule]}).rules[0])
        == (rule["rule"])
    )


def rule(name, **fields):
    return {"rule": name, **fields}


PEOPLE = [f"P{number}" for number in range(201)]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (rule("floor", attribute="award", min=2), ("rule", "invalid")),
        (rule("separations"), ("rule", "invalid")),
        (rule(7), ("rule", "invalid")),
        (rule(None), ("rule", "invalid")),
        ({"attribute": "award", "max": 1}, ("rule", "required")),
        (7, ("", "invalid")),
        (["cap"], ("", "invalid")),
        (rule("cap", attribute="nothing", max=1), ("attribute", "unknown")),
        (rule("cap", attribute="income", max=1), ("attribute", "not_for_matching")),
        (rule("cap", attribute="ladder", max=1), ("attribute", "no_levels")),
        (rule("cap", attribute="papers", max=1), ("attribute", "invalid")),
        (rule("cap", attribute="award", max=0), ("max", "invalid")),
        (rule("cap", attribute="award", max=True), ("max", "invalid")),
        (rule("cap", attribute="award"), ("max", "required")),
        (rule("cap", attribute="award", max=1, price=-1), ("price", "invalid")),
        (rule("cap", attribute="award", max=1, price="1"), ("price", "invalid")),
        (rule("cap", attribute="award", max=1, min=1), ("min", "unknown_field")),
        (rule("cap", attributes=["award"], attribute="award", max=1), ("attributes", "unknown_field")),
        (rule("at_least", attribute="award", min=1), ("value", "required")),
        (rule("at_least", attribute="award", value=None, min=1), ("value", "not_null")),
        (rule("at_least", attribute="award", value=1, min=1), ("value", "invalid")),
        (rule("at_least", attribute="award", value="x" * 201, min=1), ("value", "invalid")),
        (rule("at_least", attribute="award", value="K01", min=0), ("min", "invalid")),
        (rule("at_least", attribute="rank", value="middle", min=1), ("value", "unknown")),
        (rule("at_least", attribute="rank", value=True, min=1), ("value", "unknown")),
        (rule("at_least", attribute="convene", value="yes", min=1), ("value", "unknown")),
        (rule("at_least", attribute="pitch", value="words", min=1), ("attribute", "invalid")),
        (rule("seats", attribute="award", value="K01", min=1), ("max", "required")),
        (rule("seats", attribute="award", value="K01", min=3, max=2), ("max", "invalid")),
        (rule("seats", attribute="rank", value="middle", min=1, max=2), ("value", "unknown")),
        (rule("no_isolate", attribute="rank", values=["low", "middle"]), ("values/1", "unknown")),
        (rule("no_isolate", attribute="rank", values=[]), ("values", "invalid")),
        (rule("no_isolate", attribute="rank", values=["low", 7]), ("values/1", "invalid")),
        (rule("shared", attribute="award", min=1), ("attribute", "invalid")),
        (rule("shared", attribute="language", min=0), ("min", "invalid")),
        (rule("common_slots", attribute="award", hours=2), ("attribute", "invalid")),
        (rule("common_slots", attribute="hours", hours=0), ("hours", "invalid")),
        (rule("common_slots", attribute="hours", hours=169), ("hours", "invalid")),
        (rule("similar_text", attribute="award", similarity=0.5), ("attribute", "invalid")),
        (rule("similar_text", attribute="pitch", similarity=1.1), ("similarity", "invalid")),
        (rule("hierarchy"), ("attributes", "required")),
        (rule("hierarchy", attributes=[]), ("attributes", "invalid")),
        (rule("hierarchy", attributes=["mentor", "nobody"]), ("attributes/1", "unknown")),
        (rule("hierarchy", attributes=["award"]), ("attributes", "invalid")),
        (rule("hierarchy", attributes=["mentor"], shared=1), ("shared", "invalid")),
        (rule("apart", pairs=[["P1", "P2"], ["P1"]]), ("pairs/1", "invalid")),
        (rule("apart", pairs=[["P1", "P1"]]), ("pairs/0", "invalid")),
        (rule("apart", pairs=[["P1", 2]]), ("pairs/0/1", "invalid")),
        (rule("apart", pairs=[["P1", "P2"]] * 20_001), ("pairs", "invalid")),
        (rule("apart", lists=[["P1", "P" * 201]]), ("lists/0/1", "invalid")),
        (rule("apart", lists=[PEOPLE]), ("lists/0", "invalid")),
        (rule("apart", lists=[["P1", "P2"]] * 501), ("lists", "invalid")),
        (rule("together", pairs=[["P1", "P2"]], price=1), ("price", "unknown_field")),
        (rule("locked", lists=[["P1", "P2"], ["P2", "P3"]]), ("lists/1", "invalid")),
        (rule("locked", pairs=[["P1", "P2"]]), ("pairs", "unknown_field")),
        (rule("keep", lists=[["P1", "P2"], ["P2", "P3"]]), ("lists/1", "invalid")),
        (rule("keep", max=-1), ("max", "invalid")),
    ],
    ids=lambda value: str(value)[:90],
)
def test_a_rule_that_cannot_be_kept_is_refused_where_it_stands(refusal, wrong, expected):
    field, code = expected
    assert refusal(rules=[CAP, wrong]) == [(f"/rules/1/{field}".rstrip("/"), code)]


def test_one_attribute_has_one_cap_but_any_number_of_other_rules(tenant, program_id, refusal):
    assert refusal(rules=[CAP, CAP]) == [("/rules/1/attribute", "duplicate")]
    seats = [rule("at_least", attribute="rank", value=value, min=1) for value in ("low", "high")]
    body = {"program_id": program_id, "name": "R", "terms": TERMS, "rules": [*seats, CAP]}
    assert tenant.api.post("/v1/recipes", json=body).status_code == 201


def test_all_that_is_wrong_with_the_attributes_is_said_at_once(refusal):
    wrong = [rule("cap", attribute="nothing", max=1), rule("hierarchy", attributes=["income", "mentor"])]
    assert refusal(rules=wrong, priority="nobody") == [
        ("/rules/0/attribute", "unknown"),
        ("/rules/1/attributes/0", "not_for_matching"),
        ("/priority", "unknown"),
    ]


def test_a_rule_that_is_unknown_is_told_which_there_are(tenant, program_id):
    body = {"program_id": program_id, "name": "R", "terms": TERMS, "rules": [{"rule": "floor"}]}
    error = tenant.api.post("/v1/recipes", json=body).get_json()["errors"][0]
    assert error["detail"] == f"Must be one of: {', '.join(words.RULES)}."


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"emphasis": 1.1}, "/emphasis"),
        ({"emphasis": -0.1}, "/emphasis"),
        ({"emphasis": None}, "/emphasis"),
        ({"waitlist": "yes"}, "/waitlist"),
        ({"priority": "institution"}, "/priority"),
        ({"priority": "nothing"}, "/priority"),
        ({"priority": "income"}, "/priority"),
        ({"priority": 1}, "/priority"),
    ],
)
def test_what_else_a_recipe_says_is_refused_where_it_makes_no_sense(refusal, changed, pointer):
    assert [where for where, _ in refusal(**changed)] == [pointer]


@pytest.mark.parametrize(
    ("size", "pointer"),
    [
        ({"min": 1, "max": 7}, "/size/min"),
        ({"min": 13, "max": 14}, "/size/min"),
        ({"min": 7, "max": 5}, "/size/max"),
        ({"min": 5}, "/size/max"),
        ({"min": 5.5, "max": 7}, "/size/min"),
        ({"min": 5, "max": 7, "target": 8}, "/size/target"),
        ({"min": 5, "max": 7, "target": 4.9}, "/size/target"),
        ({"min": 5, "max": 7, "target": "6"}, "/size/target"),
        (None, "/size"),
        (5, "/size"),
    ],
)
def test_a_size_that_makes_no_group_is_refused(refusal, size, pointer):
    assert [where for where, _ in refusal(size=size)] == [pointer]


def test_an_edit_can_change_everything_but_the_program(tenant, program_id):
    made = tenant.api.post("/v1/recipes", json={"program_id": program_id, "name": "R", "terms": TERMS})
    changes = {
        "name": "S",
        "size": {"min": 4, "max": 8, "target": 5.5},
        "terms": [{"attribute": "rank", "prefer": "near", "weight": 3}],
        "rules": list(EVERY_RULE[:13]),
        "emphasis": 1,
        "waitlist": True,
        "priority": "papers",
    }
    read = {"If-Match": made.headers["ETag"]}
    edited = tenant.api.patch(made.headers["Location"], json=changes, headers=read)
    assert edited.status_code == 200, edited.get_json()
    assert {name: edited.get_json()[name] for name in changes} == changes
    assert edited.headers["ETag"] != made.headers["ETag"]
    assert every(tenant.api, "/v1/recipes") == [edited.get_json()]
    read = {"If-Match": edited.headers["ETag"]}
    again = tenant.api.patch(made.headers["Location"], json={"priority": None}, headers=read)
    assert again.get_json()["priority"] is None


def test_groups_too_small_to_show_results_are_warned_of_and_made(tenant, program_id):
    body = {"program_id": program_id, "name": "R", "terms": TERMS, "size": {"min": 4, "max": 6}}
    made = tenant.api.post("/v1/recipes", json=body)
    assert (made.status_code, made.get_json()["warnings"]) == (201, [TOO_SMALL_TO_SHOW])
    assert every(tenant.api, "/v1/recipes")[0]["warnings"] == [TOO_SMALL_TO_SHOW]
    enough = {"size": {"min": 5, "max": 6}}
    edited = tenant.api.patch(
        made.headers["Location"], json=enough, headers={"If-Match": made.headers["ETag"]}
    )
    assert edited.get_json()["warnings"] == []
    body["warnings"] = []
    assert tenant.api.post("/v1/recipes", json=body).get_json()["errors"][0]["pointer"] == "/warnings"


def test_a_recipe_of_before_reads_back_with_what_was_meant_then(tenant, servers, program_id):
    with psycopg.connect(servers.url_as("postgres", "peerloom")) as superuser:
        recipe_id = plant(
            superuser.cursor(),
            "recipe",
            tenant_id=tenant.id,
            program_id=UUID(program_id),
            size=Jsonb({"min": 5, "max": 7}),
            terms=Jsonb([TERMS[0]]),
            rules=Jsonb([CAP]),
        )
    found = tenant.api.get(f"/v1/recipes/{recipe_id}").get_json()
    assert (found["emphasis"], found["waitlist"], found["priority"]) == (0.5, False, None)
    assert (found["rules"], found["warnings"]) == ([CAP], [])
    assert every(tenant.api, "/v1/recipes") == [found]


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.key)
def test_a_program_from_a_template_brings_its_recipe(tenant, template):
    made = tenant.api.post("/v1/programs", json={"name": "Circles", "template": template.key}).get_json()
    (recipe,) = every(tenant.api, f"/v1/recipes?program_id={made['id']}")
    assert recipe["name"] == template.recipe.name
    assert recipe["rules"] == list(template.recipe.rules)
    assert recipe["terms"] == [asdict(term) for term in template.recipe.terms]
    wished = template.recipe.size.target
    assert recipe["size"].get("target") == wished
    assert recipe["warnings"] == ([TOO_SMALL_TO_SHOW] if template.recipe.size.min < 5 else [])


def test_a_program_from_nothing_brings_no_recipe(tenant):
    tenant.api.post("/v1/programs", json={"name": "Circles"})
    assert every(tenant.api, "/v1/recipes") == []


WORDS = st.sampled_from(["", " ", "award", "P1", "P2", "a b", "A\u0000"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 60) | st.floats(-1, 200) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=1),
    max_leaves=6,
)
SAID = st.sampled_from(sorted(RULES)).flatmap(
    lambda name: st.fixed_dictionaries(
        {"rule": st.just(name)},
        optional=dict.fromkeys(sorted(RULES[name]().fields.keys() - {"rule"}), JSON) | {"colour": JSON},
    )
)


@settings(derandomize=True, deadline=None)
@given(rule=SAID)
def test_whatever_comes_as_a_rule_is_taken_or_refused_and_nothing_else(rule):
    body = {**RecipeCreate.example, "rules": [rule]}
    refused = RecipeCreate().validate(body)
    assert set(refused) <= {"rules"}
    if not refused:
        assert words.name_of(recipe_of(RecipeCreate().load(body)).rules[0]) == rule["rule"]


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
