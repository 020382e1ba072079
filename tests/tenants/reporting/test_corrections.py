"""What a release says otherwise than another, and when the next is due. Pure."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from tenants.reporting.corrections import NOT_SHOWN, corrections, nothing_to_report
from tenants.reporting.schedule import next_due
from tenants.reporting.sharing_models import MONTHS

VALUES = st.dictionaries(st.sampled_from("abcd"), st.none() | st.integers(0, 99))


def document(values):
    """A document of one table whose cells have these values by code."""
    cells = [
        {"at": {"code": code}, "value": value, "as_of": value and "2026-01-01"}
        for code, value in values.items()
    ]
    return {"sections": [{"id": "reach", "tables": [{"name": "states", "cells": cells}]}]}


@given(VALUES, VALUES)
def test_corrections_make_of_the_earlier_document_the_later_one(before, after):
    changed = corrections(document(before), document(after))
    codes = [each["at"]["code"] for each in changed]
    assert codes == list(dict.fromkeys(codes))
    known = {**dict.fromkeys("abcd"), **before}
    known |= {each["at"]["code"]: each["after"]["value"] for each in changed}
    assert known == {**dict.fromkeys("abcd"), **after}
    assert all(each["before"]["value"] == before.get(each["at"]["code"]) for each in changed)
    assert all(each["before"] != each["after"] for each in changed)


def test_a_cell_that_one_of_the_two_does_not_have_counts_as_not_shown():
    (cell,) = corrections(document({}), document({"a": 12}))
    assert (cell["metric"], cell["table"], cell["before"]) == ("reach", "states", NOT_SHOWN)
    assert corrections(document({"a": None}), document({})) == []


@given(VALUES)
def test_there_is_nothing_to_report_where_every_number_is_shown_and_0(values):
    assert nothing_to_report(document(values)) == all(value == 0 for value in values.values())


@given(
    st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)),
    st.sampled_from(sorted(MONTHS)),
    st.integers(-400, 2000),
)
def test_the_next_day_of_a_schedule_is_the_first_after_today_on_the_same_day_of_the_month(day, schedule, gap):
    after = day + dt.timedelta(days=gap)
    found = next_due(day, schedule, after=after)
    assert found > max(after, day)
    months = (found.year - day.year) * 12 + found.month - day.month
    assert months % MONTHS[schedule] == 0
    assert (found + dt.timedelta(days=1)).day == 1 if found.day < day.day else found.day == day.day
    assert months == MONTHS[schedule] or (found - after).days <= 31 * MONTHS[schedule]
