"""A funder and several institutions that report to it together. All are invented."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from tenants.kernel.jobs import Job
from tenants.kernel.session import Database
from tenants.kernel.settings import Settings
from tests.factories.matching import every
from tests.factories.releases import offered, program_for
from workers.tenant_job import run_job


def signed(funder: Any, institution: Any, *, people: int) -> dict[str, Any]:
    """A program of an institution's whose people agreed, under an agreement that lets it be pooled; with its id."""
    found = program_for(institution, people=people)
    agreement = offered(funder, institution, pooled=True, schedule="none")
    said = {"decision": "signed", "program_id": found["program_id"]}
    answer = institution.api.put(f"/v1/sharing-agreements/{agreement}/signature", json=said)
    assert answer.status_code == 200, answer.get_json()
    return {**found, "agreement": agreement}


def declaring(funder: Any, institution: Any) -> str:
    """The id of an agreement of an institution that runs no program here."""
    agreement = offered(funder, institution, pooled=True, schedule="none")
    said = {"decision": "signed", "declares": True}
    answer = institution.api.put(f"/v1/sharing-agreements/{agreement}/signature", json=said)
    assert answer.status_code == 200, answer.get_json()
    return agreement


def ordered(funder: Any, agreements: list[str], **more: Any) -> str:
    """The URL of a pooled report that was ordered."""
    body = {"title": "All", "sharing_agreement_ids": agreements, "formats": ["json"], **more}
    made = funder.api.post("/v1/pooled-reports", json=body)
    assert made.status_code == 202, made.get_json()
    url: str = made.headers["Location"]
    return url


def requests_to(institution: Any) -> list[dict[str, Any]]:
    """What an institution is asked for."""
    found: list[dict[str, Any]] = every(institution.api, "/v1/contribution-requests")
    return found


def work(database: Database, settings: Settings, *tenants: Any, kind: str = "") -> int:
    """Run what is due of these tenants' jobs of a kind, here, as a worker would; how many there were."""
    patient = replace(settings, lease_seconds=300)
    ran = 0
    for tenant in tenants:
        with database.tenant(tenant.id) as session:
            rows = select(Job.id).where(
                Job.state == "queued", Job.kind.in_((kind,) if kind else ("contribution", "pool"))
            )
            ids: list[UUID] = list(session.scalars(rows.order_by(Job.id)))
        ran += sum(run_job(database, tenant_id=tenant.id, job_id=each, settings=patient) for each in ids)
    return ran


def tenants_of(sources: list[tuple[Any, dict[str, Any]]]) -> list[Any]:
    """The institutions, of each with what it signed."""
    return [tenant for tenant, _ in sources]


def agreements_of(sources: list[tuple[Any, dict[str, Any]]]) -> list[str]:
    """Their agreements."""
    return [each["agreement"] for _, each in sources]
