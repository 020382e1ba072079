"""Letters before meetings: as the meeting then is, and to whoever is there; through a real mail server."""

from datetime import timedelta

import pytest

from tenants.kernel.clock import now
from tests.factories.noticed import ADDRESSES, noticed_of

ADA, BORA, CEM = ADDRESSES
SOON, OFF = "Peer group: a meeting soon", "Peer group: a meeting is off"


@pytest.fixture
def noticed(app, tenant, root, clerk):
    """Three who want reminders only; the third of them none."""
    made = noticed_of(app, tenant, root, clerk)
    for number in range(3):
        made.prefers(number, digest="off", **({"meeting_reminders": []} if number == 2 else {}))
    return made


def edited(noticed, meeting, **changes):
    api, url = noticed.circle.api(), f"{noticed.url}/meetings/{meeting}"
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()


def test_a_meeting_is_reminded_of_a_day_before_once_and_says_when_and_no_more(noticed):
    noticed.meets(25)
    assert noticed.goes_out() == []
    noticed.plans(now() + timedelta(hours=2))
    assert noticed.clerk.took() == [(ADA, SOON), (BORA, SOON)]
    told = noticed.last().text()
    assert f"Your peer group meets:\r\n\r\n{noticed.begins}\r\n" in told
    assert f"/sign-in/t-{noticed.clerk.tenant_id.hex}" in told
    noticed.plans(now() + timedelta(hours=3))
    assert noticed.clerk.took() == []


def test_the_hours_are_her_own_and_of_two_that_have_come_the_last_counts(noticed):
    noticed.prefers(0, meeting_reminders=[1, 48])
    noticed.meets(30)
    assert noticed.goes_out() == [(ADA, SOON)]
    noticed.plans(now() + timedelta(hours=29, minutes=30))
    assert noticed.clerk.took() == [(ADA, SOON), (BORA, SOON)]
    noticed.meets(0.5)
    assert noticed.goes_out() == [(ADA, SOON), (BORA, SOON)]


@pytest.mark.parametrize("state", ["skipped", "cancelled"])
def test_a_meeting_that_is_off_is_not_reminded_of_also_when_the_letter_waits(noticed, state):
    meeting = noticed.meets(5)
    noticed.plans()
    edited(noticed, meeting, state=state)
    assert noticed.clerk.took() == []
    assert noticed.goes_out() == []


def test_a_meeting_that_was_moved_is_reminded_of_at_its_new_time_only(noticed):
    meeting, new = noticed.meets(5), now() + timedelta(hours=100)
    noticed.plans()
    edited(noticed, meeting, starts_at_local=f"{new:%Y-%m-%dT%H:%M:%S}")
    assert noticed.goes_out() == []
    noticed.plans(now() + timedelta(hours=80))
    assert noticed.clerk.took() == [(ADA, SOON), (BORA, SOON)]
    assert f"{new:%a} {new.day} {new:%b %H:%M}" in noticed.last().text()


def test_whoever_leaves_or_is_away_or_wants_none_any_more_gets_none_though_it_waits(noticed):
    noticed.meets(5)
    noticed.plans()
    assert noticed.circle.api(0).put(f"{noticed.url}/pause", json={"until": None}).status_code == 200
    noticed.prefers(1, meeting_reminders=[])
    assert noticed.clerk.took() == []
    assert noticed.circle.api(0).delete(f"{noticed.url}/pause").status_code == 204
    gone = [noticed.circle.members[0]]
    noticed.root.execute("UPDATE group_member SET left_at = now() WHERE membership_id = ANY (%s)", [gone])
    noticed.meets(6, 1)
    assert noticed.goes_out() == []


def test_the_state_of_a_group_that_does_not_meet_silences_it(noticed):
    noticed.meets(5)
    noticed.root.execute("UPDATE peer_group SET state = 'paused' WHERE id = %s", [noticed.circle.id])
    assert noticed.goes_out() == []


@pytest.mark.parametrize("state", ["skipped", "cancelled"])
def test_whoever_was_reminded_is_told_once_that_it_is_off_and_reminded_again_when_it_is_on(noticed, state):
    meeting = noticed.meets(20)
    assert noticed.goes_out() == [(ADA, SOON), (BORA, SOON)]
    edited(noticed, meeting, state=state)
    assert noticed.goes_out() == [(ADA, OFF), (BORA, OFF)]
    for form in ("plain", "html"):
        assert noticed.begins in noticed.last().text(form)
    assert noticed.last().message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert noticed.goes_out() == []
    edited(noticed, meeting, state="planned")
    assert noticed.goes_out() == [(ADA, SOON), (BORA, SOON)]


def test_a_meeting_that_was_moved_after_its_reminder_is_off_then_and_reminded_of_at_its_new_time(noticed):
    meeting, new = noticed.meets(20), now() + timedelta(hours=100)
    before = noticed.begins
    noticed.goes_out()
    edited(noticed, meeting, starts_at_local=f"{new:%Y-%m-%dT%H:%M:%S}")
    assert noticed.goes_out() == [(ADA, OFF), (BORA, OFF)]
    assert before in noticed.last().text()
    noticed.plans(now() + timedelta(hours=80))
    assert noticed.clerk.took() == [(ADA, SOON), (BORA, SOON)]


def test_of_two_reminders_of_one_meeting_one_letter_tells_that_it_is_off(noticed):
    noticed.prefers(0, meeting_reminders=[1, 48])
    noticed.prefers(1, meeting_reminders=[])
    meeting = noticed.meets(30)
    assert noticed.goes_out() == [(ADA, SOON)]
    noticed.plans(now() + timedelta(hours=29, minutes=30))
    assert noticed.clerk.took() == [(ADA, SOON)]
    edited(noticed, meeting, state="cancelled")
    assert noticed.goes_out() == [(ADA, OFF)]


def test_that_it_is_off_is_not_told_to_whoever_has_left_or_wants_no_reminders_any_more(noticed):
    meeting = noticed.meets(20)
    noticed.goes_out()
    noticed.prefers(1, meeting_reminders=[])
    edited(noticed, meeting, state="cancelled")
    noticed.root.execute(
        "UPDATE group_member SET left_at = now() WHERE membership_id = %s", [noticed.circle.members[0]]
    )
    assert noticed.goes_out() == []
