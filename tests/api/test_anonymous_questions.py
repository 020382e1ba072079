"""Asking without a name inside a group: what is kept, and whether it leads to anybody."""

import logging
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from tenants.kernel.clock import now
from tenants.kernel.ids import digest
from tests.api.test_agenda import SECRET, edit, meeting, titles
from tests.conftest import open_another
from tests.factories.circles import circle_of
from tests.factories.matching import every

ASKED = {"title": SECRET, "text": SECRET}
BEFORE = (
    "UPDATE membership SET joined_at = joined_at - interval '1 day' WHERE tenant_id = %s",
    "UPDATE group_member SET admitted_at = admitted_at - interval '1 day' WHERE tenant_id = %s",
    "UPDATE peer_group SET opened_at = opened_at - interval '1 day' WHERE tenant_id = %s",
)
TABLES = """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
       AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = pg_class.oid AND a.attname = 'tenant_id')
"""


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def circle(app, database, root):
    """Three who were let in a day ago."""
    made = circle_of(app, open_another(app, database), root)
    for statement in BEFORE:
        root.execute(statement, [made.tenant.id])
    return made


def ask(circle, by=0, **headers):
    return circle.api(by).post(f"{circle.url}/anonymous-questions", json=ASKED, headers=headers)


def come(root, circle):
    """Let the hour pass."""
    for table in ("agenda_item", "agenda_item_words"):
        statement = sql.SQL(
            "UPDATE {} SET written_at = written_at - interval '1 hour' WHERE group_id = %s"
        ).format(sql.Identifier(table))
        root.execute(statement, [circle.id])


def everything(root, circle):
    """The rows of the tenant by table, as text; of events but for what sealing them adds, whenever that is."""
    found = {}
    told = "SELECT (to_jsonb(t) - '{{sequence,hash}}'::text[])::text FROM {} t WHERE tenant_id = %s"
    for (table,) in root.execute(TABLES).fetchall():
        rows = root.execute(sql.SQL(told).format(sql.Identifier(table)), [circle.tenant.id])
        found[table] = {row for (row,) in rows.fetchall()}
    return found


def test_a_question_comes_with_the_hour_and_names_nobody(circle, root):
    answer = ask(circle)
    assert (answer.status_code, answer.data) == (204, b"")
    where = meeting(circle)
    assert every(circle.api(), f"{circle.url}/agenda-items") == []
    assert circle.api().get(f"{where}/agenda").get_json()["proposals"] == []
    hour = root.execute("SELECT written_at FROM agenda_item WHERE group_id = %s", [circle.id]).fetchone()[0]
    assert (hour.minute, hour.second, hour.microsecond) == (0, 0, 0)
    assert 0 <= (now() - hour).total_seconds() < 3600 + 60
    come(root, circle)
    (shown,) = every(circle.api(1), f"{circle.url}/agenda-items")
    assert (shown["title"], shown["kind"], shown["author_id"], shown["written_at"]) == (
        SECRET,
        "question",
        None,
        None,
    )
    assert UUID(shown["id"]).version == 4
    assert titles(circle.api(2).get(f"{where}/agenda").get_json()["proposals"]) == [SECRET]
    url = f"{circle.url}/agenda-items/{shown['id']}"
    for member in range(3):
        assert circle.api(member).delete(url, headers={"If-Match": '"1"'}).status_code == 403
        assert edit(circle.api(member), url, title="Mine").status_code == 403
    assert edit(circle.api(1), url, state="done").get_json()["state"] == "done"


def test_nothing_that_is_kept_or_logged_leads_to_who_asked(circle, root, caplog):
    api = circle.api()  # she signs in before, as for all that she does
    before = everything(root, circle)
    with caplog.at_level(logging.DEBUG):
        sent = {"json": ASKED, "headers": {"Idempotency-Key": "guessed"}}
        assert api.post(f"{circle.url}/anonymous-questions", **sent).status_code == 204
    after = everything(root, circle)
    new = {table: after[table] - before[table] for table in after if after[table] - before[table]}
    assert new.keys() - {"data_key"} == {"agenda_item", "agenda_item_words", "idempotency_record"}
    new.pop("data_key", None)
    kept = "\n".join(row for rows in new.values() for row in rows)
    assert not any(str(member) in kept or member.hex in kept for member in circle.members)
    hour, minute = f"{now():%Y-%m-%d %H:}", f"{now():%M}"
    assert minute == "00" or f"{hour}{minute}" not in kept
    logged = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert not any(str(member) in logged for member in circle.members)
    assert SECRET not in logged


def test_the_record_of_a_key_cannot_be_tried_against_members_by_whoever_has_the_database(circle, root):
    ask(circle, **{"Idempotency-Key": "guessed"})
    record = root.execute(
        "SELECT id, key_hash, request_hash, body, headers FROM idempotency_record WHERE tenant_id = %s",
        [circle.tenant.id],
    ).fetchone()
    tried = {digest(f"{member} guessed") for member in circle.members}
    assert bytes(record[1]) not in tried
    assert UUID(str(record[0])).version == 4
    assert (bytes(record[3]), record[4]) == (b"", {"Idempotent-Replayed": "true"})


def test_a_repeated_key_asks_once_and_is_each_members_own(circle, root):
    for by in (0, 0, 1):
        assert ask(circle, by, **{"Idempotency-Key": "once"}).status_code == 204
    asked = root.execute("SELECT count(*) FROM agenda_item WHERE group_id = %s", [circle.id])
    assert asked.fetchone() == (2,)
    other = circle.api().post(
        f"{circle.url}/anonymous-questions", json={"title": "Other"}, headers={"Idempotency-Key": "once"}
    )
    assert other.get_json()["errors"][0]["code"] == "key_reused"


def test_in_a_group_of_two_nobody_asks_for_the_other_would_know(app, database, root):
    pair = circle_of(app, open_another(app, database), root, people=2)
    refused = ask(pair)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "too_few_to_be_anonymous")


def test_the_database_takes_no_question_with_a_time_of_its_own_nor_another_kind_without_an_author(
    circle, database
):
    refused = 0
    with database.tenant(circle.tenant.id, membership_id=circle.members[0]) as session:
        session.info["person_id"] = _person(session, circle.members[0])
        session.rollback()
        row = "gen_random_uuid(), tenant_id, id, NULL"
        for kind, when in (("question", "now()"), ("item", "date_trunc('hour', now()) + interval '1 hour'")):
            with pytest.raises(Exception, match=r"row-level security|ck_agenda_item_anonymous"):
                session.connection().exec_driver_sql(
                    "INSERT INTO agenda_item (id, tenant_id, group_id, author_id, kind, written_at)"  # noqa: S608
                    f" SELECT {row}, '{kind}', {when} FROM peer_group WHERE id = %s",
                    (circle.id,),
                )
            session.rollback()
            refused += 1
    assert refused == 2


def test_whoever_is_let_in_within_the_hour_of_a_question_does_not_read_it(circle, root):
    assert ask(circle).status_code == 204
    late = circle.api(circle.members.index(circle.add()))
    come(root, circle)
    # For her the hour has passed as well; she came after the question, and in its hour.
    root.execute(
        "UPDATE group_member g SET admitted_at = (SELECT written_at FROM agenda_item i WHERE i.group_id = g.group_id)"
        " + interval '59 minutes' WHERE group_id = %s AND membership_id = %s",
        [circle.id, circle.members[-1]],
    )
    root.execute(
        "UPDATE membership SET joined_at = joined_at - interval '1 day' WHERE id = %s", [circle.members[-1]]
    )
    assert SECRET not in late.get(f"{circle.url}/agenda-items").text
    assert SECRET in circle.api(1).get(f"{circle.url}/agenda-items").text


def test_a_meeting_before_a_question_was_shown_is_none_at_which_it_could_have_been_reached(circle, root):
    assert ask(circle).status_code == 204
    come(root, circle)
    held = (
        "UPDATE meeting SET starts_at = (SELECT written_at FROM agenda_item WHERE group_id = %s) + %s::interval"
        " WHERE id = %s"
    )
    where = meeting(circle, minutes_ago=90, minutes=15)
    root.execute(held, [circle.id, "20 minutes", UUID(where.rpartition("/")[2])])
    (shown,) = every(circle.api(), f"{circle.url}/agenda-items")
    assert shown["carried_over"] == 0


def _person(session, member):
    found = session.connection().exec_driver_sql("SELECT person_id FROM membership WHERE id = %s", (member,))
    return found.scalar_one()
