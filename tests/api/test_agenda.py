"""What a group talks about: items, the agenda of a meeting, actions, notes. All of it is invented."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from tenants.kernel.clock import now
from tenants.kernel.permissions import Role
from tenants.meetings.agenda_items import MOST_OPEN
from tests.conftest import open_another
from tests.contract import edit, remove
from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import acting, member_of
from tests.planting import plant

SECRET = "Amberbay says no"
ROWS = sql.SQL("SELECT t::text FROM {} t WHERE tenant_id = %s")


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def circle(app, database, root):
    """A group of three, for tests that count nothing of it."""
    return circle_of(app, open_another(app, database), root)


@pytest.fixture
def fresh(app, database, root):
    """A group of three that nobody else uses."""
    return circle_of(app, open_another(app, database), root)


def made(api, url, **body):
    answer = api.post(url, json=body)
    assert answer.status_code == 201, answer.get_json()
    return answer.get_json()


def meeting(circle, *, minutes_ago=10, minutes=60):
    """The URL of a meeting that began so long ago, or will begin."""
    begins = f"{now() - timedelta(minutes=minutes_ago):%Y-%m-%dT%H:%M:%S}"
    body = {"starts_at_local": begins, "time_zone": "UTC", "minutes": minutes}
    return f"{circle.url}/meetings/{made(circle.api(), f'{circle.url}/meetings', **body)['id']}"


def item(circle, title="Invented", by=0, **body):
    return made(circle.api(by), f"{circle.url}/agenda-items", title=title, **body)


def order(api, where, items, *, frozen=True, builds_on=0):
    return api.put(f"{where}/agenda", json={"items": items, "frozen": frozen, "builds_on": builds_on})


def titles(rows):
    return [row["title"] for row in rows]


def at_once(*calls):
    """What each of them returns, begun together."""
    start = Barrier(len(calls))

    def run(call):
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_an_item_is_read_by_all_and_its_words_are_changed_by_its_author_alone(circle):
    api, fellow = circle.api(), circle.api(1)
    shown = item(circle, "Grants", text="Which?", topic="next_grant", minutes_planned=15)
    url = f"{circle.url}/agenda-items/{shown['id']}"
    assert fellow.get(url).get_json() == shown
    assert shown in every(fellow, f"{circle.url}/agenda-items?state=open")
    assert (shown["kind"], shown["state"], shown["votes"], shown["action_ids"]) == ("item", "open", 0, [])
    refused = edit(fellow, url, title="Mine")
    assert (refused.status_code, refused.get_json()["code"]) == (403, "not_the_author")
    assert remove(fellow, url).status_code == 403
    changed = edit(fellow, url, state="done", minutes_used=30).get_json()
    assert (changed["state"], changed["minutes_used"], changed["version"]) == ("done", 30, 2)
    stale = api.patch(url, json={"title": "Otherwise"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert edit(api, url, title="Otherwise", text=None).get_json()["title"] == "Otherwise"
    assert fellow.get(url).get_json()["version"] == 3
    assert remove(api, url).status_code == 204
    assert fellow.get(url).status_code == 404


def test_the_database_keeps_another_members_words_from_being_changed(circle, database):
    shown = item(circle, "Grants")
    changes = (
        ("UPDATE agenda_item_words SET encrypted_title = encrypted_title WHERE id = %s", 0),
        ("UPDATE agenda_item SET minutes_used = minutes_used WHERE id = %s", 1),
    )
    for change, touched in changes:
        with database.tenant(circle.tenant.id, membership_id=circle.members[1]) as session:
            person = session.connection().exec_driver_sql(
                "SELECT person_id FROM membership WHERE id = %s", (circle.members[1],)
            )
            session.info["person_id"] = person.scalar_one()
            session.rollback()
            done = session.connection().exec_driver_sql(change, (UUID(shown["id"]),))
            assert done.rowcount == touched, change


def test_a_problem_goes_from_stated_to_an_action(circle):
    body = {"kind": "problem", "stated": "No time", "validated": "That is hard", "options": ["Ask", "Stop"]}
    problem = item(circle, **body)
    assert {name: problem[name] for name in body} == body
    action = made(circle.api(1), f"{circle.url}/actions", text="Ask", agenda_item_id=problem["id"])
    shown = circle.api(2).get(f"{circle.url}/agenda-items/{problem['id']}").get_json()
    assert shown["action_ids"] == [action["id"]]
    refused = circle.api().post(f"{circle.url}/agenda-items", json={"title": "No problem", "stated": "x"})
    assert refused.get_json()["errors"][0]["pointer"] == "/stated"


def test_votes_are_counted_and_nobody_is_told_who(circle):
    url = f"{circle.url}/agenda-items/{item(circle)['id']}"
    for number in (0, 1, 1):
        assert circle.api(number).put(f"{url}/vote").status_code == 204
    seen = [circle.api(number).get(url).get_json() for number in (1, 2)]
    assert [(row["votes"], row["voted"]) for row in seen] == [(2, True), (2, False)]
    assert circle.api(1).delete(f"{url}/vote").status_code == 204
    assert circle.api(2).get(url).get_json()["votes"] == 1
    edit(circle.api(), url, state="dropped")
    assert circle.api(2).put(f"{url}/vote").status_code == 409


def test_an_agenda_is_made_together_and_frozen_and_what_comes_then_is_late(fresh):
    api, fellow, where = fresh.api(), fresh.api(1), meeting(fresh)
    first, second, third = (item(fresh, title, minutes_planned=20) for title in "ABC")
    made(fellow, f"{fresh.url}/actions", text="Later")
    made(fellow, f"{fresh.url}/actions", text="Sooner", due_on="2026-01-01")
    draft = order(api, where, [first["id"]], frozen=False).get_json()
    assert (draft["number"], draft["frozen_at"], titles(draft["items"])) == (1, None, ["A"])
    assert order(api, where, [second["id"]], builds_on=0).get_json()["code"] == "agenda_has_changed"
    assert order(fellow, where, [third["id"], first["id"]], builds_on=1).status_code == 200
    late = item(fresh, "L", minutes_planned=30)
    seen = fresh.api(2).get(f"{where}/agenda").get_json()
    assert (titles(seen["items"]), titles(seen["late"]), titles(seen["proposals"])) == (
        ["C", "A"],
        ["L"],
        ["B"],
    )
    assert [row["text"] for row in seen["actions"]] == ["Sooner", "Later"]
    assert (seen["minutes"], seen["minutes_planned"]) == (60, 70)
    assert late["late_meeting_id"] == seen["meeting_id"]
    assert order(api, where, [first["id"]], builds_on=2).get_json()["code"] == "agenda_frozen"


def test_what_was_not_reached_goes_on_until_it_is_done_or_dropped(fresh, root):
    api = fresh.api()
    past, before = meeting(fresh, minutes_ago=3000), meeting(fresh, minutes_ago=1600)
    today = meeting(fresh)
    reached, left = item(fresh, "Reached"), item(fresh, "Left")
    root.execute(
        "UPDATE agenda_item SET written_at = now() - interval '4000 minutes' WHERE group_id = %s", [fresh.id]
    )
    item(fresh, "New")
    edit(api, f"{fresh.url}/agenda-items/{reached['id']}", state="done")
    on_it = api.get(f"{today}/agenda").get_json()["proposals"]
    assert [(row["title"], row["carried_over"]) for row in on_it] == [("Left", 2), ("New", 0)]
    assert [row["carried_over"] for row in api.get(f"{before}/agenda").get_json()["proposals"]] == [1]
    assert titles(api.get(f"{past}/agenda").get_json()["proposals"]) == ["Left"]
    edit(api, f"{fresh.url}/agenda-items/{left['id']}", state="dropped")
    assert titles(api.get(f"{today}/agenda").get_json()["proposals"]) == ["New"]


def test_what_is_meant_for_a_later_meeting_waits_for_it(fresh):
    api, today, later = fresh.api(), meeting(fresh), meeting(fresh, minutes_ago=-600)
    waits = item(fresh, "Waits", meeting_id=later.rpartition("/")[2])
    assert api.get(f"{today}/agenda").get_json()["proposals"] == []
    assert titles(api.get(f"{later}/agenda").get_json()["proposals"]) == ["Waits"]
    moved = edit(fresh.api(1), f"{fresh.url}/agenda-items/{waits['id']}", meeting_id=None).get_json()
    assert moved["meeting_id"] is None
    assert titles(api.get(f"{today}/agenda").get_json()["proposals"]) == ["Waits"]


def test_an_agenda_is_made_from_a_day_before_the_meeting_to_its_end_of_what_is_open(
    circle, app, database, root
):
    api, shown = circle.api(), item(circle)
    for minutes_ago in (61, -24 * 60 - 5):
        refused = order(api, meeting(circle, minutes_ago=minutes_ago), [shown["id"]])
        assert (refused.status_code, refused.get_json()["code"]) == (409, "agenda_not_open")
    cancelled = meeting(circle, minutes_ago=-60)
    edit(api, cancelled, state="cancelled")
    assert order(api, cancelled, [shown["id"]]).get_json()["code"] == "meeting_not_held"
    where = meeting(circle, minutes_ago=-23 * 60)
    other = circle_of(app, open_another(app, database), root)
    for items, pointer in (
        ([item(other)["id"]], "/items/0"),
        ([shown["id"], shown["id"]], "/items/1"),
    ):
        assert order(api, where, items).get_json()["errors"][0]["pointer"] == pointer
    for body in (
        {"meeting_id": str(other.id)},
        {"meeting_id": meeting(circle, minutes_ago=90).rpartition("/")[2]},
    ):
        refused = api.post(f"{circle.url}/agenda-items", json={"title": "Invented", **body})
        assert refused.status_code in (409, 422)


def test_of_two_who_freeze_at_once_one_does(fresh):
    where, ids = meeting(fresh), [item(fresh)["id"]]
    answers = at_once(*[lambda n=n: order(fresh.api(n), where, ids) for n in range(3)])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


def test_of_two_who_reorder_at_once_one_does_and_the_other_is_told(fresh):
    where, ids = meeting(fresh), [item(fresh)["id"] for _ in range(2)]
    orders = (ids, ids[::-1])
    answers = at_once(*[lambda n=n: order(fresh.api(n), where, orders[n], frozen=False) for n in range(2)])
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    won = next(n for n in range(2) if answers[n].status_code == 200)
    assert [row["id"] for row in fresh.api().get(f"{where}/agenda").get_json()["items"]] == orders[won]


def test_what_comes_while_the_agenda_is_frozen_was_proposed_before_or_is_late(fresh):
    where, ids = meeting(fresh), [item(fresh)["id"]]
    frozen, *proposed = at_once(
        lambda: order(fresh.api(), where, ids),
        *[lambda n=n: item(fresh, f"N{n}", by=1 + n % 2) for n in range(4)],
    )
    assert frozen.status_code == 200
    seen = fresh.api().get(f"{where}/agenda").get_json()
    assert sorted(titles(seen["late"] + seen["proposals"])) == ["N0", "N1", "N2", "N3"]
    for row in seen["late"]:
        assert row["late_meeting_id"] == seen["meeting_id"]
    # All that was there when it was frozen was told to whoever froze it; nothing falls between.
    assert titles(frozen.get_json()["proposals"]) == titles(seen["proposals"])
    assert len(proposed) == 4


def test_what_is_dropped_while_the_agenda_is_frozen_is_not_carried_over(fresh):
    where, later = meeting(fresh), meeting(fresh, minutes_ago=-600)
    shown = item(fresh)
    url = f"{fresh.url}/agenda-items/{shown['id']}"
    dropped, frozen = at_once(
        lambda: fresh.api(1).patch(url, json={"state": "dropped"}, headers={"If-Match": '"1"'}),
        lambda: order(fresh.api(), where, [shown["id"]]),
    )
    assert (dropped.status_code, frozen.status_code) in ((200, 200), (200, 422))
    assert fresh.api().get(f"{later}/agenda").get_json()["proposals"] == []


def test_actions_are_their_owners_and_stay_until_they_are_done(circle, database):
    api, fellow = circle.api(), circle.api(1)
    owner = str(circle.members[1])
    shown = made(api, f"{circle.url}/actions", text="Send it", owner_id=owner, due_on="2026-01-01")
    url = f"{circle.url}/actions/{shown['id']}"
    (mine,) = [row for row in every(fellow, "/v1/me/actions?state=open") if row["id"] == shown["id"]]
    assert mine == {**shown, "group_id": str(circle.id)}
    assert shown["id"] not in [row["id"] for row in every(api, "/v1/me/actions")]
    assert edit(fellow, url, text="Otherwise").status_code == 403
    assert edit(api, url, text="Send it soon").get_json()["text"] == "Send it soon"
    assert edit(circle.api(2), url, state="done").get_json()["state"] == "done"
    assert shown["id"] not in [row["id"] for row in every(fellow, "/v1/me/actions?state=open")]
    assert remove(fellow, url).status_code == 403
    assert remove(api, url).status_code == 204
    for body, pointer in (
        ({"owner_id": str(circle.id)}, "/owner_id"),
        ({"agenda_item_id": str(circle.id)}, "/agenda_item_id"),
    ):
        refused = api.post(f"{circle.url}/actions", json={"text": "Invented", **body})
        assert refused.get_json()["errors"][0]["pointer"] == pointer


def test_an_item_or_action_leads_to_a_product_of_ones_own_and_the_product_does_not_tell(circle, root):
    cursor, tenant_id = root.cursor(), circle.tenant.id
    own, others = (plant(cursor, "product", tenant_id=tenant_id) for _ in range(2))
    plant(cursor, "product_contributor", tenant_id=tenant_id, product_id=own, membership_id=circle.members[0])
    before = circle.tenant.api.get(f"/v1/products/{own}").get_json()
    for path, body in (("agenda-items", {"title": "Invented"}), ("actions", {"text": "Invented"})):
        url = f"{circle.url}/{path}/{made(circle.api(), f'{circle.url}/{path}', **body)['id']}"
        refused = edit(circle.api(), url, product_id=str(others))
        assert refused.get_json()["errors"][0]["pointer"] == "/product_id"
        assert edit(circle.api(), url, product_id=str(own)).get_json()["product_id"] == str(own)
    assert circle.tenant.api.get(f"/v1/products/{own}").get_json() == before
    root.execute("DELETE FROM product WHERE id = %s", [own])
    assert circle.api().get(url).get_json()["product_id"] is None


def test_an_item_or_action_is_made_of_what_came_of_it_already(circle):
    api = circle.api()
    own, others = (
        made(one, "/v1/me/products", kind="talk", title="A talk")["id"] for one in (api, circle.api(1))
    )
    for path, body in (("agenda-items", {"title": "Invented"}), ("actions", {"text": "Invented"})):
        url = f"{circle.url}/{path}"
        refused = api.post(url, json={**body, "product_id": others})
        assert refused.get_json()["errors"][0]["pointer"] == "/product_id"
        assert made(api, url, **body, product_id=own)["product_id"] == own


@pytest.mark.parametrize("kind", ["win", "setback"])
def test_a_win_and_a_setback_have_their_place_on_the_agenda(circle, kind):
    api, url = circle.api(), f"{circle.url}/agenda-items"
    new = made(api, url, kind=kind, title="Invented")
    assert [row["id"] for row in every(circle.api(1), f"{url}?kind={kind}&state=open")] == [new["id"]]
    refused = api.post(url, json={"kind": kind, "title": "Invented", "stated": "Only of a problem"})
    assert refused.get_json()["errors"][0]["pointer"] == "/stated"


def test_notes_are_kept_only_once_the_group_wants_them(fresh, database):
    api, fellow, where = fresh.api(), fresh.api(1), f"{meeting(fresh)}/notes"
    settings = f"{fresh.url}/content-settings"
    assert api.get(where).status_code == 404
    assert api.put(where, json={"text": SECRET, "builds_on": 0}).get_json()["code"] == "notes_are_off"
    at_once_held = {"keep_days_before": None, "keep_days_from": None}
    assert api.get(settings).get_json() == {"keep_days": 365, "notes": False, "version": 0, **at_once_held}
    said = fellow.put(settings, json={"keep_days": None, "notes": True}, headers={"If-Match": '"0"'})
    assert said.get_json() == {"keep_days": None, "notes": True, "version": 1, **at_once_held}
    assert api.put(where, json={"text": SECRET, "builds_on": 0}).status_code == 200
    both = at_once(
        *[lambda n=n: fresh.api(n).put(where, json={"text": f"By {n}", "builds_on": 1}) for n in range(2)]
    )
    assert sorted(answer.status_code for answer in both) == [200, 409]
    assert fellow.get(where).get_json()["number"] == 2
    stale = fellow.put(settings, json={"keep_days": 30, "notes": False}, headers={"If-Match": '"0"'})
    assert stale.status_code == 412
    for days in (29, 3651):
        refused = fellow.put(settings, json={"keep_days": days, "notes": True}, headers={"If-Match": '"1"'})
        assert refused.status_code == 422


def kept_for(api, circle, days, **said):
    """What holds once a member said how long words are kept."""
    url = f"{circle.url}/content-settings"
    tag = {"If-Match": api.get(url).headers["ETag"]}
    answer = api.put(url, json={"keep_days": days, "notes": False, **said}, headers=tag)
    assert answer.status_code == 200, answer.get_json()
    shown = answer.get_json()
    begins = shown["keep_days_from"] and datetime.fromisoformat(shown["keep_days_from"])
    return shown["keep_days"], shown["keep_days_before"], begins


def test_a_shorter_period_holds_after_two_weeks_in_which_all_see_it_and_say_otherwise(fresh, root):
    api, fellow = fresh.api(), fresh.api(1)
    days, before, begins = kept_for(api, fresh, 30)
    assert (days, before) == (30, 365)
    assert timedelta(days=13, hours=23) < begins - now() < timedelta(days=14, minutes=1)
    assert fellow.get(f"{fresh.url}/content-settings").get_json()["keep_days_before"] == 365
    assert kept_for(fellow, fresh, 30, notes=True) == (30, 365, begins)
    assert kept_for(fellow, fresh, 60) == (60, 365, begins)
    assert kept_for(api, fresh, 40)[2] > begins
    assert kept_for(fellow, fresh, 365) == (365, None, None)
    assert kept_for(fellow, fresh, None) == (None, None, None)
    assert kept_for(api, fresh, 3650)[:2] == (3650, None)
    root.execute("UPDATE content_settings SET keep_days_from = now() WHERE group_id = %s", [fresh.id])
    assert kept_for(api, fresh, 3651 - 1)[:2] == (3650, None)
    days, before, begins = kept_for(api, fresh, 100)
    assert (days, before, begins > now()) == (100, 3650, True)


def test_of_two_who_first_say_how_long_words_are_kept_one_does(fresh):
    answers = at_once(
        *[
            lambda n=n: fresh.api(n).put(
                f"{fresh.url}/content-settings",
                json={"keep_days": 100 + n, "notes": False},
                headers={"If-Match": '"0"'},
            )
            for n in range(2)
        ]
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


def test_how_evenly_members_bring_items_is_told_without_names(fresh):
    for by in (0, 0, 1):
        item(fresh, by=by)
    told = fresh.api(2).get(f"{fresh.url}/talk-share")
    assert told.get_json() == {"items": 3, "members": 3, "inequality": pytest.approx(4 / 9)}
    assert not any(str(member) in told.text for member in fresh.members)


def test_nobody_else_reads_it_and_nothing_of_it_is_kept_elsewhere(fresh, app, root):
    where, tenant = meeting(fresh), fresh.tenant
    api = fresh.api()
    settings = {"json": {"keep_days": 365, "notes": True}, "headers": {"If-Match": '"0"'}}
    assert api.put(f"{fresh.url}/content-settings", **settings).status_code == 200
    assert api.put(f"{where}/notes", json={"text": SECRET, "builds_on": 0}).status_code == 200
    body = {"kind": "problem", "title": SECRET, "text": SECRET, "topic": SECRET, "stated": SECRET,
            "validated": SECRET, "options": [SECRET]}  # fmt: skip
    sent = {"json": body, "headers": {"Idempotency-Key": "once"}}
    first, again = (api.post(f"{fresh.url}/agenda-items", **sent).get_json() for _ in range(2))
    assert (again["id"], again["title"], again["options"]) == (first["id"], None, None)
    action = made(api, f"{fresh.url}/actions", text=SECRET)
    assert order(api, where, [first["id"]]).status_code == 200
    urls = [
        f"{fresh.url}/agenda-items/{first['id']}", f"{fresh.url}/actions/{action['id']}", f"{where}/notes",
        f"{where}/agenda", f"{fresh.url}/agenda-items", f"{fresh.url}/my-words",
    ]  # fmt: skip
    owner = member_of(app, tenant.id, Role.OWNER, own_client=True).api
    member_elsewhere = circle_of(app, tenant, root, people=1).api()
    newcomer = fresh.add(admitted=False)
    waiting = acting(app, tenant.id, newcomer, own_client=True)
    for url in urls:
        assert SECRET in fresh.api().get(url).text, url
        assert tenant.api.get(url).status_code == 403
        assert {each.get(url).status_code for each in (owner, member_elsewhere, waiting)} == {404}, url
    late = fresh.add()
    newcomers = acting(app, tenant.id, late, own_client=True)
    assert {newcomers.get(url).status_code for url in urls[:3]} == {404}
    assert not any(SECRET in newcomers.get(url).text for url in urls[3:])
    root.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [fresh.members[1]])
    assert {fresh.api(1).get(url).status_code for url in urls[:5]} == {404}
    told = root.execute("SELECT type, actor, counts FROM event WHERE tenant_id = %s", [tenant.id]).fetchall()
    assert ("meeting.agenda_frozen", None, {"items": 1}) in told
    for (table,) in root.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = pg_class.oid AND a.attname = 'tenant_id')"
    ).fetchall():
        rows = root.execute(ROWS.format(sql.Identifier(table)), [tenant.id]).fetchall()
        assert not any(SECRET in row[0] or SECRET.encode().hex() in row[0] for row in rows), table


@pytest.mark.parametrize(
    ("table", "column", "target"),
    [
        ("agenda_item", "meeting_id", "meeting"),
        ("agenda_item", "late_meeting_id", "meeting"),
        ("agenda_item", "product_id", "product"),
        ("group_action", "owner_id", "membership"),
        ("group_action", "agenda_item_id", "agenda_item"),
        ("group_action", "product_id", "product"),
    ],
)
def test_what_members_change_never_refers_to_another_tenants_row(
    circle, root, servers, table, column, target
):
    made_of = {
        "agenda_item": ("agenda-items", {"title": "Invented"}),
        "group_action": ("actions", {"text": "Invented"}),
    }
    path, body = made_of[table]
    shown = made(circle.api(), f"{circle.url}/{path}", **body)["id"]
    with root.transaction():
        root.execute("SET LOCAL session_replication_role = replica")
        theirs = plant(root.cursor(), target, tenant_id=uuid4())
    change = sql.SQL("UPDATE {} SET {} = %s WHERE id = %s").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    person = root.execute("SELECT person_id FROM membership WHERE id = %s", [circle.members[0]]).fetchone()[0]
    who = {
        "tenant_id": circle.tenant.id,
        "membership_id": circle.members[0],
        "person_id": person,
        "reach": "tenant",
    }
    with psycopg.connect(servers.url_as("postgres")) as app:
        app.execute("SET LOCAL ROLE peerloom_app")
        for name, value in who.items():
            app.execute("SELECT set_config(%s, %s, true)", [f"app.{name}", str(value)])
        with pytest.raises(psycopg.errors.ForeignKeyViolation):
            app.execute(change, [theirs, shown])


def test_whoever_has_left_does_not_follow_what_becomes_of_an_action_of_hers(fresh):
    leaver = fresh.api(1)
    shown = made(leaver, f"{fresh.url}/actions", text="Invented")
    assert [row["id"] for row in every(leaver, "/v1/me/actions")] == [shown["id"]]
    assert leaver.post(f"{fresh.url}/departure", json={}).status_code == 201
    assert edit(fresh.api(), f"{fresh.url}/actions/{shown['id']}", state="done").status_code == 200
    assert every(leaver, "/v1/me/actions") == []


def test_so_many_items_and_actions_are_open_at_a_time(fresh, root):
    api, columns = (
        fresh.api(),
        {"tenant_id": fresh.tenant.id, "group_id": fresh.id, "author_id": fresh.members[0]},
    )
    for table, more in (("agenda_item", {"kind": "item"}), ("group_action", {"owner_id": fresh.members[0]})):
        for _ in range(MOST_OPEN):
            plant(root.cursor(), table, state="open", **columns, **more)
    for path, body in (
        ("agenda-items", {"title": "Invented"}),
        ("anonymous-questions", {"title": "Invented"}),
        ("actions", {"text": "Invented"}),
    ):
        answer = api.post(f"{fresh.url}/{path}", json=body)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "too_many_open")
