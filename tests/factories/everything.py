"""A tenant with one of everything that has an id in a path."""

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from tenants.access.models import BrowserSession
from tenants.cohorts.models import Participant
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.support.care_models import Facilitation
from tests.conftest import until_settled
from tests.contract import document
from tests.factories.group_life import nudged
from tests.factories.matching import every, ready_to_match
from tests.factories.outside import found_for, not_searched, not_verified
from tests.factories.partners import partners_of
from tests.factories.people import api_for, let_in
from tests.factories.releases import releases_of
from tests.factories.surveys import planned

MATCHING_RUN = "/v1/matching-runs/{matching_run_id}"
INSTRUMENT = {
    "key": "belonging",
    "version": "1",
    "name": "Belonging (invented)",
    "licence": "CC0",
    "items": [{"key": "at_home", "text": "I feel at home here.", "kind": "scale", "least": 1, "most": 5}],
    "scales": [{"key": "belonging", "name": "Belonging", "items": ["at_home"]}],
}


def url_of(path: str, ids: dict[str, str]) -> str:
    """A documented path with these ids in it."""
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "json"), path)


def one_of_everything(tenant: Any, database: Any, finished: Any, prefix: str = "P") -> dict[str, str]:
    """The ids of what was made, by path parameter. External ids begin with the prefix."""
    api, paths = tenant.api, document()["paths"]
    ready = ready_to_match(tenant, database, people=12, prefix=prefix)
    ids = {"program_id": ready.program_id, "cohort_id": ready.cohort_id, "recipe_id": ready.recipe_id}
    ids["participant_id"] = ready.participants[0]
    ids["attribute_id"] = every(api, f"/v1/programs/{ready.program_id}/attributes")[0]["id"]

    def make(parameter: str, path: str, body: dict[str, Any] | None) -> str:
        if path in paths:
            made = api.post(url_of(path, ids), json=body)
            assert made.status_code in (201, 202), made.get_json()
            ids[parameter] = made.get_json()["id"]
            return made.headers["Location"]
        return ""

    plan = {"name": f"Invented {prefix}", "topics": ["writing"]}
    make("curriculum_id", "/v1/programs/{program_id}/curricula", plan)
    make("client_id", "/v1/clients", {"name": f"Other {prefix}"})
    provider = {"name": "Own", "issuer": "https://own.example", "client_id": "x", "client_secret": "x"}
    make("connection_id", "/v1/connections", provider)
    make("opportunity_id", "/v1/opportunities", {"kind": "award", "title": f"Invented {prefix}",
                                                 "program_id": ready.program_id})  # fmt: skip
    make("instrument_id", "/v1/programs/{program_id}/instruments", INSTRUMENT)
    make("membership_id", "/v1/people", {"name": "Invented"})
    invited = {"membership_id": ids["membership_id"], "cohort_id": ids["cohort_id"], "deliver": "link"}
    make("invitation_id", "/v1/invitations", invited)
    make("role_grant_id", "/v1/role-grants", {"membership_id": ids["membership_id"], "role": "facilitator"})
    mine = api_for(tenant, "/v1/me")
    ids["authorization_id"] = every(mine, "/v1/me/authorizations")[0]["id"]
    ids["session_id"] = signed_in(database, tenant.id, mine)
    ids["application_id"] = taking_part(database, tenant.id, mine, ready.cohort_id)
    make(
        "import_id",
        "/v1/cohorts/{cohort_id}/imports",
        {"kind": "roster", "mapping": {"external_id": "person_id"}},
    )
    apart = {"participants": ready.participants[:2]}
    make("separation_id", "/v1/cohorts/{cohort_id}/separations", apart)
    run = make("matching_run_id", "/v1/matching-runs", ready.order())
    assert finished(api, run)["state"] == "succeeded"
    other = make("other_run_id", "/v1/matching-runs", ready.order(seed=2))
    assert finished(api, other)["state"] == "succeeded"
    assert finished(api, make("analysis_id", f"{MATCHING_RUN}/analyses", None))["state"] == "succeeded"
    assert api.post(f"{run}/acceptance").status_code == 201
    ids["group_id"] = every(api, f"/v1/groups?cohort_id={ready.cohort_id}")[0]["id"]
    ids |= partners_of(tenant, ready.cohort_id, mine)
    ids |= let_in(tenant, ids["group_id"])
    ids |= (
        around(tenant, database, ids)
        | surveys_of(tenant, database, ids)
        | own_product(api_for(tenant, "/v1/me/products"), f"Own {prefix}")
        | from_outside(database, tenant.id, mine.get("/v1/me").get_json()["id"], ids["cohort_id"])
    )
    member = api.get(f"/v1/participants/{ready.participants[0]}").get_json()["membership_id"]
    talk = {"kind": "talk", "title": f"Invented {prefix}", "membership_ids": [member]}
    make("product_id", "/v1/products", talk)
    promoted = {"kind": "promotion", "date": "2024-05-01", "membership_id": member}
    make("career_event_id", "/v1/career-events", promoted)
    for parameter, path, order in (
        ("report_id", "/v1/reports", {"audience": "internal", "as_of": "2026-01-01"}),
        ("named_document_id", "/v1/named-documents", {"kind": "rppr"}),
    ):
        finished(api, make(parameter, path, {**order, "cohort_id": ids["cohort_id"], "formats": ["json"]}))
    ids |= releases_of(tenant, ids["report_id"])
    until_settled(database, tenant.id)
    with database.tenant(tenant.id) as session:
        ids["job_id"] = str(session.connection().exec_driver_sql("SELECT id FROM job LIMIT 1").scalar_one())
    return ids


def from_outside(database: Any, tenant_id: Any, membership_id: str, cohort_id: str) -> dict[str, str]:
    """The ids of what was found for somebody, of a search of hers, and of what the tenant had looked for."""
    found = found_for(database, tenant_id, membership_id)
    return {
        "verification_id": not_verified(database, tenant_id, cohort_id),
        "candidate_search_id": not_searched(database, tenant_id),
        "finding_id": found,
        "own_finding_id": found,
        "own_candidate_search_id": not_searched(database, tenant_id, membership_id),
    }


def own_product(api: Any, title: str) -> dict[str, str]:
    """The ids of a product and a career event that whom the API client acts for recorded for herself."""
    made = api.post("/v1/me/products", json={"kind": "manuscript", "title": title, "state": "submitted"})
    won = {"kind": "award", "code": "K23", "project_number": title}
    awarded = api.post("/v1/me/career-events", json=won)
    return {"own_product_id": made.get_json()["id"], "own_career_event_id": awarded.get_json()["id"]}


def surveys_of(tenant: Any, database: Any, ids: dict[str, str]) -> dict[str, str]:
    """The ids of a wave, and of a survey of somebody's own."""
    wave = planned(tenant.api, ids["cohort_id"], ids["program_id"], instrument_id=ids["instrument_id"])
    return {
        "survey_wave_id": wave["id"],
        **own_survey(tenant, database, api_for(tenant, "/v1/me/surveys")),
    }


def own_survey(tenant: Any, database: Any, api: Any) -> dict[str, str]:
    """The id of a survey, in a cohort of her own, that whom the API client acts for has answered."""
    program = tenant.api.post("/v1/programs", json={"name": "Invented"}).get_json()["id"]
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": program, "name": "Invented"}).get_json()["id"]
    taking_part(database, tenant.id, api, cohort)
    survey = planned(tenant.api, cohort, program)["id"]
    said = api.put(f"/v1/me/surveys/{survey}/response", json={"answers": {"at_home": 4}})
    assert said.status_code == 200, said.get_json()
    return {"survey_id": survey}


def around(tenant: Any, database: Any, ids: dict[str, str]) -> dict[str, str]:
    """The ids of a nudge, a facilitator, a promise and an announcement."""
    api = tenant.api
    made = {
        "commitment_id": api.put(
            f"/v1/participants/{ids['participant_id']}/commitment",
            json={
                "percent": 75,
                "from_on": "2026-07-01",
                "in_writing": True,
                "promised_by": "Invented chief",
            },
            headers={"If-Match": '"0"'},
        ),
        "announcement_id": api.post(
            f"/v1/cohorts/{ids['cohort_id']}/announcements", json={"title": "Invented", "text": "Invented"}
        ),
    }
    found = {name: answer.get_json()["id"] for name, answer in made.items()}
    found["facilitation_id"] = asked_to_facilitate(
        tenant, database, ids["group_id"], api_for(tenant, "/v1/me")
    )
    return {**found, "nudge_id": nudged(database, tenant.id, ids["group_id"])}


def asked_to_facilitate(tenant: Any, database: Any, group_id: str, api: Any) -> str:
    """The id of what asks whom the API client acts for to facilitate a group, though she has no role for it."""
    herself = api.get("/v1/me").get_json()["id"]
    row = {"tenant_id": tenant.id, "id": new_id(), "group_id": group_id, "membership_id": herself}
    with database.tenant(tenant.id) as session:
        session.execute(insert(Facilitation).values(**row))
        session.commit()
    return str(row["id"])


def taking_part(database: Any, tenant_id: Any, mine: Any, cohort_id: str) -> str:
    """The id of a participant whom the API client acts for."""
    with database.tenant(tenant_id) as session:
        member = mine.get("/v1/me").get_json()["id"]
        participant = Participant(id=new_id(), cohort_id=cohort_id, membership_id=member, state="invited")
        session.add(participant)
        session.commit()
        return str(participant.id)


def signed_in(database: Any, tenant_id: Any, mine: Any) -> str:
    """The id of a browser session of whoever the API client acts for."""
    with database.tenant(tenant_id) as session:
        opened = BrowserSession(
            hash=new_id().bytes, membership_id=mine.get("/v1/me").get_json()["id"], issuer="https://people.example",
            subject="invented", expires_at=now() + timedelta(hours=1),
        )  # fmt: skip
        session.add(opened)
        session.commit()
        return str(opened.id)
