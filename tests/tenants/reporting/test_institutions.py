"""What an institution of a society's program can work out of the others. All is invented."""

import pytest

from tenants.reporting import releasing
from tenants.reporting.audit.auditing import audit
from tenants.reporting.releasing import TOO_MANY, Earlier, held_within, released
from tenants.reporting.tables import said_of_table
from tests.tenants.reporting.insiders import Insider, Society, without_parts

YEARS = 3


def released_in_years(seed, *, aware):
    """For each institution and year what it knows, and whether anything was refused."""
    society, ledger, known, refused = Society(seed), [], {}, 0
    for year in range(2 + seed % YEARS):
        if year:
            society.goes_by()
        tables = society.tables()
        counted = tables if aware else without_parts(tables)
        told = {"as_of": f"{2026 + year}-01-01", "snapshot": str(year), "threshold": 10}
        found = released(counted, ledger=ledger, **told)
        refused += found.refused is not None
        said = [said_of_table(each) for each in counted]
        ledger.append(Earlier(found.document, {k: n for t in tables for k, n in t.counts.items()}, said))
        for name in society.names:
            known.setdefault(name, []).append(Insider(tables, found.document, name))
    return known, refused


def told_away(seeds, *, aware):
    found, refused = [], 0
    for seed in seeds:
        known, wrong = released_in_years(seed, aware=aware)
        refused += wrong
        for insiders in known.values():
            for year, insider in enumerate(insiders):
                found += [(seed, year, each) for each in insider.narrowed()]
                for earlier in insiders[:year]:
                    found += [(seed, year, each) for each in insider.changes(earlier)]
    return found, refused


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(4, 60), marks=pytest.mark.slow)])
def test_no_institution_narrows_down_what_is_left_without_its_own_people(seeds):
    found, refused = told_away(seeds, aware=True)
    assert found == []
    assert refused == 0


def test_the_same_attack_breaks_what_was_protected_without_knowing_whose_people_are_whose():
    found, _ = told_away(range(4), aware=False)
    assert len(found) > 10


def test_where_it_would_take_too_long_nothing_new_is_told(monkeypatch):
    monkeypatch.setattr(releasing, "MOST_LOOKS", 30)
    tables = Society(1).tables()
    told = {"as_of": "2026-01-01", "snapshot": "1", "threshold": 10}
    found = released(tables, **told)
    assert found.refused == TOO_MANY
    assert {cell["value"] for cell in found.document["cells"]} == {None}
    assert released(without_parts(tables), **told).refused is None


def test_the_auditor_finds_what_an_institution_knows():
    society = Society(1)
    tables = society.tables()
    told = {"as_of": "2026-01-01", "snapshot": "1", "threshold": 10}
    counts = {key: number for each in tables for key, number in each.counts.items()}
    parts = held_within(tables, ()).parts
    found = {
        aware: audit(released(counted, **told).document, exact=counts, parts=parts).unsafe
        for aware, counted in ((True, tables), (False, without_parts(tables)))
    }
    assert found[True] == ()
    assert {each.knower for each in found[False]} <= {*society.names}
    assert found[False]
