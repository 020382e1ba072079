"""What two people say to one agreement, or one report, at the same moment. Everybody is invented."""

from concurrent.futures import ThreadPoolExecutor

import pytest

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
