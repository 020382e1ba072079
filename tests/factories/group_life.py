"""What a member writes in her group: two of everything. All of it is invented."""

from datetime import timedelta

from tenants.kernel.clock import now
from tests.contract import ContractClient


def life_of(api: ContractClient, url: str) -> dict[str, str]:
    """Write two of everything in the group of this URL; an id of each, by path parameter."""
    for number in range(2):
        body = {"text": f"Invented {number}", "builds_on": number}
        assert api.post(f"{url}/charter/versions", json=body).status_code == 201
    return {"number": "1", **meetings_of(api, url), "calendar_feed_id": feeds_of(api, url)}


def meetings_of(api: ContractClient, url: str) -> dict[str, str]:
    """Two rhythms, with their meetings; an id of each."""
    for minutes in (45, 60):
        asked = {"starts_at_local": days_ahead(3), "time_zone": "Europe/Kiev", "minutes": minutes}
        series = api.post(
            f"{url}/meeting-series", json={**asked, "join_link": "https://video.example/amberbay"}
        )
        assert series.status_code == 201, series.get_json()
    meetings = api.get(f"{url}/meetings").get_json()["items"]
    return {"meeting_series_id": series.get_json()["id"], "meeting_id": meetings[0]["id"]}


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
