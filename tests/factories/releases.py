"""An institution that reports to a funder. Both are invented."""

import datetime as dt
import json
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import text

from tenants.kernel.ids import new_id
from tenants.kernel.kept import KeptFile
from tenants.reporting.metrics.award_lists import CHOICES
from tenants.reporting.passing import send
from tenants.reporting.pools.models import ContributionRequest, PooledFile, PooledReport
from tenants.reporting.pools.sealing import send as ask
from tenants.reporting.release_models import ReceivedFile, ReceivedReport, Release
from tests.conftest import eventually, open_another
from tests.factories.consents import on_paper
from tests.factories.participants import add_participants

FUND = "Invented Foundation"


def slug_of(tenant: Any) -> str:
    """A tenant's name in addresses."""
    with tenant.api.application.extensions["database"].tenant(tenant.id) as session:
        slug: str = session.scalars(text("SELECT slug FROM tenant")).one()
    return slug


def program_for(tenant: Any, *, people: int) -> dict[str, Any]:
    """A program of the funder's, with a cohort of so many who agreed to be shared with it; `add` adds more. `other_id`
    is a program that has no funder.
    """
    made = tenant.api.post("/v1/programs", json={"name": "Circles", "funders": [FUND]}).get_json()
    other = tenant.api.post("/v1/programs", json={"name": "Other"}).get_json()
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": made["id"], "name": "2026"}).get_json()

    def add(number: int, *, start: int = 0) -> None:
        database = tenant.api.application.extensions["database"]
        prefix = f"P{start}x"
        add_participants(database, tenant.id, cohort["id"], [{}] * number, prefix=prefix)
        external_ids = [f"{prefix}{each}" for each in range(number)]
        if external_ids:
            on_paper(tenant.api, cohort["id"], external_ids, "funder_sharing", funder=FUND)

    add(people)
    return {"program_id": made["id"], "cohort_id": cohort["id"], "other_id": other["id"], "add": add}


def offered(one: Any, partner: Any, *, by: str = "funder", **more: Any) -> str:
    """One side offers the other an agreement; its id."""
    body = {"partner": slug_of(partner), "offered_by": by, "funder": FUND, **more}
    made = one.api.post("/v1/sharing-agreements", json=body)
    assert made.status_code == 201, made.get_json()
    found: str = made.get_json()["id"]
    return found


def agreed(funder: Any, institution: Any, program_id: str, **more: Any) -> str:
    """A signed agreement; its id."""
    agreement = offered(funder, institution, **more)
    url = f"/v1/sharing-agreements/{agreement}/signature"
    signed = institution.api.put(url, json={"decision": "signed", "program_id": program_id})
    assert signed.status_code == 200, signed.get_json()
    return agreement


def written(api: Any, release: dict[str, Any]) -> None:
    """Wait until the files of a release are written."""
    report = f"/v1/reports/{release['report_id']}"
    eventually(lambda: api.get(report).get_json()["state"] == "succeeded")


def stepped(api: Any, release_id: str) -> dict[str, Any]:
    """Review, approve and send a release; what it is then."""
    for step in ("review", "approval", "sending"):
        answer = api.post(f"/v1/releases/{release_id}/{step}")
        assert answer.status_code == 201, (step, answer.get_json())
        written(api, answer.get_json())
    found: dict[str, Any] = answer.get_json()
    return found


def releases_of(tenant: Any, report_id: str) -> dict[str, str]:
    """An agreement that the tenant offers as an institution, a report that it was sent as a funder by another, a
    release of its own, and what it pools and is asked for: an id of each, by path parameter. None was really built.
    """
    app = tenant.api.application
    database = app.extensions["database"]
    other = open_another(app, database)
    program = tenant.api.post("/v1/programs", json={"name": "Reported", "funders": [FUND]}).get_json()["id"]
    mine = offered(tenant, other, by="institution", program_id=program, awards=["K23XX000001"])
    agreement = UUID(offered(tenant, other))
    arrived = ReceivedReport(
        id=new_id(), tenant_id=tenant.id, source_tenant_id=other.id, agreement_id=agreement,
        from_name="Invented University", title="Circles", as_of=dt.date(2026, 1, 1), nil=True,
        coverage={"counted": 0, "eligible": 0, "text": "0 of 0 people are counted."}, corrections=[], formats=["json"],
    )  # fmt: skip
    content = tenant.api.get(f"/v1/reports/{report_id}/files/json").data
    file = ReceivedFile(
        id=new_id(), tenant_id=tenant.id, source_tenant_id=other.id, received_report_id=arrived.id,
        format="json", file_id=new_id(), size=len(content), sha256=sha256(content).hexdigest(),
    )  # fmt: skip
    app.extensions["files"].keep(tenant.id, file.file_id, [content])
    with database.tenant(other.id) as session:
        send(session, arrived)
        session.add(file)
        session.commit()
    report = tenant.api.get(f"/v1/reports/{report_id}").get_json()
    scope = {name: report[name] for name in ("program_id", "cohort_id")}
    release = Release(id=new_id(), report_id=report_id, **scope)
    with database.tenant(tenant.id) as session:
        session.add(release)
        session.commit()
    return {
        **pools_of(tenant, other, UUID(mine), json.loads(content)),
        "sharing_agreement_id": mine,
        "received_report_id": str(arrived.id),
        "release_id": str(release.id),
    }


def pools_of(tenant: Any, other: Any, agreement: UUID, document: dict[str, Any]) -> dict[str, str]:
    """A pooled report of the tenant's with this document, and what another asks of it: an id of each."""
    database = tenant.api.application.extensions["database"]
    known = {"title": "All", "funder": FUND, "as_of": dt.date(2026, 1, 1), "metrics": ["reach"]}
    known["award_list"] = CHOICES[0]
    mine, theirs = (PooledReport(id=new_id(), state="built", formats=["json"], **known) for _ in range(2))
    told = {**document, "cover": {**document.get("cover", {}), "sources": []}}  # where it is built
    content, file_id = json.dumps(told).encode(), new_id()
    file = {
        "pooled_report_id": mine.id,
        "format": "json",
        "file_id": file_id,
        "size": len(content),
        "sha256": "",
    }
    tenant.api.application.extensions["files"].keep(tenant.id, file_id, [content])
    with database.tenant(tenant.id) as session:
        session.add_all([mine, KeptFile(id=file_id, size=len(content))])
        session.flush()
        session.add(PooledFile(id=new_id(), **file))
        session.commit()
    asked = ContributionRequest(
        id=new_id(), tenant_id=tenant.id, source_tenant_id=other.id, pooled_report_id=theirs.id,
        agreement_id=agreement, from_name="Invented Foundation", to_name="Invented Society", **known,
    )  # fmt: skip
    with database.tenant(other.id) as session:
        session.add(theirs)
        ask(session, asked)
        session.commit()
    return {"pooled_report_id": str(mine.id), "contribution_request_id": str(asked.id)}
