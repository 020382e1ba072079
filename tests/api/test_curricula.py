"""Topics and curricula of a program, and what groups make of them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import member_of

OWN = "Who gets the Amberbay data"


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser)


def planned(circle, *topics, builds_on=0, number=0):
    body = {"topics": list(topics), "builds_on": builds_on}
    return circle.api(number).put(f"{circle.url}/curriculum", json=body)


def program_url(circle, what):
    return f"/v1/programs/{circle.program_id}/{what}"


def own_catalogue(circle, *keys, tag='"0"'):
    topics = [{"key": key, "label": key.title()} for key in keys]
    return circle.tenant.api.put(
        program_url(circle, "topics"), json={"topics": topics}, headers={"If-Match": tag}
    )


def test_the_catalogue_is_ours_until_the_program_has_its_own(circle, tenant):
    ours = tenant.api.get(program_url(circle, "topics")).get_json()
    sensitive = {topic["key"] for topic in ours["topics"] if topic["sensitive"]}
    assert len(ours["topics"]) == 17
    assert sensitive == {
        "managing_up",
        "setbacks_wins",
        "transitions",
        "department",
        "job_moves",
        "wellbeing",
    }
    assert own_catalogue(circle, "one", "two").get_json()["version"] == 1
    assert own_catalogue(circle, "three", tag='"1"').get_json()["topics"] == [
        {"key": "three", "label": "Three", "sensitive": False}
    ]
    twice = own_catalogue(circle, "one", "one", tag='"2"')
    assert twice.get_json()["errors"][0]["pointer"] == "/topics/1/key"
    assert own_catalogue(circle, "four", tag='"1"').status_code == 412


def test_a_program_offers_topics_in_an_order(circle, tenant):
    url = program_url(circle, "curricula")
    made = tenant.api.post(url, json={"name": "The first year", "topics": ["award_rules", "writing"]})
    assert made.status_code == 201
    one, tag = made.headers["Location"], {"If-Match": made.headers["ETag"]}
    assert every(tenant.api, url) == [tenant.api.get(one).get_json()] == [made.get_json()]
    wrong = tenant.api.post(url, json={"name": "Wrong", "topics": ["writing", "nothing", "writing"]})
    assert [(each["pointer"], each["code"]) for each in wrong.get_json()["errors"]] == [
        ("/topics/1", "unknown"), ("/topics/2", "duplicate"),
    ]  # fmt: skip
    changed = tenant.api.patch(one, json={"topics": ["writing"]}, headers=tag)
    assert (changed.get_json()["topics"], changed.get_json()["version"]) == (["writing"], 2)
    assert tenant.api.patch(one, json={"topics": ["nothing"]}, headers={"If-Match": '"2"'}).status_code == 422
    assert tenant.api.delete(one, headers=tag).status_code == 412
    assert [each["id"] for each in planned(circle, {"key": "writing"}).get_json()["offered"]] == [
        made.get_json()["id"]
    ]
    assert tenant.api.delete(one, headers={"If-Match": '"2"'}).status_code == 204
    assert every(tenant.api, url) == []


def test_what_a_group_planned_before_is_read_by_those_who_were_there(circle):
    assert planned(circle, {"key": "writing"}, {"title": OWN}).status_code == 200
    assert planned(circle, {"key": "department"}, builds_on=1, number=1).status_code == 200
    url = f"{circle.url}/curriculum/versions"
    assert [(row["number"], row["author_id"]) for row in every(circle.api(2), url)] == [
        (1, str(circle.members[0])), (2, str(circle.members[1])),
    ]  # fmt: skip
    first = circle.api(2).get(f"{url}/1").get_json()
    assert [topic["title"] for topic in first["topics"]] == ["Papers, protocols, data sharing", OWN]
    assert circle.api(2).get(f"{url}/3").status_code == 404
    circle.add()
    assert [row["number"] for row in every(circle.api(3), url)] == [2]
    assert circle.api(3).get(f"{url}/1").status_code == 404
    assert circle.tenant.api.get(url).status_code == 403


def test_a_group_makes_a_curriculum_its_own(circle):
    first = circle.api().get(f"{circle.url}/curriculum").get_json()
    assert (first["number"], first["topics"], len(first["catalogue"])) == (0, [], 17)
    assert planned(circle, {"key": "writing"}, {"title": OWN}).status_code == 200
    read = circle.api(1).get(f"{circle.url}/curriculum").get_json()
    assert (read["number"], read["author_id"]) == (1, str(circle.members[0]))
    assert read["topics"] == [
        {"key": "writing", "title": "Papers, protocols, data sharing", "sensitive": False},
        {"key": None, "title": OWN, "sensitive": True},
    ]
    late = planned(circle, {"key": "writing"})
    assert (late.status_code, late.get_json()["code"]) == (409, "curriculum_has_changed")
    assert planned(circle, {"key": "department"}, builds_on=1, number=1).get_json()["number"] == 2
    circle.add()
    assert circle.api(3).get(f"{circle.url}/curriculum").get_json()["topics"][0]["key"] == "department"


def test_a_topic_that_has_gone_from_the_catalogue_stays_planned(circle):
    planned(circle, {"key": "writing"})
    own_catalogue(circle, "one")
    shown = circle.api().get(f"{circle.url}/curriculum").get_json()
    assert shown["topics"] == [{"key": "writing", "title": "writing", "sensitive": True}]


@pytest.mark.parametrize(
    ("topic", "pointer", "said"),
    [
        ({"key": "nothing"}, "/topics/0/key", "unknown"),
        ({}, "/topics/0", "one_of_two"),
        ({"key": "writing", "title": "Both"}, "/topics/0", "one_of_two"),
        ({"title": " "}, "/topics/0/title", "invalid"),
    ],
)
def test_a_topic_is_of_the_catalogue_or_the_groups_own(circle, topic, pointer, said):
    refused = planned(circle, topic)
    assert refused.status_code == 422
    assert [(each["pointer"], each["code"]) for each in refused.get_json()["errors"]] == [(pointer, said)]


def test_of_several_who_plan_at_once_one_does(circle):
    apis = [circle.api(number) for number in range(3)]
    start = Barrier(3)

    def plan(api):
        start.wait()
        return api.put(f"{circle.url}/curriculum", json={"topics": [], "builds_on": 0}).status_code

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(plan, apis)) == [200, 409, 409]


def test_what_a_group_plans_never_leaves_it(app, circle, tenant, superuser):
    planned(circle, {"title": OWN}, {"key": "job_moves"})
    admin = member_of(app, tenant.id, "admin", own_client=True).api
    assert admin.get(f"{circle.url}/curriculum").status_code == 404
    kept = superuser.execute(
        "SELECT string_agg(c::text, '') || (SELECT string_agg(e::text, '') FROM event e WHERE tenant_id = %(t)s)"
        " FROM curriculum_version c WHERE tenant_id = %(t)s",
        {"t": tenant.id},
    ).fetchone()[0]
    for word in (OWN, "job_moves"):
        assert word not in kept
        assert word.encode().hex() not in kept
