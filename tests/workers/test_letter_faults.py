"""Letters whose worker is killed, whose Valkey forgets, or whose server asks who they are from."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from tenants.kernel import mail
from tests.conftest import eventually
from tests.factories.mail import WELCOME, addresses_of
from tests.post_office import Certificate, PostOffice, Received

pytestmark = pytest.mark.slow

PEOPLE = 12
FIFTH = "p4@example.org"
needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")


@dataclass
class Gate:
    """Holds the fifth letter up, once, until it is let go."""

    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, letter: Received) -> None:
        if letter.recipient == FIFTH and not self.reached.is_set():
            self.reached.set()
            self.opened.wait(60)


@dataclass
class Stage:
    """A batch that waits for a worker; `hire` starts one."""

    tenant: Any
    database: Any
    office: PostOffice
    job_id: UUID
    hire: Callable[..., Any]

    def job(self) -> dict[str, Any]:
        found: dict[str, Any] = self.tenant.api.get(f"/v1/jobs/{self.job_id}").get_json()
        return found

    def has_ended(self) -> Any:
        return self.job()["state"] not in ("queued", "running")

    def states(self) -> Counter[str]:
        with self.database.tenant(self.tenant.id) as session:
            return Counter(session.scalars(text("SELECT state FROM letter")))

    def arrived(self) -> Counter[str]:
        return Counter(each.recipient for each in self.office.received)


@pytest.fixture
def stage(tenant, database, settings, start, post_office, monkeypatch):
    monkeypatch.setattr(mail, "LETTERS", WELCOME)
    redis.Redis.from_url(settings.redis_url).flushdb()
    start("scheduler")
    people = addresses_of(database, tenant.id, everybody())
    with database.tenant(tenant.id) as session:
        job = mail.post(session, "welcome", subject_ids=people)
        session.commit()

    def hire(office=post_office, **more):
        known = {"SMTP_URL": office.url, "MAIL_FROM": "post@example.org", **more}
        return start("worker", "--queue=quick", program="tests.workers.welcoming", **known)

    return Stage(tenant, database, post_office, job.id, hire)


def everybody() -> list[str]:
    return [f"p{number}@example.org" for number in range(PEOPLE)]


def kill(worker: Any) -> None:
    """End a worker and the process in which it runs its job, without warning."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
    for pid in (*map(int, children.split()), worker.pid):
        os.kill(pid, signal.SIGKILL)
    worker.wait(30)


@needs_proc
def test_a_worker_killed_before_the_server_took_a_letter_costs_nobody_one_and_sends_none_twice(stage):
    gate = stage.office.before_taking = Gate()
    worker = stage.hire()
    eventually(gate.reached.is_set)
    kill(worker)
    eventually(lambda: not stage.office.connected)
    gate.opened.set()
    assert stage.states() == {"sent": 4, "queued": PEOPLE - 4}
    stage.hire()
    eventually(stage.has_ended)
    assert stage.arrived() == Counter(everybody())
    assert stage.states() == {"sent": PEOPLE}
    assert (stage.job()["state"], stage.job()["attempts"]) == ("succeeded", 2)


@needs_proc
def test_a_worker_killed_between_sending_and_marking_sends_that_letter_twice_with_the_same_message_id(stage):
    gate = stage.office.before_answering = Gate()
    worker = stage.hire()
    eventually(gate.reached.is_set)
    kill(worker)
    gate.opened.set()
    stage.hire()
    eventually(stage.has_ended)
    assert stage.arrived() == Counter([*everybody(), FIFTH])
    first, again = stage.office.to(FIFTH)
    assert first.message["Message-ID"] == again.message["Message-ID"]
    assert first.text() != again.text()  # the link is another one; both are known
    assert stage.states() == {"sent": PEOPLE}
    assert len({each.message["Message-ID"] for each in stage.office.received}) == PEOPLE


@needs_proc
def test_a_worker_that_was_paused_while_another_finished_sends_nothing_more(stage):
    gate = stage.office.before_answering = Gate()
    worker = stage.hire()
    eventually(gate.reached.is_set)
    (horse,) = map(int, Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split())
    os.kill(horse, signal.SIGSTOP)
    stage.hire()
    eventually(stage.has_ended)
    gate.opened.set()
    os.kill(horse, signal.SIGCONT)
    eventually(lambda: horse_has_gone(worker))
    assert stage.arrived() == Counter([*everybody(), FIFTH])
    assert stage.states() == {"sent": PEOPLE}


def horse_has_gone(worker: Any) -> bool:
    return not Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().strip()


def test_letters_are_sent_though_valkey_forgets_everything_meanwhile(stage, settings):
    gate = stage.office.before_taking = Gate()
    stage.hire()
    eventually(gate.reached.is_set)
    redis.Redis.from_url(settings.redis_url).flushdb()
    gate.opened.set()
    eventually(stage.has_ended)
    assert stage.arrived() == Counter(everybody())
    assert stage.job()["attempts"] == 1


def test_letters_wait_for_a_server_that_is_away_and_are_sent_when_it_is_back(stage):
    stage.office.close()
    stage.hire()
    eventually(lambda: stage.job()["attempts"] == 2)
    assert stage.states() == {"queued": PEOPLE}
    stage.office.open()
    eventually(stage.has_ended)
    assert stage.arrived() == Counter(everybody())
    assert stage.job()["state"] == "succeeded"


def test_a_server_that_was_busy_for_a_moment_gets_the_rest_a_little_later(stage):
    def be_busy(letter: Received) -> None:
        if letter.recipient == FIFTH:
            stage.office.senders_refused = "451 busy"

    stage.office.before_answering = be_busy
    stage.hire()
    eventually(lambda: stage.job()["attempts"] == 2)
    stage.office.senders_refused = ""
    eventually(stage.has_ended)
    assert stage.arrived() == Counter(everybody())


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_worker_sends_over_tls_with_a_login_that_the_url_encodes(stage, tmp_path, scheme):
    certificate = Certificate.made(tmp_path)
    office = PostOffice(scheme=scheme, certificate=certificate, login=("user@example.org", "a/b:c"))
    encoded = office.url.replace("user@example.org", "user%40example.org").replace("a/b:c", "a%2Fb%3Ac")
    try:
        stage.hire(SMTP_URL=encoded, SSL_CERT_FILE=str(certificate.path))
        eventually(stage.has_ended)
        assert (stage.job()["state"], len(office.received)) == ("succeeded", PEOPLE)
    finally:
        office.end()
