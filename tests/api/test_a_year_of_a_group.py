"""A year of one group, through the API: six people on five clocks from three tenants, one of whom leaves, one of whom
comes. All of them are invented.
"""

from uuid import UUID

import icalendar
import pytest

from tenants.access import joining
from tenants.people.models import Invitation
from tests.factories.group_life import days_ahead
from tests.factories.matching import every, program_to_match
from tests.factories.partners import agreed, invited, nominated
from tests.factories.people import acting, holder, joined

ZONES = (
    "America/Chicago",
    "Europe/Kyiv",
    "Asia/Kolkata",
    "Australia/Sydney",
    "Africa/Accra",
    "America/Chicago",
)
LINK = "https://video.example/amberbay"
SECRET = "Amberbay wants to look elsewhere"
TABLES = (
    *(
        "event",
        "job",
        "letter",
        "idempotency_record",
        "ask",
        "act",
        "agenda_item",
        "group_action",
        "resource",
    ),
    *("retrospective_entry", "concern", "meeting"),
)
SOON = "UPDATE meeting SET starts_at = now() + interval '1 hour' WHERE group_id = %s AND id = %s"
HELD = (
    "UPDATE meeting SET starts_at = starts_at - interval '400 days',"
    " starts_at_local = starts_at_local - interval '400 days' WHERE group_id = %s AND id = %s"
)


@pytest.fixture
def group(app, tenant, new_tenant, database, finished, superuser):
    """Two of the host's own people and two guests of each of two partners, matched, announced and all joined."""
    return Year(app, tenant, (new_tenant(), new_tenant()), database, finished, superuser)


class Year:
    """The group, and for each of its people a client of the product's own."""

    def __init__(self, app, host, partners, database, finished, superuser):
        self.app, self.host, self.partners, self.database = app, host, partners, database
        self.finished, self.superuser = finished, superuser
        self.program = program_to_match(host.api)
        self.cohort = self.made(host.api, "/v1/cohorts", program_id=self.program, name="Spring")["id"]
        self.people = [self.own(number) for number in range(2)]
        for partner in partners:
            invitation = invited(host, partner, self.cohort)
            self.people += [self.guest(partner, invitation) for _ in range(2)]
        for number, zone in enumerate(ZONES):
            slots = [{"day": day, "start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu")]
            self.say(number, {"award": "K01", "rank": "low", "hours": {"time_zone": zone, "slots": slots}})
        self.url = self.matched()

    def made(self, api, url, **body):
        answer = api.post(url, json=body)
        assert answer.status_code in (201, 202), answer.get_json()
        return answer.get_json()

    def put(self, number, path, status=200, **body):
        answer = self.api(number).put(f"{self.url}/{path}", json=body)
        assert answer.status_code == status, answer.get_json()
        return answer.get_json() if status == 200 else None

    def own(self, number):
        """Somebody of the host's own: her membership and participant."""
        url = f"/v1/cohorts/{self.cohort}/participants"
        participant = self.made(self.host.api, url, external_id=f"H{number}", name=f"Invented {number}")
        member = UUID(participant["membership_id"])
        joined(self.database, self.host.id, membership_id=member)
        return member, participant["id"]

    def guest(self, partner, invitation):
        """Somebody whom a partner nominates, who agrees, is taken in and joins as the same person."""
        guest_id, nominee = nominated(partner, invitation)
        assert agreed(nominee, guest_id, name="Invented Guest").status_code == 200
        taken = self.made(self.host.api, f"/v1/guests/{guest_id}/acceptance")
        member = UUID(taken["membership_id"])
        with self.database.tenant(self.host.id) as session:
            waiting = session.query(Invitation).filter_by(membership_id=member).one()
            joining.accept(session, invitation_id=waiting.id, who=nominee.who)
            session.commit()
        return member, taken["participant_id"]

    def say(self, number, attributes):
        url = f"/v1/participants/{self.people[number][1]}"
        tag = self.host.api.get(url).headers["ETag"]
        said = self.host.api.patch(url, json={"attributes": attributes}, headers={"If-Match": tag})
        assert said.status_code == 200, said.get_json()

    def matched(self):
        terms = [{"attribute": "award", "prefer": "similar"}]
        recipe = self.made(
            self.host.api, "/v1/recipes", program_id=self.program, name="R", terms=terms, rules=[],
            size={"min": 6, "max": 6},
        )  # fmt: skip
        order = {"cohort_id": self.cohort, "recipe_id": recipe["id"]}
        run = self.host.api.post("/v1/matching-runs", json=order).headers["Location"]
        assert self.finished(self.host.api, run)["state"] == "succeeded"
        assert self.host.api.post(f"{run}/acceptance").status_code == 201
        url = f"/v1/groups/{every(self.host.api, '/v1/groups')[0]['id']}"
        self.state(url, "announced")
        return url

    def state(self, url, state):
        tag = self.host.api.get(url).headers["ETag"]
        moved = self.host.api.patch(url, json={"state": state}, headers={"If-Match": tag})
        assert moved.status_code == 200, moved.get_json()

    def api(self, number):
        return acting(self.app, self.host.id, self.people[number][0], own_client=True)

    def every(self, number, path):
        return every(self.api(number), f"{self.url}/{path}")

    def soon(self, meeting_id):
        """Time passes: this meeting is in an hour."""
        self.superuser.execute(SOON, [self.url.rpartition("/")[2], meeting_id])

    def held(self, meeting_id):
        """Time passes: this meeting was long ago."""
        self.superuser.execute(HELD, [self.url.rpartition("/")[2], meeting_id])
        self.superuser.execute(
            "UPDATE group_member SET admitted_at = admitted_at - interval '401 days' WHERE group_id = %s",
            [self.url.rpartition("/")[2]],
        )


def settles(year):
    """All confirm, agree on a charter and sign it."""
    for number in range(6):
        year.put(number, "confirmation", answer="confirmed")
    assert year.host.api.get(year.url).get_json()["state"] == "confirmed"
    year.state(year.url, "active")
    template = year.api(0).get(f"{year.url}/charter/template").get_json()
    year.made(year.api(0), f"{year.url}/charter/versions", text=template["text"], builds_on=0)
    for number in range(6):
        year.put(number, "charter/versions/1/signature")
    assert year.host.api.get(f"{year.url}/agreements").get_json()["counts"]["signed"] == 6


def meets(year):
    """They meet each month on one clock; each comes or not; whoever asks has it in a calendar."""
    slots = year.api(3).get(f"{year.url}/slots?minutes=60").get_json()["slots"]
    assert slots
    assert {each["time_zone"] for each in slots[0]["local_times"]} == set(ZONES)
    rhythm = {"starts_at_local": days_ahead(3), "time_zone": "Europe/Kyiv", "join_link": LINK}
    year.made(year.api(1), f"{year.url}/meeting-series", **rhythm)
    meetings = every(year.api(2), f"{year.url}/meetings")
    assert len(meetings) >= 12
    feed = year.made(year.api(2), "/v1/me/calendar-feeds")["url"]
    shown = year.app.test_client().get("/calendar" + feed.partition("/calendar")[2])
    told = icalendar.Calendar.from_ical(shown.data).walk("VEVENT")
    assert {str(event["SUMMARY"]) for event in told} == {"Peer group"}
    assert {str(event["URL"]) for event in told} == {LINK}
    year.held(meetings[0]["id"])
    for number in range(5):
        year.put(number, f"meetings/{meetings[0]['id']}/attendance", attended=True)
    activity = year.host.api.get(f"{year.url}/activity").get_json()
    assert activity["meetings"][0]["attended_count"] == 5
    return meetings


def helps(year):
    """They ask, tell and do; and answer for themselves how it goes."""
    year.made(year.api(4), f"{year.url}/asks", kind="ask", title=SECRET)
    year.made(
        year.api(0), f"{year.url}/acts", kind="review", giver_id=str(year.people[0][0]),
        receiver_id=str(year.people[4][0]), happened_on="2026-03-02", note=SECRET,
    )  # fmt: skip
    for number in range(6):
        year.made(year.api(number), f"{year.url}/check-ins", answers={"worth_it": 6})


def talks(year, meeting_id):
    """They make an agenda together, ask without a name, and take something on."""
    items = [
        year.made(year.api(number), f"{year.url}/agenda-items", title=f"{SECRET} {number}")["id"]
        for number in range(2)
    ]
    asked = year.api(3).post(f"{year.url}/anonymous-questions", json={"title": SECRET})
    assert (asked.status_code, asked.data) == (204, b"")
    order = {"items": items, "frozen": True, "builds_on": 0}
    year.put(2, f"meetings/{meeting_id}/agenda", 409, **order)  # too soon
    year.soon(meeting_id)
    year.put(2, f"meetings/{meeting_id}/agenda", **order)
    late = year.made(year.api(4), f"{year.url}/agenda-items", title=SECRET, meeting_id=meeting_id)
    took_on = {"agenda_item_id": items[0], "text": SECRET, "due_on": "2027-05-01"}
    action = year.made(year.api(1), f"{year.url}/actions", **took_on)
    shown = year.api(0).get(f"{year.url}/meetings/{meeting_id}/agenda").get_json()
    assert [each["id"] for each in shown["actions"]] == [action["id"]]
    assert [each["id"] for each in shown["items"]] == items
    assert late["id"] in {each["id"] for each in shown["late"]}
    year.put(0, f"meetings/{meeting_id}/notes", 409, text=SECRET, builds_on=0)  # none unless they wish


def keeps(year):
    """They put a file on their shelf, and one of them shows it to her hosts' tenant, as she says."""
    body = {"kind": "template", "title": SECRET, "licence": "CC0"}
    one = f"{year.url}/resources/{year.made(year.api(1), f'{year.url}/resources', **body)['id']}"
    lies = year.api(1).put(f"{one}/file", data=b"MZ" + bytes(200), content_type="application/pdf")
    assert lies.status_code == 422
    kept = year.api(1).put(f"{one}/file", data=b"aim,page\n1,2\n", content_type="text/csv")
    assert kept.status_code == 200, kept.get_json()
    file = year.api(4).get(f"{one}/file")
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.data == b"aim,page\n1,2\n"


def looks_back(year):
    """What to keep and what to change: all rate it, and agree."""
    one = f"retrospectives/{year.made(year.api(2), f'{year.url}/retrospectives')['id']}"
    entry = year.made(year.api(4), f"{year.url}/{one}/entries", kind="change", text=SECRET)["id"]
    year.put(0, f"{one}/phase", phase="rating")
    for number, rating in enumerate((4, 4, 5, 3, 4, 4)):
        year.put(number, f"{one}/entries/{entry}/rating", 204, rating=rating)
    year.put(1, f"{one}/phase", phase="agreeing")
    year.put(3, f"{one}/entries/{entry}/agreement", 204, agreed=True)
    year.put(5, f"{one}/phase", phase="agreed")
    (shown,) = year.every(0, f"{one}/entries")
    assert (shown["text"], shown["raters"], shown["band"], bool(shown["agreed_at"])) == (
        SECRET,
        6,
        "high",
        True,
    )


def tells(year):
    """One tells in confidence that it does not work for her, having read who hears of it."""
    owner = holder(year.app, year.host.id, "owner", name="Invented Owner", own_client=True)
    (reader,) = year.api(4).get(f"{year.url}/concern-readers").get_json()["readers"]
    assert reader["membership_id"] == str(owner.id)
    sent = {"kind": "not_working", "wants": "nothing", "text": SECRET, "readers": [reader["membership_id"]]}
    concern = year.made(year.api(4), f"{year.url}/concerns", **sent)["id"]
    assert [row["id"] for row in every(owner.api, "/v1/concerns")] == [concern]
    assert owner.api.get(f"/v1/concerns/{concern}").get_json()["text"] == SECRET
    health = year.api(0).get(f"{year.url}/health").get_json()
    assert health["band"] in ("thriving", "steady")
    (told,) = every(year.host.api, f"/v1/cohorts/{year.cohort}/group-health")
    assert told["band"] in ("thriving", "steady", "quiet")


def test_a_group_of_three_tenants_lives_for_a_year_and_nobody_else_hears_what_it_says(group, app, superuser):
    settles(group)
    meetings = meets(group)
    helps(group)
    talks(group, meetings[1]["id"])
    keeps(group)
    looks_back(group)
    tells(group)
    # One leaves, and gives no reason; one whom a member invites comes, and sees what follows.
    gone = group.api(5)
    assert gone.post(f"{group.url}/departure", json={"then": "stop"}).status_code == 201
    assert gone.get(f"{group.url}/asks").status_code == 404
    group.people.append(group.own(6))
    group.made(group.api(0), f"{group.url}/invitations", name="H6")
    newcomer = group.api(6)
    (waiting,) = every(newcomer, "/v1/me/group-invitations")
    assert newcomer.post(f"/v1/me/group-invitations/{waiting['id']}/acceptance").status_code in (
        200,
        201,
        204,
    )
    (admission,) = every(group.api(1), f"{group.url}/admissions")
    for number in range(1, 5):
        group.put(number, f"admissions/{admission['id']}/answer", status=204, objects=False)
    (past,) = every(newcomer, f"{group.url}/retrospectives")
    for path in ("asks", "agenda-items", "actions", "resources", f"retrospectives/{past['id']}/entries"):
        assert every(newcomer, f"{group.url}/{path}") == []
    assert newcomer.get(f"{group.url}/charter").status_code == 200
    assert len(every(newcomer, f"{group.url}/roster")) == 6
    # The tenants: what the host sees, and what each partner does.
    for path in ("asks", "acts", "charter", "check-ins", "agenda-items", "actions", "resources", "health"):
        assert group.host.api.get(f"{group.url}/{path}").status_code == 403
    for partner in group.partners:
        (received,) = every(partner.api, "/v1/received-partner-invitations")
        rows = every(partner.api, f"/v1/received-partner-invitations/{received['id']}/nominations")
        assert [bool(row["takes_part_since"]) for row in rows] == [True, True]
        assert every(partner.api, "/v1/groups") == []
    for table in TABLES:
        rows = superuser.execute(f"SELECT coalesce(string_agg(t::text, ''), '') FROM {table} t").fetchone()[0]  # noqa: S608
        assert SECRET not in rows
        assert SECRET.encode().hex() not in rows
