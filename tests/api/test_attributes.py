"""What is known of participants, as a tenant defines it over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import text

from tenants.cohorts.actions import create_attribute, delete_attribute
from tenants.cohorts.participants import upsert_participant
from tests.conftest import eventually
from tests.contract import edit

FIELD = {
    "key": "field",
    "label": "Field",
    "kind": "categorical",
    "levels": [{"key": "bio"}, {"key": "genetics", "parent": "bio"}],
}


@pytest.fixture
def attributes(tenant):
    """The URL of a program's attributes."""
    return tenant.api.post("/v1/programs", json={"name": "Circles"}).headers["Location"] + "/attributes"


def broken(answer):
    assert answer.status_code == 422, answer.get_json()
    return [(error["pointer"], error["code"]) for error in answer.get_json()["errors"]]


def test_only_key_label_and_kind_are_required_and_no_levels_means_open(tenant, attributes):
    made = tenant.api.post(attributes, json={"key": "place", "label": "Place", "kind": "categorical"})
    assert made.status_code == 201
    assert made.get_json()["open"] is True
    assert tenant.api.post(attributes, json=FIELD).get_json()["open"] is False
    assert broken(tenant.api.post(attributes, json={})) == [
        (f"/{name}", "required") for name in ("label", "key", "kind")
    ]


@pytest.mark.parametrize("kind", ["categorical", "set", "ordinal"])
def test_a_closed_attribute_needs_levels_when_it_is_made_and_when_it_is_edited(tenant, attributes, kind):
    told = {"key": "k", "label": "K", "kind": kind}
    assert broken(tenant.api.post(attributes, json={**told, "open": False})) == [("/levels", "required")]
    url = tenant.api.post(attributes, json=told).headers["Location"]
    assert broken(edit(tenant.api, url, open=False)) == [("/levels", "required")]
    assert edit(tenant.api, url, open=False, levels=[{"key": "x"}]).status_code == 200


@pytest.mark.parametrize(
    "levels",
    [
        [{"key": "x", "aliases": ["y"]}, {"key": "Y"}],
        [{"key": "x", "label": "Same"}, {"key": "y", "label": "same"}],
        [{"key": "x"}, {"key": "y", "aliases": ["X"]}],
    ],
)
def test_no_name_means_two_levels(tenant, attributes, levels):
    told = {"key": "k", "label": "K", "kind": "categorical", "levels": levels}
    assert broken(tenant.api.post(attributes, json=told)) == [("/levels/1", "ambiguous")]


def test_a_level_is_below_a_level_that_exists(tenant, attributes):
    lost = {**FIELD, "levels": [{"key": "genetics", "parent": "bio"}]}
    assert broken(tenant.api.post(attributes, json=lost)) == [("/levels/0/parent", "unknown")]
    own = {**FIELD, "levels": [{"key": "bio", "parent": "bio"}]}
    assert broken(tenant.api.post(attributes, json=own)) == [("/levels/0/parent", "unknown")]
    url = tenant.api.post(attributes, json=FIELD).headers["Location"]
    kept = tenant.api.get(url).get_json()["levels"]
    assert broken(edit(tenant.api, url, levels=FIELD["levels"][1:])) == [("/levels/0/parent", "unknown")]
    assert tenant.api.get(url).get_json()["levels"] == kept


def test_the_parent_of_an_attribute_is_another_one_of_its_program(tenant, attributes):
    told = {"key": "topic", "label": "Topic", "kind": "categorical", "parent": "field"}
    assert broken(tenant.api.post(attributes, json=told)) == [("/parent", "unknown")]
    assert broken(tenant.api.post(attributes, json={**told, "parent": "topic"})) == [("/parent", "unknown")]
    field = tenant.api.post(attributes, json=FIELD).headers["Location"]
    below = {**told, "levels": [{"key": "cells", "parent": "bio"}, {"key": "stars", "parent": "physics"}]}
    assert broken(tenant.api.post(attributes, json=below)) == [("/levels/1/parent", "unknown")]
    topic = tenant.api.post(attributes, json={**below, "levels": below["levels"][:1]}).headers["Location"]
    assert broken(edit(tenant.api, topic, parent="topic")) == [("/parent", "unknown")]
    removed = tenant.api.delete(field, headers={"If-Match": '"1"'})
    assert (removed.status_code, removed.get_json()["code"]) == (409, "in_use")


def test_a_stale_edit_is_stale_whatever_it_asks_for(tenant, attributes):
    url = tenant.api.post(attributes, json=FIELD).headers["Location"]
    answer = tenant.api.patch(url, json={"levels": []}, headers={"If-Match": '"7"'})
    assert answer.status_code == 412


def test_a_key_is_taken_once_in_a_program(tenant, attributes):
    assert tenant.api.post(attributes, json=FIELD).status_code == 201
    again = tenant.api.post(attributes, json=FIELD)
    assert (again.status_code, again.get_json()["code"]) == (409, "key_taken")


def test_of_two_who_take_a_key_at_once_one_is_told_that_it_is_taken(tenant, attributes, database):
    program = UUID(attributes.split("/")[3])
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor() as pool, database.tenant(tenant.id) as session:
        create_attribute(session, program_id=program, key="field", label="Field", kind="text")
        other = pool.submit(tenant.api.post, attributes, json=FIELD)
        eventually(lambda: session.scalar(waiting))
        session.commit()
        answer = other.result()
    assert (answer.status_code, answer.get_json()["code"]) == (409, "key_taken")


def test_an_attribute_that_somebody_is_just_given_a_value_of_stays(tenant, attributes, database):
    url = tenant.api.post(attributes, json=FIELD).headers["Location"]
    told = {"program_id": attributes.split("/")[3], "name": "Autumn"}
    cohort = UUID(tenant.api.post("/v1/cohorts", json=told).get_json()["id"])
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor() as pool, database.tenant(tenant.id) as session:
        upsert_participant(session, cohort_id=cohort, external_id="P1", attributes={"field": "bio"})
        other = pool.submit(tenant.api.delete, url, headers={"If-Match": '"1"'})
        eventually(lambda: session.scalar(waiting))
        session.commit()
        answer = other.result()
    assert (answer.status_code, answer.get_json()["code"]) == (409, "in_use")


def test_an_attribute_that_is_just_being_deleted_takes_no_value(tenant, attributes, database):
    url = tenant.api.post(attributes, json=FIELD).headers["Location"]
    told = {"program_id": attributes.split("/")[3], "name": "Autumn"}
    participants = tenant.api.post("/v1/cohorts", json=told).headers["Location"] + "/participants"
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    with ThreadPoolExecutor() as pool, database.tenant(tenant.id) as session:
        delete_attribute(session, attribute_id=UUID(url.rsplit("/", 1)[1]), if_match=AnyVersion())
        session.flush()
        given = {"external_id": "P1", "attributes": {"field": "bio"}}
        other = pool.submit(tenant.api.post, participants, json=given)
        eventually(lambda: session.scalar(waiting))
        session.commit()
        answer = other.result()
    assert broken(answer) == [("/attributes/field", "unknown_attribute")]
    assert tenant.api.get(participants).get_json()["items"] == []


class AnyVersion:
    def check(self, version):
        assert version
