"""How members of a group help one another: asks, acts, tips and checklists, for the group; a board for the tenant."""

import math
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from tenants.groups.evenness import gini
from tenants.kernel.clock import now
from tenants.kernel.permissions import Role
from tests.contract import edit, remove
from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import acting, holder, member_of

SECRET = "Amberbay says no"
ROWS = sql.SQL("SELECT t::text FROM {} t WHERE tenant_id = %s")
TODAY = now().date().isoformat()


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=3)


def made(api, url, **body):
    answer = api.post(url, json=body)
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()


def contents(circle, api):
    """One of each kind of words, by its URL."""
    them = {
        "asks": {"kind": "offer", "title": SECRET, "text": SECRET},
        "tips": {"kind": "own", "title": SECRET, "source": SECRET, "valid_as_of": TODAY},
        "checklists": {"title": SECRET, "items": [{"text": SECRET, "done": True}]},
        "acts": {
            "kind": "nomination", "giver_id": str(circle.members[0]), "receiver_id": str(circle.members[1]),
            "happened_on": TODAY, "note": SECRET,
        },
    }  # fmt: skip
    return {
        f"{circle.url}/{name}/{made(api, f'{circle.url}/{name}', **body)['id']}"
        for name, body in them.items()
    }


def test_members_read_what_one_of_them_wrote_alone_and_in_lists(circle):
    urls = contents(circle, circle.api())
    fellow = circle.api(1)
    for url in urls:
        found = fellow.get(url)
        assert SECRET in found.text
        assert every(fellow, url.rpartition("/")[0]) == [found.get_json()]


def test_nobody_else_does_and_nothing_of_it_is_kept_elsewhere(app, circle, tenant, superuser):
    urls = contents(circle, circle.api())
    owner = member_of(app, tenant.id, Role.OWNER, own_client=True).api
    newcomer = circle.add()
    for url in urls:
        assert tenant.api.get(url).status_code == 403
        assert acting(app, tenant.id, circle.members[0]).get(url).status_code == 403
        for stranger in (owner, acting(app, tenant.id, newcomer, own_client=True)):
            assert stranger.get(url).status_code == 404
    assert every(circle.api(3), f"{circle.url}/asks") == []
    told = superuser.execute(
        "SELECT count(*) FROM event WHERE tenant_id = %s AND type ~ 'ask|act|tip|check'", [tenant.id]
    )
    assert told.fetchone() == (0,)
    for table in ("ask", "act", "tip", "checklist", "idempotency_record", "job"):
        rows = superuser.execute(ROWS.format(sql.Identifier(table)), [tenant.id]).fetchall()
        assert not any(SECRET in row[0] or SECRET.encode().hex() in row[0] for row in rows), table


def test_a_repeated_request_gets_no_words_back(circle):
    api = circle.api()
    sent = {"json": {"kind": "ask", "title": SECRET}, "headers": {"Idempotency-Key": "once"}}
    first, again = (api.post(f"{circle.url}/asks", **sent) for _ in range(2))
    assert first.get_json()["title"] == SECRET
    assert (again.get_json()["id"], again.get_json()["title"]) == (first.get_json()["id"], None)


def test_what_is_kept_for_repeated_requests_does_not_say_who_wrote(circle, superuser):
    api, (me, fellow) = circle.api(), map(str, circle.members[:2])
    act = {"kind": "review", "giver_id": me, "receiver_id": fellow, "happened_on": TODAY}
    for path, body in (
        ("asks", {"kind": "ask", "title": "Invented"}),
        ("acts", act),
        ("tips", {"kind": "own", "title": "Invented", "valid_as_of": TODAY}),
        ("checklists", {"title": "Invented", "items": [{"text": "Invented"}]}),
        ("retrospectives", {}),
        ("actions", {"text": "Invented"}),
        ("invitations", {"name": "nobody@mail.example"}),
        ("charter/versions", {"text": "Invented", "builds_on": 0}),
        ("resources", {"kind": "other", "title": "X", "licence": "CC0", "url": "https://a.example/"}),
    ):
        sent = {"json": body, "headers": {"Idempotency-Key": "once"}}
        first, again = (api.post(f"{circle.url}/{path}", **sent) for _ in range(2))
        assert first.status_code == again.status_code == 201, (path, first.text)
        assert (first.get_json()["author_id"], again.get_json()["author_id"]) == (me, None)
        assert again.get_json().get("id") == first.get_json().get("id")
    kept = superuser.execute(
        "SELECT string_agg(convert_from(body, 'UTF8'), '') FROM idempotency_record WHERE tenant_id = %s",
        [circle.tenant.id],
    ).fetchone()[0]
    assert not any(member in kept for member in (me, fellow))


def test_whoever_has_left_is_not_answered_again_but_about_her_leaving(circle):
    api, key = circle.api(), {"Idempotency-Key": "once"}
    sent = {"json": {"kind": "ask", "title": "Invented"}, "headers": key}
    assert api.post(f"{circle.url}/asks", **sent).status_code == 201
    for _ in range(2):
        assert api.post(f"{circle.url}/departure", json={}, headers=key).status_code == 201
    assert api.post(f"{circle.url}/asks", **sent).status_code == 404


def test_only_its_author_changes_or_removes_it(circle):
    api, fellow = circle.api(), circle.api(1)
    for url in contents(circle, api):
        if "/acts/" in url:
            assert fellow.delete(url).status_code == 403
            assert api.delete(url).status_code == 204
            continue
        assert (edit(fellow, url, title="Mine").status_code, remove(fellow, url).status_code) == (403, 403)
        assert edit(api, url, title="Otherwise").get_json()["title"] == "Otherwise"
        assert fellow.get(url).get_json()["title"] == "Otherwise"
        assert remove(api, url).status_code == 204
        assert fellow.get(url).status_code == 404


def test_whoever_has_left_edits_nothing_and_takes_back_what_is_hers(circle, superuser):
    api = circle.api()
    hers = contents(circle, api)
    tip = next(url for url in hers if "/tips/" in url)
    assert api.put(f"{tip}/share").status_code == 200
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[0]])
    for url in hers:
        if "/acts/" not in url:
            assert edit(api, url, title="Late").status_code == 404
    assert api.put(f"{tip}/share").status_code == 404
    assert api.delete(f"{tip}/share").status_code == 204
    assert api.get(tip).get_json()["shared"] is False
    assert all(remove(api, url).status_code == 204 for url in hers if "/acts/" not in url)


def test_whoever_has_left_keeps_her_own_words_and_no_others(circle, superuser):
    hers = contents(circle, circle.api())
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[1]])
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[0]])
    assert all(SECRET in circle.api().get(url).text for url in hers)
    assert {circle.api(1).get(url).status_code for url in hers} == {404}


def test_another_groups_words_are_not_found_under_ones_own(app, circle, tenant, superuser):
    other = circle_of(app, tenant, superuser, people=2)
    theirs = contents(other, other.api())
    for url in theirs:
        assert circle.api().get(url.replace(str(other.id), str(circle.id))).status_code == 404


def test_an_ask_is_answered_and_found_by_its_state(circle):
    api = circle.api()
    first, second = (
        made(api, f"{circle.url}/asks", kind=kind, title="Invented") for kind in ("ask", "offer")
    )
    edit(api, f"{circle.url}/asks/{first['id']}", state="answered")
    assert [row["id"] for row in every(api, f"{circle.url}/asks?state=open")] == [second["id"]]
    assert [row["id"] for row in every(api, f"{circle.url}/asks?kind=ask")] == [first["id"]]


def act(circle, giver, receiver, by=None, **more):
    body = {
        "kind": "review",
        "giver_id": str(circle.members[giver]),
        "receiver_id": str(circle.members[receiver]),
    }
    return circle.api(giver if by is None else by).post(
        f"{circle.url}/acts", json={**body, "happened_on": TODAY, **more}
    )


def test_each_member_has_her_own_balance_and_the_group_hears_of_one_way_help_without_names(circle):
    for _ in range(3):
        assert act(circle, 0, 1).status_code == 201
    assert act(circle, 2, 1, by=1, kind="advice").status_code == 201
    balance = circle.api(0).get(f"{circle.url}/balance").get_json()
    assert (balance["given"]["review"], sum(balance["received"].values())) == (3, 0)
    balance = circle.api(1).get(f"{circle.url}/balance").get_json()
    assert (balance["received"]["review"], balance["received"]["advice"], sum(balance["given"].values())) == (
        3,
        1,
        0,
    )
    told = circle.api(2).get(f"{circle.url}/reciprocity")
    assert told.get_json() == {
        "acts": 4,
        "only_giving": 1,
        "only_receiving": 1,
        "inequality": pytest.approx(0.5),
    }
    assert not any(str(member) in told.text for member in circle.members)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"giver_id": "00000000-0000-7000-8000-000000000000"}, "/giver_id"),
        ({"happened_on": (now().date() + timedelta(days=3)).isoformat()}, "/happened_on"),
        ({"kind": "hug"}, "/kind"),
    ],
)
def test_an_act_that_cannot_be_is_refused(circle, changes, pointer):
    refused = act(circle, 0, 1, **changes)
    assert refused.status_code == 422
    assert pointer in [error["pointer"] for error in refused.get_json()["errors"]]


def test_nobody_notes_an_act_between_others_or_with_herself(circle):
    for giver, receiver, by in ((1, 2, 0), (0, 0, 0)):
        refused = act(circle, giver, receiver, by=by)
        assert refused.status_code == 422
    assert every(circle.api(), f"{circle.url}/acts") == []


@given(st.lists(st.integers(0, 50), min_size=1, max_size=9))
def test_inequality_is_half_the_mean_difference_over_the_mean(counts):
    number, total = len(counts), sum(counts)
    differences = sum(abs(a - b) for a in counts for b in counts)
    expected = None if not total else differences / (2 * number * total)
    assert gini(counts) == (None if expected is None else pytest.approx(expected))
    assert expected is None or not math.isnan(expected)


def test_a_tip_is_stale_when_its_day_has_come_or_somebody_flags_it_until_it_is_changed(circle):
    api, fellow, url = circle.api(), circle.api(1), f"{circle.url}/tips"
    old = made(api, url, kind="own", title="Old", valid_as_of="2020-01-01")
    new = made(api, url, kind="own", title="New", valid_as_of=TODAY)
    assert (old["stale"], old["review_on"], new["stale"]) == (True, "2021-01-01", False)
    assert fellow.put(f"{url}/{new['id']}/flag").status_code == 204
    assert fellow.put(f"{url}/{new['id']}/flag").status_code == 204
    assert {row["title"] for row in every(api, f"{url}?stale=true")} == {"Old", "New"}
    assert edit(api, f"{url}/{new['id']}", text="Looked at.").get_json()["stale"] is False
    assert fellow.put(f"{url}/{new['id']}/flag").status_code == 204
    assert api.get(f"{url}/{new['id']}").get_json()["stale"] is True
    assert api.delete(f"{url}/{new['id']}/flag").status_code == 204
    assert api.get(f"{url}/{new['id']}").get_json()["stale"] is True, "another's flag stands"
    assert fellow.delete(f"{url}/{new['id']}/flag").status_code == 204
    assert fellow.delete(f"{url}/{new['id']}/flag").status_code == 204
    assert every(api, f"{url}?stale=false&kind=own") == [api.get(f"{url}/{new['id']}").get_json()]


def test_being_there_for_one_another_is_an_act_too(circle):
    giver, receiver = (str(member) for member in circle.members[:2])
    body = {"kind": "company", "giver_id": giver, "receiver_id": receiver, "happened_on": TODAY}
    act = made(circle.api(), f"{circle.url}/acts", **body)
    assert every(circle.api(1), f"{circle.url}/acts?kind=company") == [act]
    assert circle.api().get(f"{circle.url}/balance").get_json()["given"]["company"] == 1


def test_a_checklist_comes_of_an_item_of_the_agenda(app, circle, tenant, superuser):
    api, url = circle.api(), f"{circle.url}/checklists"
    item = made(api, f"{circle.url}/agenda-items", title="How do I begin with a student?")["id"]
    new = made(api, url, title="Our first talk", template="trainees", agenda_item_id=item)
    assert (new["agenda_item_id"], new["template"]) == (item, "trainees")
    assert len(new["items"]) >= 5
    other = circle_of(app, tenant, superuser, people=1)
    elsewhere = made(other.api(), f"{other.url}/agenda-items", title="Invented")["id"]
    refused = api.post(url, json={"title": "X", "template": "mentor", "agenda_item_id": elsewhere})
    assert refused.get_json()["errors"][0]["pointer"] == "/agenda_item_id"
    assert remove(api, f"{circle.url}/agenda-items/{item}").status_code == 204
    assert api.get(f"{url}/{new['id']}").get_json()["agenda_item_id"] is None


def test_a_senior_mentor_is_named_only_if_he_agreed(circle):
    api, url = circle.api(), f"{circle.url}/tips"
    body = {"kind": "second_hand", "title": "Ask early", "valid_as_of": TODAY, "mentor": "Invented Mentor"}
    for broken in (body, {**body, "mentor_agreed": False}, {**body, "kind": "own", "mentor_agreed": True}):
        refused = api.post(url, json=broken)
        assert refused.get_json()["errors"][0]["pointer"] == "/mentor_agreed"
    tip = made(api, url, **body, mentor_agreed=True)
    assert circle.api(1).get(f"{url}/{tip['id']}").get_json()["mentor"] == "Invented Mentor"
    assert edit(api, f"{url}/{tip['id']}", kind="own").get_json()["mentor"] is None
    refused = edit(api, f"{url}/{tip['id']}", mentor="Another Invented Mentor")
    assert refused.get_json()["errors"][0]["pointer"] == "/mentor_agreed"


@pytest.mark.parametrize(
    ("days", "pointer"),
    [
        ({"valid_as_of": (now().date() + timedelta(days=3)).isoformat()}, "/valid_as_of"),
        ({"valid_as_of": TODAY, "review_on": TODAY}, "/review_on"),
        ({"valid_as_of": "9999-12-31"}, "/valid_as_of"),
    ],
)
def test_a_tip_out_of_time_is_refused(circle, days, pointer):
    refused = circle.api().post(f"{circle.url}/tips", json={"kind": "own", "title": "Invented", **days})
    assert refused.get_json()["errors"][0]["pointer"] == pointer


def test_a_shared_tip_is_read_in_the_cohort_without_names_and_taken_back(app, circle, tenant, superuser):
    api, url = circle.api(), f"{circle.url}/tips"
    body = {"kind": "second_hand", "title": "Ask early", "valid_as_of": TODAY, "mentor": "Invented Mentor"}
    tip = f"{url}/{made(api, url, **body, mentor_agreed=True)['id']}"
    other = circle_of(app, tenant, superuser, people=1)
    superuser.execute(
        "UPDATE participant SET cohort_id = %s WHERE membership_id = %s", [circle.cohort_id, other.members[0]]
    )
    reader = other.api()
    superuser.execute("UPDATE peer_group SET cohort_id = %s WHERE id = %s", [circle.cohort_id, other.id])
    assert every(reader, "/v1/me/digest") == []
    assert circle.api(1).put(f"{tip}/share").status_code == 403
    assert api.put(f"{tip}/share").get_json()["shared"] is True
    edit(api, tip, title="Ask very early")
    api.put(f"{tip}/share")
    (item,) = every(reader, "/v1/me/digest")
    assert item["title"] == "Ask very early"
    row = superuser.execute("SELECT d::text FROM digest_item d WHERE id = %s", [item["id"]]).fetchone()[0]
    assert not any(word in row for word in ("Invented Mentor", str(circle.id), *map(str, circle.members)))
    assert UUID(item["id"]).version == 4
    (event,) = superuser.execute(
        "SELECT DISTINCT actor, subject_id FROM event WHERE tenant_id = %s AND type = 'digest_item.shared'",
        [tenant.id],
    ).fetchall()
    assert event == (None, circle.cohort_id)
    assert api.delete(f"{tip}/share").status_code == 204
    assert api.delete(f"{tip}/share").status_code == 409
    api.put(f"{tip}/share")
    assert remove(api, tip).status_code == 204
    assert every(reader, "/v1/me/digest") == []
    events = superuser.execute(
        "SELECT type, actor, subject_id FROM event WHERE tenant_id = %s AND type LIKE 'digest_item.%%' ORDER BY id",
        [tenant.id],
    ).fetchall()
    shared, back = ((f"digest_item.{what}", None, circle.cohort_id) for what in ("shared", "taken_back"))
    assert events == [shared, shared, back, shared, back]


def test_the_digest_is_asked_for_by_institute(circle):
    api, url = circle.api(), f"{circle.url}/tips"
    for institute in ("NIMH", "NCI", None):
        tip = made(api, url, kind="own", title=f"Of {institute}", valid_as_of=TODAY, institute=institute)
        assert api.put(f"{url}/{tip['id']}/share").status_code == 200
    assert [row["title"] for row in every(api, "/v1/me/digest?institute=NCI")] == ["Of NCI"]
    assert len(every(api, "/v1/me/digest")) == 3


def test_the_digest_is_for_members_of_groups_of_the_cohort_that_go_on(app, tenant, superuser):
    circle, other = (circle_of(app, tenant, superuser, people=1) for _ in range(2))
    superuser.execute("UPDATE peer_group SET cohort_id = %s WHERE id = %s", [circle.cohort_id, other.id])
    waiting = acting(app, tenant.id, other.add(admitted=False), own_client=True)
    api, url = circle.api(), f"{circle.url}/tips"
    tip = made(api, url, kind="own", title="Invented", valid_as_of=TODAY)
    assert api.put(f"{url}/{tip['id']}/share").status_code == 200
    reader = other.api()
    assert len(every(reader, "/v1/me/digest")) == 1
    assert every(waiting, "/v1/me/digest") == []
    portal = acting(app, tenant.id, other.members[0])
    assert portal.get("/v1/me/digest").get_json()["code"] == "insufficient_scope"
    superuser.execute("UPDATE peer_group SET state = 'ended' WHERE id = %s", [other.id])
    assert every(reader, "/v1/me/digest") == []


def test_a_checklist_comes_from_a_template_or_has_items_of_ones_own(circle):
    api, url = circle.api(), f"{circle.url}/checklists"
    ready = made(api, url, title="Officer", template="program_officer")
    assert len(ready["items"]) > 4
    assert not any(item["done"] for item in ready["items"])
    items = [{**ready["items"][0], "done": True}]
    assert edit(api, f"{url}/{ready['id']}", items=items).get_json()["items"] == items
    for broken in ({"title": "Neither"}, {"title": "Both", "template": "mentor", "items": items}):
        assert api.post(url, json=broken).get_json()["errors"][0]["pointer"] == "/items"


def test_the_board_is_written_by_organisers_and_read_by_those_whom_it_concerns(
    app, circle, tenant, superuser
):
    later, before = (now().date() + timedelta(days=30)).isoformat(), "2020-01-01"
    for_all = made(tenant.api, "/v1/opportunities", kind="call", title="For all", deadline=later)
    own = made(tenant.api, "/v1/opportunities", kind="award", title="Ours", program_id=str(circle.program_id))
    made(tenant.api, "/v1/opportunities", kind="award", title="Over", deadline=before)
    elsewhere = circle_of(app, tenant, superuser, people=1)
    mine = acting(app, tenant.id, circle.members[0])
    assert {row["id"] for row in every(mine, "/v1/me/opportunities")} == {for_all["id"], own["id"]}
    theirs = acting(app, tenant.id, elsewhere.members[0])
    assert {row["id"] for row in every(theirs, "/v1/me/opportunities")} == {for_all["id"]}
    assert len(every(tenant.api, "/v1/opportunities")) == 3
    assert len(every(tenant.api, "/v1/opportunities?open=true")) == 2
    assert mine.post("/v1/opportunities", json={"kind": "call", "title": "Mine"}).status_code in (403, 404)
    url = f"/v1/opportunities/{own['id']}"
    assert (
        edit(tenant.api, url, url="https://funder.example/x").get_json()["url"] == "https://funder.example/x"
    )
    assert edit(tenant.api, url, url="javascript:alert(1)").status_code == 422
    manager = holder(app, tenant.id, "program_manager", program_id=elsewhere.program_id).api
    assert manager.get(url).status_code == 404
    assert manager.get(f"/v1/opportunities/{for_all['id']}").status_code == 200
    assert manager.post("/v1/opportunities", json={"kind": "call", "title": "For all"}).status_code == 403
    assert remove(tenant.api, url).status_code == 204
