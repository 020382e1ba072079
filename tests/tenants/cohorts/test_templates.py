import json
import re
from dataclasses import asdict, replace

import pytest

from tenants.cohorts.models import ATTRIBUTE_KINDS
from tenants.cohorts.templates import (
    InvalidTemplate,
    Level,
    Size,
    Template,
    Term,
    UnknownTemplate,
    template,
    templates,
)
from tenants.cohorts.templates.shape import KINDS, TENANT_KINDS
from tenants.institutions.models import KINDS as KINDS_OF_TENANT

each_template = pytest.mark.parametrize("a_template", templates(), ids=lambda found: found.key)


def test_there_is_a_template_for_every_kind_of_tenant() -> None:
    assert {kind for found in templates() for kind in found.kinds} == set(KINDS_OF_TENANT)


def test_a_template_is_found_by_its_key_and_read_once() -> None:
    assert [found.key for found in templates()] == ["nih_k_awardees", "ctsi_scholars", "society_early_career"]
    assert all(template(found.key) is found for found in templates())


def test_an_unknown_key_is_refused_by_name() -> None:
    with pytest.raises(UnknownTemplate, match="'nobody'"):
        template("nobody")


def test_templates_know_the_same_kinds_as_the_database() -> None:
    assert KINDS == ATTRIBUTE_KINDS
    assert TENANT_KINDS == KINDS_OF_TENANT


@each_template
def test_a_template_can_be_sent_as_json(a_template: Template) -> None:
    document = json.loads(json.dumps(asdict(a_template)))
    assert document["key"] == a_template.key
    assert len(document["attributes"]) == len(a_template.attributes)


@each_template
def test_attribute_keys_are_unique_and_well_formed(a_template: Template) -> None:
    keys = [attribute.key for attribute in a_template.attributes]
    assert len(set(keys)) == len(keys)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]{0,62}", key) for key in keys)


@each_template
def test_a_cell_names_at_most_one_level_of_an_attribute(a_template: Template) -> None:
    for attribute in a_template.attributes:
        names = [name for level in attribute.levels for name in level.names]
        assert len(set(names)) == len(names), attribute.key


@each_template
def test_level_keys_never_hold_what_separates_the_values_of_a_set(a_template: Template) -> None:
    for attribute in a_template.attributes:
        if attribute.kind == "set":
            assert not [
                n for level in attribute.levels for n in (level.key, *level.aliases) if ";" in n or "," in n
            ]


@each_template
def test_levels_are_numbered_in_the_order_written(a_template: Template) -> None:
    for attribute in a_template.attributes:
        assert [level.order for level in attribute.levels] == list(range(1, len(attribute.levels) + 1))


@each_template
def test_the_recipe_speaks_only_of_attributes_that_the_template_asks_for_matching(
    a_template: Template,
) -> None:
    matchable = {attribute.key for attribute in a_template.attributes if "matching" in attribute.uses}
    named = {term.attribute for term in a_template.recipe.terms}
    for rule in a_template.recipe.rules:
        named |= {rule["attribute"]} if "attribute" in rule else set(rule.get("attributes", ()))
    assert named <= matchable


@each_template
def test_rules_of_a_recipe_name_attributes_of_a_fitting_kind(a_template: Template) -> None:
    kinds = {
        "cap": {"categorical", "reference"},
        "shared": {"set"},
        "at_least": {"boolean"},
        "no_isolate": {"categorical"},
        "common_slots": {"availability"},
        "hierarchy": {"reference"},
    }
    for rule in a_template.recipe.rules:
        named = [rule["attribute"]] if "attribute" in rule else rule.get("attributes", [])
        assert {a_template.attribute(key).kind for key in named} <= kinds.get(rule["rule"], set())


@each_template
def test_only_what_holds_no_list_of_levels_or_says_so_is_open(a_template: Template) -> None:
    assert all(attribute.open for attribute in a_template.attributes if not attribute.levels)


@each_template
def test_who_evaluates_me_is_said_by_the_person_and_sensitive(a_template: Template) -> None:
    evaluators = a_template.attribute("evaluators")
    assert (evaluators.kind, evaluators.answered_by, evaluators.sensitive) == ("reference", "person", True)


@each_template
def test_no_template_asks_for_demographics(a_template: Template) -> None:
    keys = {attribute.key for attribute in a_template.attributes}
    assert not keys & {"gender", "sex", "race", "ethnicity", "disability", "age"}


@each_template
def test_the_titles_of_six_topics_never_leave_the_group(a_template: Template) -> None:
    topics = a_template.attribute("topics")
    assert {level.key for level in topics.levels if level.sensitive} == {
        "managing_up",
        "setbacks_wins",
        "transitions",
        "department",
        "job_moves",
        "wellbeing",
    }
    assert len(topics.levels) == 17


def test_every_condition_lies_in_a_broad_area() -> None:
    found = template("nih_k_awardees")
    condition = found.attribute("condition")
    areas = {level.key for level in found.attribute("problem_area").levels}
    assert condition.parent == "problem_area"
    assert {level.parent for level in condition.levels} == areas - {"other"}


def test_the_institute_of_a_grant_number_is_understood() -> None:
    levels = template("nih_k_awardees").attribute("institute").levels
    assert [level.key for level in levels if "hl" in level.names] == ["NHLBI"]
    assert len(levels) == 29  # 27 institutes and centers, the Office of the Director, other funders


def _with_levels(*levels: Level) -> Template:
    found = template("nih_k_awardees")
    changed = replace(found.attribute("rank"), levels=levels)
    return replace(found, attributes=tuple(changed if a.key == "rank" else a for a in found.attributes))


def test_two_levels_answering_to_one_name_are_refused() -> None:
    with pytest.raises(InvalidTemplate, match=r"rank: two levels answer to \['fellow'\]"):
        _with_levels(Level("fellow", "Fellow", 1), Level("novice", "Novice", 2, aliases=("FELLOW",)))


def test_a_level_under_an_unknown_parent_is_refused() -> None:
    with pytest.raises(InvalidTemplate, match="nih_k_awardees: rank: fellow has an unknown parent"):
        _with_levels(Level("fellow", "Fellow", 1, parent="nowhere"))


def test_an_attribute_asked_for_twice_is_refused() -> None:
    found = template("nih_k_awardees")
    with pytest.raises(InvalidTemplate, match="an attribute key occurs twice"):
        replace(found, attributes=(*found.attributes, found.attribute("rank")))


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "cap", "attribute": "nothing", "max": 1},
        {"rule": "cap", "attribute": "rank"},
        {"rule": "cap", "attribute": "rank", "max": 1, "colour": "red"},
        {"rule": "hierarchy", "attributes": ["primary_mentor", "nobody"]},
        {"rule": "wish"},
        {"rule": "separations"},
    ],
)
def test_a_rule_that_is_unknown_incomplete_or_about_nothing_is_refused(rule: dict[str, object]) -> None:
    found = template("nih_k_awardees")
    with pytest.raises(InvalidTemplate, match="rule"):
        replace(found, recipe=replace(found.recipe, rules=(rule,)))


def test_a_rule_may_have_a_price_and_what_else_it_admits() -> None:
    found = template("nih_k_awardees")
    rule = {"rule": "no_isolate", "attribute": "rank", "values": ["fellow"], "price": 0.5}
    assert replace(found, recipe=replace(found.recipe, rules=(rule,))).recipe.rules == (rule,)


@pytest.mark.parametrize("size", [Size(1, 5), Size(6, 5), Size(5, 7, 8), Size(5, 7, 4)])
def test_a_size_that_makes_no_group_is_refused(size: Size) -> None:
    found = template("nih_k_awardees")
    with pytest.raises(InvalidTemplate, match="size"):
        replace(found, recipe=replace(found.recipe, size=size))


def test_sizes_and_targets_are_those_of_the_three_plans() -> None:
    sizes = {found.key: found.recipe.size for found in templates()}
    assert sizes == {
        "nih_k_awardees": Size(5, 7),
        "ctsi_scholars": Size(4, 7, 6),
        "society_early_career": Size(5, 7, 6),
    }


@pytest.mark.parametrize(
    "term", [Term("nothing", "similar", 1), Term("rank", "alike", 1), Term("rank", "near", 0)]
)
def test_a_wish_that_cannot_be_weighed_is_refused(term: Term) -> None:
    found = template("nih_k_awardees")
    with pytest.raises(InvalidTemplate, match="nih_k_awardees: "):
        replace(found, recipe=replace(found.recipe, terms=(term,)))
