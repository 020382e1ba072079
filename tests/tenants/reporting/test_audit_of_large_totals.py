"""A program of thousands in a year in which hardly anything can move."""

from tenants.reporting.audit.auditing import audit
from tenants.reporting.releasing import Earlier, released
from tenants.reporting.suppression.model import key_of
from tenants.reporting.tables import CountTable, axis


def table(*numbers):
    codes = "abcdefgh"[: len(numbers)]
    counts = {key_of({"state": code}): number for code, number in zip(codes, numbers, strict=True)}
    return CountTable("states", "States", "people", (axis("state", "State", codes),), (), counts)


def test_a_number_above_all_that_are_shown_is_no_reason_to_refuse_what_is_safe():
    before, now = table(3000, 2500), table(3004, 2503)
    said = {"threshold": 10, "as_of": "2026-01-01", "snapshot": "1"}
    first = Earlier(released([before], **said).document, before.counts)
    found = released([now], **{**said, "snapshot": "2"}, ledger=[first])
    assert found.refused is None
    assert {cell["frozen"] for cell in found.document["cells"]} == {True}
    assert audit(found.document, [first.document], exact=now.counts).unsafe == ()


def test_a_total_that_stood_while_its_parts_moved_does_not_keep_all_later_numbers_from_being_told():
    years = [
        (1000,) * 8,
        (1040, 960, 1040, 960, 1040, 960, 1005, 1000),
        (1080, 920, 1080, 920, 1080, 920, 1045, 1040),
    ]
    ledger = []
    for year, numbers in enumerate(years):
        exact = table(*numbers)
        told = {"as_of": f"{2026 + year}-01-01", "snapshot": str(year), "threshold": 10}
        found = released([exact], **told, ledger=tuple(ledger))
        assert found.refused is None
        ledger.append(Earlier(found.document, exact.counts))
    assert ledger[1].document["cells"][0]["frozen"]
    assert found.document["cells"][0] == {
        "at": {}, "value": 8085, "as_of": "2028-01-01", "frozen": False,
    }  # fmt: skip
