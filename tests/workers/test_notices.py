"""A letter at each change of state: to whom, of what, and when; through a real mail server."""

from uuid import UUID

import pytest
from sqlalchemy import text

from tenants.cohorts.models import PARTICIPANT_STATES
from tenants.groups.notices import WORDS
from tests.contract import edit
from tests.factories.cohorts import make_cohort, send_file
from tests.factories.consents import edit_program
from tests.factories.matching import every, ready_to_match, statements
from tests.factories.people import joined, member_of

ADDRESS = "ada@amberbay.example"


@pytest.fixture
def cohort(tenant):
    """The URL of a cohort, 2026 by name."""
    return make_cohort(tenant.api, [])


@pytest.fixture
def add(tenant, database, cohort):
    """Add a participant, who has joined, was invited, or is only in the roster."""

    def added(external_id="A", heard="joined", **more):
        body = {"external_id": external_id, "email": f"{external_id.lower()}@amberbay.example", **more}
        made = tenant.api.post(f"{cohort}/participants", json=body).get_json()
        if heard == "joined":
            joined(database, tenant.id, membership_id=UUID(made["membership_id"]))
        elif heard == "invited":
            asked = {"membership_id": made["membership_id"], "deliver": "link"}
            assert tenant.api.post("/v1/invitations", json=asked).status_code == 201
        return f"/v1/participants/{made['id']}"

    return added


@pytest.fixture
def ada(add):
    """The URL of somebody who takes part and has joined."""
    return add("ada", name="Ada <Ashbourne>")


def become(tenant, url, state, **more):
    assert edit(tenant.api, url, state=state, **more).status_code == 200


def test_there_are_words_for_every_state_that_is_told():
    assert set(PARTICIPANT_STATES) - set(WORDS) == {"eligible", "invited"}


def test_each_state_is_told_in_a_letter_of_text_and_html_without_the_organisers_reason(tenant, clerk, ada):
    for state in PARTICIPANT_STATES[1:]:
        become(tenant, ada, state, reason="Nobody may know")
        told = [(ADDRESS, f"2026: {WORDS[state].heading}")] if state in WORDS else []
        assert clerk.took() == told
        if told:
            letter = clerk.office.to(ADDRESS)[-1]
            assert "Hello Ada <Ashbourne>," in letter.text()
            assert "Hello Ada &lt;Ashbourne&gt;," in letter.text("html")
            assert WORDS[state].said in letter.text()
            assert WORDS[state].said in letter.text("html")
            assert f"/sign-in/t-{tenant.id.hex}" in letter.text()
            assert "Nobody may know" not in letter.text() + letter.text("html")
    assert tenant.api.patch(
        ada, json={"state": "completed", "reason": "Another"},
        headers={"If-Match": tenant.api.get(ada).headers["ETag"]},
    ).status_code == 200  # fmt: skip
    assert clerk.took() == [], "it is no other state"


def test_only_those_are_written_to_who_have_joined_or_been_invited_and_have_an_address(tenant, clerk, add):
    become(tenant, add("Stranger", "nobody"), "waitlisted")
    become(tenant, add("Silent", email=None), "waitlisted")
    become(tenant, add("Invited", "invited"), "waitlisted")
    become(tenant, add("Joined"), "waitlisted")
    assert [to for to, _ in clerk.took()] == ["invited@amberbay.example", "joined@amberbay.example"]
    add("New", "nobody", state="waitlisted")
    assert clerk.took() == []


def test_a_program_that_sends_no_notices_sends_none_also_of_what_waited(tenant, clerk, cohort, ada):
    program = tenant.api.get(cohort).get_json()["program_id"]
    become(tenant, ada, "waitlisted")
    assert edit_program(tenant.api, program, notices=False)["notices"] is False
    assert clerk.took() == []
    become(tenant, ada, "withdrawn")
    assert edit_program(tenant.api, program, notices=True)["notices"] is True
    assert clerk.took() == []


def test_of_several_changes_in_a_row_the_last_is_told_once(tenant, clerk, ada):
    for state in ("applied", "paused", "waitlisted"):
        become(tenant, ada, state)
    assert clerk.took() == [(ADDRESS, f"2026: {WORDS['waitlisted'].heading}")]
    become(tenant, ada, "withdrawn")
    become(tenant, ada, "eligible")
    assert clerk.took() == [], "she is where she was before she heard of anything"


def test_a_change_while_the_letter_is_on_its_way_is_told_as_well(tenant, clerk, ada):
    become(tenant, ada, "waitlisted")

    def meanwhile(_):
        clerk.office.before_taking = lambda _: None
        become(tenant, ada, "withdrawn")

    clerk.office.before_taking = meanwhile
    assert [called for _, called in clerk.took()] == [
        f"2026: {WORDS[state].heading}" for state in ("waitlisted", "withdrawn")
    ]


def order(tenant, cohort, ids):
    """Order an import of these people in place of all others; its URL."""
    how = {"mode": "replace", "max_withdrawals": 10_000}
    return send_file(tenant.api, cohort, "id\n" + "\n".join(ids) + "\n", mapping={"external_id": "id"}, **how)


@pytest.fixture
def replaced(tenant, cohort, clerk):
    """Import a roster in place of all others, as a worker does; its URL."""

    def run(*ids):
        url = order(tenant, cohort, ids)
        clerk.work()
        assert tenant.api.get(url).get_json()["state"] == "succeeded", tenant.api.get(url).get_json()
        return url

    return run


def undo(tenant, clerk, url):
    assert tenant.api.post(f"{url}/reversal").status_code == 202
    clerk.work()
    assert tenant.api.get(url).get_json()["state"] == "reversed"


def test_an_import_that_is_undone_within_the_hour_is_told_to_nobody(tenant, clerk, add, ada, replaced):
    add("Stays")
    become(tenant, ada, "applied")
    clerk.took()
    url = replaced("Stays")
    assert tenant.api.get(ada).get_json()["state"] == "withdrawn"
    assert clerk.took() == []
    undo(tenant, clerk, url)
    clerk.passes(hours=2)
    assert clerk.took() == []
    assert tenant.api.get(ada).get_json()["state"] == "applied"


def test_an_import_is_told_after_an_hour_and_what_holds_when_it_is_undone_later(
    tenant, clerk, add, ada, replaced
):
    add("Stays")
    become(tenant, ada, "applied")
    clerk.took()
    url = replaced("Stays")
    clerk.passes(hours=2)
    assert clerk.took() == [(ADDRESS, f"2026: {WORDS['withdrawn'].heading}")]
    undo(tenant, clerk, url)
    assert clerk.took() == [(ADDRESS, f"2026: {WORDS['applied'].heading}")]


def test_an_import_about_many_posts_their_letters_in_as_many_statements_as_about_few(
    tenant, database, clerk, cohort, replaced
):
    asked = []
    for number in (3, 60):
        people = [f"p{number}-{each}" for each in range(number)]
        replaced("stays", *people)
        with database.tenant(tenant.id) as session:
            session.execute(text("UPDATE membership SET email = external_id || '@many.example'"))
            session.execute(
                text(
                    "INSERT INTO invitation (tenant_id, id, membership_id, expires_at) SELECT tenant_id, uuidv7(), id,"
                    " now() + interval '1 day' FROM membership m WHERE external_id LIKE :named"
                ),
                {"named": f"p{number}-%"},
            )
            session.commit()
        url = order(tenant, cohort, ["stays"])
        before = len(clerk.states())
        with statements(database) as run:
            clerk.work()
        assert tenant.api.get(url).get_json()["counts"]["withdrawn"] == number
        assert len(clerk.states()) - before == number
        asked.append(len([each for each in run if "letter" in each]))
    assert asked[0] == asked[1] > 0


def test_nobody_hears_or_sees_that_she_is_placed_before_her_group_is_announced(app, tenant, database, clerk):
    ready = ready_to_match(tenant, database, people=5, rules=[], size={"min": 5, "max": 5})
    members = {}
    for place, participant_id in enumerate(ready.participants):
        url = f"/v1/participants/{participant_id}"
        assert edit(tenant.api, url, email=f"p{place}@circle.example", state="applied").status_code == 200
        membership_id = UUID(tenant.api.get(url).get_json()["membership_id"])
        members[place] = member_of(app, tenant.id, membership_id=membership_id)
    run = tenant.api.post("/v1/matching-runs", json=ready.order()).headers["Location"]
    clerk.took()
    assert tenant.api.post(f"{run}/acceptance").status_code == 201
    become(tenant, f"/v1/participants/{ready.participants[0]}", "placed", reason="By hand as well")

    def shown(member):
        (mine,) = member.api.get("/v1/me/applications").get_json()["items"]
        return mine["state"], mine["state_since"]

    assert [
        tenant.api.get(f"/v1/participants/{each}").get_json()["state"] for each in ready.participants
    ] == ["placed"] * 5
    assert clerk.took() == []
    assert {shown(each)[0] for each in members.values()} == {"applied"}
    (group,) = every(tenant.api, "/v1/groups")
    assert edit(tenant.api, f"/v1/groups/{group['id']}", state="announced").status_code == 200
    assert clerk.took() == [
        (f"p{place}@circle.example", f"Fall: {WORDS['placed'].heading}") for place in range(5)
    ]
    assert {shown(each)[0] for each in members.values()} == {"placed"}
    for place in range(5):
        letter = clerk.office.to(f"p{place}@circle.example")[-1]
        told = letter.text() + letter.text("html")
        others = [f"Invented P{other}" for other in range(5) if other != place]
        assert not any(name in told for name in (*others, group["name"], "Invented University"))
    assert edit(tenant.api, f"/v1/groups/{group['id']}", state="ended").status_code == 200
    assert {called for _, called in clerk.took()} == {f"Fall: {WORDS['waitlisted'].heading}"}


def test_she_who_has_answered_is_told_that_her_answers_are_there(app, tenant, clerk, cohort):
    made = tenant.api.post(
        f"{cohort}/participants", json={"external_id": "A", "email": ADDRESS, "state": "invited"}
    ).get_json()
    member = member_of(app, tenant.id, membership_id=UUID(made["membership_id"]))
    url = f"/v1/me/applications/{made['id']}/answers"
    assert edit(member.api, url).status_code == 200
    assert clerk.took() == [(ADDRESS, f"2026: {WORDS['applied'].heading}")]
