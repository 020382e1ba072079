import numpy as np
import pytest

from tenants.reporting.audit.auditing import audit
from tenants.reporting.audit.reading import Contradiction
from tenants.reporting.suppression.model import Printed, Release, Table, flat, key_of
from tenants.reporting.suppression.protecting import protect
from tenants.reporting.suppression.system import system_of
from tests.tenants.reporting.histories import inner_keys, plain_table, random_counts, random_history


def unprotected(table, counts, **more):
    """Only counts of 1 to 10 are hidden."""
    system = system_of((table,))
    values = system.values(counts).tolist()
    cells = {
        key: Printed() if 1 <= value <= 10 else Printed(value, "2026-01-01")
        for key, value in zip(system.keys, values, strict=True)
    }
    return Release(
        **{"as_of": "2026-01-01", "snapshot": "1", "threshold": 10, **more}, tables=(table,), cells=cells
    )


def row(*counts):
    table = Table("row", (flat("place", [f"p{i}" for i in range(len(counts))]),))
    return table, {key_of({"place": f"p{i}"}): count for i, count in enumerate(counts)}


def test_a_number_that_follows_from_the_others_is_found_without_knowing_it():
    table, counts = row(4, 30, 50)
    found = audit(unprotected(table, counts).document())
    assert [(each.at, each.low, each.high) for each in found.ranges] == [((("place", "p0"),), 4, 4)]
    assert found.unsafe == ()


def test_ranges_run_to_their_ends():
    table, counts = row(4, 7, 50)
    found = audit(unprotected(table, counts).document(), exact=counts)
    assert [(each.low, each.high) for each in found.ranges] == [(1, 10), (1, 10)]
    assert found.unsafe == ()
    table, counts = row(4, 6, 50)
    unsafe = audit(unprotected(table, counts).document(), exact=counts).unsafe
    assert [(each.low, each.high, each.high_asked) for each in unsafe] == [(1, 9, 10), (1, 9, 10)]


def test_a_change_by_few_is_found():
    table, counts = row(40, 50)
    first = unprotected(table, counts).document()
    later = {**counts, key_of({"place": "p0"}): 45}
    second = unprotected(table, later, snapshot="2").document()
    assert {(each.at, each.since) for each in audit(second, [first], exact=later).unsafe} == {
        ((("place", "p0"),), 0),
        ((), 0),
    }


def test_whole_numbers_can_be_narrower_than_fractions():
    """Integer programs run for small tables of three dimensions, and never widen what fractions allow."""
    table = plain_table((3, 3, 3))
    counts = random_counts(table, np.random.default_rng(5), 6)
    release = protect((table,), counts, as_of="2026-01-01", snapshot="1")
    found = audit(release.document(), exact=counts)
    assert found.unsafe == ()
    assert all(each.low == round(each.low) and each.high == round(each.high) for each in found.ranges)


def test_documents_that_cannot_be_true_are_refused():
    table, counts = row(40, 50)
    release = protect((table,), counts, as_of="2026-01-01", snapshot="1").document()
    with pytest.raises(Contradiction):
        audit(release, exact={**counts, key_of({"place": "p0"}): 41})
    release["cells"][0]["value"] = 91
    with pytest.raises(Contradiction):
        audit(release)


def attacked(seeds, protected):
    """What is unsafe, and how many counts of 1 to 10 there were, over whole histories."""
    unsafe = small = 0
    for seed in seeds:
        history = random_history(seed)
        ledger, documents = (), []
        for place, counts in enumerate(history.counts):
            day = {"as_of": f"{2026 + place}-01-01", "snapshot": str(place)}
            if protected:
                release = protect((history.table,), counts, **day, ledger=ledger, recurring=True)
            else:
                release = unprotected(history.table, counts, **day)
            before = dict(enumerate(history.counts[:place]))
            found = audit(release.document(), documents, exact=counts, exact_before=before, ends=False)
            unsafe += len(found.unsafe)
            small += sum(1 <= counts[key] <= 10 for key in inner_keys(history.table))
            ledger, documents = (*ledger, release), [*documents, release.document()]
    return unsafe, small


def test_no_history_gives_anything_away():
    unsafe, small = attacked((0, 1, 5), protected=True)
    assert unsafe == 0
    assert small > 20


def test_hiding_small_numbers_alone_is_broken_by_the_same_attack():
    unsafe, _ = attacked((0, 1), protected=False)
    assert unsafe > 20


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 50))
def test_no_history_of_a_thousand_gives_anything_away(first):
    unsafe, _ = attacked(range(first, first + 50), protected=True)
    assert unsafe == 0
