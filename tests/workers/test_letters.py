"""Letters from the outbox to the mail server, and what becomes of each."""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, select, text

from tenants.kernel import delivery, mail
from tenants.kernel.addresses import Mailbox, smtp_server
from tenants.kernel.clock import now
from tenants.kernel.ids import digest, new_id
from tenants.kernel.jobs import Job, cancel
from tenants.kernel.mail import PostedLetter
from tenants.kernel.settings import Settings
from tenants.people.models import Membership
from tests.conftest import eventually
from tests.factories.mail import NOBODY_MAY_KNOW, WELCOME, addresses_of
from tests.post_office import PostOffice
from workers.tenant_job import run_job

SENDER = "Invented Society <post@example.org>"


@dataclass
class Mailroom:
    """A tenant's outbox, and a worker for it in this process."""

    database: Any
    settings: Settings
    tenant_id: Any

    def people(self, *addresses):
        return addresses_of(self.database, self.tenant_id, addresses)

    def post(self, *addresses, **more):
        """The id of the job."""
        return self.post_to(self.people(*addresses), **more)

    def post_to(self, people, **more):
        with self.database.tenant(self.tenant_id) as session:
            job = mail.post(session, "welcome", subject_ids=people, **more)
            session.commit()
        return job.id

    def work(self, **settings):
        """Run what is due, until nothing is."""
        done = 0
        while due := self.rows(select(Job).where(Job.state == "queued", Job.not_before <= now())):
            for job in due:
                known = replace(self.settings, **settings)
                run_job(self.database, tenant_id=self.tenant_id, job_id=job.id, settings=known)
                done += 1
        return done

    def rows(self, statement):
        with self.database.tenant(self.tenant_id) as session:
            return session.scalars(statement).all()

    def job(self, job_id):
        return self.rows(select(Job).where(Job.id == job_id))[0]

    def letters(self):
        """State and error of each, in the order of their posting."""
        ordered = select(PostedLetter).order_by(PostedLetter.id)
        return [(letter.state, letter.error) for letter in self.rows(ordered)]

    def make_due(self):
        """Let time pass until everything that waits is due."""
        with self.database.tenant(self.tenant_id) as session:
            session.execute(text("UPDATE letter SET due_at = now() WHERE state = 'queued'"))
            session.execute(text("UPDATE job SET not_before = now() WHERE state = 'queued'"))
            session.commit()

    def events(self):
        with self.database.tenant(self.tenant_id) as session:
            said = session.execute(text("SELECT type, counts FROM event ORDER BY id")).all()
        return [(row.type, row.counts) for row in said]


@pytest.fixture(autouse=True)
def _welcomes(monkeypatch, superuser):
    """Welcomes can be posted; what one test leaves unsent no worker of another sends."""
    for kind, name in WELCOME.items():
        monkeypatch.setitem(mail.LETTERS, kind, name)
    yield
    superuser.execute("UPDATE job SET state = 'cancelled' WHERE state IN ('queued', 'running')")


@pytest.fixture
def mailroom(database, settings, post_office):
    ready = replace(
        settings, smtp_url=smtp_server(post_office.url), mail_from=Mailbox("post@example.org", "Society")
    )
    return Mailroom(database, ready, new_id())


@pytest.fixture
def superuser(servers):
    with psycopg.connect(servers.url_as("postgres", "test_letters"), autocommit=True) as connection:
        yield connection


def received(office):
    return [each.recipient for each in office.received]


def numbered(count, start=0):
    return [f"p{number}@example.org" for number in range(start, start + count)]


def test_workers_send_what_was_posted_and_tell_of_it_without_an_address(tenant, database, start, post_office):
    start("scheduler")
    start(
        "worker",
        "--queue=quick",
        program="tests.workers.welcoming",
        SMTP_URL=post_office.url,
        MAIL_FROM=SENDER,
    )
    room = Mailroom(database, None, tenant.id)
    job_id = room.post("zoe@example.org", None, "ann@example.org")
    job = eventually(lambda: ended(tenant, job_id))
    assert (job["state"], job["kind"], job["progress"], job["error"]) == ("succeeded", "letters", 1, None)
    assert sorted(received(post_office)) == ["ann@example.org", "zoe@example.org"]
    (to_zoe,) = post_office.to("zoe@example.org")
    assert to_zoe.message["From"] == SENDER
    assert to_zoe.message["To"] == "Invented 0 <zoe@example.org>"
    assert to_zoe.message["Subject"] == "Welcome, Invented 0"
    assert to_zoe.text().startswith("Dear Invented 0,")
    assert '<p title="Invented 0">Dear Invented 0,</p>' in to_zoe.text("html")
    assert room.letters() == [("sent", None), ("dropped", "not_wanted"), ("sent", None)]
    feed = eventually(lambda: [each for each in events(tenant) if each["type"] == "letters.sent"])
    assert feed[0]["counts"] == {"sent": 2, "dropped": 1}
    assert feed[0]["subject_id"] == job["subject_id"]
    assert "example.org" not in str(job) + str(events(tenant))


def ended(tenant, job_id):
    found = tenant.api.get(f"/v1/jobs/{job_id}").get_json()
    return found if found["state"] not in ("queued", "running") else None


def events(tenant):
    return tenant.api.get("/v1/events").get_json()["items"]


def test_five_thousand_letters_are_posted_in_one_statement_with_one_job(mailroom):
    statements = []
    listen = (mailroom.database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    event.listen(*listen)
    try:
        job_id = mailroom.post_to([new_id() for _ in range(5000)])
    finally:
        event.remove(*listen)
    assert [each.split()[2] for each in statements if each.startswith("INSERT")] == ["letter", "job"]
    assert len(mailroom.letters()) == 5000
    batches = set(mailroom.rows(select(PostedLetter.batch_id)))
    assert batches == {mailroom.job(job_id).subject_id}


def test_a_person_named_twice_gets_one_letter_and_nobody_named_gets_none(mailroom, post_office):
    (person,) = mailroom.people("a@example.org")
    mailroom.post_to([person, person])
    with mailroom.database.tenant(mailroom.tenant_id) as session:
        assert mail.post(session, "welcome", subject_ids=[]) is None
        session.commit()
    mailroom.work()
    assert received(post_office) == ["a@example.org"]


def test_letters_whose_cause_was_never_committed_are_not_sent(mailroom, post_office):
    people = mailroom.people("a@example.org")
    with mailroom.database.tenant(mailroom.tenant_id) as session:
        mail.post(session, "welcome", subject_ids=people)
        session.rollback()
    assert mailroom.work() == 0
    assert (mailroom.letters(), post_office.received) == ([], [])


def test_the_outbox_holds_no_address_no_name_and_no_link(mailroom, post_office, superuser):
    mailroom.post("a@example.org")
    mailroom.work()
    link = post_office.received[0].text().split("/w/")[1].split()[0]
    held = superuser.execute(
        "SELECT string_agg(l::text, '') FROM letter l WHERE tenant_id = %s", [mailroom.tenant_id]
    ).fetchone()[0]
    assert "sent" in held
    assert not any(secret in held for secret in ("example", "Invented", link, digest(link).hex()))


def test_what_composing_wrote_is_committed_before_the_letter_goes_out(mailroom, post_office):
    def known_to_the_database(letter):
        link = letter.text().split("/w/")[1].split()[0]
        (member,) = mailroom.rows(select(Membership))
        seen.append(member.identifiers == {"links": [digest(link).hex()]})

    seen: list[bool] = []
    post_office.before_taking = known_to_the_database
    mailroom.post("a@example.org")
    mailroom.work()
    assert seen == [True]


def test_a_letter_says_what_is_so_when_it_is_sent(mailroom, post_office):
    mailroom.post("old@example.org")
    with mailroom.database.tenant(mailroom.tenant_id) as session:
        session.execute(text("UPDATE membership SET email = 'new@example.org', name = 'Renamed'"))
        session.commit()
    mailroom.work()
    assert received(post_office) == ["new@example.org"]
    assert post_office.received[0].message["Subject"] == "Welcome, Renamed"


def test_a_letter_for_later_is_not_sent_with_others_before_its_time(mailroom, post_office):
    mailroom.post("later@example.org", not_before=now() + timedelta(hours=1))
    mailroom.post("now@example.org")
    mailroom.work()
    assert received(post_office) == ["now@example.org"]
    mailroom.make_due()
    mailroom.work()
    assert received(post_office) == ["now@example.org", "later@example.org"]


def test_one_connection_serves_a_whole_batch(mailroom, post_office):
    mailroom.post(*numbered(60))
    mailroom.work()
    assert (len(post_office.received), post_office.connections) == (60, 1)


@pytest.mark.parametrize("where", ["recipient", "letter"])
def test_a_letter_that_is_refused_fails_and_the_others_go_on(mailroom, post_office, where):
    if where == "recipient":
        post_office.refusals["b@example.org"] = "550 nobody of that name"
    else:
        post_office.before_taking = lambda letter: setattr(
            post_office, "answer", "554 no" if letter.recipient == "b@example.org" else "250 taken"
        )
    job_id = mailroom.post("a@example.org", "b@example.org", "c@example.org")
    mailroom.work()
    assert received(post_office) == ["a@example.org", "c@example.org"]
    code = {"recipient": "smtp_550", "letter": "smtp_554"}[where]
    assert mailroom.letters() == [("sent", None), ("failed", code), ("sent", None)]
    assert mailroom.job(job_id).state == "succeeded"
    assert mailroom.events()[-1] == ("letters.sent", {"sent": 2, "failed": 1})


def test_letters_to_what_is_no_address_fail_and_however_many_the_others_go_on(mailroom, post_office):
    mailroom.post(*["nobody"] * 25, "a@example.org")
    mailroom.work()
    assert mailroom.letters() == [("failed", "invalid_address")] * 25 + [("sent", None)]


def test_a_letter_that_cannot_be_composed_fails_the_others_go_on_and_no_log_names_anybody(
    mailroom, post_office, caplog
):
    first, second = mailroom.people("a@example.org", "b@example.org")
    with mailroom.database.tenant(mailroom.tenant_id) as session:
        session.get_one(Membership, (mailroom.tenant_id, first)).name = NOBODY_MAY_KNOW
        session.commit()
    mailroom.post_to([first, second])
    with caplog.at_level(logging.DEBUG, logger="tenants"):
        mailroom.work()
    assert mailroom.letters() == [("failed", "not_composed"), ("sent", None)]
    assert "could not be composed: ValueError" in caplog.text
    assert "in compose" in caplog.text
    assert not any(said in caplog.text for said in (NOBODY_MAY_KNOW, "example.org"))


def test_a_letter_about_another_tenants_member_is_not_composed(mailroom, post_office):
    theirs = replace(mailroom, tenant_id=new_id()).people("theirs@example.org")
    mailroom.post_to(theirs)
    mailroom.work()
    assert mailroom.letters() == [("failed", "not_composed")]
    assert post_office.received == []


def test_a_letter_that_the_server_puts_off_waits_longer_each_time_and_no_other_waits_for_it(
    mailroom, post_office
):
    post_office.refusals["b@example.org"] = "450 come back later"
    job_id = mailroom.post("b@example.org", "a@example.org")
    waits = []
    for _ in range(3):
        mailroom.work()
        (waiting,) = mailroom.rows(select(PostedLetter).where(PostedLetter.state == "queued"))
        job = mailroom.job(job_id)
        assert (job.state, job.attempts, job.not_before) == ("queued", 0, waiting.due_at)
        assert waiting.error == "smtp_450"
        waits.append(round((waiting.due_at - now()) / timedelta(minutes=1)))
        assert received(post_office) == ["a@example.org"]
        mailroom.make_due()
    assert waits == [1, 4, 9]
    post_office.refusals.clear()
    mailroom.work()
    assert received(post_office) == ["a@example.org", "b@example.org"]
    assert mailroom.job(job_id).state == "succeeded"
    assert mailroom.events() == [("letters.sent", {"sent": 2})]


def test_a_letter_that_was_put_off_is_not_tried_again_before_its_time(mailroom, post_office, monkeypatch):
    monkeypatch.setattr(delivery, "MOST_AT_ONCE", 2)
    post_office.refusals["p0@example.org"] = "450 come back later"
    mailroom.post(*numbered(7))
    mailroom.work()
    assert received(post_office) == numbered(7)[1:]
    assert mailroom.rows(select(PostedLetter.attempts).order_by(PostedLetter.id)) == [1] * 7


def test_a_link_of_a_letter_that_was_put_off_is_one_of_those_that_are_known(mailroom, post_office):
    post_office.refusals["a@example.org"] = "450 come back later"
    mailroom.post("a@example.org")
    mailroom.work()
    post_office.refusals.clear()
    mailroom.make_due()
    mailroom.work()
    link = post_office.received[0].text().split("/w/")[1].split()[0]
    (member,) = mailroom.rows(select(Membership))
    assert member.identifiers["links"][1:] == [digest(link).hex()]


def test_while_the_server_is_away_the_job_is_tried_again_and_then_leaves_the_letters_to_another(
    mailroom, post_office
):
    post_office.close()
    job_id = mailroom.post("a@example.org", "b@example.org")
    for attempt in range(1, mailroom.settings.job_attempts):
        mailroom.work()
        job = mailroom.job(job_id)
        assert (job.state, job.attempts) == ("queued", attempt)
        assert job.not_before > now()
        mailroom.make_due()
    mailroom.work()
    failed = mailroom.job(job_id)
    assert (failed.state, failed.error["code"]) == ("failed", "mail_unavailable")
    assert "no_connection" in failed.error["message"]
    (heir,) = mailroom.rows(select(Job).where(Job.state == "queued"))
    assert heir.subject_id == failed.subject_id
    assert timedelta(seconds=50) < heir.not_before - now() <= timedelta(minutes=1)
    assert mailroom.letters() == [("queued", None)] * 2
    untouched = mailroom.rows(select(PostedLetter.attempts))
    assert untouched == [0, 0]
    post_office.open()
    mailroom.make_due()
    mailroom.work()
    assert received(post_office) == ["a@example.org", "b@example.org"]
    assert mailroom.events() == [("job.failed", {}), ("letters.sent", {"sent": 2})]


def test_what_was_sent_before_the_server_went_away_is_not_sent_again(mailroom, post_office):
    def go_away(letter):
        if letter.recipient == "p2@example.org":
            post_office.senders_refused = "451 out of disk"

    post_office.before_answering = go_away
    job_id = mailroom.post(*numbered(6))
    mailroom.work()
    assert received(post_office) == numbered(3)
    assert [state for state, _ in mailroom.letters()] == ["sent"] * 3 + ["queued"] * 3
    assert mailroom.job(job_id).state == "queued"
    post_office.senders_refused = ""
    mailroom.make_due()
    mailroom.work()
    assert sorted(received(post_office)) == numbered(6)
    assert mailroom.job(job_id).attempts == 2


@pytest.mark.parametrize(("answer", "state"), [("451 not now", "queued"), ("550 not from you", "failed")])
def test_a_server_that_refuses_one_after_another_is_left_alone_with_the_rest(
    mailroom, post_office, answer, state
):
    post_office.answer = answer
    mailroom.post(*numbered(30))
    mailroom.work()
    touched = [letter for letter in mailroom.letters() if letter != ("queued", None)]
    assert touched == [(state, f"smtp_{answer[:3]}")] * delivery.REFUSALS_IN_A_ROW
    post_office.answer = "250 taken"
    mailroom.make_due()
    mailroom.work()
    assert len(post_office.received) == (30 if state == "queued" else 20)


def test_refusals_between_letters_that_are_taken_stop_nothing(mailroom, post_office):
    post_office.refusals = dict.fromkeys(numbered(40)[::2], "550 nobody of that name")
    mailroom.post(*numbered(40))
    assert mailroom.work() == 1
    assert received(post_office) == numbered(40)[1::2]


def test_a_letter_over_which_the_server_hangs_up_keeps_the_others_from_going_out_but_once(
    mailroom, post_office
):
    post_office.refusals["p0@example.org"] = "421 not that one"
    mailroom.post(*numbered(3))
    mailroom.work()
    assert post_office.received == []
    mailroom.make_due()
    mailroom.work()
    assert received(post_office) == ["p1@example.org", "p2@example.org"]


def test_a_letter_taken_back_while_others_are_sent_is_not_sent(mailroom, post_office, superuser):
    def take_back(letter):
        if letter.recipient == "p0@example.org":
            superuser.execute(
                "UPDATE letter SET state = 'dropped' WHERE tenant_id = %s AND subject_id = %s",
                [mailroom.tenant_id, people[2]],
            )

    post_office.before_taking = take_back
    people = mailroom.people(*numbered(3))
    mailroom.post_to(people)
    mailroom.work()
    assert received(post_office) == numbered(2)


def test_without_a_server_the_job_says_so_and_the_letters_go_with_the_next_ones(mailroom, post_office):
    job_id = mailroom.post("a@example.org")
    mailroom.work(smtp_url=None)
    failed = mailroom.job(job_id)
    assert (failed.state, failed.error["code"], failed.attempts) == ("failed", "mail_not_configured", 1)
    assert "SMTP_URL" in failed.error["message"]
    assert mailroom.letters() == [("queued", None)]
    mailroom.post("b@example.org")
    mailroom.work()
    assert sorted(received(post_office)) == ["a@example.org", "b@example.org"]
    assert mailroom.letters() == [("sent", None)] * 2


def test_a_worker_without_a_server_ends_the_job_as_failed(tenant, database, start):
    start("scheduler")
    start("worker", "--queue=quick", program="tests.workers.welcoming", SMTP_URL="", MAIL_FROM="")
    room = Mailroom(database, None, tenant.id)
    job_id = room.post("a@example.org")
    job = eventually(lambda: ended(tenant, job_id))
    assert (job["state"], job["error"]["code"]) == ("failed", "mail_not_configured")
    assert room.letters() == [("queued", None)]


def test_letters_that_are_days_late_are_given_up(mailroom, post_office):
    late = now() - delivery.KEPT_FOR
    mailroom.post("a@example.org", not_before=late - timedelta(minutes=1))
    mailroom.post("b@example.org", not_before=late + timedelta(minutes=1))
    mailroom.work()
    assert mailroom.letters() == [("failed", "expired"), ("sent", None)]
    assert received(post_office) == ["b@example.org"]


def test_a_letter_put_off_for_days_fails_with_what_the_server_said_last(mailroom, post_office):
    post_office.refusals["a@example.org"] = "450 come back later"
    mailroom.post("a@example.org")
    mailroom.work()
    with mailroom.database.tenant(mailroom.tenant_id) as session:
        session.execute(text("UPDATE letter SET not_before = not_before - interval '5 days'"))
        session.commit()
    mailroom.make_due()
    mailroom.work()
    assert mailroom.letters() == [("failed", "smtp_450")]


def test_a_large_batch_is_sent_in_turns_by_one_job_that_tells_how_far_it_is(
    mailroom, post_office, monkeypatch
):
    monkeypatch.setattr(delivery, "MOST_AT_ONCE", 4)
    job_id = mailroom.post(*numbered(10))
    seen = []
    while mailroom.job(job_id).state == "queued":
        run_job(mailroom.database, tenant_id=mailroom.tenant_id, job_id=job_id, settings=mailroom.settings)
        job = mailroom.job(job_id)
        seen.append((job.state, job.attempts, job.progress, len(post_office.received)))
    assert seen == [("queued", 0, 0.3, 4), ("queued", 0, 0.7, 8), ("succeeded", 1, 1, 10)]
    assert mailroom.rows(select(Job.id)) == [job_id]
    assert mailroom.events() == [("letters.sent", {"sent": 10})]


def test_a_turn_ends_when_its_time_is_over(mailroom, post_office, monkeypatch):
    monkeypatch.setattr(delivery, "SECONDS_AT_ONCE", 0.0)
    job_id = mailroom.post("a@example.org")
    run_job(mailroom.database, tenant_id=mailroom.tenant_id, job_id=job_id, settings=mailroom.settings)
    assert (mailroom.job(job_id).state, post_office.received) == ("queued", [])


def test_another_tenants_letter_does_not_wait_for_thousands(database, start, post_office):
    many, few = (Mailroom(database, None, new_id()) for _ in range(2))

    def post_another(letter):
        if letter.recipient == "p0@example.org":
            few.post("few@example.org")

    post_office.before_taking = post_another
    start("scheduler")
    start(
        "worker", "--queue=quick", program="tests.workers.welcoming", SMTP_URL=post_office.url, MAIL_FROM=SENDER
    )  # fmt: skip
    few.post("first@example.org")
    eventually(lambda: post_office.received)  # from now on a bell is heard at once, and rung no second time
    many.post(*numbered(delivery.MOST_AT_ONCE + 50))
    eventually(lambda: len(post_office.received) == delivery.MOST_AT_ONCE + 52)
    assert received(post_office).index("few@example.org") == delivery.MOST_AT_ONCE + 1


def test_a_batch_cancelled_while_it_waits_is_not_sent_and_dropped_with_the_next_one(mailroom, post_office):
    job_id = mailroom.post("a@example.org")
    with mailroom.database.tenant(mailroom.tenant_id) as session:
        cancel(session, job_id=job_id)
        session.commit()
    mailroom.post("b@example.org")
    mailroom.work()
    assert received(post_office) == ["b@example.org"]
    assert mailroom.letters() == [("dropped", "cancelled"), ("sent", None)]


def test_a_batch_cancelled_on_its_way_stops_and_keeps_what_is_sent_marked(mailroom, post_office):
    def ask_to_stop(letter):
        if letter.recipient == "p1@example.org":
            with mailroom.database.tenant(mailroom.tenant_id) as session:
                cancel(session, job_id=job_id)
                session.commit()
            for _ in range(2):  # the first heartbeat may still be on its way to the worker
                before = mailroom.job(job_id).lease_until
                eventually(lambda: mailroom.job(job_id).lease_until != before)  # noqa: B023

    post_office.before_answering = ask_to_stop
    job_id = mailroom.post(*numbered(5))
    mailroom.work(lease_seconds=0.5)
    assert received(post_office) == numbered(2)
    assert mailroom.job(job_id).state == "cancelled"
    assert [state for state, _ in mailroom.letters()] == ["sent"] * 2 + ["queued"] * 3
    mailroom.post("z@example.org")
    mailroom.work()
    assert received(post_office)[2:] == ["z@example.org"]


def test_who_lost_the_job_sends_and_marks_nothing_more(mailroom, post_office, superuser):
    def take_over(letter):
        if letter.recipient == "p1@example.org":
            superuser.execute("UPDATE job SET fence = fence + 1 WHERE id = %s", [job_id])

    post_office.before_answering = take_over
    job_id = mailroom.post(*numbered(5))
    mailroom.work()
    assert received(post_office) == numbered(2)
    assert [state for state, _ in mailroom.letters()] == ["sent", *["queued"] * 4]
    post_office.before_answering = lambda _: None
    superuser.execute("UPDATE job SET lease_until = now() - interval '1 s' WHERE id = %s", [job_id])
    run_job(mailroom.database, tenant_id=mailroom.tenant_id, job_id=job_id, settings=mailroom.settings)
    assert sorted(received(post_office)) == sorted([*numbered(5), "p1@example.org"])
    first, again = post_office.to("p1@example.org")
    assert first.message["Message-ID"] == again.message["Message-ID"]


def test_a_server_that_was_never_there_is_asked_before_anything_is_composed(mailroom):
    gone = PostOffice()
    gone.end()
    mailroom.post("a@example.org")
    mailroom.work(smtp_url=smtp_server(gone.url))
    (member,) = mailroom.rows(select(Membership))
    assert member.identifiers == {}
