"""Participants over HTTP: upsert, edit, filters, dated history."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import event

from tests.factories.cohorts import make_cohort
from tests.factories.participants import add_participants


@pytest.fixture
def cohort(tenant):
    """The URL of an invented cohort whose program knows a few attributes."""
    return make_cohort(tenant.api)


def upsert(tenant, cohort, **body):
    return tenant.api.post(f"{cohort}/participants", json={"external_id": "P1", **body})


def test_an_upsert_makes_a_participant_once_and_then_merges_what_is_given(tenant, cohort):
    first = upsert(
        tenant,
        cohort,
        name="Ada Example",
        identifiers={"orcid": "0000-0000-0000-0001"},
        attributes={"institution": "MIT", "hours": 3.0},
    )
    assert first.status_code == 201
    assert first.get_json()["state"] == "eligible"
    again = upsert(
        tenant,
        cohort,
        email="ada@example.org",
        identifiers={"member_number": "7"},
        attributes={"institution": "mit", "hours": None, "methods": ["b", "a", "A"]},
    )
    assert again.status_code == 200
    shown = again.get_json()
    assert shown["id"] == first.get_json()["id"]
    assert (shown["name"], shown["email"]) == ("Ada Example", "ada@example.org")
    assert shown["identifiers"] == {"orcid": "0000-0000-0000-0001", "member_number": "7"}
    assert shown["attributes"] == {"institution": "MIT", "methods": ["a", "b"]}
    assert tenant.api.get(first.headers["Location"]).get_json() == shown


def test_repeating_an_upsert_changes_nothing(tenant, cohort):
    body = {"name": "Ada", "state": "invited", "reason": "asked", "attributes": {"rank": "F"}}
    first = upsert(tenant, cohort, **body)
    again = upsert(tenant, cohort, **body)
    assert again.get_json() == first.get_json()
    assert again.headers["ETag"] == first.headers["ETag"]
    changes = tenant.api.get(first.headers["Location"] + "/changes").get_json()["items"]
    assert len(changes) == 1


def test_the_history_says_what_became_known_and_when(tenant, cohort):
    url = upsert(tenant, cohort, attributes={"institution": "MIT"}).headers["Location"]
    upsert(tenant, cohort, attributes={"institution": "Duke"})
    upsert(tenant, cohort, state="declined", reason="moved", attributes={"institution": None})
    changes = tenant.api.get(url + "/changes").get_json()["items"]
    assert [(each["state"], each["reason"], each["attributes"]) for each in changes] == [
        ("eligible", None, {"institution": "MIT"}),
        (None, None, {"institution": "Duke"}),
        ("declined", "moved", {"institution": None}),
    ]
    assert {each["source"] for each in changes} == {"api"}


def test_new_levels_of_an_open_attribute_are_kept(tenant, cohort):
    upsert(tenant, cohort, attributes={"institution": " MIT ", "methods": ["assay", "ASSAY"]})
    program = tenant.api.get(cohort).get_json()["program_id"]
    listed = tenant.api.get(f"/v1/programs/{program}/attributes").get_json()["items"]
    levels = {each["key"]: [level["key"] for level in each["levels"]] for each in listed}
    assert levels == {"institution": ["MIT"], "methods": ["assay"], "rank": ["fellow"], "hours": []}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"attributes": {"nothing": 1}}, "/attributes/nothing", "unknown_attribute"),
        ({"attributes": {"nothing": None}}, "/attributes/nothing", "unknown_attribute"),
        ({"attributes": {"rank": "dean"}}, "/attributes/rank", "unknown_level"),
        ({"attributes": {"hours": "many"}}, "/attributes/hours", "invalid"),
        ({"attributes": {"methods": "assay"}}, "/attributes/methods", "invalid"),
        ({"attributes": {"institution": {"a": 1}}}, "/attributes/institution", "invalid"),
        ({"attributes": {"institution": "a\u0000b"}}, "/attributes/institution", "control_character"),
        ({"attributes": []}, "/attributes", "invalid"),
        ({"identifiers": {"passport": "1"}}, "/identifiers/passport", "unknown_field"),
        ({"email": "nobody"}, "/email", "invalid"),
        ({"state": "gone"}, "/state", "invalid"),
        ({"reason": "why"}, "/reason", "needs_state"),
        ({"external_id": ""}, "/external_id", "invalid"),
        ({"external_id": "x" * 201}, "/external_id", "invalid"),
        ({"external_id": None}, "/external_id", "not_null"),
        ({"cohort_id": "x"}, "/cohort_id", "unknown_field"),
    ],
)
def test_what_breaks_a_rule_is_named_and_changes_nothing(tenant, cohort, body, pointer, code):
    answer = upsert(tenant, cohort, **body)
    assert answer.status_code == 422
    assert (pointer, code) in [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]
    assert tenant.api.get(f"{cohort}/participants").get_json()["items"] == []


def test_an_edit_needs_the_version_that_was_read_and_every_change_moves_it(tenant, cohort):
    made = upsert(tenant, cohort)
    url, etag = made.headers["Location"], made.headers["ETag"]
    assert tenant.api.patch(url, json={"name": "Ada"}).status_code == 428
    edited = tenant.api.patch(url, json={"name": "Ada"}, headers={"If-Match": etag})
    assert (edited.status_code, edited.get_json()["name"]) == (200, "Ada")
    assert edited.get_json()["version"] == made.get_json()["version"] + 1
    assert edited.get_json()["updated_at"] > made.get_json()["updated_at"]
    assert tenant.api.patch(url, json={"state": "paused"}, headers={"If-Match": etag}).status_code == 412
    etag = edited.headers["ETag"]
    paused = tenant.api.patch(
        url, json={"state": "paused", "reason": "leave", "name": None}, headers={"If-Match": etag}
    ).get_json()
    assert (paused["state"], paused["state_reason"], paused["name"]) == ("paused", "leave", None)
    assert paused["state_since"] > made.get_json()["state_since"]


def test_a_name_changed_in_one_cohort_moves_the_version_in_the_other(tenant, cohort):
    other = make_cohort(tenant.api)
    here, there = upsert(tenant, cohort, name="Ada"), upsert(tenant, other)
    assert there.get_json()["membership_id"] == here.get_json()["membership_id"]
    seen = tenant.api.get(here.headers["Location"])
    upsert(tenant, other, name="Ada Example")
    now = tenant.api.get(here.headers["Location"])
    assert now.get_json()["name"] == "Ada Example"
    assert now.headers["ETag"] != seen.headers["ETag"]


def test_participants_are_found_by_state_external_id_and_time(tenant, cohort):
    upsert(tenant, cohort, external_id="A", state="applied")
    upsert(tenant, cohort, external_id="B")
    url = f"{cohort}/participants"

    def found(query):
        return [each["external_id"] for each in tenant.api.get(url + query).get_json()["items"]]

    assert found("?state=applied") == ["A"]
    assert found("?external_id=B") == ["B"]
    moment = tenant.api.get(url + "?external_id=A").get_json()["items"][0]["updated_at"]
    upsert(tenant, cohort, external_id="A", name="Changed")
    assert sorted(found(f"?updated_since={moment}")) == ["A", "B"]
    moment = tenant.api.get(url + "?external_id=A").get_json()["items"][0]["updated_at"]
    assert found(f"?updated_since={moment}") == ["A"]
    assert tenant.api.get(url + "?updated_since=yesterday").status_code == 422
    assert tenant.api.get(url + "?state=gone").status_code == 422


def test_a_list_of_fifty_takes_as_many_statements_as_a_list_of_one(tenant, cohort, database):
    statements = []

    def count(*seen):
        statements.append(seen[2])

    add_participants(database, tenant.id, cohort.rpartition("/")[2], [{}])
    event.listen(database.engine, "before_cursor_execute", count)
    try:
        assert len(tenant.api.get(f"{cohort}/participants").get_json()["items"]) == 1
        one = len(statements)
        add_participants(database, tenant.id, cohort.rpartition("/")[2], [{}] * 49, prefix="Q")
        statements.clear()
        assert len(tenant.api.get(f"{cohort}/participants").get_json()["items"]) == 50
        assert len(statements) == one
    finally:
        event.remove(database.engine, "before_cursor_execute", count)


def test_a_list_says_the_same_as_the_resource(tenant, cohort):
    shown = upsert(tenant, cohort, name="Ada", attributes={"hours": 2}).get_json()
    assert tenant.api.get(f"{cohort}/participants").get_json()["items"] == [shown]


def test_another_tenant_finds_neither_cohort_nor_participant_nor_history(tenant, cohort, new_tenant):
    url = upsert(tenant, cohort).headers["Location"]
    stranger = new_tenant().api
    assert stranger.get(f"{cohort}/participants").status_code == 404
    assert stranger.post(f"{cohort}/participants", json={"external_id": "P1"}).status_code == 404
    assert stranger.get(url).status_code == 404
    assert stranger.patch(url, json={"name": "x"}, headers={"If-Match": '"1"'}).status_code == 404
    assert stranger.get(url + "/changes").status_code == 404


def test_a_token_that_may_only_read_adds_nobody(tenant, cohort, new_tenant):
    reader = new_tenant(scopes=["participants:read"]).api
    assert reader.post(f"{cohort}/participants", json={"external_id": "P1"}).status_code == 403


def test_one_person_added_by_many_at_once_is_added_once(app, tenant, cohort):
    def add(_):
        api = app.test_client()
        api.token = tenant.api.token
        return api.post(
            f"{cohort}/participants", json={"external_id": "P1", "attributes": {"methods": ["x"]}}
        )

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(add, range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
    assert len({answer.get_json()["id"] for answer in answers}) == 1


def test_letters_are_one_however_they_are_composed(tenant, cohort):
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    told = {"external_id": decomposed, "name": decomposed, "attributes": {"institution": decomposed}}
    first = tenant.api.post(f"{cohort}/participants", json=told).get_json()
    assert (first["name"], first["attributes"]["institution"]) == (composed, composed)
    again = tenant.api.post(f"{cohort}/participants", json={**told, "external_id": composed})
    assert (again.status_code, again.get_json()["id"]) == (200, first["id"])


@pytest.mark.parametrize(
    ("email", "good"),
    [("a@b.co", True), ("a.b+c@sub.example.org", True), ("zoë@exämple.org", True), ("a,b@c.de", False),
     ("a@-b.co", False), ("a@b", False), ("a b@c.de", False), ("<a@b.co>", False)],
)  # fmt: skip
def test_an_address_is_good_for_the_api_and_for_a_roster_alike(tenant, cohort, imported, email, good):
    told = {"external_id": "A", "email": email}
    assert tenant.api.post(f"{cohort}/participants", json=told).status_code == (201 if good else 422)
    row = f'id;email\nB;"{email}"\n'
    counts = imported(row, mapping={"external_id": "id", "email": "email"})["counts"]
    assert (counts["created"], counts["failed"]) == ((1, 0) if good else (0, 1))
