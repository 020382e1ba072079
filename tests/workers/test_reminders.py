"""Reminders of an intake: to whom they go, what they hold, and that each goes once; through a real mail server."""

import os
import re
import signal
import threading
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from tenants.cohorts.reminders import remind, written
from tenants.kernel.claims import LeaseLost, claim
from tenants.kernel.jobs import Job
from tests.conftest import eventually
from tests.contract import edit
from tests.factories.cohorts import make_cohort
from tests.factories.consents import participant_as_member, says

QUESTION = {"key": "rank", "label": "Rank", "kind": "ordinal", "required": True, "levels": [{"key": "low"}]}
ZONE = "America/Chicago"
LAST = datetime.now(ZoneInfo(ZONE)).date() + timedelta(days=10)
needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")


@pytest.fixture
def cohort(tenant):
    """The URL of a cohort that closes in ten days, with a reminder seven days before and one on the day before."""
    cohort = make_cohort(tenant.api, [QUESTION])
    said = {"closes_on": LAST.isoformat(), "time_zone": ZONE, "reminders": [7, 1]}
    assert edit(tenant.api, f"{cohort}/intake", **said).status_code == 200
    return cohort


@pytest.fixture
def add(tenant, cohort):
    """Add a participant who is invited, unless told otherwise; what is shown of her."""

    def added(external_id, invited=True, **more):
        body = {"external_id": external_id, "email": f"{external_id}@circle.example", "state": "invited"}
        made = tenant.api.post(f"{cohort}/participants", json={**body, **more})
        assert made.status_code == 201, made.get_json()
        if invited:
            asked = {"membership_id": made.get_json()["membership_id"], "deliver": "link"}
            assert tenant.api.post("/v1/invitations", json=asked).status_code == 201
        return made.get_json()

    return added


def answer(member, participant):
    url = f"/v1/me/applications/{participant['id']}/answers"
    assert edit(member.api, url, attributes={"rank": "low"}).status_code == 200


def reminders(database, tenant, state="queued"):
    with database.tenant(tenant.id) as session:
        known = select(Job.id).where(Job.kind == "intake_reminder", Job.state == state)
        return list(session.scalars(known.order_by(Job.not_before)))


def let_come(database, tenant, number=1):
    """Let the moment of so many reminders come."""
    ids = reminders(database, tenant)[:number]
    with database.tenant(tenant.id) as session:
        session.execute(text("UPDATE job SET not_before = now() WHERE id = ANY (:ids)"), {"ids": ids})
        session.commit()
    return ids


def to_whom(clerk):
    return [to for to, _ in clerk.took()]


def test_who_has_not_answered_is_reminded_and_nobody_else(app, tenant, database, cohort, add, clerk):
    program = tenant.api.get(cohort).get_json()["program_id"]
    add("waits")
    add("stranger", invited=False)
    add("silent", invited=False, email=None)
    add("by_roster", attributes={"rank": "low"})
    for state in ("ineligible", "declined", "placed", "paused", "withdrawn", "completed"):
        add(state, state=state)
    joined = add("joined", invited=False)
    participant_as_member(app, tenant, joined["id"])
    answered = add("answered", invited=False)
    answer(participant_as_member(app, tenant, answered["id"]), answered)
    objects = add("objects", invited=False)
    assert (
        says(participant_as_member(app, tenant, objects["id"]), program, "matching", "objected").status_code
        == 201
    )
    clerk.took()
    let_come(database, tenant)
    assert to_whom(clerk) == ["joined@circle.example", "waits@circle.example"]
    assert len(reminders(database, tenant)) == 1
    let_come(database, tenant)
    assert to_whom(clerk) == ["joined@circle.example", "waits@circle.example"]
    assert tenant.api.get(f"{cohort}/intake").get_json()["missing"] == 3, "she who objected is asked still"


def test_it_holds_the_name_the_cohort_the_day_and_a_way_in(app, tenant, database, cohort, add, clerk):
    add("new", name="Nadia <Northport>")
    known = add("known", invited=False, name="Known")
    participant_as_member(app, tenant, known["id"])
    let_come(database, tenant)
    clerk.work()
    (to_new,), (to_known,) = (clerk.office.to(f"{name}@circle.example") for name in ("new", "known"))
    assert to_new.message["Subject"] == f"2026: your answers are awaited until {written(LAST)}"
    assert f"until the end of {written(LAST)} (America/Chicago)" in to_new.text()
    assert "Hello Nadia <Northport>," in to_new.text()
    assert "Hello Nadia &lt;Northport&gt;," in to_new.text("html")
    link = re.search(r"/invitations/\S+", to_new.text())[0]
    assert app.test_client().get(link).status_code == 200, "whoever has not joined is let in by it"
    assert f"/sign-in/t-{tenant.id.hex}" in to_known.text()
    assert "/invitations/" not in to_known.text()


def test_who_answers_or_goes_before_the_letter_is_sent_gets_none(app, tenant, database, cohort, add, clerk):
    answers, goes, stays = (add(name, invited=False) for name in ("answers", "goes", "stays"))
    members = [participant_as_member(app, tenant, each["id"]) for each in (answers, goes, stays)]
    let_come(database, tenant)
    (job_id,) = [job_id for job_id, kind in clerk._due() if kind == "intake_reminder"]
    held = claim(database, tenant_id=tenant.id, job_id=job_id, settings=clerk.settings)
    remind(held)
    assert clerk.states() == ["queued"] * 3
    answer(members[0], answers)
    edit(tenant.api, f"/v1/participants/{goes['id']}", state="ineligible")
    reminded = [to for to, called in clerk.took() if "awaited" in called]
    assert reminded == ["stays@circle.example"]


def test_when_it_has_closed_nobody_is_reminded_any_more(tenant, database, cohort, add, clerk):
    add("waits")
    let_come(database, tenant)
    yesterday = (LAST - timedelta(days=12)).isoformat()
    assert edit(tenant.api, f"{cohort}/intake", closes_on=yesterday).status_code == 200
    assert to_whom(clerk) == []


def test_a_worker_that_lost_the_job_reminds_nobody(tenant, database, cohort, add, clerk):
    add("waits")
    (job_id,) = let_come(database, tenant)
    late = claim(database, tenant_id=tenant.id, job_id=job_id, settings=clerk.settings)
    with database.tenant(tenant.id) as session:
        session.execute(
            text("UPDATE job SET lease_until = now() - interval '1 s' WHERE id = :id"), {"id": job_id}
        )
        session.commit()
    other = claim(database, tenant_id=tenant.id, job_id=job_id, settings=clerk.settings)
    remind(other)
    with pytest.raises(LeaseLost):
        remind(late)
    assert to_whom(clerk) == ["waits@circle.example"]


def test_a_letter_that_still_waits_gives_way_to_the_next_reminder(tenant, database, cohort, add, clerk):
    add("waits")
    clerk.office.refusals["waits@circle.example"] = "450 later"
    let_come(database, tenant)
    assert to_whom(clerk) == []
    clerk.office.refusals.clear()
    let_come(database, tenant)
    assert to_whom(clerk) == ["waits@circle.example"]
    clerk.passes(hours=24)
    assert to_whom(clerk) == []
    assert clerk.states() == ["dropped", "sent"]


@needs_proc
def test_a_worker_killed_while_letters_go_out_loses_and_repeats_none(
    tenant, database, cohort, add, start, post_office
):
    for number in range(6):
        add(f"p{number}")
    reached, opened = threading.Event(), threading.Event()

    def hold(letter):
        if len(post_office.received) == 3 and not reached.is_set():
            reached.set()
            opened.wait(60)

    post_office.before_taking = hold
    mail = {"SMTP_URL": post_office.url, "MAIL_FROM": "post@example.org"}
    start("scheduler")
    worker = start("worker", "--queue=quick", **mail)
    (job_id,) = let_come(database, tenant)
    eventually(reached.is_set)
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
    for pid in (*map(int, children.split()), worker.pid):
        os.kill(pid, signal.SIGKILL)
    worker.wait(30)
    eventually(lambda: not post_office.connected)
    opened.set()
    start("worker", "--queue=quick", **mail)
    eventually(lambda: len(post_office.received) >= 6)
    eventually(lambda: reminders(database, tenant, "succeeded") == [job_id])
    assert Counter(each.recipient for each in post_office.received) == Counter(
        f"p{number}@circle.example" for number in range(6)
    )


def test_another_tenants_reminder_is_not_to_be_had(tenant, new_tenant, database, cohort, clerk):
    (job_id,) = let_come(database, tenant)
    assert claim(database, tenant_id=new_tenant().id, job_id=job_id, settings=clerk.settings) is None
    assert UUID(str(job_id)) in reminders(database, tenant)
