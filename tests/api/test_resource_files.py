"""Files of resources over HTTP, kept in a folder and in a bucket: how they come in, rest, and go out again."""

import io
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import obstore
import pytest

from tenants.kernel.files import KEPT
from tenants.kernel.ids import new_id
from tenants.kernel.kept import forget_orphans
from tenants.support.resource_files import MOST_BYTES, safe_name
from tests.contract import remove
from tests.factories.circles import circle_of
from tests.factories.files import DOCX, GOOD, PDF
from tests.factories.people import acting
from tests.stores import bucket, in_bucket, in_folder

SOON = timedelta(seconds=-60)
BODY = {"kind": "dataset", "title": "Häufigkeiten / 2026", "licence": "CC0"}


@pytest.fixture(scope="module")
def access(tmp_path_factory):
    with bucket(tmp_path_factory.mktemp("bucket")) as found:
        yield found


@pytest.fixture(params=["folder", "bucket"])
def store(request, app, monkeypatch, tmp_path):
    """The app's store, which holds nothing yet."""
    found = (
        in_folder(tmp_path)
        if request.param == "folder"
        else in_bucket(request.getfixturevalue("access"), new_id().hex)
    )
    monkeypatch.setitem(app.extensions, "files", found)
    return found


@pytest.fixture
def folder(app, monkeypatch, tmp_path):
    monkeypatch.setitem(app.extensions, "files", in_folder(tmp_path))
    return app.extensions["files"]


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=1)


def added(circle, **changes):
    made = circle.api().post(f"{circle.url}/resources", json={**BODY, **changes})
    assert made.status_code == 201, made.get_json()
    return f"{circle.url}/resources/{made.get_json()['id']}"


def put(api, one, content, media_type="text/plain", **more):
    return api.put(f"{one}/file", data=content, content_type=media_type, **more)


def at_rest(store):
    return [each["path"] for page in obstore.list(store._store, f"{KEPT}/") for each in page]


def limit(app, monkeypatch, **changes):
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], **changes))


@pytest.mark.parametrize("media_type", GOOD)
def test_a_file_of_every_type_comes_out_as_it_went_in(folder, circle, media_type):
    one, api = added(circle), circle.api()
    sent = put(api, one, GOOD[media_type], media_type).get_json()
    assert (sent["media_type"], sent["size"]) == (media_type, len(GOOD[media_type]))
    got = api.get(f"{one}/file")
    assert (got.data, got.mimetype) == (GOOD[media_type], media_type)


def test_a_download_is_handed_over_and_never_shown_in_place(store, circle):
    one, api, content = added(circle), circle.api(), b"".join(b"%d\n" % n for n in range(300_000))
    sent = put(api, one, content).get_json()
    got = api.get(f"{one}/file")
    assert got.data == content
    assert {name: got.headers[name] for name in (
        "Content-Type", "Content-Length", "X-Content-Type-Options", "Cache-Control", "Content-Security-Policy", "ETag",
    )} == {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(content)),
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "sandbox",
        "ETag": f'"{sent["sha256"]}"',
    }  # fmt: skip
    assert got.headers["Content-Disposition"] == (
        "attachment; filename=\"H_ufigkeiten _ 2026.txt\"; filename*=UTF-8''H%C3%A4ufigkeiten%20_%202026.txt"
    )
    again = api.get(f"{one}/file", headers={"If-None-Match": got.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_at_rest_nobody_reads_it(store, circle):
    put(circle.api(), added(circle), b"Unseen content\n" * 9000)
    (path,) = at_rest(store)
    kept = bytes(obstore.get(store._store, path).bytes())
    assert b"Unseen" not in kept
    assert len(kept) > 9000 * 15


@pytest.mark.parametrize(
    ("asked", "media_type", "given"),
    [
        ("aims.pdf", "application/pdf", "aims.pdf"),
        ("aims.html", "application/pdf", "aims.html.pdf"),
        ("../../etc/passwd", "text/plain", "_.._etc_passwd.txt"),
        ('a"; filename="b.exe', "text/csv", "a_; filename=_b.exe.csv"),
        ("a\r\nSet-Cookie: x", "text/csv", "aSet-Cookie_ x.csv"),
        ("a\u202efdp.exe\0", DOCX, "afdp.exe.docx"),
        ("...", "image/png", "file.png"),
        ("x" * 300, "image/png", "x" * 100 + ".png"),
    ],
)
def test_a_name_leads_nowhere_and_says_what_the_file_is(asked, media_type, given):
    assert safe_name(asked, media_type) == given


def test_what_is_not_taken_is_refused_and_leaves_nothing(store, circle):
    one, api = added(circle), circle.api()
    for media_type in ("text/html", "image/svg+xml", "application/zip", "application/octet-stream", None):
        assert put(api, one, b"x", media_type).status_code == 415, media_type
    assert put(api, one, b"x", headers={"Content-Encoding": "gzip"}).status_code == 415
    for content, media_type, code in (
        (b"<html>", "text/plain", "not_what_it_says"),
        (PDF, DOCX, "not_what_it_says"),
        (b"", "text/plain", "empty"),
    ):
        refused = put(api, one, content, media_type)
        assert (refused.status_code, refused.get_json()["errors"][0]["code"]) == (422, code)
    assert api.get(f"{one}/file").status_code == 404
    assert at_rest(store) == []


def test_more_than_25_mb_are_refused_by_the_bytes_that_come(folder, circle):
    one, api = added(circle), circle.api()
    announced = put(api, one, b"x", environ_overrides={"CONTENT_LENGTH": str(MOST_BYTES + 1)})
    assert announced.status_code == 413
    unannounced = {"input_stream": io.BytesIO(bytes(MOST_BYTES + 1)), "content_type": "text/plain"}
    chunked = api.put(f"{one}/file", **unannounced, environ_overrides={"wsgi.input_terminated": True})
    assert chunked.status_code == 413
    assert at_rest(folder) == []


def test_an_upload_that_is_cut_half_way_leaves_nothing(store, circle):
    one, api = added(circle), circle.api()
    cut = put(api, one, b"x" * 70_000, environ_overrides={"CONTENT_LENGTH": "140000"})
    assert cut.status_code == 400
    assert at_rest(store) == []
    assert put(api, one, b"x" * 70_000).status_code == 200


class Watched(io.RawIOBase):
    """A body that looks, while it is read, how many connections requests hold."""

    def __init__(self, size, pool):
        self.left, self.pool, self.seen = size, pool, set()

    def readable(self):
        return True

    def readinto(self, buffer):
        self.seen.add(self.pool.checkedout())
        size = min(len(buffer), self.left)
        buffer[:size] = b"x" * size
        self.left -= size
        return size


def test_no_transaction_is_open_while_bytes_flow(store, circle, database):
    one, api, pool = added(circle), circle.api(), database.engine.pool
    body = Watched(900_000, pool)
    environ = {"wsgi.input": body, "CONTENT_LENGTH": "900000"}
    sent = put(api, one, b"", environ_overrides=environ)
    assert (sent.status_code, body.seen) == (200, {0})
    got = api.get(f"{one}/file", buffered=False)
    pieces: Iterator[bytes] = got.iter_encoded()
    sizes = []
    for piece in pieces:
        sizes.append(len(piece))
        assert pool.checkedout() == 0
    assert (sum(sizes), max(sizes)) == (900_000, 1 << 16)


def test_what_is_replaced_or_removed_leaves_the_store_after_the_commit(store, circle):
    one, api = added(circle), circle.api()
    put(api, one, b"first")
    (first,) = at_rest(store)
    put(api, one, b"second")
    (second,) = at_rest(store)
    assert first != second
    assert api.get(f"{one}/file").data == b"second"
    assert remove(api, one).status_code == 204
    assert at_rest(store) == []


def test_what_is_lost_between_store_and_database_is_an_orphan_that_house_keeping_deletes(
    store, circle, database
):
    """As if it was killed between the upload and the commit, and between a commit and the deletion."""
    one, api = added(circle), circle.api()
    put(api, one, b"kept")
    store.keep(circle.tenant.id, new_id(), [b"uploaded, never committed"])
    gone = added(circle)
    put(api, gone, b"deleted, still there")
    held = at_rest(store)
    drop, store.drop = store.drop, lambda *_: None
    assert remove(api, gone).status_code == 204
    store.drop = drop
    assert sorted(at_rest(store)) == sorted(held)
    assert forget_orphans(database, store) == 0
    assert forget_orphans(database, store, age=SOON) == 2
    assert len(at_rest(store)) == 1
    assert api.get(f"{one}/file").data == b"kept"


def test_a_file_that_was_spoilt_or_lost_in_the_store_is_an_error_and_not_another_content(folder, circle):
    one, api = added(circle), circle.api()
    put(api, one, os.urandom(90_000).hex().encode())
    (path,) = at_rest(folder)
    kept = bytearray(obstore.get(folder._store, path).bytes())
    kept[5] ^= 1
    obstore.put(folder._store, path, bytes(kept))
    assert api.get(f"{one}/file").status_code == 500
    kept[5] ^= 1
    obstore.put(folder._store, path, bytes(kept[: (1 << 16) + 16]))
    assert api.get(f"{one}/file").status_code == 500
    obstore.delete(folder._store, path)
    assert api.get(f"{one}/file").status_code == 404


def test_a_tenant_keeps_no_more_than_it_may_however_many_come_at_once(app, folder, circle, monkeypatch):
    limit(app, monkeypatch, files_per_tenant_bytes=2500)
    resources = [(circle.api(), added(circle)) for _ in range(5)]
    answers = []
    threads = [
        threading.Thread(target=lambda api=api, one=one: answers.append(put(api, one, b"x" * 1000)))
        for api, one in resources
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.status_code for each in answers) == [200, 200, 409, 409, 409]
    assert {each.get_json()["code"] for each in answers if each.status_code == 409} == {"storage_full"}
    assert len(at_rest(folder)) == 2
    api, one = resources[0]
    assert put(api, one, b"x" * 2600).get_json()["code"] == "storage_full"


def test_a_portal_and_the_tenant_neither_send_nor_get_a_file(app, folder, circle):
    one = added(circle)
    put(circle.api(), one, b"x")
    portal = acting(app, circle.tenant.id, circle.members[0])
    for api in (portal, circle.tenant.api):
        assert put(api, one, b"y").status_code == api.get(f"{one}/file").status_code == 403
    assert len(at_rest(folder)) == 1
