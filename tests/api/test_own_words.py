"""What a member wrote in her group: hers to take along and to have gone; and what expires by itself."""

import psycopg
import pytest
from psycopg import sql

from tenants.custody.words import EXPIRING, KEPT, STANDING, forget_expired_words, tables_of_words
from tenants.tables import METADATA
from tests.conftest import open_another
from tests.factories.circles import circle_of
from tests.factories.group_life import life_of
from tests.factories.matching import every
from tests.factories.people import acting, member_of
from tests.planting import plant


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def circle(app, database, root):
    return circle_of(app, open_another(app, database), root)


def left_of(root, circle, member):
    """The kinds of words that are kept of a member."""
    found = {}
    for table in tables_of_words():
        count = sql.SQL("SELECT count(*) FROM {} WHERE author_id = %s").format(sql.Identifier(table.name))
        found[table.name] = root.execute(count, [member]).fetchone()[0]
    return {name for name, number in found.items() if number}


def test_no_table_of_words_is_forgotten_and_of_each_it_is_decided_whether_it_expires(root):
    names = {table.name for table in tables_of_words()}
    encrypted = {
        name
        for name, table in METADATA.tables.items()
        if any(column.startswith("encrypted_") for column in table.c.keys())  # noqa: SIM118
    }
    # Wishes, what she says to readers whom she knows, what is for herself, the key of a file that is shared, the
    # addresses of others, which are removed after the meeting, and the numbers that an institution gives to a pool.
    hers = {"separation", "concern", "own_mentors", "shared_resource", "meeting_guest"}
    assert encrypted - names == hers | {"sealed_contribution", "report_snapshot"}
    assert EXPIRING | KEPT.keys() == names
    assert EXPIRING & KEPT.keys() == set()
    for name in names - STANDING.keys():
        may = root.execute("SELECT has_table_privilege('peerloom_app', %s, 'DELETE')", [name])
        assert may.fetchone() == (True,), name


def test_a_member_takes_all_that_she_wrote_along_and_has_it_gone(circle, root):
    member_of(circle.app, circle.tenant.id, "owner")  # who reads concerns
    life_of(circle.api(), circle.url, str(circle.members[1]))
    hers = circle.members[0]
    kinds = left_of(root, circle, hers)
    assert kinds == {table.name for table in tables_of_words()}
    taken = every(circle.api(), f"{circle.url}/my-words")
    assert {row["kind"] for row in taken} == kinds
    assert all(row["words"] and row["written_at"] for row in taken)
    (charter, _) = sorted(row["words"]["text"] for row in taken if row["kind"] == "charter_version")
    assert charter == "Invented 0"
    assert every(circle.api(1), f"{circle.url}/my-words") == []
    rated = every(circle.api(), f"{circle.url}/retrospectives")[0]["id"]
    entry = every(circle.api(), f"{circle.url}/retrospectives/{rated}/entries")[0]["id"]
    plant(
        root.cursor(), "retrospective_rating", tenant_id=circle.tenant.id, group_id=circle.id,
        author_id=circle.members[1], retrospective_entry_id=entry, rating=3,
    )  # fmt: skip
    theirs = circle.api(1).post(f"{circle.url}/asks", json={"kind": "ask", "title": "Mine"}).get_json()
    assert circle.api().delete(f"{circle.url}/my-words").status_code == 204
    assert left_of(root, circle, hers) == STANDING.keys()
    shared = root.execute("SELECT count(*) FROM digest_item WHERE tenant_id = %s", [circle.tenant.id])
    assert shared.fetchone() == (0,)
    assert circle.api(1).get(f"{circle.url}/asks/{theirs['id']}").status_code == 200
    assert {row["kind"] for row in every(circle.api(), f"{circle.url}/my-words")} == STANDING.keys()
    items = root.execute("SELECT count(*) FROM agenda_item WHERE group_id = %s", [circle.id])
    assert items.fetchone() == (0,)


def test_whoever_has_left_takes_hers_along_too_and_nobody_else_is_told_of_any(circle, root, app):
    for number in (0, 1):
        made = circle.api(number).post(f"{circle.url}/asks", json={"kind": "ask", "title": f"By {number}"})
        assert made.status_code == 201
    root.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[0]])
    url = f"{circle.url}/my-words"
    (hers,) = every(circle.api(), url)
    assert (hers["kind"], hers["words"]) == ("ask", {"title": "By 0"})
    assert circle.api().delete(url).status_code == 204
    assert every(circle.api(), url) == []
    assert len(every(circle.api(1), url)) == 1
    waiting = acting(app, circle.tenant.id, circle.add(admitted=False), own_client=True)
    assert (waiting.get(url).status_code, waiting.delete(url).status_code) == (404, 404)
    assert circle.tenant.api.get(url).status_code == 403


def test_her_words_come_in_pages_that_leave_none_out(circle):
    for number in range(5):
        circle.api().post(f"{circle.url}/asks", json={"kind": "ask", "title": f"{number}"})
        circle.api().post(f"{circle.url}/actions", json={"text": f"{number}"})
    url, seen = f"{circle.url}/my-words?limit=3", []
    while url:
        page = circle.api().get(url)
        seen += [row["id"] for row in page.get_json()["items"]]
        cursor = page.get_json()["next_cursor"]
        url = cursor and f"{circle.url}/my-words?limit=3&cursor={cursor}"
    assert len(seen) == len(set(seen)) == 10


OLD = {
    "agenda_item": "done",
    "group_action": "done",
    "ask": "closed",
    "meeting_note": None,
    "meeting_agenda": None,
}


def old_rows(root, circle, days):
    """By table, a row of the group that was finished so many days ago."""
    cursor, found = root.cursor(), {}
    known = {"tenant_id": circle.tenant.id, "group_id": circle.id, "author_id": circle.members[0]}
    meeting = plant(cursor, "meeting", tenant_id=circle.tenant.id, group_id=circle.id, time_zone="UTC")
    for table, state in OLD.items():
        more = {"state": state} if state else {"meeting_id": meeting, "number": days}
        if table == "group_action":
            more["owner_id"] = circle.members[0]
        if table == "agenda_item":
            more["kind"] = "item"
        if table == "meeting_agenda":
            more["item_ids"] = []
        found[table] = plant(cursor, table, **known, **more)
        when = sql.SQL("UPDATE {} SET written_at = now() - make_interval(days => %s) WHERE id = %s")
        root.execute(when.format(sql.Identifier(table)), [days, found[table]])
    return found


def kept(root, rows):
    there = sql.SQL("SELECT count(*) FROM {} WHERE id = %s")
    return {
        t for t, id_ in rows.items() if root.execute(there.format(sql.Identifier(t)), [id_]).fetchone()[0]
    }


def test_what_expired_goes_in_every_tenant_as_each_group_says_and_nothing_else(circle, root, app, database):
    other, endless, ended = (circle_of(app, open_another(app, database), root, people=1) for _ in range(3))
    for group, days in ((other, 100), (endless, None), (ended, None)):
        said = group.api().put(
            f"{group.url}/content-settings",
            json={"keep_days": days, "notes": True},
            headers={"If-Match": '"0"'},
        )
        assert said.status_code == 200
    root.execute("UPDATE content_settings SET keep_days_from = now() WHERE group_id = %s", [other.id])
    root.execute(
        "UPDATE peer_group SET state = 'ended', updated_at = now() - interval '400 days' WHERE id = %s",
        [ended.id],
    )
    gone = [old_rows(root, circle, 366), old_rows(root, other, 101), old_rows(root, ended, 300)]
    stay = [old_rows(root, circle, 364), old_rows(root, other, 99), old_rows(root, endless, 3000)]
    unfinished = {
        "group_action": plant(
            root.cursor(), "group_action", tenant_id=circle.tenant.id, group_id=circle.id, state="open",
            author_id=circle.members[0], owner_id=circle.members[0],
        ),
        "ask": plant(
            root.cursor(), "ask", tenant_id=circle.tenant.id, group_id=circle.id, state="open",
            author_id=circle.members[0],
        ),
    }  # fmt: skip
    for table, row in unfinished.items():
        when = sql.SQL("UPDATE {} SET written_at = now() - interval '9 years' WHERE id = %s")
        root.execute(when.format(sql.Identifier(table)), [row])
    forget_expired_words(database)
    assert [kept(root, rows) for rows in gone] == [set()] * 3
    assert [kept(root, rows) for rows in stay] == [OLD.keys()] * 3
    assert kept(root, unfinished) == unfinished.keys()


def test_one_member_does_not_shorten_at_once_what_all_keep(circle, root, database):
    rows = old_rows(root, circle, 200)
    said = circle.api().put(
        f"{circle.url}/content-settings", json={"keep_days": 30, "notes": True}, headers={"If-Match": '"0"'}
    )
    assert said.status_code == 200
    forget_expired_words(database)
    assert kept(root, rows) == OLD.keys()
    root.execute("UPDATE content_settings SET keep_days_from = now() WHERE group_id = %s", [circle.id])
    forget_expired_words(database)
    assert kept(root, rows) == set()


def test_what_was_changed_lately_stays_and_a_batch_is_bounded(circle, root, database):
    rows = [old_rows(root, circle, 500 + number) for number in range(3)]
    root.execute("UPDATE agenda_item SET changed_at = now() WHERE id = %s", [rows[0]["agenda_item"]])
    with database.nobody() as session:
        session.connection().exec_driver_sql("SELECT door.expire_words(1)")
        session.commit()
    left = [kept(root, each) for each in rows]
    assert left[0] == OLD.keys()
    assert "agenda_item" in left[0]


def test_a_tenants_own_session_lets_nothing_expire(circle, root, database):
    rows = old_rows(root, circle, 1000)
    with database.tenant(circle.tenant.id, membership_id=circle.members[0]) as session:
        session.connection().exec_driver_sql("SELECT door.expire_words(1000)")
        session.commit()
    assert kept(root, rows) == OLD.keys()
