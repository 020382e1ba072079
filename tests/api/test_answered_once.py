"""What two people say to one agreement, or one report, at the same moment. Everybody is invented."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tenants.kernel.errors import Conflict
from tenants.kernel.ids import new_id
from tenants.reporting.passing import send
from tenants.reporting.release_models import ReleaseAnswer
from tenants.reporting.sharing_models import SharingSignature
from tests.factories.matching import every
from tests.factories.releases import offered, program_for, releases_of


@pytest.fixture
def at_once():
    """The statuses of requests that are sent together."""

    def run(*requests):
        with ThreadPoolExecutor(len(requests)) as pool:
            return sorted(pool.map(lambda request: request().status_code, requests))

    return run


def test_a_report_is_accepted_or_returned_and_that_once(tenant, at_once):
    made = tenant.api.post("/v1/programs", json={"name": "Own"}).get_json()
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": made["id"], "name": "2026"}).get_json()
    report = tenant.api.post(
        "/v1/reports", json={"cohort_id": cohort["id"], "audience": "internal", "formats": ["json"]}
    ).get_json()
    received = releases_of(tenant, report["id"])["received_report_id"]
    url = f"/v1/received-reports/{received}"
    answers = at_once(
        *[
            lambda: tenant.api.post(f"{url}/acceptance", json={}),
            lambda: tenant.api.post(f"{url}/return", json={"comment": "Who is new?"}),
        ]
        * 2
    )
    assert answers == [201, 409, 409, 409]
    for form in ("%00", "docx"):
        assert tenant.api.get(f"{url}/files/{form}").status_code == 404


def test_an_agreement_is_signed_or_declined_and_that_once(tenant, new_tenant, at_once):
    funder = new_tenant()
    program = program_for(tenant, people=0)
    agreement = offered(funder, tenant)
    url = f"/v1/sharing-agreements/{agreement}"
    answers = at_once(
        *[
            lambda: tenant.api.put(
                f"{url}/signature", json={"decision": "signed", "program_id": program["program_id"]}
            ),
            lambda: tenant.api.put(f"{url}/signature", json={"decision": "declined"}),
        ]
        * 2
    )
    assert answers == [200, 409, 409, 409]
    assert len(every(tenant.api, f"{url}/signatures")) == 2


def test_whoever_says_a_thing_twice_to_a_partner_is_refused_by_the_database(tenant, new_tenant, database):
    funder = new_tenant()
    program = program_for(tenant, people=0)
    agreement = offered(funder, tenant)
    url = f"/v1/sharing-agreements/{agreement}/signature"
    signed = {"decision": "signed", "program_id": program["program_id"]}
    assert tenant.api.put(url, json=signed).status_code == 200
    answer = ReleaseAnswer(**to(funder, tenant), release_id=new_id(), answer="accepted")
    with database.tenant(tenant.id) as session:
        send(session, answer)
        session.commit()
        twice = (
            ReleaseAnswer(**to(funder, tenant), release_id=answer.release_id, answer="returned"),
            SharingSignature(**to(funder, tenant), agreement_id=UUID(agreement), decision="signed"),
        )
    for row in twice:
        with database.tenant(tenant.id) as session, pytest.raises(Conflict) as refused:
            send(session, row)
        assert refused.value.code == "said_already"


def test_a_side_ends_an_agreement_once(tenant, new_tenant):
    agreement = offered(new_tenant(), tenant)
    url = f"/v1/sharing-agreements/{agreement}/signature"
    later = {"decision": "ended", "ends_on": "2999-01-01"}
    assert tenant.api.put(url, json=later).status_code == 200
    twice = tenant.api.put(url, json={"decision": "ended"})
    assert (twice.status_code, twice.get_json()["code"]) == (409, "said_already")


def to(addressee, sender):
    """A row of its own, from one tenant to another."""
    return {"id": new_id(), "tenant_id": addressee.id, "source_tenant_id": sender.id}
