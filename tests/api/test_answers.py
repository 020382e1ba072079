"""Demographic answers in three states, from rosters, from organisers, and from people themselves."""

import pytest

from tests.contract import edit
from tests.factories.cohorts import changes, counted, people, url_of
from tests.factories.people import acting, member_of

GENDER = {
    "key": "gender",
    "label": "Gender",
    "kind": "categorical",
    "sensitive": True,
    "uses": ["demographics"],
    "levels": [{"key": "woman"}, {"key": "man"}, {"key": "another"}],
}
ORIGIN = {**GENDER, "key": "origin", "label": "Origin", "kind": "set", "answered_by": "roster"}
READ = {
    "external_id": "id",
    "declined": "Prefer not to say",
    "attributes": {"gender": "gender", "origin": "origin", "institution": "inst"},
}
HEADER = "id,gender,origin,inst\n"


@pytest.fixture
def cohort(tenant, cohort):
    """A cohort whose program asks for gender and origin as well."""
    program = tenant.api.get(cohort).get_json()["program_id"]
    for attribute in (GENDER, ORIGIN):
        made = tenant.api.post(f"/v1/programs/{program}/attributes", json=attribute)
        assert made.status_code == 201, made.get_json()
    return cohort


@pytest.fixture
def ada(app, tenant, cohort):
    """Somebody who takes part and has joined, and the URL of her answers."""
    made = tenant.api.post(f"{cohort}/participants", json={"external_id": "A"}).get_json()
    member = member_of(app, tenant.id, membership_id=made["membership_id"])
    return member, f"/v1/me/applications/{made['id']}/answers"


def broken(answer):
    assert answer.status_code == 422, answer.get_json()
    return [(error["pointer"], error["code"]) for error in answer.get_json()["errors"]]


def told(shown):
    return shown["attributes"], shown["declined"]


def test_an_answer_is_given_declined_or_not_there_and_each_can_become_another(tenant, cohort):
    made = tenant.api.post(f"{cohort}/participants", json={"external_id": "A", "declined": ["gender"]})
    assert told(made.get_json()) == ({}, ["gender"])
    url = made.headers["Location"]
    assert told(edit(tenant.api, url, attributes={"gender": "Woman"}).get_json()) == ({"gender": "woman"}, [])
    assert told(edit(tenant.api, url, declined=["origin", "gender"]).get_json()) == ({}, ["gender", "origin"])
    assert told(edit(tenant.api, url, attributes={"gender": None}).get_json()) == ({}, ["origin"])
    before = tenant.api.get(url).get_json()
    assert edit(tenant.api, url, declined=["origin"]).get_json() == before
    assert tenant.api.get(f"{cohort}/participants").get_json()["items"] == [before]
    history = [(each["attributes"], each["declined"]) for each in changes(tenant, before)]
    assert history == [
        ({}, ["gender"]),
        ({"gender": "woman"}, []),
        ({}, ["gender", "origin"]),
        ({"gender": None}, []),
    ]


def test_only_what_is_for_demographics_is_declined_and_not_answered_at_once(tenant, cohort):
    made = tenant.api.post(f"{cohort}/participants", json={"external_id": "A"})
    said = {"attributes": {"gender": "man"}, "declined": ["institution", "nothing", "gender"]}
    assert broken(edit(tenant.api, made.headers["Location"], **said)) == [
        ("/declined/0", "not_demographic"),
        ("/declined/1", "unknown_attribute"),
        ("/declined/2", "answered"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "text"}, {"kind": "categorical"}, {"kind": "set", "open": True, "levels": [{"key": "x"}]}],
)
def test_what_is_for_demographics_has_answers_that_are_known_before(tenant, cohort, wrong):
    program = tenant.api.get(cohort).get_json()["program_id"]
    told = {"key": "k", "label": "K", "uses": ["demographics"], **wrong}
    assert broken(tenant.api.post(f"/v1/programs/{program}/attributes", json=told)) == [
        ("/uses", "needs_levels")
    ]
    later = tenant.api.post(f"/v1/programs/{program}/attributes", json={**told, "uses": ["reporting"]})
    assert broken(edit(tenant.api, later.headers["Location"], uses=["demographics"])) == [
        ("/uses", "needs_levels")
    ]
    yes_no = {"key": "parent", "label": "Parent", "kind": "boolean", "uses": ["demographics"]}
    assert tenant.api.post(f"/v1/programs/{program}/attributes", json=yes_no).status_code == 201


def test_a_roster_says_in_a_word_of_its_own_that_somebody_declines(tenant, cohort, imported):
    rows = "A,woman,man;woman,MIT\nB,prefer NOT to say,Prefer not to say,Prefer not to say\nC,,,\n"
    done = imported(HEADER + rows, mapping=READ)
    assert counted(done) == {"created": 3}
    known = people(tenant, cohort)
    assert told(known["A"]) == ({"gender": "woman", "origin": ["man", "woman"], "institution": "MIT"}, [])
    assert told(known["B"]) == ({"institution": "Prefer not to say"}, ["gender", "origin"])
    assert told(known["C"]) == ({}, [])
    again = imported(HEADER + "A,prefer not to say,,MIT\nB,man,,\nC,,woman,\n", mapping=READ)
    assert counted(again) == {"updated": 3}
    known = people(tenant, cohort)
    assert told(known["A"]) == ({"origin": ["man", "woman"], "institution": "MIT"}, ["gender"])
    assert told(known["B"]) == ({"gender": "man", "institution": "Prefer not to say"}, ["origin"])
    history = [(each["attributes"], each["declined"]) for each in changes(tenant, known["B"])]
    assert history == [({"institution": "Prefer not to say"}, ["gender", "origin"]), ({"gender": "man"}, [])]
    assert [(each["attributes"], each["declined"]) for each in changes(tenant, known["A"])][1:] == [
        ({}, ["gender"])
    ]


def test_without_such_a_word_a_cell_that_looks_like_one_is_a_faulty_value(tenant, cohort, imported):
    mapping = {key: value for key, value in READ.items() if key != "declined"}
    done = imported(HEADER + "A,prefer not to say,,\n", mapping=mapping)
    assert counted(done) == {"failed": 1}
    refused = tenant.api.post(
        f"{cohort}/imports", json={"kind": "separations", "mapping": {**READ, "list": "x"}}
    )
    assert ("/mapping/declined", "not_for_this_kind") in broken(refused)


def test_taking_an_import_back_brings_back_what_was_declined(tenant, cohort, imported, finished):
    imported(HEADER + "A,prefer not to say,,\n", mapping=READ)
    done = imported(HEADER + "A,woman,prefer not to say,\n", mapping=READ)
    assert told(people(tenant, cohort)["A"]) == ({"gender": "woman"}, ["origin"])
    tenant.api.post(f"{url_of(done)}/reversal")
    assert finished(tenant.api, url_of(done))["state"] == "reversed"
    known = people(tenant, cohort)["A"]
    assert told(known) == ({}, ["gender"])
    last = changes(tenant, known)[-1]
    assert (last["attributes"], last["declined"]) == ({"origin": None}, ["gender"])


def test_a_required_question_can_be_declined(tenant, cohort, imported):
    program = tenant.api.get(cohort).get_json()["program_id"]
    listed = tenant.api.get(f"/v1/programs/{program}/attributes?limit=100").get_json()["items"]
    gender = next(each for each in listed if each["key"] == "gender")
    assert edit(tenant.api, f"/v1/attributes/{gender['id']}", required=True).status_code == 200
    done = imported(HEADER + "A,prefer not to say,,\nB,,,\n", mapping=READ)
    assert counted(done) == {"created": 1, "failed": 1}


def test_what_somebody_answers_herself_outranks_rosters_and_organisers(tenant, cohort, imported, ada):
    member, url = ada
    imported(HEADER + "A,man,woman,MIT\n", mapping=READ)
    assert member.api.get(url).get_json()["attributes"] == {"gender": "man", "institution": "MIT"}
    answered = edit(member.api, url, declined=["gender"], attributes={"institution": "Duke"})
    assert told(answered.get_json()) == ({"institution": "Duke"}, ["gender"])
    own = ({"institution": "Duke", "origin": ["man"]}, ["gender"])
    for mode in ("update", "replace"):
        imported(HEADER + "A,woman,man,MIT\n", mapping=READ, mode=mode)
        assert told(people(tenant, cohort)["A"]) == own
    assert counted(imported(HEADER + "A,woman,man,MIT\n", mapping=READ)) == {"unchanged": 1}
    imported(HEADER + "A,,,\n", mapping=READ, mode="replace")
    assert told(people(tenant, cohort)["A"]) == ({"institution": "Duke"}, ["gender"])
    participant = people(tenant, cohort)["A"]
    by_hand = edit(
        tenant.api, f"/v1/participants/{participant['id']}", attributes={"gender": "man", "institution": None}
    )
    assert by_hand.get_json() == participant
    sources = [each["source"] for each in changes(tenant, participant)]
    assert sources == ["api", "roster", "person", "roster", "roster"]


def test_an_answer_that_is_taken_back_lets_the_roster_speak_again(tenant, cohort, imported, ada):
    member, url = ada
    edit(member.api, url, attributes={"gender": "woman"})
    imported(HEADER + "A,man,,\n", mapping=READ)
    assert told(member.api.get(url).get_json()) == ({"gender": "woman"}, [])
    assert told(edit(member.api, url, attributes={"gender": None}).get_json()) == ({}, [])
    imported(HEADER + "A,man,,\n", mapping=READ)
    assert told(member.api.get(url).get_json()) == ({"gender": "man"}, [])


def test_to_confirm_what_the_roster_says_makes_it_ones_own(tenant, cohort, imported, ada):
    member, url = ada
    imported(HEADER + "A,man,,\n", mapping=READ)
    assert told(edit(member.api, url, attributes={"gender": "man"}).get_json()) == ({"gender": "man"}, [])
    imported(HEADER + "A,woman,,\n", mapping=READ)
    assert told(member.api.get(url).get_json()) == ({"gender": "man"}, [])


def test_nobody_answers_what_is_the_rosters_to_say_nor_for_somebody_else(
    app, tenant, cohort, ada, new_tenant
):
    member, url = ada
    said = {"attributes": {"origin": ["man"]}, "declined": ["gender"]}
    assert broken(edit(member.api, url, **said)) == [("/attributes/origin", "answered_by_roster")]
    assert broken(edit(member.api, url, declined=["origin"])) == [("/declined/0", "answered_by_roster")]
    assert member.api.patch(url, json={}, headers={"If-Match": '"99"'}).status_code == 412
    stranger = member_of(app, tenant.id)
    elsewhere = acting(app, tenant.id, stranger.id)
    assert elsewhere.get(url).status_code == 404
    answer = elsewhere.patch(url, json={"declined": ["gender"]}, headers={"If-Match": '"1"'})
    assert answer.status_code == 404
    assert told(member.api.get(url).get_json()) == ({}, [])


def test_matching_takes_a_declined_answer_for_none(tenant, cohort, imported, finished):
    program = tenant.api.get(cohort).get_json()["program_id"]
    listed = tenant.api.get(f"/v1/programs/{program}/attributes?limit=100").get_json()["items"]
    gender = next(each for each in listed if each["key"] == "gender")
    edit(tenant.api, f"/v1/attributes/{gender['id']}", uses=["matching", "demographics"])
    rows = "".join(f"P{n},{('woman', 'prefer not to say', '')[n % 3]},,\n" for n in range(12))
    imported(HEADER + rows, mapping=READ)
    recipe = {"program_id": program, "name": "R", "terms": [{"attribute": "gender", "prefer": "different"}]}
    made = tenant.api.post("/v1/recipes", json=recipe).get_json()
    order = {"cohort_id": cohort.rpartition("/")[2], "recipe_id": made["id"]}
    run = finished(tenant.api, tenant.api.post("/v1/matching-runs", json=order).headers["Location"])
    assert run["state"] == "succeeded", run
    assert run["terms"][0]["missing"] == 8
