"""What people agree to, over HTTP: their own word, paper forms, and attempts to speak for somebody else."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from tenants.kernel.ids import new_id
from tenants.people.consent import PURPOSES, WORDINGS
from tests.factories.consents import FORM, bases, edit_program, funders, on_paper, participant_as_member, says
from tests.factories.events import sealed
from tests.factories.matching import every, ready_to_match
from tests.factories.people import api_for

FUND = "Invented Foundation"


@pytest.fixture
def ready(tenant, database):
    """A cohort of three people, P0 to P2."""
    return ready_to_match(tenant, database, people=3)


@pytest.fixture
def ada(app, tenant, ready):
    """The person of P0."""
    return participant_as_member(app, tenant, ready.participants[0])


def held(api, url="/v1/me/consents"):
    """The state of each purpose, and of sharing with each funder."""
    return {each["funder"] or each["purpose"]: each["state"] for each in every(api, url)}


def broken(answer):
    assert answer.status_code == 422, answer.get_json()
    return [(error["pointer"], error["code"]) for error in answer.get_json()["errors"]]


def refused(answer):
    return answer.status_code, answer.get_json()["code"]


def test_somebody_sees_what_each_purpose_rests_on_and_what_she_is_asked(tenant, ready, ada):
    funders(tenant.api, ready.program_id, FUND, "Another")
    bases(tenant.api, ready.program_id, outcomes="consent")
    listed = every(ada.api, "/v1/me/consents")
    assert [(each["purpose"], each["funder"], each["basis"], each["covered"]) for each in listed] == [
        ("matching", None, "institution", True),
        ("contact", None, "institution", True),
        ("outcomes", None, "consent", False),
        ("demographics", None, "consent", False),
        ("named_documents", None, "consent", False),
        ("funder_sharing", "Another", "consent", False),
        ("funder_sharing", FUND, "consent", False),
    ]
    for each in listed:
        assert (each["state"], each["since"], each["said_by"]) == ("not_asked", None, None)
        assert each["wording"] == {"version": "1", "text": WORDINGS[each["purpose"]].text}
        assert (each["program_id"], each["program_name"]) == (ready.program_id, "Circles")


def test_a_program_shows_its_bases_and_chooses_those_of_three_purposes(tenant):
    made = tenant.api.post("/v1/programs", json={"name": "x", "bases": {"contact": "consent"}}).get_json()
    begun = {"matching": "institution", "contact": "consent", "outcomes": "institution"}
    assert (made["bases"], made["funders"], made["wordings"]) == (begun, [], {})
    changed = edit_program(tenant.api, made["id"], bases={"outcomes": "consent"}, funders=[FUND])
    assert changed["bases"] == {**begun, "outcomes": "consent"}
    assert tenant.api.get("/v1/programs").get_json()["items"] == [changed]
    tag = {"If-Match": f'"{changed["version"]}"'}
    for purpose, basis in (
        ("demographics", "institution"),
        ("funder_sharing", "consent"),
        ("matching", "none"),
    ):
        answer = tenant.api.patch(f"/v1/programs/{made['id']}", json={"bases": {purpose: basis}}, headers=tag)
        assert broken(answer)[0][0] == f"/bases/{purpose}"


def test_what_she_says_holds_until_she_says_something_else_and_stays_in_the_ledger(ready, ada):
    granted = says(ada, ready.program_id, "demographics", "granted")
    assert granted.status_code == 201
    assert (granted.get_json()["state"], granted.get_json()["covered"]) == ("granted", True)
    again = says(ada, ready.program_id, "demographics", "granted")
    assert (again.status_code, again.get_json()) == (200, granted.get_json())
    assert says(ada, ready.program_id, "demographics", "withdrawn").get_json()["covered"] is False
    assert says(ada, ready.program_id, "matching", "objected").get_json()["covered"] is False
    assert says(ada, ready.program_id, "matching", "granted").get_json()["covered"] is True
    entries = every(ada.api, "/v1/me/consent-entries")
    assert [(each["purpose"], each["decision"], each["said_by"]) for each in entries] == [
        ("demographics", "granted", "person"),
        ("demographics", "withdrawn", "person"),
        ("matching", "objected", "person"),
        ("matching", "granted", "person"),
    ]
    assert entries[0]["wording"] == WORDINGS["demographics"].text
    assert held(ada.api)["matching"] == "granted"


def test_nobody_agrees_to_a_wording_that_she_was_not_shown(tenant, ready, ada):
    own = {"version": "2026-03", "text": "We count you."}
    changed = edit_program(tenant.api, ready.program_id, wordings={"outcomes": own})
    assert changed["wordings"] == {"outcomes": own}
    assert refused(says(ada, ready.program_id, "outcomes", "granted")) == (409, "wording_changed")
    assert broken(
        ada.api.post(
            "/v1/me/consents",
            json={"program_id": ready.program_id, "purpose": "outcomes", "decision": "granted"},
        )
    ) == [("/wording_version", "required")]
    assert says(ada, ready.program_id, "outcomes", "granted", wording_version="2026-03").status_code == 201
    edit_program(tenant.api, ready.program_id, wordings={"outcomes": {**own, "version": "2026-04"}})
    assert says(ada, ready.program_id, "outcomes", "granted", wording_version="2026-04").status_code == 201
    edit_program(tenant.api, ready.program_id, wordings={"outcomes": None})
    assert says(ada, ready.program_id, "outcomes", "objected", wording_version="old").status_code == 201
    said = [(each["wording_version"], each["wording"]) for each in every(ada.api, "/v1/me/consent-entries")]
    assert said == [
        ("2026-03", "We count you."),
        ("2026-04", "We count you."),
        ("1", WORDINGS["outcomes"].text),
    ]


def test_another_text_needs_another_version(tenant, ready):
    url = f"/v1/programs/{ready.program_id}"
    tag = {"If-Match": tenant.api.get(url).headers["ETag"]}
    for purpose in PURPOSES:
        changed = {"wordings": {purpose: {"version": "1", "text": "Other words."}}}
        answer = tenant.api.patch(url, json=changed, headers=tag)
        assert broken(answer) == [(f"/wordings/{purpose}/version", "same_version")]


def test_what_is_not_there_to_be_decided_is_named(tenant, ready, ada, database):
    funders(tenant.api, ready.program_id, FUND)
    other = ready_to_match(tenant, database, people=0)
    assert broken(says(ada, other.program_id, "matching", "granted")) == [("/program_id", "unknown")]
    assert broken(says(ada, str(new_id()), "matching", "granted")) == [("/program_id", "unknown")]
    program = ready.program_id
    assert broken(says(ada, program, "funder_sharing", "granted")) == [("/funder", "required")]
    assert broken(says(ada, program, "funder_sharing", "granted", funder="X")) == [("/funder", "unknown")]
    assert broken(says(ada, program, "matching", "granted", funder=FUND)) == [
        ("/funder", "not_for_this_purpose")
    ]
    assert refused(says(ada, program, "matching", "withdrawn")) == (409, "nothing_granted")
    assert broken(says(ada, program, "matching", "maybe"))[0][0] == "/decision"
    assert every(ada.api, "/v1/me/consent-entries") == []


def test_sharing_is_agreed_to_funder_by_funder_and_can_be_withdrawn_from_one_who_is_gone(tenant, ready, ada):
    funders(tenant.api, ready.program_id, FUND, "Another")
    assert says(ada, ready.program_id, "funder_sharing", "granted", funder=FUND).status_code == 201
    assert (held(ada.api)[FUND], held(ada.api)["Another"]) == ("granted", "not_asked")
    funders(tenant.api, ready.program_id)
    assert says(ada, ready.program_id, "funder_sharing", "withdrawn", funder=FUND).status_code == 201
    assert {FUND, "Another"} & held(ada.api).keys() == {FUND}


def test_a_form_on_paper_is_recorded_once_and_the_institution_sees_states_without_texts(tenant, ready, ada):
    url = f"/v1/participants/{ready.participants[0]}/consents"
    form = {"purpose": "outcomes", "form": FORM}
    made = tenant.api.post(url, json=form)
    assert made.status_code == 201
    assert (made.get_json()["state"], made.get_json()["said_by"]) == ("granted", "institution")
    assert tenant.api.post(url, json=form).status_code == 200
    assert tenant.api.post(url, json={**form, "form": "Invented form 2"}).status_code == 201
    listed = every(tenant.api, url)
    assert [each["purpose"] for each in listed] == [
        "matching", "contact", "outcomes", "demographics", "named_documents",
    ]  # fmt: skip
    assert all("wording" not in each for each in listed)
    entries = every(ada.api, "/v1/me/consent-entries")
    assert [(each["said_by"], each["wording_version"], each["wording"]) for each in entries] == [
        ("institution", FORM, None),
        ("institution", "Invented form 2", None),
    ]


def test_a_refusal_outranks_every_form_before_and_after_it(tenant, ready, ada):
    url = f"/v1/participants/{ready.participants[0]}/consents"
    tenant.api.post(url, json={"purpose": "outcomes", "form": FORM})
    assert says(ada, ready.program_id, "outcomes", "withdrawn").status_code == 201
    answer = tenant.api.post(url, json={"purpose": "outcomes", "form": "Invented form 2"})
    assert refused(answer) == (409, "person_refused")
    counts = on_paper(tenant.api, ready.cohort_id, ["P0", "P1", "P2"], "outcomes")
    assert counts == {"recorded": 2, "unchanged": 0, "refused": 1}
    assert held(tenant.api, url)["outcomes"] == held(ada.api)["outcomes"] == "withdrawn"
    again = on_paper(tenant.api, ready.cohort_id, ["P0", "P1", "P1", "P2"], "outcomes")
    assert again == {"recorded": 0, "unchanged": 2, "refused": 1}
    assert says(ada, ready.program_id, "outcomes", "granted").status_code == 201
    assert on_paper(tenant.api, ready.cohort_id, ["P0"], "outcomes", form="Form 9")["unchanged"] == 1


def test_who_is_unknown_on_a_list_of_forms_is_named_and_nobody_is_recorded(tenant, ready):
    body = {"purpose": "funder_sharing", "form": FORM, "external_ids": ["P0", "X", "P1", "Y"]}
    url = f"/v1/cohorts/{ready.cohort_id}/consents"
    assert broken(tenant.api.post(url, json=body)) == [
        ("/external_ids/1", "unknown"),
        ("/external_ids/3", "unknown"),
    ]
    known = {**body, "external_ids": ["P0"]}
    assert broken(tenant.api.post(url, json=known)) == [("/funder", "required")]
    assert broken(tenant.api.post(url, json={**known, "funder": FUND})) == [("/funder", "unknown")]
    wrong = {**known, "funder": FUND, "purpose": "matching"}
    assert broken(tenant.api.post(url, json=wrong)) == [("/funder", "not_for_this_purpose")]
    state = held(tenant.api, f"/v1/participants/{ready.participants[0]}/consents")
    assert set(state.values()) == {"not_asked"}


def test_the_feed_tells_of_decisions_by_purpose_and_of_a_list_by_its_counts(tenant, ready, ada, database):
    says(ada, ready.program_id, "matching", "objected")
    on_paper(tenant.api, ready.cohort_id, ["P0", "P1"], "matching")
    sealed(database, tenant.id)
    told = [each for each in every(tenant.api, "/v1/events?limit=100") if each["type"].startswith("consent.")]
    assert [(each["type"], each["changed"], each["counts"]) for each in told] == [
        ("consent.objected", ["matching"], {}),
        ("consent.noted", ["matching"], {"recorded": 1, "refused": 1, "unchanged": 0}),
    ]


def test_a_client_that_acts_for_the_institution_has_no_word_of_its_own_in_it(tenant, ready):
    body = {
        "program_id": ready.program_id,
        "purpose": "matching",
        "decision": "granted",
        "wording_version": "1",
    }
    assert tenant.api.post("/v1/me/consents", json=body).status_code == 403
    for decision in ("objected", "withdrawn"):
        form = {"purpose": "matching", "form": FORM, "decision": decision}
        answer = tenant.api.post(f"/v1/participants/{ready.participants[0]}/consents", json=form)
        assert broken(answer) == [("/decision", "unknown_field")]


def test_what_one_person_says_is_of_nobody_else(app, tenant, ready, ada, new_tenant):
    ben = participant_as_member(app, tenant, ready.participants[1])
    says(ben, ready.program_id, "matching", "objected")
    assert held(ada.api)["matching"] == "not_asked"
    assert every(ada.api, "/v1/me/consent-entries") == []
    stranger = api_for(new_tenant(), "/v1/me")
    body = {"program_id": ready.program_id, "purpose": "matching", "decision": "objected"}
    assert broken(stranger.post("/v1/me/consents", json=body)) == [("/program_id", "unknown")]
    assert every(stranger, "/v1/me/consents") == []


ENTER = text(
    "INSERT INTO consent_entry (tenant_id, id, membership_id, program_id, purpose, decision, said_by,"
    " wording_version, wording) VALUES (:tenant, uuidv7(), :member, :program, 'outcomes', :decision, :said_by, '1',"
    " CASE WHEN :said_by = 'person' THEN 'Words' END)"
)


def attack(database, tenant_id, statement, *, membership_id=None, **given):
    """Try a statement as the role that serves, in a session of this member; what it ends with."""
    with database.tenant(tenant_id, membership_id=membership_id) as session:
        return session.execute(statement, given)


def test_the_database_lets_nobody_speak_for_a_person(database, tenant, ready, ada, new_tenant):
    known = {"tenant": tenant.id, "program": ready.program_id, "member": ada.id}
    shown = tenant.api.get(f"/v1/participants/{ready.participants[1]}").get_json()
    other = UUID(shown["membership_id"])
    for decision in ("granted", "objected", "withdrawn"):
        own = {**known, "decision": decision, "said_by": "person"}
        for speaker in (None, other):
            with pytest.raises(ProgrammingError, match="row-level security"):
                attack(database, tenant.id, ENTER, membership_id=speaker, **own)
        assert attack(database, tenant.id, ENTER, membership_id=ada.id, **own).rowcount == 1
        with pytest.raises(ProgrammingError, match="row-level security"):
            attack(database, new_tenant().id, ENTER, membership_id=ada.id, **own)
    for decision in ("objected", "withdrawn"):
        noted = {**known, "decision": decision, "said_by": "institution"}
        with pytest.raises((ProgrammingError, IntegrityError)):
            attack(database, tenant.id, ENTER, **noted)


def test_the_database_lets_no_form_override_a_person(database, tenant, ready, ada):
    noted = {"tenant": tenant.id, "program": ready.program_id, "member": ada.id, "decision": "granted"}
    for decision in ("objected", "granted", "withdrawn"):
        assert says(ada, ready.program_id, "outcomes", decision).status_code == 201
        if decision == "granted":
            assert attack(database, tenant.id, ENTER, **noted, said_by="institution").rowcount == 1
        else:
            with pytest.raises(ProgrammingError, match="row-level security"):
                attack(database, tenant.id, ENTER, **noted, said_by="institution")


def test_a_form_that_is_recorded_while_she_refuses_changes_nothing(database, tenant, ready, ada):
    noted = {"tenant": tenant.id, "program": ready.program_id, "member": ada.id, "decision": "granted"}
    with database.tenant(tenant.id, snapshot=True) as session:
        session.execute(text("SELECT 1"))  # from here on this session sees nothing new
        assert says(ada, ready.program_id, "outcomes", "objected").status_code == 201
        session.execute(ENTER, {**noted, "said_by": "institution"})
        session.commit()
    assert [each["said_by"] for each in every(ada.api, "/v1/me/consent-entries")] == ["person", "institution"]
    assert held(ada.api)["outcomes"] == "objected"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_entry SET decision = 'granted'",
        "UPDATE consent_entry SET created_at = now() - interval '1 year'",
        "UPDATE consent_entry SET purpose = 'contact'",
        "UPDATE consent_entry SET membership_id = membership_id",
        "DELETE FROM consent_entry",
        "TRUNCATE consent_entry",
    ],
)
def test_what_was_said_can_be_neither_changed_nor_removed_by_anybody(database, tenant, ready, ada, statement):
    assert says(ada, ready.program_id, "matching", "objected").status_code == 201
    for speaker in (None, ada.id):
        with pytest.raises(ProgrammingError, match="permission denied"):
            attack(database, tenant.id, text(statement), membership_id=speaker)
    assert held(ada.api)["matching"] == "objected"


def test_nobody_says_when_something_was_said(database, tenant, ready, ada):
    backdated = (
        str(ENTER)
        .replace("wording) VALUES", "wording, created_at) VALUES")
        .replace("'Words' END)", "'Words' END, now() + interval '1 year')")
    )
    known = {"tenant": tenant.id, "program": ready.program_id, "member": ada.id, "decision": "granted"}
    with pytest.raises(ProgrammingError, match="permission denied"):
        attack(database, tenant.id, text(backdated), membership_id=ada.id, **known, said_by="person")
