"""The file store: files appear whole or not at all."""

import gzip
import io
import os
import zlib
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.kernel.files import CHUNK, MOST_STREAMS, FileStore, TooLarge, Truncated
from tenants.kernel.ids import new_id


@pytest.fixture
def store(tmp_path):
    return FileStore((tmp_path / "files with spaces").as_uri())


def saved(store, data, *, gzipped=False, most=1 << 24):
    tenant, file = new_id(), new_id()
    stored = store.save(tenant, file, io.BytesIO(data).read, most=most, gzipped=gzipped)
    content = store.path(tenant, file).read_bytes()
    assert stored.size == len(content)
    return content


def everything_in(store):
    return [path for path in store.path(new_id(), new_id()).parents[1].rglob("*") if path.is_file()]


def test_a_file_is_kept_byte_for_byte(store):
    data = os.urandom(3 * CHUNK + 1)
    assert saved(store, data) == data
    assert saved(store, gzip.compress(data, mtime=0), gzipped=True) == data


@settings(max_examples=30, deadline=None, database=None)
@given(parts=st.lists(st.binary(max_size=2000), min_size=1, max_size=4), repeat=st.sampled_from([1, 700]))
def test_gzip_of_several_streams_is_unpacked_whole(tmp_path_factory, parts, repeat):
    store = FileStore(tmp_path_factory.getbasetemp().as_uri() + "/streams")
    packed = b"".join(gzip.compress(part * repeat, mtime=0) for part in parts)
    assert saved(store, packed, gzipped=True) == b"".join(part * repeat for part in parts)


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
    assert saved(store, b"1234", most=4) == b"1234"
    assert len(everything_in(store)) == 1


def test_output_that_ends_on_a_chunk_is_whole(store):
    for size in (CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK):
        assert len(saved(store, gzip.compress(bytes(size)), gzipped=True)) == size
    assert zlib.crc32(saved(store, b"")) == 0


def test_a_scratch_file_is_gone_afterwards(store):
    tenant = new_id()
    with store.scratch(tenant) as path:
        path.write_bytes(b"x")
    assert everything_in(store) == []


def test_deleting_twice_is_no_error(store):
    tenant, file = new_id(), new_id()
    store.save(tenant, file, io.BytesIO(b"x").read, most=1, gzipped=False)
    store.delete(tenant, file)
    store.delete(tenant, file)
    assert everything_in(store) == []


def test_files_nobody_came_back_for_are_forgotten(store):
    saved(store, b"a roster", gzipped=False)
    assert store.forget_older_than(timedelta(days=7)) == 0
    assert store.forget_older_than(timedelta(seconds=-60)) == 1
    assert everything_in(store) == []


def test_a_file_that_goes_meanwhile_keeps_no_other_from_being_forgotten(store):
    saved(store, b"a roster", gzipped=False)
    gone = store.path(new_id(), new_id())
    gone.parent.mkdir()
    gone.symlink_to("nowhere")
    assert store.forget_older_than(timedelta(seconds=-60)) == 1
