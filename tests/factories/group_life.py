"""What a member writes in her group: two of everything. All of it is invented."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from tenants.groups.pulse import Nudge
from tenants.kernel import jobs
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.session import Database
from tests.contract import ContractClient


def life_of(api: ContractClient, url: str, fellow: str) -> dict[str, str]:
    """Write two of everything in the group of this URL, where there is a fellow member and two wait to be let in; an id
    of each, by path parameter.
    """
    for number in range(2):
        body = {"text": f"Invented {number}", "builds_on": number}
        assert api.post(f"{url}/charter/versions", json=body).status_code == 201
    ids, me = {"number": "1"}, api.get("/v1/me").get_json()["id"]
    for number in range(2):
        ids["group_invitation_id"] = _made(api, f"{url}/invitations", name=f"Invented {number}")
        ids["check_in_id"] = _made(api, f"{url}/check-ins", answers={"worth_it": number + 1})
        ids["ask_id"] = _made(api, f"{url}/asks", kind="ask", title=f"Invented {number}")
        tip = {"kind": "own", "title": f"Invented {number}", "valid_as_of": "2026-01-01"}
        ids["tip_id"] = _made(api, f"{url}/tips", **tip)
        ids["checklist_id"] = _made(api, f"{url}/checklists", title=f"Invented {number}", template="mentor")
        assert api.put(f"{url}/tips/{ids['tip_id']}/share").status_code == 200
        act = {
            "kind": "review",
            "giver_id": me,
            "receiver_id": fellow,
            "happened_on": "2026-01-01",
            "note": "Invented",
        }
        ids["act_id"] = _made(api, f"{url}/acts", **act)
    assert api.put(f"{url}/charter/versions/2/signature").status_code == 200
    for number in range(2):
        planned = {"topics": [{"title": "Invented"}], "builds_on": number}
        assert api.put(f"{url}/curriculum", json=planned).status_code == 200
    ids |= (
        shelved(api, url)
        | looked_back(api, url)
        | meetings_of(api, url)
        | {"calendar_feed_id": feeds_of(api, url)}
    )
    ids |= talked_about(api, url, ids["meeting_id"])
    ids["concern_id"] = concerns_of(api, url)
    for place in [row for row in api.get(f"{url}/roster").get_json()["items"] if row["admitted_at"] is None]:
        ids["admission_id"] = _made(api, f"{url}/admissions", group_member_id=place["id"])
    return ids


def _made(api: ContractClient, where: str, /, **body: Any) -> str:
    made = api.post(where, json=body)
    assert made.status_code == 201, made.get_json()
    found: str = made.get_json()["id"]
    return found


def shelved(api: ContractClient, url: str) -> dict[str, str]:
    """Two links on the group's shelf, shown to all tenants, and two files, shared with this one; ids of the last."""
    ids = {}
    for number in range(2):
        body = {
            "kind": "policy",
            "title": f"Invented {number}",
            "licence": "CC0",
            "url": "https://funder.example",
        }
        one = f"{url}/resources/{_made(api, f'{url}/resources', **body)}"
        ids["network_resource_id"] = _made(api, f"{one}/share", scope="network", licence_confirmed=True)
    for number in range(2):
        body = {"kind": "guidance", "title": f"Invented {number}", "licence": "CC0"}
        made = api.post(f"{url}/resources", json=body)
        assert made.status_code == 201, made.get_json()
        ids["resource_id"] = made.get_json()["id"]
        one = f"{url}/resources/{ids['resource_id']}"
        assert api.put(f"{one}/file", data=b"aim,page\n1,2\n", content_type="text/csv").status_code == 200
        shared = api.post(f"{one}/share", json={"scope": "tenant", "licence_confirmed": True})
        assert shared.status_code == 201, shared.get_json()
        ids["shared_resource_id"] = shared.get_json()["id"]
    return ids


def looked_back(api: ContractClient, url: str) -> dict[str, str]:
    """Look back twice, the first time to the end; the ids of that and of an entry."""
    ids = {}
    for number in range(2):
        made = api.post(f"{url}/retrospectives")
        assert made.status_code == 201, made.get_json()
        one = made.headers["Location"]
        for kind in ("keep", "stop"):
            entry = api.post(f"{one}/entries", json={"kind": kind, "text": f"Invented {number}"})
            assert entry.status_code == 201
        if number == 0:
            ids = {
                "retrospective_id": made.get_json()["id"],
                "retrospective_entry_id": entry.get_json()["id"],
            }
            for phase in ("rating", "agreeing", "agreed"):
                assert api.put(f"{one}/phase", json={"phase": phase}).status_code == 200
    return ids


def concerns_of(api: ContractClient, url: str) -> str:
    """Two concerns, to whomever they reach; the id of the last."""
    readers = api.get(f"{url}/concern-readers").get_json()["readers"]
    for kind in ("not_working", "conduct"):
        sent = {"kind": kind, "wants": "nothing", "readers": [each["membership_id"] for each in readers]}
        found = _made(api, f"{url}/concerns", text="Invented", **sent)
    return found


def nudged(database: Database, tenant_id: UUID, group_id: str) -> str:
    """Nudge a group twice, as its job does; the id of the last nudge."""
    with database.tenant(tenant_id) as session:
        job = jobs.enqueue(session, "group_health", subject_id=UUID(group_id))
        session.flush()
        job.state, job.fence, job.lease_until = "running", 1, now() + timedelta(minutes=1)
        session.flush()
        for _ in range(2):
            session.execute(update(Nudge).values(answered_at=now()))
            made = {
                "tenant_id": tenant_id,
                "id": new_id(),
                "group_id": group_id,
                "reason": "nothing_for_long",
            }
            session.execute(insert(Nudge).values(**made))
        job.state = "cancelled"
        session.commit()
    return str(made["id"])


def meetings_of(api: ContractClient, url: str) -> dict[str, str]:
    """Two rhythms, with their meetings, and two guests of one; an id of each."""
    for minutes in (45, 60):
        asked = {"starts_at_local": days_ahead(3), "time_zone": "Europe/Kiev", "minutes": minutes}
        series = api.post(
            f"{url}/meeting-series", json={**asked, "join_link": "https://video.example/amberbay"}
        )
        assert series.status_code == 201, series.get_json()
    meetings = api.get(f"{url}/meetings").get_json()["items"]
    guests = f"{url}/meetings/{meetings[0]['id']}/guests"
    for number in range(2):
        guest = _made(api, guests, email=f"invented-{number}@advisors.example")
    return {
        "meeting_series_id": series.get_json()["id"],
        "meeting_id": meetings[0]["id"],
        "meeting_guest_id": guest,
    }


def talked_about(api: ContractClient, url: str, meeting_id: str) -> dict[str, str]:
    """Two items of an agenda, two actions, and notes of a meeting; an id of each of the first two."""
    ids = {}
    for number in range(2):
        ids["agenda_item_id"] = _made(api, f"{url}/agenda-items", title=f"Invented {number}")
        ids["action_id"] = _made(api, f"{url}/actions", text=f"Invented {number}")
    unsaid = {"If-Match": '"0"'}
    said = api.put(f"{url}/content-settings", json={"keep_days": 365, "notes": True}, headers=unsaid)
    assert said.status_code == 200, said.get_json()
    noted = api.put(f"{url}/meetings/{meeting_id}/notes", json={"text": "Invented", "builds_on": 0})
    assert noted.status_code == 200, noted.get_json()
    return ids


def feeds_of(api: ContractClient, url: str) -> str:
    """A feed of one group and one of all; the id of the last."""
    for path in (f"{url}/calendar-feeds", "/v1/me/calendar-feeds"):
        made = api.post(path)
        assert made.status_code == 201, made.get_json()
    feed: str = made.get_json()["id"]
    return feed


def days_ahead(days: int, hour: int = 10) -> str:
    """The local time of an hour so many days from now."""
    return f"{now() + timedelta(days=days):%Y-%m-%d}T{hour:02}:00:00"
