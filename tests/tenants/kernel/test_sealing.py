"""Sealed files: what is altered, cut off, moved or another's does not open."""

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.kernel.crypto import CannotDecrypt
from tenants.kernel.ids import new_id
from tenants.kernel.sealing import PLAIN, SEALED, FileKey, sealed_size

TENANT, FILE = new_id(), new_id()
KEY = FileKey.new(tenant_id=TENANT, file_id=FILE)
DATA = os.urandom(2 * PLAIN + 100)
SIZES = (0, 1, PLAIN - 1, PLAIN, PLAIN + 1, 2 * PLAIN, 2 * PLAIN + 7)


def sealed(data: bytes) -> bytes:
    return b"".join(KEY.sealed([data[:1000], data[1000:]]))


def opened(kept: bytes, key: FileKey = KEY) -> bytes:
    return b"".join(key.opened(kept[start : start + 9_999] for start in range(0, len(kept), 9_999)))


def reader(data: bytes, kept: bytes) -> io.BufferedReader:
    return io.BufferedReader(KEY.reader(lambda start, length: kept[start : start + length], len(data)))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens_again_and_is_as_long_as_is_said(size):
    data = os.urandom(size)
    kept = sealed(data)
    assert (opened(kept), len(kept)) == (data, sealed_size(size))
    assert reader(data, kept).read() == data


@settings(max_examples=60, deadline=None, database=None)
@given(start=st.integers(0, 3 * PLAIN), length=st.integers(0, PLAIN))
def test_it_is_read_from_anywhere(start, length):
    file = reader(DATA, sealed(DATA))
    file.seek(start)
    assert file.read(length) == DATA[start : start + length]


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda kept: kept[:-1],
        lambda kept: kept[: 2 * SEALED],
        lambda kept: kept[:SEALED],
        lambda _: b"",
        lambda kept: kept + b"x",
        lambda kept: kept[SEALED:],
        lambda kept: kept[SEALED : 2 * SEALED] + kept[:SEALED] + kept[2 * SEALED :],
        lambda kept: kept[:SEALED] + kept[:SEALED] + kept[2 * SEALED :],
        lambda kept: kept + kept,
        *(
            lambda kept, at=at: kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :]
            for at in (0, SEALED + 5, -1 - 16)
        ),
    ],
)
def test_what_is_not_as_it_was_does_not_open(spoilt):
    with pytest.raises(CannotDecrypt):
        opened(spoilt(sealed(DATA)))
    kept = spoilt(sealed(DATA))
    if not kept.startswith(sealed(DATA)):  # a reader knows how long the file is, and looks no further
        with pytest.raises(CannotDecrypt):
            reader(DATA, kept).read()


@pytest.mark.parametrize("place", [(new_id(), FILE), (TENANT, new_id())])
def test_it_opens_in_its_own_place_only(place):
    elsewhere = FileKey(KEY.secret, tenant_id=place[0], file_id=place[1])
    with pytest.raises(CannotDecrypt):
        opened(sealed(DATA), elsewhere)
    with pytest.raises(CannotDecrypt):
        opened(sealed(DATA), FileKey.new(tenant_id=TENANT, file_id=FILE))
