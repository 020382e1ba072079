"""What is confirmed of what sources say, where it is recorded already or somebody keeps it. Everybody is invented."""

from datetime import date

import pytest

from tenants.kernel.ids import new_id
from tenants.outcomes.verification.models import Finding
from tests.factories.circles import circle_of
from tests.factories.matching import every

PAPER = {"kind": "manuscript", "title": "An invented paper", "date": "2025-03-01"}
DOI, AWARD = "10.5555/invented.kept", "K23MH000001"


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


@pytest.fixture
def found(circle, database, tenant):
    """Something found for a member of the circle: its id."""

    def run(number=0, **says):
        row = Finding(
            id=new_id(), membership_id=circle.members[number], natural_key=new_id().hex, product_kind="manuscript",
            sources=["crossref"], matched_by="orcid", score=1.0, **{"kind": "product", **says},
        )  # fmt: skip
        with database.tenant(tenant.id) as session:
            session.add(row)
            session.commit()
            return str(row.id)

    return run


def test_a_paper_that_the_tenant_knows_by_its_title_alone_is_hers_as_well(circle, tenant, found):
    other = {"membership_ids": [str(circle.members[1])]}
    recorded = tenant.api.post("/v1/products", json={**PAPER, **other}).get_json()
    hers = found(title=PAPER["title"], date=date(2025, 3, 1), doi=DOI)
    confirmed = tenant.api.post(f"/v1/findings/{hers}/confirmation")
    assert (confirmed.status_code, confirmed.get_json()["product_id"]) == (200, recorded["id"])
    (product,) = every(tenant.api, "/v1/products")
    assert product["membership_ids"] == sorted(map(str, circle.members))


def test_years_of_one_award_are_one_career_event(circle, tenant, found):
    year = {"kind": "award", "code": "K23", "date": "2025-05-01", "project_number": f"5{AWARD}-02"}
    recorded = tenant.api.post(
        "/v1/career-events", json={"membership_id": str(circle.members[0]), **year}
    ).get_json()
    hers = found(kind="award", code="K23", title="Invented", date=date(2024, 5, 2), project_number=AWARD)
    confirmed = tenant.api.post(f"/v1/findings/{hers}/confirmation").get_json()
    assert confirmed["career_event_id"] == recorded["id"]
    assert len(every(tenant.api, "/v1/career-events")) == 1


@pytest.mark.parametrize("whose", [0, 1])
def test_what_somebody_shows_her_group_alone_is_not_what_was_confirmed(circle, tenant, found, whose):
    kept = circle.api().post("/v1/me/products", json={**PAPER, "doi": DOI}).get_json()["id"]
    assert circle.api().put(f"{circle.url}/products/{kept}").status_code == 204
    finding = found(whose, title=PAPER["title"], doi=DOI)
    confirmed = circle.api(whose).post(f"/v1/me/findings/{finding}/confirmation")
    assert confirmed.status_code == 200, confirmed.get_json()
    (product,) = every(tenant.api, "/v1/products")
    assert (product["id"], product["membership_ids"]) == (
        confirmed.get_json()["product_id"],
        [str(circle.members[whose])],
    )
    assert product["id"] != kept
    assert circle.api().get(f"/v1/me/products/{kept}").get_json()["visibility"] == "group"


def test_an_award_that_she_keeps_is_not_told_by_confirming_it(circle, tenant, found):
    told = {"kind": "award", "code": "K23", "date": "2025-05-01", "project_number": AWARD}
    kept = circle.api().post("/v1/me/career-events", json=told).get_json()["id"]
    hers = found(kind="award", code="K23", title="Invented", project_number=AWARD)
    confirmed = circle.api().post(f"/v1/me/findings/{hers}/confirmation").get_json()
    (event,) = every(tenant.api, "/v1/career-events")
    assert event["id"] == confirmed["career_event_id"] != kept
