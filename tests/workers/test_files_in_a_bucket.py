"""The product with its files in a bucket: API, worker and scheduler as processes."""

import subprocess
import sys
from pathlib import Path

import obstore
import pytest

from tests.conftest import until_finished
from tests.factories.cohorts import MAPPING, TWO, make_cohort, people, send_file
from tests.stores import BUCKET, bucket


@pytest.fixture(scope="module")
def environment(environment, tmp_path_factory):
    with bucket(tmp_path_factory.mktemp("bucket")) as access:
        yield environment | {
            "FILES_URL": f"s3://{BUCKET}/a/deployment",
            "FILES_ENDPOINT": access.endpoint,
            "FILES_REGION": access.region,
            "FILES_KEY_ID": access.key_id,
            "FILES_SECRET": access.secret,
        }


def test_workers_read_there_what_was_uploaded_and_leave_nothing(app, tenant, start):
    start("scheduler")
    start("worker")
    cohort = make_cohort(tenant.api)
    sent = [send_file(tenant.api, cohort, TWO.encode(), mapping=MAPPING) for _ in range(2)]
    assert {until_finished(tenant.api, url)["state"] for url in sent} == {"succeeded"}
    assert len(people(tenant, cohort)) == 2
    assert [each for page in obstore.list(app.extensions["files"]._store) for each in page] == []


@pytest.mark.parametrize("program", ["worker", "serve"])
def test_a_process_that_cannot_keep_files_says_so_and_ends(environment, program, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", program],
        env={**environment, "FILES_URL": "s3://elsewhere/x", "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("Error: FILES_URL: s3://elsewhere/x cannot be written to: ")
    assert "NoSuchBucket" in last
