"""The job of an import, run in this process, where something changes under its hands."""

import io
from uuid import UUID

import pytest
from sqlalchemy import text

from tenants.cohorts.imports.actions import receive_file
from tenants.cohorts.imports.roster import roster_plan
from tenants.cohorts.imports.staging import run
from tenants.kernel.claims import JobFailed, claim
from tenants.kernel.files import UPLOADS
from tenants.kernel.ids import new_id
from tests.factories.cohorts import HEADER, MAPPING, counted, make_cohort, people


@pytest.fixture
def cohort(tenant):
    return make_cohort(tenant.api)


@pytest.fixture
def begun(app, tenant, cohort, database, settings):
    """The claim of an import's job that nobody was rung for."""

    def begin(content):
        made = tenant.api.post(f"{cohort}/imports", json={"mapping": MAPPING}).get_json()
        file_id, read = new_id(), io.BytesIO(content.encode()).read
        stored = app.extensions["files"].save(tenant.id, file_id, read, most=10**6, gzipped=False)
        with database.tenant(tenant.id) as session:
            job_id = receive_file(session, import_id=UUID(made["id"]), file_id=file_id, stored=stored).job_id
            session.info.pop("enqueued")
            session.commit()
        return claim(database, tenant_id=tenant.id, job_id=job_id, settings=settings)

    return begin


def files_of(app, tenant):
    return list((app.extensions["files"]._root / UPLOADS / str(tenant.id)).iterdir())


def test_rows_are_parsed_again_when_an_attribute_has_changed_since(tenant, cohort, begun, database):
    planned = []

    def plan(session, found):
        made = roster_plan(session, found)
        if not planned:
            with database.tenant(tenant.id) as other:
                levels = (
                    '[{"key": "mit", "label": "MIT", "order": 1, "parent": null, "aliases": ["Mass Tech"]}]'
                )
                change = (
                    "UPDATE attribute SET levels = :levels, version = version + 1 WHERE key = 'institution'"
                )
                other.execute(text(change.replace(":levels", "CAST(:levels AS jsonb)")), {"levels": levels})
                other.commit()
        planned.append(made)
        return made

    run(begun(HEADER + "A,,,,Mass Tech,,,\n"), plan)
    assert len(planned) == 2
    assert people(tenant, cohort)["A"]["attributes"] == {"institution": "mit"}


def test_an_import_whose_file_is_gone_fails_with_a_reason(app, tenant, begun):
    held = begun(HEADER)
    for file in files_of(app, tenant):
        file.unlink()
    with pytest.raises(JobFailed) as failed:
        run(held, roster_plan)
    assert failed.value.code == "file_missing"


def test_an_import_of_an_attribute_that_is_gone_fails_with_a_reason(tenant, begun, database):
    held = begun(HEADER)
    with database.tenant(tenant.id) as session:
        session.execute(text("DELETE FROM attribute WHERE key = 'rank'"))
        session.commit()
    with pytest.raises(JobFailed) as failed:
        run(held, roster_plan)
    assert failed.value.code == "unknown_attribute"


def test_the_file_is_forgotten_once_it_has_been_applied(app, tenant, begun):
    held = begun(HEADER + "A,,,,,,,\n")
    run(held, roster_plan)
    assert files_of(app, tenant) == []
    assert counted(tenant.api.get(f"/v1/imports/{held.subject_id}").get_json()) == {"created": 1}
