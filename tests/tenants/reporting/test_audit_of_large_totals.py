"""A program of thousands in a year in which hardly anything can move."""

from tenants.reporting.audit.auditing import audit
from tenants.reporting.releasing import Earlier, released
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import CountTable, axis

AXIS = axis("state", "State", ("placed", "waiting"))


def table(placed, waiting):
    counts = {key_of({"state": "placed"}): placed, key_of({"state": "waiting"}): waiting}
    return CountTable("states", "States", "people", (AXIS,), (), counts)


def test_a_number_above_all_that_are_shown_is_no_reason_to_refuse_what_is_safe():
    before, now = table(3000, 2500), table(3004, 2503)
    said = {"threshold": 10, "as_of": "2026-01-01", "snapshot": "1"}
    first = Earlier(released([before], **said).document, before.counts)
    found = released([now], **{**said, "snapshot": "2"}, ledger=[first])
    assert found.refused is None
    assert {cell["frozen"] for cell in found.document["cells"]} == {True}
    assert audit(found.document, [first.document], exact=now.counts).unsafe == ()
