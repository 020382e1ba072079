"""Files of reports over HTTP: from the store, streamed, by names that tell nothing."""

import datetime as dt
import os

import obstore
import pytest
from sqlalchemy import update

from tenants.kernel.files import KEPT
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.kernel.kept import forget_orphans
from tenants.kernel.session import Session
from tenants.reporting.actions import order_report
from tenants.reporting.files import TYPES, add_files, write_files
from tenants.reporting.models import FORMATS, ReportFile
from tests.stores import bucket, in_bucket, in_folder

SOON = dt.timedelta(seconds=-60)


@pytest.fixture(scope="module")
def access(tmp_path_factory):
    with bucket(tmp_path_factory.mktemp("bucket")) as found:
        yield found


@pytest.fixture(params=["folder", "bucket"])
def store(request, app, monkeypatch, tmp_path):
    """The app's store, which holds nothing yet."""
    if request.param == "folder":
        found = in_folder(tmp_path)
    else:
        found = in_bucket(request.getfixturevalue("access"), new_id().hex)
    monkeypatch.setitem(app.extensions, "files", found)
    return found


@pytest.fixture
def built(tenant, database, store):
    """As a worker would: a report with these contents, and its URL."""
    program_id = tenant.api.post("/v1/programs", json={"name": "Circles"}).get_json()["id"]

    def build(contents):
        wrote = write_files(store, tenant_id=tenant.id, contents=contents)
        with database.tenant(tenant.id) as session:
            ordered = order_report(
                session, audience="internal", program_id=program_id, formats=list(contents)
            )
            end(session, ordered.job_id)
            add_files(session, ReportFile, wrote, report_id=ordered.id)
            session.commit()
            return f"/v1/reports/{ordered.id}"

    return build


def end(session: Session, job_id):
    """Claim and end a job, out of any worker's reach."""
    until = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
    running = {"state": "running", "fence": 1, "lease_until": until}
    session.execute(update(Job).where(Job.id == job_id).values(**running))
    session.execute(
        update(Job).where(Job.id == job_id).values(state="succeeded", lease_until=None, finished_at=until)
    )


def at_rest(store):
    return [each["path"] for page in obstore.list(store._store, f"{KEPT}/") for each in page]


def test_every_format_comes_whole_under_a_name_that_tells_nothing(tenant, store, built):
    contents = {form: f"any {form}".encode() for form in FORMATS if form != "json"}
    url = built({form: [content] for form, content in contents.items()})
    for form, content in contents.items():
        got = tenant.api.get(f"{url}/files/{form}")
        assert got.data == content, form
        assert got.mimetype == TYPES[form]
        assert got.headers["Content-Length"] == str(len(got.data))
        name = f"report-{url.rpartition('/')[2]}.{form}"
        assert got.headers["Content-Disposition"].startswith(f'attachment; filename="{name}"')
        assert (got.headers["Content-Security-Policy"], got.headers["Cache-Control"]) == (
            "sandbox",
            "private, no-store",
        )
        again = tenant.api.get(f"{url}/files/{form}", headers={"If-None-Match": got.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
    assert len(at_rest(store)) == len(contents)


def test_a_file_of_any_size_streams_in_pieces_while_no_transaction_is_open(tenant, store, built, database):
    line = os.urandom(1 << 15).hex().encode() + b"\n"
    url = built({"csv": (line for _ in range(200))})
    got = tenant.api.get(f"{url}/files/csv", buffered=False)
    sizes = []
    for piece in got.iter_encoded():
        sizes.append(len(piece))
        assert database.engine.pool.checkedout() == 0
    assert sum(sizes) == 200 * len(line)
    assert max(sizes) < sum(sizes) / 5


def test_what_was_written_for_a_report_that_never_was_is_an_orphan(tenant, store, built, database):
    url = built({"csv": [b"kept"]})
    write_files(store, tenant_id=tenant.id, contents={"csv": [b"the worker was killed before the commit"]})
    assert forget_orphans(database, store) == 0
    assert forget_orphans(database, store, age=SOON) == 1
    assert tenant.api.get(f"{url}/files/csv").data == b"kept"
    assert tenant.api.get(f"{url}/files/pdf").status_code == 404


def test_a_content_that_breaks_off_leaves_nothing(tenant, store):
    def broken():
        yield b"half"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_files(store, tenant_id=tenant.id, contents={"csv": broken()})
    assert at_rest(store) == []
