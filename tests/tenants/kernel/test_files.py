"""The file store, in a folder and in a bucket: files appear whole or not at all."""

import gzip
import io
import os
import tempfile
import threading
import zlib
from datetime import timedelta
from pathlib import Path

import obstore
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.kernel.errors import Unavailable
from tenants.kernel.files import KEPT, UPLOADS, Access, FileStore
from tenants.kernel.ids import new_id
from tenants.kernel.settings import SettingsError
from tenants.kernel.streams import CHUNK, MOST_STREAMS, TooLarge, Truncated, unpacked
from tests.stores import BUCKET, bucket, in_bucket, in_folder

SOON = timedelta(seconds=-60)
"""An age that everything has."""


@pytest.fixture(scope="module")
def access(tmp_path_factory):
    with bucket(tmp_path_factory.mktemp("bucket")) as found:
        yield found


@pytest.fixture(params=["folder", "bucket"])
def store(request, tmp_path):
    if request.param == "folder":
        return in_folder(tmp_path)
    return in_bucket(request.getfixturevalue("access"), new_id().hex)


def saved(store, data, *, gzipped=False, most=1 << 24):
    tenant, file = new_id(), new_id()
    stored = store.save(tenant, file, io.BytesIO(data).read, most=most, gzipped=gzipped)
    with tempfile.TemporaryDirectory() as folder:
        store.fetch(tenant, file, Path(folder) / "copy")
        content = (Path(folder) / "copy").read_bytes()
    assert stored.size == len(content)
    return content


def everything_in(store):
    found = [each["path"] for page in obstore.list(store._store) for each in page]
    if store._root is not None:
        there = [path for path in store._root.rglob("*") if path.is_file() or path.is_symlink()]
        assert len(there) == len(found)
    return found


def test_a_file_is_kept_byte_for_byte(store):
    data = os.urandom(3 * CHUNK + 1)
    assert saved(store, data) == data
    assert saved(store, gzip.compress(data, mtime=0), gzipped=True) == data


def test_a_file_of_many_parts_is_kept_byte_for_byte(store):
    data = os.urandom(1 << 20) * 12
    assert saved(store, data) == data
    assert len(everything_in(store)) == 1


@settings(max_examples=30, deadline=None, database=None)
@given(parts=st.lists(st.binary(max_size=2000), min_size=1, max_size=4), repeat=st.sampled_from([1, 700]))
def test_gzip_of_several_streams_is_unpacked_whole(parts, repeat):
    packed = b"".join(gzip.compress(part * repeat, mtime=0) for part in parts)
    assert b"".join(unpacked(io.BytesIO(packed).read)) == b"".join(part * repeat for part in parts)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(b"x" * 9000, mtime=0)[:-9],
        b"not gzip at all",
        b"",
        gzip.compress(b"x", mtime=0) + b"rubbish",
    ],
)
def test_a_broken_gzip_stream_is_refused_and_leaves_nothing(store, packed):
    with pytest.raises(Truncated):
        saved(store, packed, gzipped=True)
    assert everything_in(store) == []


def test_a_gzip_of_endless_empty_streams_is_refused(store):
    packed = gzip.compress(b"") * (MOST_STREAMS + 1)
    with pytest.raises(Truncated, match="streams"):
        saved(store, packed, gzipped=True)
    assert everything_in(store) == []


def test_too_many_bytes_are_refused_as_they_are_after_unpacking(store):
    bomb = gzip.compress(bytes(40 * CHUNK))
    assert len(bomb) < CHUNK
    with pytest.raises(TooLarge):
        saved(store, bomb, gzipped=True, most=10 * CHUNK)
    with pytest.raises(TooLarge):
        saved(store, b"12345", most=4)
    with pytest.raises(TooLarge):  # where parts of it have been sent
        saved(store, bytes(45 * CHUNK), most=40 * CHUNK)
    assert saved(store, b"1234", most=4) == b"1234"
    assert len(everything_in(store)) == 1


def test_output_that_ends_on_a_chunk_is_whole(store):
    for size in (CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK):
        assert len(saved(store, gzip.compress(bytes(size)), gzipped=True)) == size
    assert zlib.crc32(saved(store, b"")) == 0


def test_whatever_a_reader_raises_comes_out_and_nothing_is_left(store):
    def cut():
        yield from (bytes(1 << 20) for _ in range(9))
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError, match="gone"):
        store.keep(new_id(), new_id(), cut())
    assert everything_in(store) == []


def test_slow_uploads_keep_no_others_waiting(store):
    held, begun = threading.Event(), threading.Barrier(9)

    def slow():
        begun.wait(10)
        held.wait(10)
        yield b"x"

    threads = [
        threading.Thread(target=lambda: store.keep(new_id(), new_id(), slow()), daemon=True) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    begun.wait(10)
    assert saved(store, b"quick") == b"quick"
    held.set()
    for thread in threads:
        thread.join(10)
    assert len(everything_in(store)) == 9


def test_scratch_is_gone_afterwards(store):
    with store.scratch() as folder:
        (folder / "spool").write_bytes(b"x")
    assert not folder.exists()
    assert everything_in(store) == []


def test_deleting_twice_is_no_error(store):
    tenant, file = new_id(), new_id()
    store.save(tenant, file, io.BytesIO(b"x").read, most=1, gzipped=False)
    store.keep(tenant, file, [b"x"])
    for forget in (store.delete, store.drop) * 2:
        forget(tenant, file)
    assert everything_in(store) == []


def test_what_is_kept_is_read_whole_or_in_part(store):
    tenant, file, data = new_id(), new_id(), os.urandom(7 * CHUNK + 3)
    store.keep(tenant, file, [data[:5], data[5:]])
    assert b"".join(store.kept(tenant, file)) == data
    assert store.kept_range(tenant, file, 5 * CHUNK - 2, 9) == data[5 * CHUNK - 2 : 5 * CHUNK + 7]


def test_a_copy_is_another_tenants_own_and_stays_when_the_first_goes(store):
    (one, file), (other, copy) = ((new_id(), new_id()) for _ in range(2))
    data = os.urandom(2 * CHUNK + 1)
    store.keep(one, file, [data])
    store.copy(one, file, to_tenant=other, to_file=copy)
    store.drop(one, file)
    assert b"".join(store.kept(other, copy)) == data
    with pytest.raises(FileNotFoundError):
        store.copy(one, file, to_tenant=other, to_file=new_id())


def test_what_is_not_there_is_missing_at_once(store, tmp_path):
    with pytest.raises(FileNotFoundError):
        store.kept(new_id(), new_id())
    with pytest.raises(FileNotFoundError):
        store.kept_range(new_id(), new_id(), 0, 1)
    with pytest.raises(FileNotFoundError):
        store.fetch(new_id(), new_id(), tmp_path / "copy")


def test_uploads_nobody_came_back_for_are_forgotten_and_what_is_kept_is_not(store):
    saved(store, b"a roster", gzipped=False)
    store.keep(new_id(), new_id(), [b"a grant"])
    assert store.forget_older_than(timedelta(days=7)) == 0
    assert store.forget_older_than(SOON) == 1
    assert [name.partition("/")[0] for name in everything_in(store)] == [KEPT]


def test_what_is_kept_for_nobody_is_deleted_once_it_is_old_enough(store):
    first, second = new_id(), new_id()
    kept = {first: [new_id() for _ in range(3)], second: [new_id()]}
    for tenant, files in kept.items():
        for file in files:
            store.keep(tenant, file, [b"x"])
    saved(store, b"an upload")

    def known(tenant, ids):
        assert ids <= set(kept[tenant])
        return {kept[first][0]}

    assert store.forget_unknown(timedelta(days=1), known) == 0
    assert store.forget_unknown(SOON, known) == 3
    left = [name for name in everything_in(store) if not name.startswith(UPLOADS)]
    assert left == [f"{KEPT}/{first}/{kept[first][0]}"]


def test_what_a_killed_process_left_half_written_is_forgotten(tmp_path):
    store = in_folder(tmp_path)
    saved(store, b"a roster")
    tenant = next((store._root / UPLOADS).iterdir())
    (tenant / f"{new_id()}#1").write_bytes(b"half a ros")
    (store._root / "scratch" / "dead").mkdir(parents=True)
    (store._root / "scratch" / "dead" / "source").write_bytes(b"half a ros")
    (tenant / f"{new_id()}#2").symlink_to("nowhere")
    assert store.forget_older_than(timedelta(days=7)) == 0
    assert store.forget_older_than(SOON) == 3
    assert not [path for path in store._root.rglob("*") if path.is_file()]


def test_a_folder_is_its_owners_alone(tmp_path):
    store = in_folder(tmp_path)
    saved(store, b"a roster")
    assert store._root.stat().st_mode & 0o077 == 0


def test_a_usable_store_is_taken_and_left_as_it_is(store):
    store.refuse_unusable()
    assert everything_in(store) == []


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("elsewhere", {}, "NoSuchBucket"),
        (BUCKET, {"key_id": "nobody", "secret": "not-to-be-shown"}, "InvalidAccessKeyId"),
        (BUCKET, {"endpoint": "http://127.0.0.1:1"}, "127.0.0.1:1"),
    ],
)
def test_an_unusable_bucket_is_refused_with_its_reason_and_without_its_secret(access, name, changes, said):
    told = {
        "endpoint": access.endpoint,
        "region": "us-east-1",
        "key_id": access.key_id,
        "secret": access.secret,
    }
    store = FileStore(f"s3://{name}/x", Access(**{**told, **changes}))
    with pytest.raises(SettingsError, match=said) as refused:
        store.refuse_unusable()
    assert "not-to-be-shown" not in str(refused.value) + repr(Access(**{**told, **changes}))
    with pytest.raises(Unavailable):
        store.keep(new_id(), new_id(), [b"x"])
