"""Sessions: the role they come as, and pooled connections that carry nobody's identity on."""

from contextlib import ExitStack

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from api.app import create_app
from tenants.cohorts.models import Program
from tenants.kernel.ids import new_id
from tenants.kernel.session import Database, RoleTooStrong
from tenants.kernel.settings import Settings, sqlalchemy_url
from tests.planting import plant

COUNT = text("SELECT tenant_id, count(*) FROM program GROUP BY tenant_id")


@pytest.mark.parametrize("role", ["postgres", "peerloom_owner"])
def test_the_app_does_not_start_as_a_role_that_walls_do_not_hold(servers, environment, role):
    strong = Settings.from_environment({**environment, "DATABASE_URL": servers.url_as(role)})
    with pytest.raises(RoleTooStrong, match="peerloom_app"):
        create_app(strong)


@pytest.mark.parametrize(
    "strength", ["BYPASSRLS", "SUPERUSER", "IN ROLE peerloom_owner", "IN ROLE peerloom_door"]
)
def test_a_role_made_too_strong_is_refused(servers, strength):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as superuser:
        superuser.execute(f"CREATE ROLE too_strong LOGIN {strength}")
        database = Database(sqlalchemy_url(servers.url_as("too_strong")))
        try:
            with pytest.raises(RoleTooStrong):
                database.refuse_strong_role()
        finally:
            database.dispose()
            superuser.execute("DROP ROLE too_strong")


def test_the_app_role_is_accepted(database):
    database.refuse_strong_role()
    with database.nobody() as session:
        assert session.execute(text("SELECT current_user")).scalar_one() == "peerloom_app"


def test_a_session_of_another_s_moment_sees_nothing_that_came_since(database, tenant):
    with database.tenant(tenant.id, snapshot=True) as first:
        before = first.execute(COUNT).all()
        with database.tenant(tenant.id) as writing:
            writing.add(Program(name="x", labels={}))
            writing.commit()
        with database.tenant(tenant.id, snapshot=first.moment) as second:
            assert second.execute(COUNT).all() == before
    with database.tenant(tenant.id) as later:
        assert later.execute(COUNT).all() != before


def test_a_new_row_gets_its_sessions_tenant_and_no_other(database):
    from sqlalchemy.exc import ProgrammingError

    own, other = new_id(), new_id()
    with database.tenant(own) as session:
        row = Program(name="x", labels={})
        session.add(row)
        session.flush()
        assert row.tenant_id == own
        session.add(Program(tenant_id=other, name="x", labels={}))
        with pytest.raises(ProgrammingError, match="row-level security"):
            session.flush()


class Interleaved(RuleBasedStateMachine):
    """Sessions of two tenants and of nobody, opened, used and ended in any order over few connections."""

    database: Database
    tenants: tuple
    sessions = Bundle("sessions")

    def __init__(self):
        super().__init__()
        self.opened = []

    @precondition(lambda self: len(self.opened) < 4)
    @rule(target=sessions, who=st.sampled_from([0, 1, None]))
    def open(self, who):
        stack = ExitStack()
        tenant = None if who is None else self.tenants[who]
        opened = self.database.nobody() if tenant is None else self.database.tenant(tenant)
        self.opened.append(stack)
        return stack, stack.enter_context(opened), tenant

    @rule(session=sessions)
    def see_own_rows_only(self, session):
        _, opened, tenant = session
        seen = opened.execute(COUNT).all()
        assert seen == ([] if tenant is None else [(tenant, 1)])

    @rule(session=sessions)
    def commit(self, session):
        session[1].commit()

    @rule(session=sessions)
    def roll_back(self, session):
        session[1].rollback()

    @rule(session=sessions)
    def roll_back_to_a_savepoint(self, session):
        with session[1].begin_nested() as savepoint:
            session[1].execute(COUNT)
            savepoint.rollback()

    @rule(session=consumes(sessions))
    def close(self, session):
        session[0].close()
        self.opened.remove(session[0])

    def teardown(self):
        for stack in self.opened:
            stack.close()


def test_no_order_of_sessions_shows_anybody_a_foreign_row(servers):
    database = Database(sqlalchemy_url(servers.url_as("peerloom_app")), pool_size=1)
    Interleaved.database, Interleaved.tenants = database, (new_id(), new_id())
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        for tenant in Interleaved.tenants:
            plant(superuser.cursor(), "program", tenant_id=tenant)
    try:
        run_state_machine_as_test(
            Interleaved,
            settings=settings(
                max_examples=25, stateful_step_count=20, deadline=None, database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
    finally:
        database.dispose()


def test_a_snapshot_asked_for_is_the_transactions_and_no_later_ones(tenant, database):
    def isolation(session, **options):
        return session.connection(**options).exec_driver_sql("SHOW transaction_isolation").scalar_one()

    with database.tenant(tenant.id) as session:
        asked = {"isolation_level": "REPEATABLE READ"}
        assert isolation(session, execution_options=asked) == "repeatable read"
    for _ in range(12):
        with database.tenant(tenant.id) as session:
            assert isolation(session) == "read committed"
