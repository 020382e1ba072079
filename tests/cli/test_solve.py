"""`peerloom solve`: a file and a recipe in, groups out."""

import csv
import json
import random

import pytest
from click.testing import CliRunner

from cli.solve import solve

TERMS = [
    {"attribute": "award", "prefer": "similar", "weight": 2},
    {"attribute": "methods", "prefer": "similar"},
    {"attribute": "stage", "prefer": "near"},
]
ATTRIBUTES = {
    "award": "categorical",
    "methods": "set",
    "institution": "categorical",
    "stage": {"kind": "ordinal", "levels": ["low", "middle", "high"]},
    "convene": "boolean",
}
RECIPE = {
    "attributes": ATTRIBUTES,
    "size": {"min": 4, "max": 5},
    "terms": TERMS,
    "rules": [{"rule": "cap", "attribute": "institution", "max": 1}],
}


def at_least(attribute, value):
    return {"rules": [{"rule": "at_least", "attribute": attribute, "value": value, "min": 1}]}


def alone(attribute, values):
    return {"rules": [{"rule": "no_isolate", "attribute": attribute, "values": values}]}


def of_level(**told):
    return {"kind": "categorical", "levels": [{"key": "K01", **told}]}


def invented(people):
    """Rows of invented people."""
    chance = random.Random(people)
    return [
        {
            "external_id": f"P{number:02}",
            "award": chance.choice(("K01", "K08")),
            "methods": ";".join(chance.sample(("trials", "cohorts", "bench", "imaging"), 2)),
            "institution": f"Invented University {number % 7}",
            "stage": chance.choice(("low", "middle", "high")),
            "convene": chance.choice(("yes", "no")),
        }
        for number in range(people)
    ]


@pytest.fixture
def run(tmp_path):
    def done(rows, recipe, *more):
        file, words = tmp_path / "people.csv", tmp_path / "recipe.json"
        with file.open("w", newline="") as opened:
            writer = csv.DictWriter(opened, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        words.write_text(recipe if isinstance(recipe, str) else json.dumps(recipe), encoding="utf-8")
        return CliRunner().invoke(solve, [str(file), "--recipe", str(words), "--seed", "1", *more])

    return done


def test_groups_are_printed_with_all_that_is_told_of_them(run):
    rows = invented(20)
    done = run(rows, RECIPE, "--json")
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout)
    members = [each for group in printed["groups"] for each in group["members"]]
    assert sorted(members) == sorted(row["external_id"] for row in rows)
    institution = {row["external_id"]: row["institution"] for row in rows}
    for group in printed["groups"]:
        assert 4 <= len(group["members"]) <= 5
        assert len({institution[each] for each in group["members"]}) == len(group["members"])
        assert [each["external_id"] for each in group["placements"]] == group["members"]
    assert printed["unplaced"] == []
    assert printed["value"] <= printed["bound"]
    assert printed["gap"] == pytest.approx((printed["bound"] - printed["value"]) / printed["bound"])
    assert printed["stopped_by"] in {"proof", "sweeps"}


def test_the_same_seed_prints_the_same(run):
    assert run(invented(30), RECIPE, "--json").stdout == run(invented(30), RECIPE, "--json").stdout


def test_a_time_limit_gives_groups_that_keep_the_rules(run):
    printed = json.loads(run(invented(40), RECIPE, "--json", "--time-limit", "1").stdout)
    assert sum(len(group["members"]) for group in printed["groups"]) == 40


def test_without_json_groups_are_printed_for_the_eye(run):
    done = run(invented(9), RECIPE)
    assert done.exit_code == 0
    assert "P03" in done.stdout
    assert "at most" in done.stdout


def test_rules_that_cannot_all_hold_end_with_status_3_and_the_clash(run):
    rows = [{**row, "institution": "Invented Crowd"} for row in invented(6)] + invented(20)[6:]
    done = run(rows, RECIPE, "--json")
    assert done.exit_code == 3
    printed = json.loads(done.stdout)
    assert printed["groups"] == []
    assert {part["rule"] for part in printed["clash"]["parts"]} == {None, 0}
    assert "Invented Crowd" in printed["clash"]["said"]
    assert "Invented Crowd" in done.stderr


def test_with_a_waitlist_as_many_as_possible_are_placed_and_the_others_told_why(run):
    rows = [{**row, "institution": "Invented Crowd"} for row in invented(6)] + invented(16)[6:]
    done = run(rows, {**RECIPE, "waitlist": True}, "--json")
    assert done.exit_code == 0
    printed = json.loads(done.stdout)
    assert printed["unplaced"]
    assert all(each["reason"].endswith(".") for each in printed["unplaced"])
    assert printed["clash"]["parts"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"terms": [{**TERMS[0], "weight": 0}]}, "/terms/0/weight"),
        ({"terms": [{**TERMS[0], "attribute": "unknown"}]}, "terms/0/attribute"),
        ({"rules": [{"rule": "no_such"}]}, "/rules/0/rule"),
        ({"size": {"min": 6, "max": 5}}, "size/max"),
        ({"attributes": {"award": "colour"}}, "/attributes/award"),
        ({"attributes": None}, "/attributes"),
        ({"attributes": {**ATTRIBUTES, "income": "number"}}, "income"),
        ({"program_id": "x"}, "/program_id"),
        ({"terms": [TERMS[0], TERMS[0]]}, "/terms/1/attribute: award is named twice."),
        ({"rules": RECIPE["rules"] * 2}, "/rules/1/attribute: institution is named twice."),
        (at_least("stage", "highest"), "/rules/0/value: stage cannot be highest."),
        (at_least("award", True), "/rules/0/value: award cannot be true."),
        (at_least("convene", "yes"), "/rules/0/value: convene cannot be yes."),
        (alone("stage", ["low", "lowest"]), "/rules/0/values/1: stage cannot be lowest."),
        (alone("award", [True]), "/rules/0/values/0: award cannot be true."),
    ],
)
def test_a_recipe_at_fault_ends_with_status_2_and_names_the_field(run, changed, named):
    done = run(invented(10), {**RECIPE, **changed}, "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert named in done.stderr


@pytest.mark.parametrize(
    ("attribute", "named"),
    [
        ({"kind": "categorical", "levels": 5}, "/levels: Not a valid list."),
        ({"kind": "categorical", "levels": True}, "/levels: Not a valid list."),
        ({"kind": "categorical", "levels": "abc"}, "/levels: Not a valid list."),
        ({"kind": "categorical", "levels": {"k": 1}}, "/levels: Not a valid list."),
        ({"kind": "categorical", "levels": [5]}, "/levels/0"),
        (of_level(key=""), "/levels/0/key"),
        (of_level(label=5), "/levels/0/label: Not a valid string."),
        (of_level(parent=3), "/levels/0/parent: Not a valid string."),
        (of_level(parent=["q"]), "/levels/0/parent: Not a valid string."),
        (of_level(aliases=5), "/levels/0/aliases: Not a valid list."),
        (of_level(aliases="x1"), "/levels/0/aliases: Not a valid list."),
        (of_level(aliases=[5]), "/levels/0/aliases/0: Not a valid string."),
        (of_level(colour="red"), "/levels/0/colour: Unknown field."),
        ({"kind": "categorical", "levels": ["K01", "K08", "k01"]}, "/levels/2: k01 is named twice."),
        ({"kind": "number", "levels": ["K01"]}, "/levels: An attribute of kind number has no levels."),
        ({"kind": ["categorical"]}, "/kind"),
        ({"levels": ["K01"]}, "/kind: Missing data for required field."),
        (5, "/kind"),
        (None, "/kind"),
    ],
)
def test_an_attribute_at_fault_ends_with_status_2_and_names_its_field(run, attribute, named):
    done = run(invented(10), {**RECIPE, "attributes": {**ATTRIBUTES, "award": attribute}}, "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"/attributes/award{named}" in done.stderr


@pytest.mark.parametrize("key", ["", " ", "No Key"])
def test_an_attribute_goes_by_a_key_as_in_the_api(run, key):
    done = run(invented(10), {**RECIPE, "attributes": {**ATTRIBUTES, key: "categorical"}}, "--json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert f"/attributes/{key}/key" in done.stderr


def of_a(*values):
    """One invented person for each value."""
    return [{"external_id": f"P{number}", "a": value} for number, value in enumerate(values)]


def by_a(attribute, *rules, size=2, prefer="different"):
    return {
        "attributes": {"a": attribute},
        "size": {"min": size, "max": size},
        "terms": [{"attribute": "a", "prefer": prefer}],
        "rules": list(rules),
    }


@pytest.mark.parametrize("value", ["NCI", "nci", "Cancer", " CANCER ", "Institute"])
@pytest.mark.parametrize("kind", ["categorical", "set"])
def test_rules_know_a_level_by_every_name_that_cells_may_have_for_it(run, kind, value):
    attribute = {"kind": kind, "levels": [{"key": "NCI", "label": "Institute", "aliases": ["Cancer"]}]}
    rule = {"rule": "at_least", "attribute": "a", "value": value, "min": 1}
    done = run(of_a("NCI", "nci", "x", "y"), by_a(attribute, rule), "--json")
    assert done.exit_code == 0, done.output
    groups = [set(group["members"]) for group in json.loads(done.stdout)["groups"]]
    assert all(len(group & {"P0", "P1"}) == 1 for group in groups)
    alone = {"rule": "no_isolate", "attribute": "a", "values": [value]}
    done = run(of_a("NCI", "nci", "x", "y"), by_a(attribute, alone), "--json")
    assert {"P0", "P1"} in [set(group["members"]) for group in json.loads(done.stdout)["groups"]]


def test_rules_know_a_value_of_the_file_in_any_letter_case(run):
    rule = {"rule": "at_least", "attribute": "a", "value": "nci", "min": 1}
    assert run(of_a("NCI", "x", "Nci", "y"), by_a("categorical", rule)).exit_code == 0


def test_what_a_level_is_beside_those_that_are_given_the_file_says(run):
    attribute = {"kind": "categorical", "levels": ["NCI"]}
    for value, status in (("x", 0), ("z", 2)):
        rule = {"rule": "no_isolate", "attribute": "a", "values": [value]}
        done = run(of_a("NCI", "NCI", "x", "x"), by_a(attribute, rule))
        assert done.exit_code == status, done.output


def test_a_cell_without_a_place_in_the_order_that_is_given_is_named(run):
    done = run(of_a("low", "odd"), by_a({"kind": "ordinal", "levels": ["low", "high"]}))
    assert done.exit_code == 2
    assert 'line 3, a: "odd" is not a level of a; use one of: low, high.' in done.stderr


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("10", "9", "1.5"), "a: 1.5 1, 9 1, 10 1 of 3"),
        (("10", "9", "nan"), "a: 10 1, 9 1, nan 1 of 3"),
        (("10", "9", "inf"), "a: 10 1, 9 1, inf 1 of 3"),
        (("1.0", "1", "01"), "a: 01 1, 1 1, 1.0 1 of 3"),
    ],
)
def test_ordinals_without_levels_are_in_the_order_of_numbers_if_they_all_are_else_of_text(run, values, said):
    printed = json.loads(run(of_a(*values), by_a("ordinal", size=3), "--json").stdout)
    assert printed["groups"][0]["terms"][0]["said"] == said


def test_members_are_told_nothing_of_a_sensitive_attribute(run):
    attribute = {"kind": "categorical", "sensitive": True}
    printed = json.loads(run(of_a("x", "y"), by_a(attribute), "--json").stdout)
    placements = printed["groups"][0]["placements"]
    assert [each["for_member"] for each in placements] == [{"affinity": None, "said": []}] * 2


def test_a_recipe_may_begin_with_a_byte_order_mark(run):
    assert run(invented(10), "\ufeff" + json.dumps(RECIPE)).exit_code == 0


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1"])
def test_a_time_limit_is_a_number_of_seconds(run, seconds):
    done = run(invented(10), RECIPE, "--time-limit", seconds)
    assert done.exit_code == 2
    assert "--time-limit" in done.stderr


def test_text_that_cannot_be_printed_ends_with_status_2(run):
    rule = {"rule": "at_least", "attribute": "award", "value": "\ud800", "min": 1}
    done = run(invented(10), {**RECIPE, "rules": [rule]}, "--json")
    assert (done.exit_code, done.stdout) == (2, "")


def test_what_is_not_json_ends_with_status_2(run):
    assert run(invented(10), "{", "--json").exit_code == 2
    assert run(invented(10), '{"terms": NaN}', "--json").exit_code == 2


def test_a_file_at_fault_ends_with_status_2_and_names_line_and_column(run):
    rows = invented(10)
    rows[3]["convene"] = "perhaps"
    rows[5]["external_id"] = "P00"
    done = run(rows, RECIPE, "--json")
    assert done.exit_code == 2
    assert "line 5, convene" in done.stderr
    assert "line 7, external_id: is on line 2 too" in done.stderr


def test_on_demand_each_rule_has_its_price_and_plain_ways_are_told(run):
    printed = json.loads(run(invented(20), RECIPE, "--analyse", "--json").stdout)
    (price,) = printed["rule_prices"]
    assert (price["rule"], price["name"], price["placed"]) == (0, "cap", 20)
    assert price["cost"] == pytest.approx(price["value"] - printed["value"])
    assert [each["name"] for each in printed["baselines"]] == ["random", "greedy", "swap"]
    said = run(invented(20), RECIPE, "--analyse").stdout
    assert "rule 1 (at most 1 with the same institution) costs" in said
    assert "random: 0." in said


def test_groups_that_exist_are_kept(run):
    rows = invented(20)
    first = json.loads(run(rows, RECIPE, "--json").stdout)
    lists = [group["members"] for group in first["groups"]]
    recipe = {**RECIPE, "rules": [*RECIPE["rules"], {"rule": "keep", "lists": lists}]}
    newcomer = {**rows[0], "external_id": "N1", "institution": "Invented College"}
    people = [row for row in rows if row["external_id"] != lists[0][0]] + [newcomer]
    again = json.loads(run(people, recipe, "--json").stdout)
    assert again["moved"] == []
    assert sorted([*lists[0][1:], "N1"]) in [sorted(group["members"]) for group in again["groups"]]
