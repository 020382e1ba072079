"""The tenant wall, attacked in every table as the role that the product serves with."""

import psycopg
import pytest
from psycopg import errors, sql
from psycopg.errors import InsufficientPrivilege

from tenants.kernel.ids import new_id
from tenants.tables import METADATA
from tests.planting import plant

TABLES = sorted(name for name, table in METADATA.tables.items() if "tenant_id" in table.c)
BEHIND_THE_GROUP_WALL = {
    name for name, table in METADATA.tables.items() if {"group_id", "author_id"} <= {*table.c.keys()}
}
AMONG_MEMBERS = {
    "admission", "admission_answer", "delivered_invitation",
    "commitment_answer", "concern_reader", "counted_person", "group_pulse", "named_person", "nudge", "own_mentors",
    "repair_wish", "survey_response",
}  # fmt: skip
"""Of these the tenant itself sees no row."""
MEMBERS_CHANGE = {"agenda_item", "agenda_item_words", "counted_person", "group_action", "named_person"}
"""Of these the wall, which shows nothing here, keeps what a grant of the columns lets members or jobs do."""
SEALED = {"sealed_contribution"}
"""These nobody may so much as ask for."""
PUBLISHED = {"network_resource"}
"""Of these every tenant sees all rows."""
SET_TENANT = "SELECT set_config('app.tenant_id', %s, true), set_config('app.reach', 'tenant', true)"


def refused(cursor, error, statement, arguments=()):
    cursor.execute("SAVEPOINT attack")
    with pytest.raises(error):
        cursor.execute(statement, arguments)
    cursor.execute("ROLLBACK TO attack")


def without_effect(cursor, statement, arguments=()):
    """The statement is either forbidden to the role or finds no row."""
    cursor.execute("SAVEPOINT attack")
    try:
        touched = cursor.execute(statement, arguments).rowcount
    except InsufficientPrivilege:
        touched = 0
    cursor.execute("ROLLBACK TO attack")
    assert touched == 0, statement


class Attacker(psycopg.Cursor):
    """A cursor that knows which rows are whose."""


@pytest.fixture(scope="module")
def planted(servers):
    """A cursor in a transaction that holds a row of each of two tenants in every table, and is never committed."""
    with psycopg.connect(servers.url_as("postgres")) as connection:
        cursor = Attacker(connection)
        cursor.victim, cursor.own = new_id(), new_id()
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.rows, cursor.own_rows = planted_in(cursor, cursor.victim), planted_in(cursor, cursor.own)
        cursor.execute("SET LOCAL session_replication_role = origin")
        yield cursor
        connection.rollback()


def planted_in(cursor, tenant_id):
    """By table the id of a row of a tenant; what is seen with a product is of the one that is planted."""
    rows = {}
    for table in TABLES:
        known = {"product_id": rows["product"]} if table == "product_state" else {}
        rows[table] = plant(cursor, table, tenant_id=tenant_id, **known)
    return rows


@pytest.fixture
def attacker(planted):
    """The cursor as the app's role; what a test does with it is taken back."""
    planted.execute("SAVEPOINT test")
    planted.execute("SET LOCAL ROLE peerloom_app")
    yield planted
    planted.execute("ROLLBACK TO test")


def test_without_a_tenant_no_table_shows_a_row(attacker):
    for table in [*(each for each in TABLES if each not in SEALED), "tenant", "person"]:
        seen = attacker.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
        assert seen == (0,), table


@pytest.mark.parametrize("table", TABLES)
def test_a_tenant_sees_its_own_row_and_not_the_other_ones(attacker, table):
    attacker.execute(SET_TENANT, [str(attacker.own)])
    asked = sql.SQL("SELECT tenant_id FROM {}").format(sql.Identifier(table))
    if table in SEALED:
        refused(attacker, InsufficientPrivilege, asked)
        return
    rows = attacker.execute(asked).fetchall()
    if table in PUBLISHED:
        rows = [row for row in rows if row == (attacker.own,)]
    assert rows == ([] if table in BEHIND_THE_GROUP_WALL | AMONG_MEMBERS else [(attacker.own,)])


@pytest.mark.parametrize("table", TABLES)
def test_no_statement_touches_another_tenants_row(attacker, table):
    name = sql.Identifier(table)
    attacker.execute(SET_TENANT, [str(attacker.own)])
    theirs = [attacker.rows[table]]
    for column in METADATA.tables[table].c:
        change = sql.SQL("UPDATE {0} SET {1} = {1} WHERE id = %s").format(name, sql.Identifier(column.name))
        without_effect(attacker, change, theirs)
    without_effect(attacker, sql.SQL("DELETE FROM {} WHERE id = %s").format(name), theirs)


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_put_or_moved_into_another_tenant(attacker, table):
    name = sql.Identifier(table)
    attacker.execute(SET_TENANT, [str(attacker.own)])
    columns = [column.name for column in METADATA.tables[table].c]
    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    copied = sql.SQL(", ").join(
        sql.Placeholder("victim") if column == "tenant_id" else sql.Identifier(column) for column in columns
    )
    copy = sql.SQL("INSERT INTO {0} ({1}) SELECT {2} FROM {0}").format(name, listed, copied)
    upsert = copy + sql.SQL(" ON CONFLICT (tenant_id, id) DO UPDATE SET id = EXCLUDED.id")
    move = sql.SQL("UPDATE {} SET tenant_id = %(victim)s").format(name)
    for attack in (copy, upsert, move):
        if table in MEMBERS_CHANGE:
            without_effect(attacker, attack, {"victim": attacker.victim})
        else:
            refused(attacker, InsufficientPrivilege, attack, {"victim": attacker.victim})


def test_a_probe_for_another_tenants_key_is_refused_before_the_key_is_looked_up(attacker):
    attacker.execute(SET_TENANT, [str(attacker.own)])
    probe = "INSERT INTO program (tenant_id, id, name, labels) VALUES (%s, %s, 'x', '{}')"
    refused(attacker, InsufficientPrivilege, probe, [attacker.victim, attacker.rows["program"]])
    refused(attacker, InsufficientPrivilege, probe, [attacker.victim, new_id()])


def test_a_reference_to_another_tenants_row_does_not_hold(attacker):
    attacker.execute(SET_TENANT, [str(attacker.own)])
    statement = "INSERT INTO cohort (tenant_id, id, program_id, name) VALUES (%s, %s, %s, 'x')"
    foreign = [attacker.own, new_id(), attacker.rows["program"]]
    refused(attacker, errors.ForeignKeyViolation, statement, foreign)
    attacker.execute(statement, [attacker.own, new_id(), attacker.own_rows["program"]])


REFERENCES = sorted(
    (name, key.elements[-1].parent.name, key.referred_table.name)
    for name, table in METADATA.tables.items()
    for key in table.foreign_key_constraints
    if len(key.elements) == 2
)


@pytest.mark.parametrize(("table", "column", "target"), REFERENCES)
def test_no_column_can_be_made_to_refer_to_another_tenants_row(attacker, table, column, target):
    """Checks of references see past the wall, so that the tenant must lead every one of them."""
    attacker.execute(SET_TENANT, [str(attacker.own)])
    change = sql.SQL("UPDATE {} SET {} = %s WHERE id = %s").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    foreign = [attacker.rows[target], attacker.own_rows[table]]
    if table in BEHIND_THE_GROUP_WALL:  # where the tenant itself finds no row to change
        without_effect(attacker, change, foreign)
        return
    refused(attacker, (errors.ForeignKeyViolation, InsufficientPrivilege), change, foreign)


def test_references_that_runs_and_proposals_brought_are_among_those_tried():
    assert set(REFERENCES) >= {
        ("matching_analysis", "matching_run_id", "matching_run"),
        ("matching_analysis", "job_id", "job"),
        ("placement", "from_group_id", "peer_group"),
        ("proposed_group", "group_id", "peer_group"),
    }


LATER_COLUMNS = [
    ("matching_run", "options", '{"keep_groups": {}}'),
    ("matching_run", "simulation", True),
    ("matching_run", "moved_count", 5),
    ("placement", "arm", 2),
    ("placement", "stratum", "rank"),
    ("placement", "from_group_id", new_id()),
    ("proposed_group", "group_id", new_id()),
    ("matching_analysis", "rule_prices", "[]"),
]


@pytest.mark.parametrize(("table", "column", "value"), LATER_COLUMNS)
@pytest.mark.parametrize("as_tenant", [True, False])
def test_what_kinds_of_runs_brought_is_neither_found_nor_changed_from_outside(
    attacker, as_tenant, table, column, value
):
    name, of = sql.Identifier(table), sql.Identifier(column)
    attacker.execute("RESET ROLE")
    attacker.execute("SET LOCAL session_replication_role = replica")
    put = sql.SQL("UPDATE {} SET {} = %s WHERE id = %s").format(name, of)
    attacker.execute(put, [value, attacker.rows[table]])
    attacker.execute("SET LOCAL session_replication_role = origin")
    attacker.execute("SET LOCAL ROLE peerloom_app")
    if as_tenant:
        attacker.execute(SET_TENANT, [str(attacker.own)])
    found = sql.SQL("SELECT count(*) FROM {} WHERE {} = %s AND id = %s").format(name, of)
    assert attacker.execute(found, [value, attacker.rows[table]]).fetchone() == (0,)
    without_effect(attacker, put, [value, attacker.rows[table]])
    without_effect(attacker, sql.SQL("DELETE FROM {} WHERE id = %s").format(name), [attacker.rows[table]])


def test_another_tenants_simulations_are_not_purged_before_their_time(attacker):
    """The door of house-keeping is open to every tenant, and deletes in all of them."""
    both = [attacker.victim, attacker.own]
    attacker.execute("RESET ROLE")
    attacker.execute("SET LOCAL session_replication_role = replica")
    simulate = "UPDATE matching_run SET simulation = true, accepted_at = NULL WHERE tenant_id IN (%s, %s)"
    assert attacker.execute(simulate, both).rowcount == 2
    attacker.execute("SET LOCAL session_replication_role = origin")
    attacker.execute("SET LOCAL ROLE peerloom_app")
    attacker.execute(SET_TENANT, [str(attacker.own)])
    attacker.execute("SELECT door.purge()")
    attacker.execute("RESET ROLE")
    left = attacker.execute("SELECT id FROM matching_run WHERE tenant_id IN (%s, %s)", both)
    assert {row[0] for row in left} == {attacker.rows["matching_run"], attacker.own_rows["matching_run"]}


@pytest.mark.parametrize("table", [*TABLES, "tenant", "person"])
def test_no_table_can_be_truncated(as_app, table):
    with as_app(new_id()) as cursor:
        refused(cursor, InsufficientPrivilege, sql.SQL("TRUNCATE {} CASCADE").format(sql.Identifier(table)))


@pytest.mark.parametrize("role", ["peerloom_owner", "peerloom_door", "postgres"])
def test_the_app_cannot_become_a_stronger_role(as_app, role):
    with as_app() as cursor:
        refused(cursor, InsufficientPrivilege, f"SET ROLE {role}")
        refused(cursor, InsufficientPrivilege, f"SET SESSION AUTHORIZATION {role}")


def test_the_app_cannot_take_down_a_wall(as_app):
    with as_app(new_id()) as cursor:
        for attack in (
            "ALTER TABLE program DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE program NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY tenant_wall ON program",
            "CREATE POLICY mine ON program TO peerloom_app USING (true)",
            "SET LOCAL session_replication_role = replica",
            "CREATE TABLE public.mine (id int)",
            "CREATE FUNCTION door.mine() RETURNS int LANGUAGE sql RETURN 1",
        ):
            refused(cursor, InsufficientPrivilege, attack)


def test_row_security_cannot_be_switched_off(attacker):
    attacker.execute(SET_TENANT, [str(attacker.own)])
    attacker.execute("SET LOCAL row_security = off")
    refused(attacker, InsufficientPrivilege, "SELECT count(*) FROM program")


def test_a_leaky_function_is_shown_no_foreign_row(attacker):
    attacker.execute("RESET ROLE")
    attacker.execute("UPDATE program SET name = 'a secret' WHERE tenant_id = %s", [attacker.victim])
    attacker.execute("SET LOCAL ROLE peerloom_app")
    attacker.execute(SET_TENANT, [str(attacker.own)])
    attacker.execute(
        "CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
        " $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$"
    )
    told = []
    attacker.connection.add_notice_handler(lambda notice: told.append(notice.message_primary))
    attacker.execute("SELECT id FROM program WHERE pg_temp.leak(name)")
    assert len(told) == 1
    assert "a secret" not in told[0]


def test_statistics_of_walled_columns_are_hidden(as_app, superuser):
    plant(superuser.cursor(), "tenant", slug=f"t-{new_id().hex}")
    superuser.execute("ANALYZE tenant")
    superuser.commit()
    known = "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    assert superuser.execute(known).fetchone() > (0,)
    with as_app() as cursor:
        assert cursor.execute(known).fetchone() == (0,)


def test_a_temporary_table_does_not_stand_in_for_a_walled_one(attacker):
    attacker.execute("RESET ROLE")
    attacker.execute("UPDATE job SET not_before = now() WHERE tenant_id = %s", [attacker.victim])
    attacker.execute("SET LOCAL ROLE peerloom_app")
    attacker.execute("CREATE TEMP TABLE job (LIKE public.job)")
    due = attacker.execute("SELECT tenant_id FROM door.due_jobs(1000)").fetchall()
    assert (attacker.victim,) in due


def test_the_settings_end_with_the_transaction(servers):
    with psycopg.connect(servers.url_as("peerloom_app")) as connection:
        connection.execute(SET_TENANT, [str(new_id())])
        connection.commit()
        assert connection.execute("SELECT current_setting('app.tenant_id', true)").fetchone()[0] in (None, "")
        assert connection.execute("SELECT count(*) FROM tenant").fetchone() == (0,)


def test_a_tenant_cannot_bind_somebody_to_a_membership(attacker):
    attacker.execute("RESET ROLE")
    person = plant(attacker, "person")
    attacker.execute("SET LOCAL ROLE peerloom_app")
    attacker.execute(SET_TENANT, [str(attacker.own)])
    grab = "INSERT INTO membership (tenant_id, id, external_id, person_id) VALUES (%s, %s, 'x', %s)"
    refused(attacker, InsufficientPrivilege, grab, [attacker.own, new_id(), person])
    refused(attacker, InsufficientPrivilege, "UPDATE membership SET person_id = %s", [person])


def test_a_person_sees_and_makes_only_themself(as_app, superuser):
    me, other = plant(superuser.cursor(), "person"), plant(superuser.cursor(), "person")
    superuser.commit()
    with as_app(person=me) as cursor:
        assert cursor.execute("SELECT id FROM person").fetchall() == [(me,)]
        refused(cursor, InsufficientPrivilege, "INSERT INTO person (id) VALUES (%s)", [new_id()])
        refused(cursor, InsufficientPrivilege, "UPDATE person SET id = %s", [new_id()])
        refused(cursor, InsufficientPrivilege, "DELETE FROM person WHERE id = %s", [other])
    newcomer = new_id()
    with as_app(person=newcomer) as cursor:
        cursor.execute("INSERT INTO person (id) VALUES (%s) RETURNING id", [newcomer])
        assert cursor.fetchone() == (newcomer,)
    with as_app(new_id()) as cursor:
        assert cursor.execute("SELECT id FROM person").fetchall() == []
