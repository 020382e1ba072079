"""The key ring: what is encrypted opens in its place with its keys, and nowhere else."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.errors import InsufficientPrivilege, UniqueViolation
from sqlalchemy import text

from tenants.kernel.crypto import (
    CannotDecrypt,
    Key,
    KeyRing,
    MasterKeyMissing,
    Place,
    master_keys,
    new_master_key,
    new_secret,
)
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe, rewrap, rewrap_all
from tenants.kernel.session import Database
from tests.planting import plant

FIRST = UUID(int=0)
HERE = Place("invented_note", "body", new_id())
IDENTIFIERS = st.from_regex(r"[a-z][a-z_0-9]{0,8}", fullmatch=True)
PLACES = st.tuples(st.builds(Place, IDENTIFIERS, IDENTIFIERS, st.uuids()), st.uuids())


def tenant_with_two_groups(superuser):
    cursor, tenant = superuser.cursor(), new_id()
    program = plant(cursor, "program", tenant_id=tenant)
    cohort = plant(cursor, "cohort", tenant_id=tenant, program_id=program)
    groups = [plant(cursor, "peer_group", tenant_id=tenant, cohort_id=cohort) for _ in range(2)]
    superuser.commit()
    return tenant, groups


@pytest.fixture
def circles(superuser):
    """A tenant and two groups of it."""
    return tenant_with_two_groups(superuser)


@pytest.fixture(scope="module")
def shared(servers):
    """The same, for all the examples of a property."""
    with psycopg.connect(servers.url_as("postgres")) as superuser:
        return tenant_with_two_groups(superuser)


@contextmanager
def opened_with(settings, *masters, **options):
    """The database with these master keys."""
    opened = Database(settings.database_url, key_ring=KeyRing(masters), **options)
    try:
        yield opened
    finally:
        opened.dispose()


def encrypted(database, tenant, text, *, group=None, place=HERE):
    with database.tenant(tenant) as session:
        ciphertext = Safe(session, group_id=group).encrypted(text, place)
        session.commit()
    return ciphertext


def decrypted(database, tenant, ciphertext, *, group=None, place=HERE):
    with database.tenant(tenant) as session:
        return Safe(session, group_id=group).decrypted(ciphertext, place)


@settings(database=None, deadline=None)
@given(content=st.binary(), here=PLACES, there=PLACES)
def test_a_ciphertext_opens_in_its_place_with_its_key_and_nowhere_else(content, here, there):
    key, (place, tenant), (other_place, other_tenant) = Key(new_secret()), here, there
    ciphertext = key.encrypted(content, place.bound_to(tenant))
    assert key.decrypted(ciphertext, place.bound_to(tenant)) == content
    assert key.encrypted(content, place.bound_to(tenant)) != ciphertext
    with pytest.raises(CannotDecrypt):
        Key(new_secret()).decrypted(ciphertext, place.bound_to(tenant))
    elsewhere = {
        place.bound_to(other_tenant),
        other_place.bound_to(tenant),
        Place(other_place.table, place.column, place.row_id).bound_to(tenant),
        Place(place.table, other_place.column, place.row_id).bound_to(tenant),
        Place(place.table, place.column, other_place.row_id).bound_to(tenant),
        Place(place.column, place.table, place.row_id).bound_to(tenant),
    } - {place.bound_to(tenant)}
    for wrong in elsewhere:
        with pytest.raises(CannotDecrypt):
            key.decrypted(ciphertext, wrong)


@settings(database=None, deadline=None)
@given(content=st.binary(max_size=40), data=st.data())
def test_a_ciphertext_with_one_altered_bit_or_cut_short_does_not_open(content, data):
    key, bound_to = Key(new_secret()), HERE.bound_to(new_id())
    ciphertext = key.encrypted(content, bound_to)
    bit = data.draw(st.integers(0, len(ciphertext) * 8 - 1))
    altered = bytearray(ciphertext)
    altered[bit // 8] ^= 1 << bit % 8
    for broken in (bytes(altered), ciphertext[: bit // 8], ciphertext + b"\0"):
        with pytest.raises(CannotDecrypt) as told:
            key.decrypted(broken, bound_to)
        assert not content or repr(content) not in str(told.value)


@settings(database=None, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_what_a_tenant_or_a_group_keeps_is_read_again(database, shared, text):
    tenant, groups = shared
    for group in (None, groups[0]):
        ciphertext = encrypted(database, tenant, text, group=group)
        assert decrypted(database, tenant, ciphertext, group=group) == text


def test_the_key_of_one_group_or_tenant_opens_nothing_of_another(database, circles):
    tenant, (group, other) = circles
    ciphertext = encrypted(database, tenant, "among us", group=group)
    encrypted(database, tenant, "among others", group=other)
    for wrong in (other, None):
        with pytest.raises(CannotDecrypt):
            decrypted(database, tenant, ciphertext, group=wrong)
    stranger = new_id()
    with pytest.raises(CannotDecrypt, match="no key"):
        decrypted(database, stranger, ciphertext)
    encrypted(database, stranger, "elsewhere")
    with pytest.raises(CannotDecrypt):
        decrypted(database, stranger, ciphertext)


def test_a_wrapped_key_given_to_another_group_or_tenant_does_not_unwrap(database, superuser, circles):
    tenant, (group, other) = circles
    neighbour = new_id()
    texts = [(tenant, group), (tenant, other), (tenant, None), (neighbour, None)]
    kept = {each: encrypted(database, each[0], "among us", group=each[1]) for each in texts}
    move = (
        "UPDATE data_key k SET (wrapped, wrapped_by) = (SELECT o.wrapped, o.wrapped_by FROM data_key o"
        " WHERE o.tenant_id = %s AND o.group_id IS NOT DISTINCT FROM %s)"
        " WHERE k.tenant_id = %s AND k.group_id IS NOT DISTINCT FROM %s"
    )
    for source, target in ((texts[0], texts[1]), (texts[2], texts[3])):
        superuser.execute(move, [*source, *target])
        superuser.commit()
        for ciphertext in (kept[source], kept[target]):
            with pytest.raises(CannotDecrypt):
                decrypted(database, target[0], ciphertext, group=target[1])


def test_first_uses_at_once_make_one_key(settings, superuser, circles):
    tenant, (group, _) = circles
    together = threading.Barrier(8)
    with opened_with(settings, new_secret(), pool_size=8) as database, ThreadPoolExecutor(8) as threads:

        def first_use(number):
            with database.tenant(tenant) as session:
                session.connection()
                together.wait(30)
                ciphertext = Safe(session, group_id=group).encrypted(f"text {number}", HERE)
                session.commit()
                return ciphertext

        kept = list(threads.map(first_use, range(8)))
        read = {decrypted(database, tenant, ciphertext, group=group) for ciphertext in kept}
    assert read == {f"text {number}" for number in range(8)}
    keys = superuser.execute("SELECT group_id FROM data_key WHERE tenant_id = %s", [tenant]).fetchall()
    assert sorted(keys, key=str) == sorted([(None,), (group,)], key=str)


def test_a_key_made_in_a_transaction_that_is_rolled_back_is_forgotten(database, circles):
    tenant, (group, _) = circles
    with database.tenant(tenant) as session:
        Safe(session, group_id=group).encrypted("lost", HERE)
        session.rollback()
        kept = Safe(session, group_id=group).encrypted("kept", HERE)
        session.commit()
    assert decrypted(database, tenant, kept, group=group) == "kept"


def test_after_a_rotation_everything_is_read_and_the_former_master_key_can_go(settings, superuser, circles):
    tenant, groups = circles
    former, new = new_secret(), new_secret()
    holders = [None, *groups]
    with opened_with(settings, former) as database:
        kept = {group: encrypted(database, tenant, f"of {group}", group=group) for group in holders}

    def read(database):
        return {group: decrypted(database, tenant, kept[group], group=group) for group in holders}

    everything = {group: f"of {group}" for group in holders}
    wrapped = "SELECT group_id, wrapped FROM data_key WHERE tenant_id = %s"
    before = dict(superuser.execute(wrapped, [tenant]).fetchall())
    with opened_with(settings, new, former) as database:
        assert read(database) == everything
        number, left = rewrap_all(database, at_once=1)
        assert number == 1
        assert tenant not in left
        assert rewrap_all(database)[0] == 0
        assert read(database) == everything
    after = dict(superuser.execute(wrapped, [tenant]).fetchall())
    assert {group for group in holders if after[group] != before[group]} == {None}
    with opened_with(settings, new) as database:
        assert read(database) == everything
    with opened_with(settings, former) as database, pytest.raises(MasterKeyMissing):
        read(database)


def test_a_rotation_leaves_what_it_cannot_open_and_tells_which_key_it_lacks(settings):
    ours, theirs, lost, new = new_id(), new_id(), new_secret(), new_secret()
    with opened_with(settings, lost) as database:
        kept = encrypted(database, theirs, "under a key that we lack")
    with opened_with(settings, new) as database:
        encrypted(database, ours, "under the first")
        _, left = rewrap_all(database)
        assert ours not in left
        assert left[theirs] == f"ENCRYPTION_KEYS lacks the master key {Key(lost).name}, which keys are under."
    with opened_with(settings, lost) as database:
        assert decrypted(database, theirs, kept) == "under a key that we lack"


def test_a_rotation_is_told_to_the_tenants_auditors_and_is_done_once(settings):
    tenant, former, new = new_id(), new_secret(), new_secret()
    with opened_with(settings, former) as database:
        encrypted(database, tenant, "kept")
    with opened_with(settings, new, former) as database, database.tenant(tenant) as session:
        assert rewrap(session)
        assert not rewrap(session)
        told = session.execute(text("SELECT type, audience, actor FROM event")).all()
    assert told == [("data_key.rewrapped", "audit", None)]


def test_no_message_says_a_key(settings, caplog):
    tenant, master, other = new_id(), new_master_key(), new_master_key()
    with opened_with(settings, *master_keys(master)) as database:
        kept = encrypted(database, tenant, "kept")
    with opened_with(settings, *master_keys(other)) as database, pytest.raises(MasterKeyMissing) as told:
        decrypted(database, tenant, kept)
    said = f"{told.value!r} {caplog.text} {database.key_ring!r} {database.key_ring.first!r}"
    assert "ENCRYPTION_KEYS" in said
    for secret in (master, other):
        assert not any(written in said for written in (secret.rstrip("="), master_keys(secret)[0].hex()))


def test_a_database_without_a_key_ring_says_so(settings):
    database = Database(settings.database_url)
    with database.tenant(new_id()) as session, pytest.raises(RuntimeError, match="without a key ring"):
        Safe(session).encrypted("x", HERE)
    database.dispose()


def test_the_door_names_tenants_whose_key_is_under_another_master_key_and_nothing_else(
    as_app, settings, circles
):
    tenant, (group, _) = circles
    master = new_secret()
    with opened_with(settings, master) as database:
        encrypted(database, tenant, "kept", group=group)
    ask = "SELECT * FROM door.keys_under_others(%s, %s, 1000000)"
    with as_app() as cursor:
        assert cursor.execute(ask, ["another", FIRST]).fetchall().count((tenant,)) == 1
        assert (tenant,) not in cursor.execute(ask, [Key(master).name, FIRST]).fetchall()
        assert (tenant,) not in cursor.execute(ask, ["another", tenant]).fetchall()
        assert cursor.execute("TABLE data_key").fetchall() == []


@pytest.mark.parametrize(
    "attack",
    [
        "DELETE FROM data_key",
        "UPDATE data_key SET group_id = NULL",
        "UPDATE data_key SET id = uuidv7()",
        "UPDATE data_key SET tenant_id = tenant_id",
    ],
)
def test_a_key_is_neither_deleted_nor_given_to_another(as_app, database, circles, attack):
    tenant, (group, _) = circles
    encrypted(database, tenant, "kept", group=group)
    with as_app(tenant) as cursor, pytest.raises(InsufficientPrivilege):
        cursor.execute(attack)


def test_a_tenant_and_a_group_have_one_key_each(as_app, database, circles):
    tenant, (group, _) = circles
    encrypted(database, tenant, "kept", group=group)
    second = (
        "INSERT INTO data_key (tenant_id, id, group_id, wrapped, wrapped_by)"
        " SELECT tenant_id, uuidv7(), group_id, wrapped, wrapped_by FROM data_key WHERE (group_id IS NULL) = %s"
    )
    for of_the_tenant in (True, False):
        with as_app(tenant) as cursor, pytest.raises(UniqueViolation):
            cursor.execute(second, [of_the_tenant])
