"""A verification whose worker is taken for dead, and what is kept no longer. No worker but the test's own is here."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from tenants.kernel.claims import LeaseLost, claim
from tenants.kernel.clock import now
from tenants.kernel.jobs import Job
from tenants.outcomes.verification import looking
from tenants.outcomes.verification.expiry import forget
from tenants.outcomes.verification.fetching import KEPT
from tenants.outcomes.verification.looking import _write, look
from tenants.outcomes.verification.models import CandidateSearch, Finding, SourcePage
from tenants.outcomes.verification.sources.found import PRODUCT, Credited, Found
from tenants.outcomes.verification.whose import Somebody
from tests.factories import outside as told
from tests.factories.matching import every, program_to_match
from tests.planting import plant

NAMES = ("Ada Invented", "Bela Invented", "Cleo Invented")


@pytest.fixture
def asking(settings, outside):
    """The settings of a worker that asks this machine."""
    answering = told.reporter(
        [told.project(f"K23MH00000{n}", name.split()[0], "Invented", 2025) for n, name in enumerate(NAMES)]
    )
    outside.answering.append(answering)
    yield replace(
        settings,
        allow_private_providers=True,
        **{name.lower(): url for name, url in outside.settings().items()},
    )
    outside.answering.remove(answering)


def test_whoever_takes_it_over_goes_on_and_nothing_is_written_or_asked_twice(
    tenant, database, asking, outside, root
):
    program = program_to_match(tenant.api)
    cohort = tenant.api.post("/v1/cohorts", json={"program_id": program, "name": "Invented"}).get_json()["id"]
    for name in NAMES:
        added = {"external_id": name, "name": name}
        assert tenant.api.post(f"/v1/cohorts/{cohort}/participants", json=added).status_code == 201
    body = {"cohort_id": cohort, "fiscal_years": [2025], "sources": ["nih_reporter"]}
    ordered = tenant.api.post("/v1/verifications", json=body).get_json()
    job = {"tenant_id": tenant.id, "job_id": ordered["job_id"], "settings": asking}
    first, others = claim(database, **job), []

    def lost(request):
        if request.body["criteria"]["pi_names"][0]["first_name"] == "Bela" and not others:
            root.execute(
                "UPDATE job SET lease_until = now() - interval '1 second' WHERE id = %s", [ordered["job_id"]]
            )
            others.append(claim(database, **job))

    outside.answering.append(lost)
    before = len(outside.requests)
    with pytest.raises(LeaseLost):
        look(first)
    outside.answering.remove(lost)
    [second] = others
    shown = tenant.api.get(f"/v1/verifications/{ordered['id']}").get_json()
    assert (shown["state"], shown["asked"], shown["found"]) == ("running", 1, 1)
    look(second)
    shown = tenant.api.get(f"/v1/verifications/{ordered['id']}").get_json()
    assert (shown["state"], shown["asked"], shown["found"], shown["skipped"]) == ("succeeded", 3, 3, 0)
    asked = [each.body["criteria"]["pi_names"][0]["first_name"] for each in outside.requests[before:]]
    assert sorted(asked) == ["Ada", "Bela", "Cleo"]
    assert sorted(each["score"] for each in every(tenant.api, "/v1/findings")) == [0.5] * 3


def test_pages_and_searches_go_when_their_time_is_over_and_the_rest_is_come_back_for(
    tenant, database, settings, root
):
    told.not_searched(database, tenant.id)
    cursor, here = root.cursor(), {"tenant_id": tenant.id}
    for age in (KEPT + timedelta(hours=1), timedelta(days=2)):
        plant(cursor, "source_page", fetched_at=now() - age, **here)
    job = root.execute(
        "SELECT id FROM job WHERE kind = 'public_data_expiry' AND tenant_id = %s", [tenant.id]
    ).fetchone()[0]
    root.execute("UPDATE job SET not_before = now() WHERE id = %s", [job])
    root.execute("UPDATE candidate_search SET expires_at = now() WHERE tenant_id = %s", [tenant.id])
    forget(claim(database, tenant_id=tenant.id, job_id=job, settings=settings))
    with database.tenant(tenant.id) as session:
        counts = [
            session.scalar(select(func.count()).select_from(model))
            for model in (SourcePage, CandidateSearch, Finding)
        ]
        later = session.scalars(select(Job.not_before).where(Job.id == job, Job.state == "queued")).one()
        assert session.scalar(text("SELECT count(*) FROM job WHERE kind = 'public_data_expiry'")) == 1
    assert counts == [1, 0, 0]
    assert timedelta(days=27) < later - now() < timedelta(days=28)


def test_somebody_of_a_common_name_has_more_findings_than_one_statement_takes(
    tenant, database, root, monkeypatch
):
    monkeypatch.setattr(looking, "MOST_WRITTEN", 3)
    member = plant(root.cursor(), "membership", tenant_id=tenant.id)
    who = Somebody("Ada Invented", None, None)
    hers = (Credited("Ada", "Invented"),)
    found = [("pubmed", Found(PRODUCT, f"Paper {n}", None, hers, pmid=str(n))) for n in range(1, 8)]
    with database.tenant(tenant.id) as session:
        assert [_write(session, member, who, found) for _ in range(2)] == [7, 0]
