"""Events: numbered densely, chained, and shown only once sealed.

The scheduler that other tests start may be sealing, too.
"""

import threading

import psycopg
import pytest
from sqlalchemy import select, text, update

from tenants.kernel import events
from tenants.kernel.events import Event, broken_link, seal, seal_all
from tenants.kernel.ids import new_id
from tests.conftest import eventually
from tests.factories.events import WAITING, sealed

WRITERS, SEALERS, EACH = 8, 2, 40


def record(database, tenant_id, count=1, audience="tenant"):
    with database.tenant(tenant_id) as session:
        for number in range(count):
            events.record(
                session, "trial.happened", subject_id=new_id(), changed=["b", "a"], counts={"n": number},
                audience=audience,
            )  # fmt: skip
        session.commit()


def sequences(database, tenant_id):
    with database.tenant(tenant_id) as session:
        return list(session.scalars(select(Event.sequence).order_by(Event.sequence)))


def broken(database, tenant_id):
    with database.tenant(tenant_id) as session:
        return broken_link(session)


def test_writers_and_sealers_at_once_lose_no_event_and_no_number(database):
    tenant, done = new_id(), threading.Event()
    failures = []

    def guarded(work):
        try:
            work()
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)

    def write():
        for _ in range(EACH):
            record(database, tenant)

    def keep_sealing():
        while not done.is_set():
            sealed(database, tenant)

    writers = [threading.Thread(target=guarded, args=[write]) for _ in range(WRITERS)]
    sealers = [threading.Thread(target=guarded, args=[keep_sealing]) for _ in range(SEALERS)]
    for thread in writers + sealers:
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in sealers:
        thread.join()
    sealed(database, tenant)
    assert failures == []
    assert sequences(database, tenant) == list(range(1, WRITERS * EACH + 1))
    assert broken(database, tenant) is None


def test_an_event_of_a_longer_transaction_is_sealed_after_later_ones_and_not_lost(database):
    tenant = new_id()
    with database.tenant(tenant) as slow:
        events.record(slow, "trial.slow")
        slow.flush()
        record(database, tenant)
        sealed(database, tenant)
        slow.commit()
    sealed(database, tenant)
    with database.tenant(tenant) as session:
        types = session.execute(select(Event.sequence, Event.type).order_by(Event.sequence)).all()
    assert [tuple(row) for row in types] == [(1, "trial.happened"), (2, "trial.slow")]
    assert broken(database, tenant) is None


def test_two_sealers_of_a_tenant_never_seal_at_once(database):
    tenant = new_id()
    with database.tenant(tenant) as first, database.tenant(tenant) as second:
        events.record(first, "trial.first")
        first.flush()
        assert seal(first) == 1
        record(database, tenant, 3)
        assert (seal(second), second.scalar(WAITING)) == (0, 3)
        first.commit()
    sealed(database, tenant)
    assert sequences(database, tenant) == [1, 2, 3, 4]
    assert broken(database, tenant) is None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE event SET type = 'trial.nothing' WHERE sequence = 3",
        "UPDATE event SET actor = 'somebody else' WHERE sequence = 3",
        "UPDATE event SET counts = '{}' WHERE sequence = 3",
        "UPDATE event SET audience = 'audit' WHERE sequence = 3",
        "UPDATE event SET created_at = created_at - interval '1 day' WHERE sequence = 3",
        "DELETE FROM event WHERE sequence = 3",
        "UPDATE event SET hash = sha256('x') WHERE sequence = 3",
    ],
)
def test_an_altered_or_removed_event_is_found(servers, database, damage):
    tenant = new_id()
    record(database, tenant, 5)
    sealed(database, tenant)
    assert broken(database, tenant) is None
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        assert superuser.execute(damage + " AND tenant_id = %s", [tenant]).rowcount == 1
    assert broken(database, tenant) == 3


def test_house_keeping_seals_every_tenant(database):
    tenants = [new_id() for _ in range(3)]
    for tenant in tenants:
        record(database, tenant, 2)

    def all_sealed():
        seal_all(database, tenants=10_000)
        return [sequences(database, tenant) for tenant in tenants] == [[1, 2]] * 3

    eventually(all_sealed)


def test_what_was_sealed_stays_as_it_was_said(database):
    tenant = new_id()
    record(database, tenant)
    with database.tenant(tenant) as session, pytest.raises(Exception, match="permission denied"):
        session.execute(text("UPDATE event SET type = 'trial.nothing'"))
    with database.tenant(tenant) as session, pytest.raises(Exception, match="permission denied"):
        session.execute(text("DELETE FROM event"))


def test_what_is_sealed_is_not_sealed_anew(database):
    tenant = new_id()
    record(database, tenant, 2)
    sealed(database, tenant)
    for change in ({"hash": b"x"}, {"sequence": 7}, {"sequence": None, "hash": None}):
        with database.tenant(tenant) as session:
            assert session.execute(update(Event).values(change)).rowcount == 0
            session.commit()
    with database.tenant(tenant) as session:
        events.record(session, "trial.unsealed")
        session.flush()
        with pytest.raises(Exception, match="row-level security"):
            session.execute(text("UPDATE event SET sequence = 3, hash = NULL"))
    assert broken(database, tenant) is None


def feed(tenant, **query):
    answer = tenant.api.get("/v1/events", query_string=query)
    assert answer.status_code == 200
    return answer.get_json()["items"]


def test_the_feed_shows_sealed_events_only_and_keeps_security_matters_for_auditors(
    tenant, new_tenant, database, monkeypatch
):
    reader = new_tenant(scopes=["events:read"])
    record(database, reader.id, 2)
    record(database, reader.id, 1, audience="audit")
    sealed(database, reader.id)
    shown = feed(reader)
    assert {event["audience"] for event in shown} == {"tenant"}
    record(database, tenant.id, 1, audience="audit")
    sealed(database, tenant.id)
    everything = feed(tenant)
    assert {event["audience"] for event in everything} == {"tenant", "audit"}
    assert [event["sequence"] for event in everything] == list(range(1, len(everything) + 1))
    assert feed(tenant, after=everything[-2]["sequence"]) == everything[-1:]
    assert everything[-1]["changed"] == ["a", "b"]


def test_an_unsealed_event_is_not_in_the_feed(tenant, database):
    sealed(database, tenant.id)
    before = feed(tenant)
    with database.tenant(tenant.id) as session:
        events.record(session, "trial.unsealed")
        session.flush()
        assert feed(tenant) == before
        session.rollback()
    assert feed(tenant) == before
