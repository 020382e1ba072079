"""Surveys of cohorts, invented, and what people answer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from tests.planting import plant

ITEMS = [
    {"key": "at_home", "text": "I feel at home here.", "kind": "scale", "least": 1, "most": 5},
    {
        "key": "alone",
        "text": "I am on my own here.",
        "kind": "scale",
        "least": 1,
        "most": 5,
        "reversed": True,
    },
    {"key": "heard", "text": "Others here listen.", "kind": "scale", "least": 1, "most": 5},
]
INSTRUMENT = {
    "key": "place",
    "version": "1",
    "name": "Belonging (invented)",
    "licence": "CC0",
    "in_check_ins": False,
    "items": ITEMS,
    "scales": [
        {
            "key": "belonging",
            "name": "Belonging",
            "items": ["at_home", "alone", "heard"],
            "least_answered": 2,
            "about": "group",
        },
        {"key": "heard", "name": "Being heard", "items": ["heard"]},
    ],
}


def days(first: int = 0, last: int = 10) -> dict[str, str]:
    """From and to so many days from today, in UTC."""
    today = datetime.now(UTC).date()
    return {
        "opens_on": (today + timedelta(days=first)).isoformat(),
        "closes_on": (today + timedelta(days=last)).isoformat(),
    }


def planned(api: Any, cohort_id: Any, program_id: Any, **changes: Any) -> dict[str, Any]:
    """A wave of a new instrument, or of the one that is named, as it is shown."""
    body = {"label": "baseline", **days(), **changes}
    if "instrument_id" not in body:
        loaded = api.post(f"/v1/programs/{program_id}/instruments", json=INSTRUMENT)
        assert loaded.status_code == 201, loaded.get_json()
        body["instrument_id"] = loaded.get_json()["id"]
    made = api.post(f"/v1/cohorts/{cohort_id}/survey-waves", json=body)
    assert made.status_code == 201, made.get_json()
    shown: dict[str, Any] = made.get_json()
    return shown


def answered(cursor: Any, tenant_id: Any, wave_id: Any, membership_id: Any, **answers: int) -> UUID:
    """What somebody answered, or that she declined, put past the walls."""
    said = {"answers": Jsonb(answers), "declined": not answers}
    return plant(
        cursor, "survey_response", tenant_id=tenant_id, wave_id=wave_id, membership_id=membership_id, **said
    )
