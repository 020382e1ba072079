"""What tests of several resources begin with."""

import pytest


@pytest.fixture
def proposed(tenant, finished):
    """Start a run and wait for its end; its URL and the run."""

    def run(ready, **more):
        made = tenant.api.post("/v1/matching-runs", json=ready.order(**more))
        assert made.status_code == 202, made.get_json()
        return made.headers["Location"], finished(tenant.api, made.headers["Location"])

    return run
