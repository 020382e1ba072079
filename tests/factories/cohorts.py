"""Invented cohorts and the imports into them, over HTTP."""

import json
from collections.abc import Iterable
from typing import Any

from tests.contract import ContractClient

ATTRIBUTES: tuple[dict[str, Any], ...] = (
    {"key": "institution", "label": "Institution", "kind": "categorical"},
    {"key": "methods", "label": "Methods", "kind": "set"},
    {"key": "rank", "label": "Rank", "kind": "ordinal", "levels": [{"key": "fellow", "aliases": ["f"]}]},
    {"key": "hours", "label": "Hours", "kind": "number"},
)

MAPPING = {
    "external_id": "id",
    "name": "name",
    "email": "email",
    "identifiers": {"orcid": "orcid"},
    "attributes": {"institution": "inst", "methods": "methods", "rank": "rank", "hours": "hours"},
}
HEADER = "id,name,email,orcid,inst,methods,rank,hours\n"
TWO = HEADER + "A,Ada,ada@example.org,0000-1,MIT,x;y,fellow,2\nB,Ben,,,Duke,,,\n"


def make_cohort(api: ContractClient, attributes: Iterable[dict[str, Any]] = ATTRIBUTES) -> str:
    """The URL of a cohort whose program knows these attributes."""
    program = api.post("/v1/programs", json={"name": "Circles"}).get_json()["id"]
    for attribute in attributes:
        made = api.post(f"/v1/programs/{program}/attributes", json=attribute)
        assert made.status_code == 201, made.get_json()
    made = api.post("/v1/cohorts", json={"program_id": program, "name": "2026"})
    return str(made.headers["Location"])


def send_file(
    api: ContractClient, cohort: str, file: str | bytes, *, mapping: dict[str, Any], **how: Any
) -> str:
    """Announce an import and upload its file; the import's URL."""
    made = api.post(
        f"{cohort}/imports", data=json.dumps({"mapping": mapping, **how}), content_type="application/json"
    )
    assert made.status_code == 201, made.get_json()
    url = str(made.headers["Location"])
    sent = api.put(f"{url}/file", data=file, content_type="text/csv")
    assert sent.status_code == 202, sent.get_json()
    return url


def url_of(done: dict[str, Any]) -> str:
    """Where an import is."""
    return f"/v1/imports/{done['id']}"


def counted(done: dict[str, Any]) -> dict[str, int]:
    """The counts of an import that are not 0."""
    return {outcome: n for outcome, n in done["counts"].items() if n}


def people(tenant: Any, cohort: str) -> dict[str, dict[str, Any]]:
    """A cohort's participants by external id."""
    listed = tenant.api.get(f"{cohort}/participants?limit=100").get_json()["items"]
    return {each["external_id"]: each for each in listed}


def changes(tenant: Any, participant: dict[str, Any]) -> list[dict[str, Any]]:
    """A participant's history."""
    found: list[dict[str, Any]] = tenant.api.get(f"/v1/participants/{participant['id']}/changes").get_json()[
        "items"
    ]
    return found
