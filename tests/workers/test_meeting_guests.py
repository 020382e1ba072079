"""Advisors who are invited to one meeting: what they are sent, and that they get into nothing."""

from datetime import timedelta

import pytest

from tenants.kernel.clock import now
from tests.factories.matching import every
from tests.factories.noticed import noticed_of
from tests.factories.people import acting
from tests.workers.test_meeting_upkeep import told

GUEST, OTHER = "advisor@eastgate.example", "second@eastgate.example"
LINK = "https://video.example/amberbay"


@pytest.fixture
def noticed(app, tenant, root, clerk):
    return noticed_of(app, tenant, root, clerk)


@pytest.fixture
def meeting(noticed):
    """The URL of a meeting in two days, with a link."""
    url = f"{noticed.url}/meetings/{noticed.meets(48)}"
    edited(noticed, url, join_link=LINK)
    return url


def edited(noticed, url, **changes):
    api = noticed.circle.api()
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()


def invited(noticed, meeting, email=GUEST):
    made = noticed.circle.api().post(f"{meeting}/guests", json={"email": email})
    assert made.status_code == 201, made.get_json()
    return made.headers["Location"]


def sent(noticed):
    """What was sent to guests since: to whom, and what it has a calendar do."""
    seen = noticed.clerk.seen
    noticed.clerk.took()
    letters = noticed.clerk.office.received[seen:]
    return [(each.recipient, *told(each)[:3]) for each in letters if each.recipient in (GUEST, OTHER)]


def test_a_guest_is_sent_the_time_and_the_link_of_one_meeting_and_what_becomes_of_it(noticed, meeting):
    location, uid = invited(noticed, meeting), meeting.rpartition("/")[2]
    assert noticed.circle.api(1).get(location).get_json()["email"] == GUEST
    assert sent(noticed) == [(GUEST, "REQUEST", uid, 1)]
    letter = noticed.clerk.office.to(GUEST)[-1]
    event = told(letter)[3]
    assert (str(event["SUMMARY"]), str(event["URL"]), str(event["CLASS"])) == ("Peer group", LINK, "PRIVATE")
    assert str(event["ATTENDEE"]) == f"mailto:{GUEST}"
    assert LINK in letter.text()
    for word in ("Invented Person", "Invented\r", "amberbay.example", "sign-in", str(noticed.circle.id)):
        assert word not in letter.content.decode(), word
    assert sent(noticed) == []
    later = now() + timedelta(hours=72)
    edited(noticed, meeting, starts_at_local=f"{later:%Y-%m-%dT%H:%M:%S}")
    assert sent(noticed) == [(GUEST, "REQUEST", uid, 2)]
    edited(noticed, meeting, state="cancelled")
    assert sent(noticed) == [(GUEST, "CANCEL", uid, 3)]
    edited(noticed, meeting, state="planned")
    assert sent(noticed) == [(GUEST, "REQUEST", uid, 4)]


def test_who_is_taken_off_is_sent_a_cancellation_and_nothing_after_it(noticed, meeting):
    first, _ = invited(noticed, meeting), invited(noticed, meeting, OTHER)
    assert [each[:2] for each in sent(noticed)] == [(GUEST, "REQUEST"), (OTHER, "REQUEST")]
    assert noticed.circle.api(2).delete(first).status_code == 204
    assert [each[:2] for each in sent(noticed)] == [(GUEST, "CANCEL")]
    assert str(told(noticed.clerk.office.to(GUEST)[-1])[3]["STATUS"]) == "CANCELLED"
    assert noticed.circle.api().get(first).status_code == 404
    assert noticed.circle.api().delete(first).status_code == 404
    assert [row["email"] for row in every(noticed.circle.api(), f"{meeting}/guests")] == [OTHER]
    edited(noticed, meeting, state="skipped")
    assert [each[:2] for each in sent(noticed)] == [(OTHER, "CANCEL")]


def test_whoever_is_taken_off_before_anything_was_sent_is_sent_nothing(noticed, meeting):
    assert noticed.circle.api().delete(invited(noticed, meeting)).status_code == 204
    assert sent(noticed) == []


def test_guests_are_for_a_meeting_to_come_once_and_five_at_most(noticed, meeting):
    api, url = noticed.circle.api(), f"{meeting}/guests"

    def refused(email, of=url):
        answer = api.post(of, json={"email": email})
        return answer.status_code, answer.get_json()["code"]

    invited(noticed, meeting)
    assert refused(GUEST.upper()) == (409, "already_invited")
    for number in range(4):
        invited(noticed, meeting, f"invented-{number}@eastgate.example")
    assert refused(OTHER) == (409, "too_many_guests")
    assert refused("no address")[0] == 422
    past = f"{noticed.url}/meetings/{noticed.meets(-5)}/guests"
    assert refused(OTHER, past) == (409, "meeting_not_to_come")
    edited(noticed, meeting, state="cancelled")
    assert refused(OTHER) == (409, "meeting_not_to_come")


def test_who_is_invited_only_members_see_and_no_table_or_event_names_her(app, noticed, meeting, tenant, root):
    location = invited(noticed, meeting)
    assert tenant.api.get(f"{meeting}/guests").status_code in (403, 404)
    newcomer = noticed.circle.add(admitted=False)
    stranger = acting(app, tenant.id, newcomer, own_client=True)
    for path in (f"{meeting}/guests", location):
        assert stranger.get(path).status_code == 404
    assert stranger.post(f"{meeting}/guests", json={"email": OTHER}).status_code == 404
    assert stranger.delete(location).status_code == 404
    noticed.clerk.took()
    for table in ("meeting_guest", "event", "letter", "job", "idempotency_record", "membership"):
        rows = root.execute(f"SELECT t::text FROM {table} t WHERE tenant_id = %s", [tenant.id])  # noqa: S608
        assert not any(GUEST in row or GUEST.encode().hex() in row for (row,) in rows.fetchall()), table


def test_her_address_is_removed_once_the_meeting_is_over(noticed, meeting, root):
    invited(noticed, meeting)
    sent(noticed)
    count = "SELECT count(*) FROM meeting_guest WHERE tenant_id = %s"
    assert root.execute(count, [noticed.clerk.tenant_id]).fetchone() == (1,)
    root.execute(
        "UPDATE meeting SET starts_at = now() - interval '2 days' WHERE id = %s", [meeting.rpartition("/")[2]]
    )
    noticed.clerk.passes(24 * 8)
    noticed.clerk.work()
    assert root.execute(count, [noticed.clerk.tenant_id]).fetchone() == (0,)
