"""The rule that says whose data may be used: by itself, and as the database and the statements of jobs keep it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import InsufficientPrivilege

from tenants.cohorts.covered import standing
from tenants.kernel.ids import new_id
from tenants.people.consent import (
    BASES,
    DECISIONS,
    NOT_ASKED,
    PURPOSES,
    SPEAKERS,
    STATES,
    WITH_BASIS,
    WORDINGS,
    Said,
    admits,
    covers,
    state_of,
)
from tests.planting import plant

FUNDERS = ("Invented Foundation", "Invented Trust")
words = st.builds(Said, st.sampled_from(DECISIONS), st.sampled_from(SPEAKERS))
ledgers = st.lists(words, max_size=6)
SPEAK = "SELECT set_config('app.membership_id', %s, true)"
ENTER = (
    "INSERT INTO consent_entry (tenant_id, id, membership_id, program_id, purpose, funder, decision, said_by,"
    " wording_version, wording) VALUES (%(tenant)s, %(id)s, %(member)s, %(program)s, %(purpose)s, %(funder)s,"
    " %(decision)s, %(said_by)s, '1', %(wording)s)"
)


@pytest.mark.parametrize(
    ("basis", "covered"),
    [("institution", (True, True, False, False)), ("consent", (False, True, False, False))],
)
def test_who_is_covered_follows_from_basis_and_state(basis, covered):
    assert STATES == (NOT_ASKED, "granted", "objected", "withdrawn")
    assert tuple(covers(basis, state) for state in STATES) == covered


def test_every_purpose_has_a_wording_of_ours_and_three_are_always_asked():
    assert set(WORDINGS) == set(PURPOSES)
    assert set(PURPOSES) - set(WITH_BASIS) == {"demographics", "funder_sharing", "named_documents"}


@given(ledger=ledgers)
def test_the_persons_last_word_counts_and_else_the_institutions(ledger):
    own = [said.decision for said in ledger if said.said_by == "person"]
    noted = [said.decision for said in ledger if said.said_by == "institution"]
    assert state_of(ledger) == [NOT_ASKED, *noted[-1:], *own[-1:]][-1]


@given(ledger=ledgers, basis=st.sampled_from(BASES))
def test_nobody_who_refused_last_is_covered_whatever_the_institution_notes(ledger, basis):
    noted = [said for said in ledger if said.said_by == "institution"]
    for refusal in ("objected", "withdrawn"):
        assert not covers(basis, state_of([*ledger, Said(refusal, "person"), *noted]))
        assert not admits([*ledger, Said(refusal, "person"), *noted], Said("granted", "institution"))
    assert covers(basis, state_of([*ledger, Said("granted", "person"), *noted]))


@given(ledger=ledgers)
def test_an_institution_notes_nothing_but_grants_and_a_person_may_always_speak(ledger):
    assert not any(admits(ledger, Said(refusal, "institution")) for refusal in ("objected", "withdrawn"))
    assert all(admits(ledger, Said(decision, "person")) for decision in DECISIONS)


@pytest.fixture
def asked(superuser):
    """A cursor of the app's role, a tenant with a program and a participant, and another cohort beside them."""
    cursor, tenant = superuser.cursor(), new_id()
    program = plant(cursor, "program", tenant_id=tenant)
    cohort = plant(cursor, "cohort", tenant_id=tenant, program_id=program)
    member = plant(cursor, "membership", tenant_id=tenant)
    plant(cursor, "participant", tenant_id=tenant, cohort_id=cohort, membership_id=member)
    cursor.execute("SET LOCAL ROLE peerloom_app")
    cursor.execute(
        "SELECT set_config('app.tenant_id', %s, true), set_config('app.reach', 'tenant', true)", [str(tenant)]
    )
    return cursor, {"tenant": tenant, "program": program, "cohort": cohort, "member": member}


def entered(cursor, known, said, purpose, funder):
    """Try to enter it as its speaker; whether the database took it."""
    speaker = str(known["member"]) if said.said_by == "person" else ""
    cursor.execute(SPEAK, [speaker])
    cursor.execute("SAVEPOINT entry")
    wording = "Invented wording" if said.said_by == "person" else None
    row = {**known, "id": new_id(), "purpose": purpose, "funder": funder, "wording": wording}
    try:
        cursor.execute(ENTER, {**row, "decision": said.decision, "said_by": said.said_by})
    except InsufficientPrivilege:
        cursor.execute("ROLLBACK TO entry")
        return False
    return True


def told(cursor, known, purpose, funder):
    statement = standing(purpose).replace(":cohorts", "%(cohorts)s").replace(":funder", "%(funder)s")
    cursor.execute(statement, {"cohorts": [known["cohort"]], "funder": funder})
    return cursor.fetchall()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    ledger=st.lists(st.tuples(words, st.sampled_from(PURPOSES), st.sampled_from(FUNDERS)), max_size=12),
    bases=st.fixed_dictionaries({purpose: st.sampled_from(BASES) for purpose in WITH_BASIS}),
)
def test_the_database_admits_and_jobs_conclude_what_the_rule_says(asked, ledger, bases):
    cursor, known = asked
    cursor.execute("SAVEPOINT begin")
    for purpose, basis in bases.items():
        change = "UPDATE program SET bases = bases || jsonb_build_object(%s::text, %s::text) WHERE id = %s"
        cursor.execute(change, [purpose, basis, known["program"]])
    kept: dict[tuple[str, str | None], list[Said]] = {}
    for said, purpose, funder in ledger:
        about = (purpose, funder if purpose == "funder_sharing" else None)
        before = kept.setdefault(about, [])
        assert entered(cursor, known, said, *about) == admits(before, said), (before, said)
        if admits(before, said):
            before.append(said)
    cursor.execute(SPEAK, [""])
    for purpose in PURPOSES:
        for funder in FUNDERS if purpose == "funder_sharing" else (None,):
            state = state_of(kept.get((purpose, funder), []))
            covered = covers(bases.get(purpose, "consent"), state)
            assert told(cursor, known, purpose, funder) == [(known["member"], state, covered)]
    cursor.execute("ROLLBACK TO begin")
