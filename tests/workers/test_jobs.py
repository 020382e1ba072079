"""Jobs: the row decides, whatever becomes of workers, leases and bells.

Everything here happens in a database and a Valkey of its own, where no real worker listens.
"""

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select, text

from tenants.cohorts.models import Program
from tenants.kernel import jobs
from tenants.kernel.claims import Cancelled, JobFailed, LeaseLost, claim
from tenants.kernel.clock import now
from tenants.kernel.doorbell import Doorbell, open_database
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import KINDS, QUEUES, Job, Kind, cancel, enqueue, next_bells
from tests.conftest import eventually
from workers.schedule import keep_house
from workers.tenant_job import run_job

ROOT = Path(__file__).parents[2]
work = []


def trial(held):
    """The job of these tests: does what the test has put into `work`."""
    work[-1](held)


def must_not_run(_):
    pytest.fail("this must not run")


def stop_unexpectedly(_):
    raise RuntimeError("a fault of ours")


@pytest.fixture
def bells(settings):
    """The queues as Valkey holds them, empty at first."""
    connection = redis.Redis.from_url(settings.redis_url)
    connection.flushdb()
    yield lambda: {
        name: [tuple(job.args) for job in Queue(name, connection=connection, serializer=JSONSerializer).jobs]
        for name in QUEUES
    }
    connection.close()


@pytest.fixture
def yard(settings, bells, monkeypatch):
    """The way into the quiet database, where "trial" is a kind of job."""
    monkeypatch.setitem(KINDS, "trial", Kind("quick", f"{__name__}.trial"))
    monkeypatch.setitem(KINDS, "long_trial", Kind("long", f"{__name__}.trial"))
    database = open_database(settings, pool_size=12)
    yield database
    work.clear()
    database.dispose()


@pytest.fixture
def superuser(servers):
    with psycopg.connect(servers.url_as("postgres", "test_jobs"), autocommit=True) as connection:
        yield connection


def made(database, tenant, kind="trial", **more):
    with database.tenant(tenant) as session:
        job = enqueue(session, kind, subject_id=new_id(), **more)
        session.commit()
    return job.id


def seen(database, tenant, job):
    with database.tenant(tenant) as session:
        return session.get_one(Job, (tenant, job))


def programs(database, tenant):
    with database.tenant(tenant) as session:
        return list(session.scalars(select(Program.name)))


def expire(superuser, job):
    superuser.execute("UPDATE job SET lease_until = now() - interval '1 s' WHERE id = %s", [job])


def test_of_eight_claims_at_once_one_holds(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)
    start = threading.Barrier(8)

    def try_it(_):
        start.wait()
        return claim(yard, tenant_id=tenant, job_id=job, settings=settings)

    with ThreadPoolExecutor(8) as pool:
        held = [each for each in pool.map(try_it, range(8)) if each]
    assert len(held) == 1
    assert (held[0].kind, held[0].attempts) == ("trial", 1)
    assert seen(yard, tenant, job).state == "running"


@pytest.mark.parametrize("kind", ["trial", *sorted(KINDS)])
def test_a_job_of_another_tenant_or_of_none_is_not_to_be_had(yard, settings, kind):
    tenant = new_id()
    job = made(yard, tenant, kind)
    work.append(must_not_run)
    assert not run_job(yard, tenant_id=new_id(), job_id=job, settings=settings)
    assert claim(yard, tenant_id=tenant, job_id=new_id(), settings=settings) is None
    untouched = seen(yard, tenant, job)
    assert (untouched.state, untouched.attempts, untouched.fence) == ("queued", 0, 0)


def test_a_job_is_not_claimed_before_its_time_nor_after_its_end(yard, settings):
    tenant = new_id()
    later = made(yard, tenant, not_before=now() + timedelta(hours=1))
    assert claim(yard, tenant_id=tenant, job_id=later, settings=settings) is None
    job = made(yard, tenant)
    work.append(end)
    assert run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    assert not run_job(yard, tenant_id=tenant, job_id=job, settings=settings)


def end(held, name=None):
    with held.effect() as session:
        if name:
            session.add(Program(name=name, labels={}))


def test_an_effect_ends_its_job_in_the_same_transaction(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)
    work.append(lambda held: end(held, "made"))
    run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    done = seen(yard, tenant, job)
    assert (done.state, done.progress, done.error) == ("succeeded", 1, None)
    assert done.finished_at >= done.started_at
    assert programs(yard, tenant) == ["made"]


def test_who_lost_the_lease_has_no_effect(yard, settings, superuser):
    tenant = new_id()
    job = made(yard, tenant)
    first = claim(yard, tenant_id=tenant, job_id=job, settings=settings)
    assert claim(yard, tenant_id=tenant, job_id=job, settings=settings) is None
    expire(superuser, job)
    second = claim(yard, tenant_id=tenant, job_id=job, settings=settings)
    with pytest.raises(LeaseLost):
        end(first, "late")
    for give_up in (first.stop, first.retry, lambda: first.fail("x", "x")):
        give_up()
        assert seen(yard, tenant, job).state == "running"
    end(second, "in time")
    with pytest.raises(LeaseLost):
        end(first, "later still")
    assert programs(yard, tenant) == ["in time"]


def test_steps_are_kept_though_the_job_goes_on_and_then_fails(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)

    def two_steps(held):
        for name in ("first", "second"):
            with held.step() as session:
                session.add(Program(name=name, labels={}))
            assert seen(yard, tenant, job).state == "running"
        raise JobFailed("enough", "That was enough.")

    work.append(two_steps)
    run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    assert seen(yard, tenant, job).error["code"] == "enough"
    assert programs(yard, tenant) == ["first", "second"]


def test_a_step_that_fails_writes_nothing_and_who_lost_the_lease_makes_none(yard, settings, superuser):
    tenant = new_id()
    job = made(yard, tenant)
    first = claim(yard, tenant_id=tenant, job_id=job, settings=settings)

    def step(held, name):
        with held.step() as session:
            session.add(Program(name=name, labels={}))
            session.flush()
            if name == "half":
                raise RuntimeError(name)

    with pytest.raises(RuntimeError):
        step(first, "half")
    expire(superuser, job)
    step(first, "late, and nobody else took it")
    claim(yard, tenant_id=tenant, job_id=job, settings=settings)
    with pytest.raises(LeaseLost):
        step(first, "too late")
    assert programs(yard, tenant) == ["late, and nobody else took it"]


def test_a_step_after_somebody_asked_to_stop_is_still_written(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)
    held = claim(yard, tenant_id=tenant, job_id=job, settings=settings)
    with yard.tenant(tenant) as session:
        cancel(session, job_id=job)
        session.commit()
    with held.step() as session:
        session.add(Program(name="what was done", labels={}))
    assert programs(yard, tenant) == ["what was done"]
    with pytest.raises(Cancelled):
        end(held)


def test_a_job_that_has_more_to_do_is_put_back_until_then_and_its_attempts_begin_anew(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)
    later = now() + timedelta(hours=1)

    def go_on(held):
        with held.effect() as session:
            session.add(Program(name="half", labels={}))
            held.go_on(later)

    work.append(go_on)
    run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    waiting = seen(yard, tenant, job)
    assert (waiting.state, waiting.not_before, waiting.attempts) == ("queued", later, 0)
    assert (waiting.lease_until, waiting.rung_at, waiting.finished_at) == (None, None, None)
    assert programs(yard, tenant) == ["half"]


PAUSED_WORKER = """
import sys
from uuid import UUID
from tenants.kernel.claims import LeaseLost, claim
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings
from tenants.cohorts.models import Program
import os
settings = Settings.from_environment(os.environ)
database = Database(settings.database_url)
held = claim(database, tenant_id=UUID(sys.argv[1]), job_id=UUID(sys.argv[2]), settings=settings)
print("held", flush=True)
sys.stdin.readline()
try:
    with held.effect() as session:
        session.add(Program(name="from the dead", labels={}))
except LeaseLost:
    database.dispose()
    sys.exit(7)
"""


def test_a_paused_worker_that_wakes_up_late_is_refused(yard, settings, servers, environment, superuser):
    tenant = new_id()
    job = made(yard, tenant)
    environ = {**environment, "DATABASE_URL": servers.url_as("peerloom_app", "test_jobs")}
    worker = subprocess.Popen(
        [sys.executable, "-c", PAUSED_WORKER, str(tenant), str(job)],
        env=environ, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with worker:
        assert worker.stdout.readline() == b"held\n"
        worker.send_signal(signal.SIGSTOP)
        expire(superuser, job)
        work.append(lambda held: end(held, "from the living"))
        assert run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
        worker.stdin.write(b"\n")
        worker.stdin.flush()
        worker.send_signal(signal.SIGCONT)
        assert worker.wait(30) == 7
    assert programs(yard, tenant) == ["from the living"]


def test_nobody_takes_a_job_over_while_its_effect_is_being_written(yard, settings, superuser):
    tenant = new_id()
    job = made(yard, tenant)
    held = claim(yard, tenant_id=tenant, job_id=job, settings=replace(settings, lease_seconds=0.001))
    taken = []
    with ThreadPoolExecutor(1) as pool:
        with held.effect() as session:
            rival = pool.submit(claim, yard, tenant_id=tenant, job_id=job, settings=settings)
            eventually(lambda: waits_for_a_lock(superuser))
            taken.append(session.execute(text("SELECT fence FROM job")).scalar_one())
        assert rival.result(30) is None
    assert seen(yard, tenant, job).fence == taken[0]


def waits_for_a_lock(superuser):
    found = superuser.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = 'test_jobs' AND wait_event_type = 'Lock'"
    )
    return found.fetchone()[0] > 0


def test_the_heartbeat_renews_the_lease_and_tells_progress(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)
    brief = replace(settings, lease_seconds=0.3)
    leases = []

    def keep_going(held):
        held.progress(0.5)
        leases.append(seen(yard, tenant, job).lease_until)
        eventually(lambda: seen(yard, tenant, job).lease_until > leases[0] + timedelta(seconds=0.4))
        assert seen(yard, tenant, job).progress == 0.5
        assert claim(yard, tenant_id=tenant, job_id=job, settings=brief) is None
        end(held, "kept")

    work.append(keep_going)
    run_job(yard, tenant_id=tenant, job_id=job, settings=brief)
    assert programs(yard, tenant) == ["kept"]


def test_a_worker_that_lost_its_lease_hears_of_it_before_its_effect(yard, settings, superuser):
    tenant = new_id()
    job = made(yard, tenant)

    def go_on_for_ever(held):
        superuser.execute("UPDATE job SET fence = fence + 1 WHERE id = %s", [job])
        eventually(lambda: held.progress(0.1))

    work.append(go_on_for_ever)
    assert run_job(yard, tenant_id=tenant, job_id=job, settings=replace(settings, lease_seconds=0.3))
    assert seen(yard, tenant, job).state == "running"


def test_a_waiting_job_is_cancelled_at_once(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)
    with yard.tenant(tenant) as session:
        cancel(session, job_id=job)
        session.commit()
    assert seen(yard, tenant, job).state == "cancelled"
    assert not run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    with yard.tenant(tenant) as session, pytest.raises(jobs.Conflict, match="already ended"):
        cancel(session, job_id=job)


def test_a_running_job_stops_at_its_next_check_without_effect(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)

    def ask_to_stop():
        with yard.tenant(tenant) as session:
            cancel(session, job_id=job)
            session.commit()

    def go_on_until_told(held):
        ask_to_stop()
        eventually(lambda: held.progress(0.2))

    work.append(go_on_until_told)
    run_job(yard, tenant_id=tenant, job_id=job, settings=replace(settings, lease_seconds=0.3))
    assert seen(yard, tenant, job).state == "cancelled"

    job = made(yard, tenant)

    def do_not_look(held):
        ask_to_stop()
        with pytest.raises(Cancelled):
            end(held, "too late")
        raise Cancelled

    work.append(do_not_look)
    run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    assert seen(yard, tenant, job).state == "cancelled"
    assert programs(yard, tenant) == []


def test_a_job_that_cannot_succeed_says_why(yard, settings):
    tenant = new_id()
    job = made(yard, tenant)

    def fail(held):
        with held.effect() as session:
            session.add(Program(name="half", labels={}))
            session.flush()
            raise JobFailed("file_unreadable", "The file is not a table.")

    work.append(fail)
    run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    failed = seen(yard, tenant, job)
    assert failed.state == "failed"
    assert failed.error == {"code": "file_unreadable", "message": "The file is not a table."}
    assert programs(yard, tenant) == []


def test_a_job_that_stops_unexpectedly_is_tried_again_later_and_given_up_in_the_end(
    yard, settings, superuser
):
    tenant = new_id()
    job = made(yard, tenant)
    work.append(stop_unexpectedly)
    waits = []
    for attempt in range(1, settings.job_attempts + 1):
        begun = now()
        assert run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
        row = seen(yard, tenant, job)
        assert row.attempts == attempt
        if attempt < settings.job_attempts:
            assert row.state == "queued"
            assert not run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
            waits.append(row.not_before - begun)
            superuser.execute("UPDATE job SET not_before = now() WHERE id = %s", [job])
    assert waits == sorted(waits)
    assert waits[0] >= timedelta(seconds=1)
    assert row.state == "failed"
    assert row.error["code"] == "internal_error"
    assert "fault of ours" not in row.error["message"]
    assert row.error["message"].endswith(".")


def test_a_job_whose_workers_keep_dying_is_given_up(yard, settings, superuser):
    tenant = new_id()
    job = made(yard, tenant)
    for _ in range(settings.job_attempts):
        assert claim(yard, tenant_id=tenant, job_id=job, settings=settings)
        expire(superuser, job)
    work.append(must_not_run)
    assert run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    given_up = seen(yard, tenant, job)
    assert (given_up.state, given_up.error["code"]) == ("failed", "gave_up")
    assert str(settings.job_attempts) in given_up.error["message"]


def test_a_job_tried_again_succeeds(yard, settings, superuser):
    tenant = new_id()
    job = made(yard, tenant)
    work.append(stop_unexpectedly)
    run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    superuser.execute("UPDATE job SET not_before = now() WHERE id = %s", [job])
    work.append(lambda held: end(held, "second time"))
    run_job(yard, tenant_id=tenant, job_id=job, settings=settings)
    assert programs(yard, tenant) == ["second time"]
    assert seen(yard, tenant, job).attempts == 2


def test_a_bell_goes_out_after_the_commit_and_carries_ids_only(yard, bells):
    tenant = new_id()
    with yard.tenant(tenant) as session:
        job = enqueue(session, "trial", subject_id=new_id())
        session.commit()
        assert bells()["quick"] == []
    assert bells() == {"quick": [(str(tenant), str(job.id))], "long": []}


def test_a_job_that_was_never_committed_rings_no_bell(yard, bells):
    with yard.tenant(new_id()) as session:
        enqueue(session, "trial", subject_id=new_id())
        session.rollback()
    assert bells() == {"quick": [], "long": []}


def test_lost_bells_are_rung_again(yard, settings, bells):
    tenant = new_id()
    job = made(yard, tenant)
    redis.Redis.from_url(settings.redis_url).flushdb()
    assert bells()["quick"] == []
    ring = Doorbell(replace(settings, bell_seconds=0.01))
    eventually(lambda: keep_house(yard, ring) or bells()["quick"])
    assert (str(tenant), str(job)) in bells()["quick"]


def test_without_valkey_the_job_is_kept_for_the_sweeper(yard, settings, bells):
    deaf = open_database(replace(settings, redis_url="unix:///nowhere/valkey.sock", bell_seconds=0.01))
    tenant = new_id()
    job = made(deaf, tenant)
    deaf.dispose()
    assert seen(yard, tenant, job).state == "queued"
    ring = Doorbell(replace(settings, bell_seconds=0.01))
    eventually(lambda: ring.sweep(yard) and (str(tenant), str(job)) in bells()["quick"])


def test_a_job_whose_worker_vanished_is_rung_for_again(yard, settings, bells, superuser):
    tenant = new_id()
    job = made(yard, tenant)
    assert claim(yard, tenant_id=tenant, job_id=job, settings=settings)
    redis.Redis.from_url(settings.redis_url).flushdb()
    ring = Doorbell(replace(settings, bell_seconds=0.01))
    ring.sweep(yard)
    assert (str(tenant), str(job)) not in bells()["quick"]
    expire(superuser, job)
    eventually(lambda: ring.sweep(yard) and (str(tenant), str(job)) in bells()["quick"])


def rung(database, tenant, per_queue=2, lifetime=30.0):
    with database.tenant(tenant) as session:
        found = next_bells(session, per_queue=per_queue, bell_lifetime=timedelta(seconds=lifetime))
        session.commit()
    return found


def enqueued_quietly(database, tenant, count, kind="trial"):
    with database.tenant(tenant) as session:
        found = [enqueue(session, kind, subject_id=new_id()).id for _ in range(count)]
        session.info["enqueued"] = False
        session.commit()
    return found


def test_a_tenant_with_many_jobs_has_no_more_bells_out_than_any_other(yard, settings):
    busy, modest = new_id(), new_id()
    many = enqueued_quietly(yard, busy, 50)
    one = enqueued_quietly(yard, modest, 1)
    assert [job for _, job in rung(yard, busy)] == many[:2]
    assert rung(yard, busy) == []
    assert rung(yard, modest) == [("quick", one[0])]
    held = claim(yard, tenant_id=busy, job_id=many[0], settings=settings)
    assert rung(yard, busy) == []
    end(held)
    assert rung(yard, busy) == [("quick", many[2])]


def test_the_queues_are_counted_apart(yard):
    tenant = new_id()
    quick = enqueued_quietly(yard, tenant, 3)
    long = enqueued_quietly(yard, tenant, 3, "long_trial")
    expected = {("quick", job) for job in quick[:2]} | {("long", job) for job in long[:2]}
    assert set(rung(yard, tenant)) == expected


def test_ringing_many_times_at_once_rings_no_job_twice_and_no_more_than_allowed(yard):
    tenant = new_id()
    enqueued_quietly(yard, tenant, 40)
    start = threading.Barrier(8)

    def ring(_):
        start.wait()
        return rung(yard, tenant)

    with ThreadPoolExecutor(8) as pool:
        found = [bell for bells in pool.map(ring, range(8)) for bell in bells]
    assert len(found) == 2
    assert len(set(found)) == 2


def test_a_backlog_does_not_keep_the_sweeper_from_other_tenants(yard, settings, bells):
    busy, modest = new_id(), new_id()
    enqueued_quietly(yard, busy, 150)
    one = enqueued_quietly(yard, modest, 1)
    Doorbell(settings).sweep(yard, most=100)
    assert (str(modest), str(one[0])) in bells()["quick"]


def test_a_finished_job_rings_its_tenants_next(yard, settings, bells, monkeypatch):
    from workers import main

    tenant = new_id()
    many = enqueued_quietly(yard, tenant, 3)
    assert len(rung(yard, tenant)) == 2
    monkeypatch.setattr(main, "_opened", lambda: (yard, replace(settings, bells_per_tenant=2)))
    work.append(end)
    main.answer(str(tenant), str(many[0]))
    assert bells()["quick"] == [(str(tenant), str(many[2]))]


def test_a_job_is_shown_to_its_tenant_alone(tenant, new_tenant, database):
    job = made(database, tenant.id, "report", not_before=now() + timedelta(days=1))
    shown = tenant.api.get(f"/v1/jobs/{job}").get_json()
    assert (shown["id"], shown["state"], shown["progress"], shown["error"]) == (str(job), "queued", 0, None)
    other = new_tenant()
    assert other.api.get(f"/v1/jobs/{job}").status_code == 404
    assert other.api.post(f"/v1/jobs/{job}/cancellation").status_code == 404
    assert seen(database, tenant.id, job).state == "queued"


def test_cancelling_over_http_is_told_in_the_feed(tenant, database):
    job = made(database, tenant.id, "report", not_before=now() + timedelta(days=1))
    answer = tenant.api.post(f"/v1/jobs/{job}/cancellation")
    assert (answer.status_code, answer.get_json()["state"]) == (202, "cancelled")
    assert tenant.api.post(f"/v1/jobs/{job}/cancellation").status_code == 409
    with database.tenant(tenant.id) as session:
        told = session.execute(
            text("SELECT type, actor FROM event WHERE subject_id = :id"), {"id": job}
        ).all()
    assert [row.type for row in told] == ["job.cancellation_requested"]
    assert told[0].actor is not None
