"""The doors: what each lets through, and what it does not."""

import datetime as dt

import pytest
from psycopg.errors import InsufficientPrivilege

from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tests.planting import plant

LONG_AGO = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def run(superuser):
    """A run with one group, and a row in it of somebody placed there, nowhere and in another group."""
    cursor, tenant = superuser.cursor(), new_id()
    mine = {"tenant_id": tenant}
    program = plant(cursor, "program", **mine)
    cohort = plant(cursor, "cohort", **mine, program_id=program)
    recipe = plant(cursor, "recipe", **mine, program_id=program)
    job = plant(cursor, "job", **mine, state="succeeded")
    made = plant(
        cursor, "matching_run", **mine, cohort_id=cohort, recipe_id=recipe, job_id=job, accepted_at=None
    )
    proposal = plant(cursor, "proposed_group", **mine, matching_run_id=made, position=1)
    elsewhere = plant(cursor, "proposed_group", **mine, matching_run_id=made, position=2)
    group = plant(
        cursor, "peer_group", **mine, id=proposal, cohort_id=cohort, matching_run_id=made, opened_at=None
    )
    members = {}
    for name, place in (("placed", proposal), ("unplaced", None), ("elsewhere", elsewhere)):
        membership = plant(cursor, "membership", **mine)
        participant = plant(cursor, "participant", **mine, cohort_id=cohort, membership_id=membership)
        members[name] = plant(
            cursor, "group_member", **mine, group_id=group, participant_id=participant,
            membership_id=membership, admitted_at=None, left_at=None,
        )  # fmt: skip
        plant(
            cursor,
            "placement",
            **mine,
            matching_run_id=made,
            participant_id=participant,
            proposed_group_id=place,
        )
    superuser.commit()
    return tenant, made, members


def open_groups(as_app, tenant, run_id):
    with as_app(tenant) as cursor:
        admitted = cursor.execute("SELECT door.open_groups(%s)", [run_id]).fetchone()[0]
        cursor.connection.commit()
    return admitted


def admitted_at(superuser, member):
    return superuser.execute("SELECT admitted_at FROM group_member WHERE id = %s", [member]).fetchone()[0]


def test_a_run_opens_its_groups_once_accepted_and_admits_only_whom_it_placed(as_app, superuser, run):
    tenant, run_id, members = run
    assert open_groups(as_app, tenant, run_id) == 0
    with as_app(tenant) as cursor:
        cursor.execute("UPDATE matching_run SET accepted_at = now() WHERE id = %s", [run_id])
        cursor.connection.commit()
    assert open_groups(as_app, new_id(), run_id) == 0
    assert open_groups(as_app, None, run_id) == 0
    assert admitted_at(superuser, members["placed"]) is None
    assert open_groups(as_app, tenant, run_id) == 1
    assert admitted_at(superuser, members["placed"]) is not None
    assert admitted_at(superuser, members["unplaced"]) is None
    assert admitted_at(superuser, members["elsewhere"]) is None


def test_an_opened_group_is_not_opened_again_for_who_came_later(as_app, superuser, run):
    tenant, run_id, members = run
    superuser.execute("UPDATE matching_run SET accepted_at = now() WHERE id = %s", [run_id])
    superuser.commit()
    assert open_groups(as_app, tenant, run_id) == 1
    with as_app(tenant) as cursor:
        cursor.execute("UPDATE placement SET proposed_group_id = (SELECT id FROM peer_group)")
        cursor.connection.commit()
    assert open_groups(as_app, tenant, run_id) == 0
    assert admitted_at(superuser, members["unplaced"]) is None


@pytest.mark.parametrize("left", [None, LONG_AGO])
def test_a_group_that_goes_on_is_opened_only_where_nobody_is_left_who_could_let_others_in(
    as_app, superuser, run, left
):
    tenant, run_id, members = run
    superuser.execute("UPDATE matching_run SET accepted_at = now() WHERE id = %s", [run_id])
    superuser.execute(
        "UPDATE proposed_group SET group_id = id WHERE position = 1 AND matching_run_id = %s", [run_id]
    )
    superuser.execute("UPDATE peer_group SET opened_at = now() WHERE matching_run_id = %s", [run_id])
    superuser.execute(
        "UPDATE group_member SET admitted_at = %s, left_at = %s WHERE id = %s",
        [LONG_AGO, left, members["elsewhere"]],
    )
    superuser.commit()
    assert open_groups(as_app, new_id(), run_id) == 0
    assert open_groups(as_app, tenant, run_id) == (0 if left is None else 1)
    assert (admitted_at(superuser, members["placed"]) is None) == (left is None)
    assert admitted_at(superuser, members["unplaced"]) is None


def test_due_jobs_tells_the_ids_of_one_waiting_job_a_tenant(as_app, superuser):
    busy, quiet, tomorrow = new_id(), new_id(), now() + dt.timedelta(days=1)
    cursor = superuser.cursor()
    for _ in range(50):
        plant(cursor, "job", tenant_id=busy, state="queued", not_before=LONG_AGO)
    waiting = plant(
        cursor, "job", tenant_id=quiet, state="queued", not_before=LONG_AGO + dt.timedelta(days=1)
    )
    stale = plant(cursor, "job", tenant_id=quiet, state="running", lease_until=LONG_AGO)
    plant(cursor, "job", tenant_id=quiet, state="queued", not_before=tomorrow)
    plant(cursor, "job", tenant_id=quiet, state="running", lease_until=tomorrow)
    plant(cursor, "job", tenant_id=quiet, state="succeeded", not_before=LONG_AGO)
    cursor.execute("SET LOCAL ROLE peerloom_app")
    due = cursor.execute("SELECT tenant_id, job_id FROM door.due_jobs(2)").fetchall()
    assert [tenant for tenant, _ in due].count(busy) == 1
    assert {job for tenant, job in due if tenant == quiet} == {waiting, stale}


def test_purge_deletes_what_expired_in_every_tenant_and_nothing_else(as_app, superuser):
    cursor, tenant = superuser.cursor(), new_id()
    cursor.execute("SET LOCAL session_replication_role = replica")
    kept, gone = {}, {}
    for table in ("access_token", "idempotency_record"):
        kept[table] = plant(cursor, table, tenant_id=tenant, expires_at=now() + dt.timedelta(hours=1))
        gone[table] = plant(cursor, table, tenant_id=tenant, expires_at=LONG_AGO, **_another_key(table))
    cursor.execute("SET LOCAL session_replication_role = origin")
    cursor.execute("SET LOCAL ROLE peerloom_app")
    assert cursor.execute("SELECT door.purge()").fetchone() is not None
    cursor.execute("RESET ROLE")
    for table, row in kept.items():
        left = cursor.execute(f"SELECT id FROM {table} WHERE tenant_id = %s", [tenant])  # noqa: S608
        assert left.fetchall() == [(row,)]


def _another_key(table):
    return {"hash": b"another"} if table == "access_token" else {"key_hash": b"another"}


def test_only_the_tenants_with_unsealed_events_are_named(superuser):
    cursor, waiting, sealed = superuser.cursor(), new_id(), new_id()
    plant(cursor, "event", tenant_id=waiting, sequence=None)
    plant(cursor, "event", tenant_id=sealed, sequence=1)
    cursor.execute("SET LOCAL ROLE peerloom_app")
    named = [row[0] for row in cursor.execute("SELECT * FROM door.unsealed_tenants(10000)")]
    assert waiting in named
    assert sealed not in named


def test_behind_a_door_nothing_can_be_reached_directly(as_app):
    with as_app() as cursor:
        for table in ("job", "event", "access_token"):
            assert cursor.execute(f"TABLE {table}").fetchall() == []
        with pytest.raises(InsufficientPrivilege):
            cursor.execute("ALTER FUNCTION door.purge() OWNER TO peerloom_app")
