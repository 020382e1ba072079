"""Raw values made canonical or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.cohorts.values import MAX_LEVELS, InvalidValue, ValueReader, email_address, short_text

LEVELS = [
    {"key": "mit", "label": "M.I.T.", "order": 1, "parent": None, "aliases": ["Mass Tech"]},
    {"key": "duke", "label": "Duke University", "order": 2, "parent": None, "aliases": []},
]
WEEK = {"time_zone": "America/Chicago", "slots": [{"day": "mon", "start": "09:00", "end": "11:00"}]}


def reader(kind, *, levels=(), is_open=False):
    return ValueReader(key="it", kind=kind, levels=levels, is_open=is_open)


def refusal(read, raw):
    with pytest.raises(InvalidValue) as refused:
        read(raw)
    assert str(refused.value).endswith(".")
    return refused.value.code


@pytest.mark.parametrize("name", ["mit", "MIT", "m.i.t.", "mass TECH", " mit "])
def test_a_level_goes_by_its_key_label_or_alias_in_any_letter_case(name):
    assert reader("categorical", levels=LEVELS).from_json(name) == "mit"
    assert reader("ordinal", levels=LEVELS).from_cell(name) == "mit"


def test_a_closed_attribute_refuses_what_is_no_level_and_an_open_one_takes_it_once():
    assert refusal(reader("categorical", levels=LEVELS).from_cell, "Yale") == "unknown_level"
    opened = reader("categorical", levels=LEVELS, is_open=True)
    assert [opened.from_cell(name) for name in ("Yale", "YALE", "mit", "Rice")] == [
        "Yale",
        "Yale",
        "mit",
        "Rice",
    ]
    assert opened.new_levels == ["Yale", "Rice"]


def test_an_open_attribute_takes_ten_thousand_levels_and_no_more():
    full = reader("categorical", levels=[{"key": str(n)} for n in range(MAX_LEVELS - 1)], is_open=True)
    assert full.from_cell("the last") == "the last"
    assert refusal(full.from_cell, "one more") == "too_many_levels"


def test_a_set_is_sorted_and_says_nothing_twice():
    read = reader("set", levels=LEVELS)
    assert read.from_cell("M.I.T.; duke | MIT;") == ["duke", "mit"] == read.from_json(["mit", "duke", "MIT"])
    assert refusal(read.from_json, "mit") == "invalid"
    assert refusal(read.from_json, ["mit", 1]) == "invalid"


@pytest.mark.parametrize(
    ("cell", "value"), [("5", 5), ("5.0", 5), ("-2.5", -2.5), (".5", 0.5), ("1e3", 1000), ("+7.", 7)]
)
def test_a_number_in_a_cell_is_read(cell, value):
    read = reader("number").from_cell(cell)
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("cell", ["1,234", "nan", "inf", "1_000", "٣", "0x10", "five", "1e999", "1e13"])
def test_what_is_no_finite_number_is_refused(cell):
    assert refusal(reader("number").from_cell, cell) in ("invalid_number", "out_of_range")


@pytest.mark.parametrize("raw", ["5", True, None, [], 10**400, float("nan"), float("inf")])
def test_json_that_is_no_finite_number_is_refused(raw):
    assert refusal(reader("number").from_json, raw) in ("invalid", "out_of_range")


@pytest.mark.parametrize(
    "cell", ["2026-02-30", "20260901", "09/01/2026", "2026-W01-1", "2026-9-1", "２026-09-01"]
)
def test_a_date_is_a_day_of_the_calendar_in_iso_form(cell):
    assert reader("date").from_cell("2026-09-01") == "2026-09-01"
    assert refusal(reader("date").from_cell, cell) == "invalid_date"


def test_a_boolean_is_yes_or_no_in_a_cell_and_true_or_false_in_json():
    read = reader("boolean")
    assert [read.from_cell(cell) for cell in ("true", "Yes", "1", "FALSE", "no", "0")] == [True] * 3 + [
        False
    ] * 3
    assert read.from_json(False) is False
    assert refusal(read.from_cell, "maybe") == "invalid_boolean"
    assert refusal(read.from_json, 1) == "invalid"


@pytest.mark.parametrize("zone", ["localtime", "Factory", "posix/UTC", "right/UTC", "posixrules"])
def test_a_time_zone_that_is_not_the_same_on_every_machine_is_refused(zone):
    assert refusal(reader("availability").from_json, {**WEEK, "time_zone": zone}) == "unknown_time_zone"


def test_availability_is_weekly_slots_in_a_real_time_zone():
    read = reader("availability")
    twice = {**WEEK, "slots": [{"day": "tue", "start": "08:00", "end": "24:00"}, *WEEK["slots"] * 2]}
    assert read.from_json(twice)["slots"] == [*WEEK["slots"], twice["slots"][0]]
    assert read.from_cell('{"time_zone": "Europe/Berlin", "slots": []}')["time_zone"] == "Europe/Berlin"
    assert refusal(read.from_json, {**WEEK, "time_zone": "Mars/Base"}) == "unknown_time_zone"
    assert refusal(read.from_json, {**WEEK, "time_zone": "../../etc/passwd"}) == "unknown_time_zone"
    assert refusal(read.from_json, {**WEEK, "time_zone": ["UTC"]}) == "unknown_time_zone"
    assert refusal(read.from_cell, "mondays") == "invalid"
    assert refusal(read.from_cell, "[" * 90_000) == "invalid"


@pytest.mark.parametrize(
    "slot",
    [
        {"day": "monday", "start": "09:00", "end": "11:00"},
        {"day": ["mon"], "start": "09:00", "end": "11:00"},
        {"day": "mon", "start": "11:00", "end": "09:00"},
        {"day": "mon", "start": "9:00", "end": "11:00"},
        {"day": "mon", "start": "24:00", "end": "25:00"},
        {"day": "mon", "start": 9, "end": 11},
        {"day": "mon", "start": "09:00"},
        "mon 9-11",
    ],
)
def test_a_slot_out_of_form_is_refused(slot):
    assert refusal(reader("availability").from_json, {**WEEK, "slots": [slot]}) == "invalid_slot"


def test_text_and_references_are_trimmed_and_bounded():
    assert reader("text").from_cell(" a\r\nb ") == "a\nb"
    assert short_text(" a\r\nb\tc ") == "a b c"
    assert refusal(reader("text").from_json, "x" * 5001) == "too_long"
    assert refusal(reader("text").from_json, "a\0b") == "control_character"
    assert reader("reference").from_cell("p2;p1; p2") == ["p1", "p2"]
    assert refusal(reader("reference").from_json, [""]) == "required"


@pytest.mark.parametrize("bad", ["x", "x@y", "a b@c.org", "@c.org", "a@b..org", "a@b@c.org", "a@c.org\n.x"])
def test_an_e_mail_address_has_its_form(bad):
    assert email_address(" o'neil+x@uni.example.org ") == "o'neil+x@uni.example.org"
    assert refusal(email_address, bad) == "invalid_email"


@given(st.text())
def test_short_text_is_refused_or_is_stable(raw):
    try:
        once = short_text(raw)
    except InvalidValue:
        return
    assert short_text(once) == once
    assert "\0" not in once


@given(
    st.sampled_from(["categorical", "set", "number", "date", "boolean", "text", "reference"]),
    st.text(min_size=1),
)
def test_any_cell_is_refused_or_read_the_same_again_as_json(kind, cell):
    read = reader(kind, levels=LEVELS, is_open=True)
    try:
        value = read.from_cell(cell)
    except InvalidValue:
        return
    assert read.from_json(value) == value
