"""The one letter of a day: what it says, what it never says, and that it goes once; through a real mail server."""

import os
import re
import signal
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tenants.kernel.clock import now
from tenants.kernel.mail import post
from tenants.notices import wording
from tenants.notices.contents import WAITING, WRITTEN
from tenants.notices.digests import STALE_AFTER
from tenants.notices.planning import keep_rounds, plan
from tenants.tables import METADATA
from tests.conftest import eventually
from tests.factories.consents import edit_program
from tests.factories.matching import statements
from tests.factories.noticed import ADDRESSES, noticed_of
from tests.factories.people import waiting
from tests.planting import plant

ADA, BORA, CEM = ADDRESSES
DAY, WEEK, WAITS = "Peer group: your day", "Peer group: your week", "Peer group: something waits"
SECRET = "Quillfeather"
needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux's /proc")


@pytest.fixture
def noticed(app, tenant, root, clerk):
    return noticed_of(app, tenant, root, clerk)


def writes(noticed, number=0, **said):
    made = noticed.circle.api(number).post(
        f"{noticed.url}/asks", json={"kind": "ask", "title": SECRET, **said}
    )
    assert made.status_code == 201, made.get_json()


def test_whoever_has_nothing_to_hear_is_sent_nothing(noticed):
    assert noticed.goes_out() == []
    assert noticed.clerk.states() == ["dropped"] * 3


def test_what_was_written_is_told_to_the_others_by_a_number_and_once(noticed):
    writes(noticed)
    writes(noticed)
    assert noticed.goes_out() == [(BORA, DAY), (CEM, DAY)]
    assert "- something new was written in 1 of your groups" in noticed.last(BORA).text()
    assert noticed.goes_out() == [], "her letter of this day has gone out"
    noticed.a_day_passes()
    noticed.root.execute("UPDATE ask SET written_at = written_at - interval '1 day'")
    assert noticed.goes_out() == [], "she was told of it"


def test_news_are_those_since_the_last_letter_however_long_ago_that_was(noticed):
    writes(noticed)
    for _ in range(3):
        noticed.a_day_passes()
    noticed.root.execute("UPDATE ask SET written_at = written_at - interval '30 hours'")
    assert noticed.goes_out() == [], "for the first letter a day counts"
    noticed.a_day_passes()
    noticed.root.execute("UPDATE notice_day SET told_until = now() - interval '40 hours'")
    assert noticed.goes_out() == [(BORA, DAY), (CEM, DAY)]


def test_she_whose_action_is_due_today_is_told_how_many_and_not_what(noticed):
    asked = {"text": SECRET, "owner_id": str(noticed.circle.members[1]), "due_on": now().date().isoformat()}
    made = noticed.circle.api(1).post(f"{noticed.url}/actions", json=asked)
    assert made.status_code == 201, made.get_json()
    noticed.prefers(0, digest="off")
    noticed.prefers(2, digest="off")
    assert noticed.goes_out() == [(BORA, DAY)]
    assert "1 action of yours is due" in noticed.last(BORA).text()
    assert SECRET not in noticed.last(BORA).text()


def test_what_is_announced_to_her_cohort_is_counted_unless_she_wants_none_of_it(noticed, tenant):
    cohort = noticed.circle.cohort_id
    noticed.prefers(0, announcements=False)
    noticed.prefers(1, digest="off", announcements=False)
    said = {"title": SECRET, "text": SECRET}
    made = tenant.api.post(f"/v1/cohorts/{cohort}/announcements", json=said)
    assert made.status_code == 201, made.get_json()
    went = noticed.goes_out()
    assert (CEM, DAY) in went
    assert not {ADA, BORA} & {to for to, _ in went}
    assert all(SECRET not in noticed.last(CEM).text(form) for form in ("plain", "html"))


def test_meetings_of_the_next_week_are_told_on_her_own_clock(noticed):
    noticed.meets(9 * 24)
    noticed.meets(30)
    noticed.prefers(1, time_zone="Asia/Kolkata", digest="off", meeting_reminders=[])
    noticed.prefers(2, digest="off", meeting_reminders=[])
    noticed.prefers(0, meeting_reminders=[])
    assert noticed.goes_out() == [(ADA, DAY)]
    for form in ("plain", "html"):
        told = noticed.last().text(form)
        assert "1 meeting in the next 7 days:" in told
        assert noticed.begins in told
    noticed.a_day_passes()
    noticed.root.execute("UPDATE meeting SET updated_at = updated_at - interval '1 day'")
    assert noticed.goes_out() == [], "it is known to her, and not close"


def test_meetings_and_news_of_groups_that_she_has_left_or_is_away_from_are_not_told(noticed):
    noticed.meets(5)
    writes(noticed)
    for number in range(3):
        noticed.prefers(number, meeting_reminders=[])
    assert noticed.circle.api(1).put(f"{noticed.url}/pause", json={"until": None}).status_code == 200
    gone = [noticed.circle.members[2]]
    noticed.root.execute("UPDATE group_member SET left_at = now() WHERE membership_id = ANY (%s)", [gone])
    assert noticed.goes_out() == [(ADA, DAY)]


def test_nobody_is_written_to_whose_program_sends_no_notices_or_who_objected_or_has_no_address(
    noticed, tenant
):
    writes(noticed, 2)
    root, circle = noticed.root, noticed.circle
    root.execute("UPDATE membership SET chosen_email = NULL, email = NULL WHERE id = %s", [circle.members[0]])
    body = {"program_id": str(circle.program_id), "purpose": "matching", "decision": "objected"}
    said = circle.api(1).post("/v1/me/consents", json={**body, "wording_version": "1"})
    assert said.status_code == 201, said.get_json()
    assert noticed.plans() == 1
    edit_program(tenant.api, str(circle.program_id), notices=False)
    assert noticed.plans() == 0
    assert noticed.clerk.took() == []


def test_of_whom_only_a_roster_speaks_or_who_was_only_invited_nobody_is_written_to(noticed, tenant):
    root, circle = noticed.root, noticed.circle
    root.execute("UPDATE membership SET person_id = NULL WHERE id = ANY (%s)", [circle.members])
    assert noticed.plans() == 0


def test_what_waits_is_told_to_all_members_alike_whatever_each_has_answered(noticed, tenant):
    """Else whoever reads their mail knew by a line that is missing who has answered: of a refusal, who objected."""
    waiting(tenant, noticed.circle.cohort_id, noticed.circle.id)
    api = noticed.circle.api()
    (place,) = [r for r in api.get(f"{noticed.url}/roster").get_json()["items"] if r["admitted_at"] is None]
    made = api.post(f"{noticed.url}/admissions", json={"group_member_id": place["id"]})
    assert made.status_code == 201, made.get_json()
    noticed.clerk.took()
    answered = noticed.circle.api(1).put(
        f"{noticed.url}/admissions/{made.get_json()['id']}/answer", json={"objects": True}
    )
    assert answered.status_code in (200, 204), answered.get_json()
    assert noticed.goes_out() == [(ADA, DAY), (BORA, DAY), (CEM, DAY)]
    for address in ADDRESSES:
        assert "- 1 newcomer waits for your group's answer (until " in noticed.last(address).text()


def test_a_new_charter_is_told_for_a_while_and_what_ends_soon_to_who_wants_no_digest(noticed):
    api = noticed.circle.api()
    assert (
        api.post(f"{noticed.url}/charter/versions", json={"text": SECRET, "builds_on": 0}).status_code == 201
    )
    assert api.put(f"{noticed.url}/charter/versions/1/signature").status_code == 200
    noticed.prefers(2, digest="off", action_reminders=True)
    assert noticed.goes_out() == [(ADA, DAY), (BORA, DAY)], "a charter has no end"
    for address in (ADA, BORA):
        assert "- 1 group of yours has a new version of its charter" in noticed.last(address).text()
    root = noticed.root
    root.execute("UPDATE peer_group SET state = 'announced' WHERE id = %s", [noticed.circle.id])
    root.execute("UPDATE cohort SET confirm_by = current_date WHERE id = %s", [noticed.circle.cohort_id])
    noticed.prefers(0, digest="off")
    noticed.prefers(1, digest="off")
    noticed.a_day_passes()
    root.execute("UPDATE charter_version SET written_at = written_at - interval '15 days'")
    assert noticed.goes_out() == [(CEM, WAITS)]
    letter = noticed.last(CEM)
    assert "- 1 group of yours waits for its members to confirm it (until " in letter.text()
    assert "charter" not in letter.text()
    assert letter.message["List-Id"].startswith("<waiting.")


def test_what_the_tenant_puts_on_the_board_is_told_unless_she_does_not_want_it(noticed, tenant):
    noticed.prefers(1, announcements=False)
    assert tenant.api.post("/v1/opportunities", json={"kind": "award", "title": SECRET}).status_code == 201
    assert noticed.goes_out() == [(ADA, DAY), (CEM, DAY)]
    assert "- 1 announcement" in noticed.last().text()


def test_a_weekly_digest_comes_on_mondays_and_one_that_is_off_never(noticed):
    noticed.prefers(0, digest="weekly", digest_hour=9)
    noticed.prefers(1, digest="off")
    noticed.prefers(2, digest_hour=23)
    for day in range(1, 15):  # 1 June 2026 is a Monday
        at = datetime(2026, 6, day, 9, 5, tzinfo=UTC)
        noticed.root.execute("UPDATE membership SET joined_at = '2026-01-01'")
        noticed.plans(at)
    assert [(number, day) for number, day, _ in noticed.days()] == [(0, "2026-06-01"), (0, "2026-06-08")]


def test_a_weekly_digest_says_that_it_is_one(noticed, database):
    writes(noticed, 2)
    noticed.prefers(0, digest="weekly")
    day = plant(
        noticed.root.cursor(), "notice_day", tenant_id=noticed.clerk.tenant_id,
        membership_id=noticed.circle.members[0], local_date="2026-06-01", due_at=now(),
    )  # fmt: skip
    with database.tenant(noticed.clerk.tenant_id) as session:
        post(session, "digest", subject_ids=[day])
        session.commit()
    assert noticed.clerk.took() == [(ADA, WEEK)]


@pytest.mark.parametrize(
    ("zone", "hour", "nights", "due"),
    [
        ("Europe/Berlin", 2, ("2026-03-28", "2026-03-29", "2026-03-30"),
         ("2026-03-28 01:00", "2026-03-29 01:00", "2026-03-30 00:00")),
        ("America/Chicago", 1, ("2026-10-31", "2026-11-01", "2026-11-02"),
         ("2026-10-31 06:00", "2026-11-01 06:00", "2026-11-02 07:00")),
        ("Asia/Kathmandu", 8, ("2026-05-01",), ("2026-05-01 02:15",)),
        ("US/Eastern", 23, ("2026-05-01",), ("2026-05-02 03:00",)),
    ],
)  # fmt: skip
def test_each_day_of_hers_has_one_letter_whatever_the_clocks_do(noticed, zone, hour, nights, due):
    noticed.root.execute("UPDATE membership SET joined_at = '2026-01-01'")
    for number in (1, 2):
        noticed.prefers(number, digest="off")
    assert noticed.prefers(0, time_zone=zone, digest_hour=hour)["time_zone"] == zone
    begin = datetime.fromisoformat(due[0]).replace(tzinfo=UTC)
    until = datetime.fromisoformat(due[-1]).replace(tzinfo=UTC)
    at = begin
    while at <= until + timedelta(hours=3):
        noticed.plans(at)
        at += timedelta(minutes=45)
    assert noticed.days() == [(0, *each) for each in zip(nights, due, strict=True)]


def test_a_round_that_came_late_leaves_nobody_out_and_one_who_joined_since_hears_the_next_time(noticed):
    noticed.root.execute("UPDATE membership SET joined_at = '2026-01-01'")
    noticed.prefers(1, digest="off")
    noticed.prefers(0, digest_hour=22)
    noticed.prefers(2, digest_hour=22)
    hers = [noticed.circle.members[2]]
    noticed.root.execute("UPDATE membership SET joined_at = '2026-06-01 22:30Z' WHERE id = ANY (%s)", [hers])
    noticed.plans(datetime(2026, 6, 2, 2, 0, tzinfo=UTC))
    assert noticed.days() == [(0, "2026-06-01", "2026-06-01 22:00")]


def test_two_at_once_plan_each_letter_once(noticed, database, tenant):
    writes(noticed)
    noticed.meets(20)
    both = threading.Barrier(2)

    def schedule():
        with database.tenant(tenant.id) as session:
            both.wait()
            plan(session, at=now())
            session.commit()

    threads = [threading.Thread(target=schedule) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    noticed.plans()
    went = noticed.clerk.took()
    assert len(went) == len(set(went)) == 6, "a digest and a reminder for each"


def test_each_open_tenant_has_one_round_waiting_also_after_it_failed(noticed, database, tenant):
    waits = "SELECT count(*) FROM job WHERE kind = 'notices' AND tenant_id = %s AND state = 'queued'"
    threads = [threading.Thread(target=keep_rounds, args=[database]) for _ in range(3)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    root = noticed.root
    assert root.execute(waits, [tenant.id]).fetchone() == (1,)
    writes(noticed)
    noticed.clerk.passes(1)
    assert noticed.clerk.took() == [(BORA, DAY), (CEM, DAY)]
    again = root.execute("SELECT state, not_before > now() FROM job WHERE kind = 'notices' AND tenant_id = %s",
                         [tenant.id]).fetchall()  # fmt: skip
    assert again == [("queued", True)]
    root.execute("UPDATE job SET state = 'failed' WHERE kind = 'notices' AND tenant_id = %s", [tenant.id])
    assert keep_rounds(database) >= 1
    assert root.execute(waits, [tenant.id]).fetchone() == (1,)
    root.execute("UPDATE tenant SET state = 'suspended' WHERE id = %s", [tenant.id])
    noticed.clerk.passes(1)
    noticed.clerk.work()
    keep_rounds(database)
    assert root.execute(waits, [tenant.id]).fetchone() == (0,)


def test_a_letter_that_cannot_be_sent_for_half_a_day_is_not_and_the_next_one_tells_its_news(noticed):
    writes(noticed)
    noticed.prefers(2, digest="off")
    noticed.clerk.office.refusals[BORA] = "450 later"
    assert noticed.goes_out() == []
    late = f"{STALE_AFTER.total_seconds():.0f} seconds"
    noticed.root.execute("UPDATE notice_day SET due_at = due_at - %s::interval - interval '1 hour'", [late])
    noticed.clerk.passes(13)
    noticed.clerk.office.refusals.clear()
    assert noticed.clerk.took() == []
    noticed.a_day_passes()
    assert noticed.goes_out() == [(BORA, DAY)]


def test_a_person_of_two_tenants_hears_from_each_of_its_own(app, noticed, new_tenant, root, clerk, database):
    other = new_tenant()
    again = noticed_of(app, other, root, clerk, people=2)
    person = root.execute(
        "SELECT person_id FROM membership WHERE id = %s", [noticed.circle.members[0]]
    ).fetchone()
    assert person is not None
    root.execute("UPDATE membership SET person_id = %s WHERE id = %s", [person[0], again.circle.members[0]])
    writes(again, 1)
    writes(noticed, 1)
    assert noticed.prefers(0, digest="off")["digest"] == "off"
    assert again.circle.api().get("/v1/me/notice-preferences").get_json()["digest"] == "daily"
    assert noticed.goes_out() == [(CEM, DAY)]
    with database.tenant(other.id) as session:
        plan(session, at=now())
        session.commit()
    other_clerk = type(clerk)(database, clerk.settings, other.id, clerk.office, seen=clerk.seen)
    assert other_clerk.took() == [(ADA, DAY)]
    assert f"/sign-in/t-{other.id.hex}" in noticed.last().text()


def test_no_letter_holds_a_word_of_a_group_a_name_or_a_title(noticed, tenant):
    api = noticed.circle.api()
    words = {"title": SECRET, "text": SECRET}
    assert (
        api.post(f"{noticed.url}/charter/versions", json={"text": SECRET, "builds_on": 0}).status_code == 201
    )
    writes(noticed, text=SECRET)
    tip = {"kind": "own", "valid_as_of": "2026-01-01", **words}
    assert api.post(f"{noticed.url}/tips", json=tip).status_code == 201
    assert tenant.api.post("/v1/opportunities", json={"kind": "award", **words}).status_code == 201
    asked = {"starts_at_local": f"{now() + timedelta(hours=5):%Y-%m-%dT%H:%M:%S}", "time_zone": "UTC",
             "join_link": f"https://{SECRET.lower()}.example/", "place": SECRET}  # fmt: skip
    assert api.post(f"{noticed.url}/meetings", json=asked).status_code == 201
    for table in ("peer_group", "cohort", "program", "membership", "tenant"):
        key = "id" if table == "tenant" else "tenant_id"
        renamed = f"UPDATE {table} SET name = %s WHERE {key} = %s"  # noqa: S608 - names of ours
        noticed.root.execute(renamed, [SECRET, tenant.id])
    assert len(noticed.goes_out()) == 6
    for received in noticed.clerk.office.received:
        parts = [
            received.content.decode(),
            *map(received.text, ("plain", "html")),
            *map(str, received.message.values()),
        ]
        assert SECRET.lower() not in "".join(parts).lower()


def test_every_letter_is_text_and_html_says_what_it_is_and_how_to_stop_it(noticed):
    writes(noticed)
    noticed.meets(10)
    noticed.goes_out()
    assert len({str(each.message["Subject"]) for each in noticed.clerk.office.received}) == 2
    for received in noticed.clerk.office.received:
        message = received.message
        kinds = [part.get_content_type() for part in message.walk()]
        assert kinds == ["multipart/alternative", "text/plain", "text/html"]
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        slug = f"t-{noticed.clerk.tenant_id.hex}"
        assert re.fullmatch(rf"<(digest|meetings)\.{slug}\.example\.org>", message["List-Id"])
        (stop,) = re.fullmatch(r"<(http://127\.0\.0\.1:8000/unsubscribe/uns_[0-9a-f]{32}_[0-9a-f]{64})>",
                               message["List-Unsubscribe"]).groups()  # fmt: skip
        assert stop in received.text()
        assert f'<a href="{stop}">' in received.text("html")
        assert '<html lang="en">' in received.text("html")
        assert not any(member.hex in stop for member in noticed.circle.members)


def test_who_is_due_is_decided_in_as_many_statements_for_many_as_for_few(noticed, database, tenant):
    asked, before = [], 0
    root, circle = noticed.root, noticed.circle
    noticed.meets(20)
    for number in (0, 400):
        for table in ("notice_day", "meeting_reminder"):
            root.execute(f"DELETE FROM {table} WHERE tenant_id = %s", [tenant.id])  # noqa: S608
        with root.transaction():
            root.execute("SET LOCAL session_replication_role = replica")
            root.execute(
                "WITH made AS (INSERT INTO membership (tenant_id, id, external_id, email, person_id, joined_at)"
                " SELECT %(t)s, uuidv7(), 'many-' || n, 'many-' || n || '@many.example', uuidv7(),"
                "        now() - interval '3 days' FROM generate_series(1, %(n)s) n RETURNING tenant_id, id),"
                " taking AS (INSERT INTO participant (tenant_id, id, cohort_id, membership_id, state, state_since,"
                "            attributes)"
                " SELECT tenant_id, uuidv7(), %(c)s, id, 'placed', now(), '{}' FROM made"
                " RETURNING tenant_id, id, membership_id),"
                " said AS (INSERT INTO notice_preference (tenant_id, id, membership_id, digest, digest_hour,"
                "          meeting_reminders, action_reminders, announcements)"
                " SELECT tenant_id, uuidv7(), id, 'daily', %(h)s, '{24}', true, true FROM made)"
                " INSERT INTO group_member (tenant_id, id, group_id, participant_id, membership_id, admitted_at)"
                " SELECT tenant_id, uuidv7(), %(g)s, id, membership_id, now() - interval '3 days' FROM taking",
                {"t": tenant.id, "n": number, "c": circle.cohort_id, "g": circle.id, "h": now().hour},
            )
        before = len(noticed.clerk.states())
        with database.tenant(tenant.id) as session:
            with statements(database) as run:
                plan(session, at=now())
                session.flush()
            session.commit()
        assert len(noticed.clerk.states()) - before == 2 * (number + 3)
        asked.append(len(run))
    assert asked[0] == asked[1] > 0


def test_there_are_words_for_all_that_can_wait():
    assert set(WAITING) == set(wording.OF_WAITING)
    assert wording.waiting("newcomers", 1, None) == "1 newcomer waits for your group's answer"
    assert wording.waiting("newcomers", 2, "Mon") == "2 newcomers wait for your groups' answers (until Mon)"


def test_what_groups_write_is_counted_or_known_not_to_be():
    written = {
        name
        for name, table in METADATA.tables.items()
        if {"group_id", "author_id", "written_at"} <= {*table.c.keys()}
        and any(column.startswith("encrypted_") for column in {*table.c.keys()})
    }
    # Whom somebody invites is hers to know; a link is said again whenever somebody joins.
    assert written - set(WRITTEN) == {"group_invitation", "meeting_link"}
    assert set(WRITTEN) <= written


@pytest.mark.slow
@needs_proc
def test_a_worker_that_is_killed_while_it_sends_sends_no_day_twice(noticed, start, settings, post_office):
    writes(noticed)
    reached, opened = threading.Event(), threading.Event()
    ours = f"t-{noticed.clerk.tenant_id.hex}".encode()

    def hold(letter):
        if letter.recipient == BORA and ours in letter.content and not reached.is_set():
            reached.set()
            opened.wait(60)

    post_office.before_taking = hold
    noticed.plans()
    start("scheduler")
    known = {"SMTP_URL": post_office.url, "MAIL_FROM": "post@example.org"}
    worker = start("worker", "--queue=quick", **known)
    assert reached.wait(60)
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text()
    for pid in (*map(int, children.split()), worker.pid):
        os.kill(pid, signal.SIGKILL)
    post_office.before_taking = lambda _: None
    start("worker", "--queue=quick", **known)
    eventually(lambda: sorted(set(noticed.clerk.states())) == ["dropped", "sent"])
    opened.set()
    ids = {
        (each.recipient, each.message["Message-ID"]) for each in post_office.received if ours in each.content
    }
    assert {recipient for recipient, _ in ids} == {BORA, CEM}
    assert len(ids) == 2, "sent again it is the same letter"


def test_without_a_mail_server_nothing_is_planned(noticed, database, tenant):
    writes(noticed)
    keep_rounds(database)
    noticed.clerk.passes(1)
    office, noticed.clerk.settings = noticed.clerk.settings, replace(noticed.clerk.settings, smtp_url=None)
    assert "notices" in noticed.clerk.work()
    assert noticed.clerk.states() == []
    noticed.clerk.settings = office
    noticed.clerk.passes(1)
    assert noticed.clerk.took() == [(BORA, DAY), (CEM, DAY)]
