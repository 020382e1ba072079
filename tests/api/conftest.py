"""What tests of several resources begin with."""

import psycopg
import pytest

from tests.conftest import open_another, until_finished, until_settled
from tests.factories.cohorts import MAPPING, make_cohort, send_file
from tests.factories.everything import one_of_everything


@pytest.fixture
def superuser(servers):
    """Past every wall; what it does is kept."""
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def proposed(tenant, finished):
    """Start a run and wait for its end; its URL and the run."""

    def run(ready, **more):
        made = tenant.api.post("/v1/matching-runs", json=ready.order(**more))
        assert made.status_code == 202, made.get_json()
        return made.headers["Location"], finished(tenant.api, made.headers["Location"])

    return run


@pytest.fixture(scope="session")
def places(app, database, workers):
    """A tenant, and the ids of one of everything in each of two programs of it, here and there. Tests may add to what
    is there, and change nothing else.
    """
    tenant = open_another(app, database)
    here = one_of_everything(tenant, database, until_finished, "H")
    there = one_of_everything(tenant, database, until_finished, "T")
    until_settled(database, tenant.id)
    return tenant, here, there


@pytest.fixture
def cohort(tenant):
    """The URL of a cohort whose program has the attributes of `MAPPING`."""
    return make_cohort(tenant.api)


@pytest.fixture
def imported(tenant, cohort, finished):
    """Import a file into the cohort and wait for its end."""

    def run(file, *, mapping=MAPPING, **how):
        return finished(tenant.api, send_file(tenant.api, cohort, file, mapping=mapping, **how))

    return run
