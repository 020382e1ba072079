"""The group wall: a private table, seen by everybody who might want to look into a group."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from psycopg.errors import CheckViolation, InsufficientPrivilege, UniqueViolation
from sqlalchemy import create_engine, pool

from migrations import rls
from tenants.kernel.ids import new_id
from tenants.kernel.settings import owner_database_url
from tests.planting import plant

FIRST, SECOND, THIRD = (dt.datetime(2025, month, 1, tzinfo=dt.UTC) for month in (1, 2, 3))
NOTE = (
    "CREATE TABLE wall_note (tenant_id uuid NOT NULL, id uuid NOT NULL, group_id uuid NOT NULL,"
    " author_id uuid NOT NULL, written_at timestamptz NOT NULL DEFAULT now(), body text,"
    " PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, group_id) REFERENCES peer_group (tenant_id, id))"
)
CELL = (
    "CREATE TABLE wall_cell (tenant_id uuid NOT NULL, id uuid NOT NULL, source_tenant_id uuid NOT NULL,"
    " n integer, PRIMARY KEY (tenant_id, id))"
)
PROPOSE = "SELECT door.propose_admission(%s, %s)"
WRITE = "INSERT INTO wall_note (tenant_id, id, group_id, author_id, body) VALUES (%s, %s, %s, %s, %s)"


@pytest.fixture(scope="module", autouse=True)
def _walled_tables(servers):
    """A private and an addressed table, made as a migration makes them, gone afterwards."""
    engine = create_engine(owner_database_url(servers.environment()), poolclass=pool.NullPool)
    with engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        connection.exec_driver_sql(NOTE)
        connection.exec_driver_sql(CELL)
        rls.protect_private("wall_note")
        for column in ("group_id", "author_id"):
            connection.exec_driver_sql(f"CREATE INDEX ON wall_note (tenant_id, {column})")
        rls.protect_addressed("wall_cell")
    yield
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE wall_note, wall_cell")


@dataclass
class Circle:
    """A group with one member of each kind, and what two of them wrote."""

    tenant: UUID
    group: UUID
    founder: UUID
    later: UUID
    former: UUID
    waiting: UUID


@pytest.fixture
def circle(superuser):
    """Its founder and a former member wrote in the first month; one came in the second; then one left."""
    cursor, tenant = superuser.cursor(), new_id()
    program = plant(cursor, "program", tenant_id=tenant, group_sign_in="any")
    cohort = plant(cursor, "cohort", tenant_id=tenant, program_id=program)
    group = plant(
        cursor,
        "peer_group",
        tenant_id=tenant,
        cohort_id=cohort,
        opened_at=FIRST,
        state="active",
        group_sign_in="any",
    )

    def member(admitted: dt.datetime | None, left: dt.datetime | None = None) -> UUID:
        membership = plant(cursor, "membership", tenant_id=tenant)
        participant = plant(
            cursor, "participant", tenant_id=tenant, cohort_id=cohort, membership_id=membership
        )
        plant(
            cursor, "group_member", tenant_id=tenant, group_id=group, participant_id=participant,
            membership_id=membership, admitted_at=admitted, left_at=left,
        )  # fmt: skip
        return membership

    made = Circle(tenant, group, member(FIRST), member(SECOND), member(FIRST, THIRD), member(None))
    for author, written, body in (
        (made.founder, FIRST, "founder, first"),
        (made.former, FIRST, "former, first"),
        (made.founder, THIRD, "founder, third"),
    ):
        plant(
            cursor,
            "wall_note",
            tenant_id=tenant,
            group_id=group,
            author_id=author,
            written_at=written,
            body=body,
        )
    superuser.commit()
    return made


def joined(cursor, tenant):
    """A membership whose somebody has joined."""
    person = plant(cursor, "person")
    return plant(cursor, "membership", tenant_id=tenant, person_id=person, joined_at=FIRST)


def words(cursor):
    return sorted(row[0] for row in cursor.execute("SELECT body FROM wall_note"))


def refused(cursor, error, statement, arguments=()):
    cursor.execute("SAVEPOINT attack")
    with pytest.raises(error):
        cursor.execute(statement, arguments)
    cursor.execute("ROLLBACK TO attack")


def test_nobody_and_the_tenant_itself_see_nothing(as_app, circle):
    with as_app() as cursor:
        assert words(cursor) == []
    with as_app(circle.tenant) as cursor:
        assert words(cursor) == []
    with as_app(membership=circle.founder) as cursor:
        assert words(cursor) == []


def test_a_member_sees_all_that_was_written_since_they_were_admitted(as_app, circle):
    with as_app(circle.tenant, membership=circle.founder) as cursor:
        assert words(cursor) == ["former, first", "founder, first", "founder, third"]
    with as_app(circle.tenant, membership=circle.later) as cursor:
        assert words(cursor) == ["founder, third"]


def test_a_member_sees_nothing_before_the_group_is_announced(as_app, superuser, circle):
    superuser.execute("UPDATE peer_group SET state = 'formed' WHERE id = %s", [circle.group])
    superuser.commit()
    with as_app(circle.tenant, membership=circle.later) as cursor:
        assert words(cursor) == []
        row = [circle.tenant, new_id(), circle.group, circle.later, "too early"]
        refused(cursor, InsufficientPrivilege, WRITE, row)


def test_a_former_member_sees_only_their_own_words(as_app, circle):
    with as_app(circle.tenant, membership=circle.former) as cursor:
        assert words(cursor) == ["former, first"]
        refused(
            cursor, InsufficientPrivilege, WRITE,
            [circle.tenant, new_id(), circle.group, circle.former, "still here"],
        )  # fmt: skip


def test_a_row_in_group_member_opens_nothing(as_app, circle):
    with as_app(circle.tenant, membership=circle.waiting) as cursor:
        assert words(cursor) == []
        refused(
            cursor, InsufficientPrivilege, WRITE,
            [circle.tenant, new_id(), circle.group, circle.waiting, "let me in"],
        )  # fmt: skip


def test_a_membership_of_another_tenant_opens_nothing(as_app, circle):
    with as_app(new_id(), membership=circle.founder) as cursor:
        assert words(cursor) == []
        refused(
            cursor, InsufficientPrivilege, WRITE,
            [circle.tenant, new_id(), circle.group, circle.founder, "from next door"],
        )  # fmt: skip


def test_the_tenant_writes_changes_and_removes_nothing(as_app, circle):
    with as_app(circle.tenant) as cursor:
        row = [circle.tenant, new_id(), circle.group, circle.founder, "planted"]
        refused(cursor, InsufficientPrivilege, WRITE, row)
        upsert = WRITE + " ON CONFLICT (tenant_id, id) DO UPDATE SET body = EXCLUDED.body"
        refused(cursor, InsufficientPrivilege, upsert, row)
        assert cursor.execute("UPDATE wall_note SET body = 'x'").rowcount == 0
        assert cursor.execute("DELETE FROM wall_note").rowcount == 0


def test_a_member_writes_as_themself_and_leaves_others_words_alone(as_app, circle):
    with as_app(circle.tenant, membership=circle.later) as cursor:
        cursor.execute(WRITE, [circle.tenant, new_id(), circle.group, circle.later, "mine"])
        refused(
            cursor, InsufficientPrivilege, WRITE,
            [circle.tenant, new_id(), circle.group, circle.founder, "in your name"],
        )  # fmt: skip
        assert (
            cursor.execute("UPDATE wall_note SET body = 'better', author_id = %s", [circle.later]).rowcount
            == 1
        )
        assert cursor.execute("DELETE FROM wall_note").rowcount == 1
    with as_app(circle.tenant, membership=circle.founder) as cursor:
        assert len(words(cursor)) == 3


def test_a_note_cannot_be_moved_into_another_group(as_app, superuser, circle):
    cohort = superuser.execute("SELECT cohort_id FROM peer_group WHERE id = %s", [circle.group]).fetchone()[0]
    elsewhere = plant(superuser.cursor(), "peer_group", tenant_id=circle.tenant, cohort_id=cohort)
    superuser.commit()
    with as_app(circle.tenant, membership=circle.founder) as cursor:
        refused(cursor, InsufficientPrivilege, "UPDATE wall_note SET group_id = %s", [elsewhere])


def test_a_leaky_function_hears_no_private_word(as_app, circle):
    told = []
    with as_app(circle.tenant) as cursor:
        cursor.connection.add_notice_handler(lambda notice: told.append(notice.message_primary))
        cursor.execute(
            "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
            " $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$"
        )
        cursor.execute("SELECT id FROM wall_note WHERE pg_temp.leak(body)")
    assert told == []


def test_a_key_is_refused_before_it_could_be_probed(as_app, superuser, circle):
    note = superuser.execute("SELECT id FROM wall_note WHERE group_id = %s", [circle.group]).fetchone()[0]
    with as_app(circle.tenant) as cursor:
        with pytest.raises(InsufficientPrivilege) as told:
            cursor.execute(WRITE, [circle.tenant, note, circle.group, circle.founder, "x"])
        assert not isinstance(told.value, UniqueViolation)


def test_the_app_neither_admits_nor_opens_by_writing(as_app, circle):
    waiting = [circle.waiting]
    with as_app(circle.tenant, membership=circle.waiting) as cursor:
        for statement, arguments in (
            ("UPDATE group_member SET admitted_at = now() WHERE membership_id = %s", waiting),
            ("UPDATE group_member SET membership_id = %s WHERE admitted_at IS NOT NULL", waiting),
            ("UPDATE group_member SET group_id = group_id", ()),
            ("UPDATE peer_group SET opened_at = NULL", ()),
            (
                "INSERT INTO peer_group (tenant_id, id, opened_at) VALUES (%s, %s, now())",
                [circle.tenant, new_id()],
            ),
            (
                "INSERT INTO group_member (tenant_id, id, admitted_at) VALUES (%s, %s, now())",
                [circle.tenant, new_id()],
            ),
            ("DELETE FROM group_member", ()),
        ):
            refused(cursor, InsufficientPrivilege, statement, arguments)
        assert words(cursor) == []


def test_nobody_admits_themself_by_a_row_of_their_own(as_app, superuser, circle):
    outsider = joined(superuser.cursor(), circle.tenant)
    cohort = superuser.execute("SELECT cohort_id FROM peer_group WHERE id = %s", [circle.group]).fetchone()[0]
    participant = plant(
        superuser.cursor(), "participant", tenant_id=circle.tenant, cohort_id=cohort, membership_id=outsider
    )
    superuser.commit()
    row, admission = new_id(), new_id()
    with as_app(circle.tenant, membership=outsider) as cursor:
        cursor.execute(
            "INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            [circle.tenant, row, circle.group, participant, outsider],
        )
        assert cursor.execute(PROPOSE, [admission, row]).fetchone() == (None,)
        assert words(cursor) == []
        cursor.connection.commit()
    with as_app(circle.tenant) as cursor:
        assert cursor.execute(PROPOSE, [admission, row]).fetchone() == (None,)
    with as_app(circle.tenant, membership=circle.former) as cursor:
        assert cursor.execute(PROPOSE, [admission, row]).fetchone() == (None,)
    with as_app(new_id(), membership=circle.founder) as cursor:
        assert cursor.execute(PROPOSE, [admission, row]).fetchone() == (None,)
    with as_app(circle.tenant, membership=circle.founder) as cursor:
        assert cursor.execute(PROPOSE, [admission, row]).fetchone()[0] > FIRST
        cursor.connection.commit()
    conclude = "SELECT outcome FROM door.conclude_admission(%s)"
    with as_app(circle.tenant, membership=outsider) as cursor:
        assert cursor.execute(conclude, [admission]).fetchone() == ("open",)
        assert words(cursor) == []
        cursor.connection.commit()
    superuser.execute("UPDATE admission SET closes_at = now() WHERE id = %s", [admission])
    superuser.commit()
    with as_app(new_id()) as cursor:
        assert cursor.execute(conclude, [admission]).fetchone() is None
    with as_app(circle.tenant) as cursor:
        assert cursor.execute(conclude, [admission]).fetchone() == ("admitted",)
        cursor.connection.commit()
    with as_app(circle.tenant, membership=outsider) as cursor:
        assert words(cursor) == []


def test_nobody_is_admitted_in_the_place_of_another(as_app, superuser, circle):
    stranger = joined(superuser.cursor(), circle.tenant)
    placed = "SELECT participant_id FROM group_member WHERE membership_id = %s"
    participant = superuser.execute(placed, [circle.waiting]).fetchone()[0]
    row = plant(
        superuser.cursor(), "group_member", tenant_id=circle.tenant, group_id=circle.group,
        participant_id=participant, membership_id=stranger,
    )  # fmt: skip
    superuser.commit()
    with as_app(circle.tenant, membership=circle.founder) as cursor:
        assert cursor.execute(PROPOSE, [new_id(), row]).fetchone() == (None,)


def test_the_wall_lets_an_index_find_a_groups_rows(as_app, circle):
    with as_app(circle.tenant, membership=circle.founder) as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        read = "EXPLAIN SELECT body FROM wall_note WHERE author_id <> %s"
        plan = "\n".join(row[0] for row in cursor.execute(read, [circle.former]))
    conditions = [line for line in plan.splitlines() if "Index Cond" in line and "tenant_id" in line]
    assert any("group_id = ANY" in line for line in conditions), plan


def test_leaving_is_final(as_app, circle):
    with as_app(circle.tenant) as cursor:
        back = "UPDATE group_member SET left_at = NULL WHERE membership_id = %s"
        assert cursor.execute(back, [circle.former]).rowcount == 0
        refused(cursor, (InsufficientPrivilege, CheckViolation), back, [circle.founder])
        leave = "UPDATE group_member SET left_at = now() WHERE membership_id = %s"
        assert cursor.execute(leave, [circle.founder]).rowcount == 1


def test_an_addressed_row_is_written_by_its_sender_and_read_by_two(as_app):
    sender, addressee, third = new_id(), new_id(), new_id()
    send = "INSERT INTO wall_cell (tenant_id, id, source_tenant_id, n) VALUES (%s, %s, %s, 12) RETURNING n"
    read = "SELECT count(*) FROM wall_cell WHERE source_tenant_id = %s"
    with as_app(sender) as cursor:
        assert cursor.execute(send, [addressee, new_id(), sender]).fetchone() == (12,)
        refused(cursor, InsufficientPrivilege, send, [addressee, new_id(), third])
        refused(cursor, InsufficientPrivilege, send, [sender, new_id(), third])
        refused(cursor, InsufficientPrivilege, "UPDATE wall_cell SET n = 13")
        refused(cursor, InsufficientPrivilege, "DELETE FROM wall_cell")
        assert cursor.execute(read, [sender]).fetchone() == (1,)
        cursor.connection.commit()
    for reader, seen in ((addressee, 1), (sender, 1), (third, 0), (None, 0)):
        with as_app(reader) as cursor:
            assert cursor.execute(read, [sender]).fetchone() == (seen,), reader
    with as_app(addressee) as cursor:
        refused(cursor, InsufficientPrivilege, send, [addressee, new_id(), sender])


def test_the_owner_sees_no_row_either(servers, circle):
    with psycopg.connect(servers.url_as("peerloom_owner")) as connection:
        assert connection.execute("SELECT count(*) FROM wall_note").fetchone() == (0,)
        assert connection.execute("UPDATE wall_note SET body = body").rowcount == 0
        assert connection.execute("SELECT count(*) FROM group_member").fetchone() == (0,)
