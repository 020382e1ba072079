"""Master keys as an operator makes and changes them."""

from dataclasses import replace

import pytest

from cli.embedded import acquire, remove
from migrations import upgrade
from tenants.kernel.crypto import Place, master_keys, new_master_key
from tenants.kernel.doorbell import open_database
from tenants.kernel.ids import new_id
from tenants.kernel.keys import Safe
from tenants.kernel.settings import Settings, owner_database_url
from tests.cli.test_commands import run, said

HERE = Place("invented_note", "body", new_id())


@pytest.fixture
def own(tmp_path):
    """The environment of servers that nobody else has encrypted anything on."""
    servers, stop = acquire(tmp_path / "data", durable=False)
    try:
        upgrade(owner_database_url(servers.environment()))
        yield servers.environment()
    finally:
        stop()
        remove(tmp_path / "data")


def encrypted(environ, tenant):
    database = open_database(Settings.from_environment(environ))
    with database.tenant(tenant) as session:
        ciphertext = Safe(session).encrypted("kept", HERE)
        session.commit()
    database.dispose()
    return ciphertext


def decrypted(environ, master, tenant, ciphertext):
    settings = replace(Settings.from_environment(environ), encryption_keys=master_keys(master))
    database = open_database(settings)
    with database.tenant(tenant) as session:
        text = Safe(session).decrypted(ciphertext, HERE)
    database.dispose()
    return text


def test_a_new_master_key_is_printed_and_needs_no_servers():
    printed = {run("keys", "generate").stdout for _ in range(2)}
    assert len(printed) == 2
    assert all(len(master_keys(each.strip())[0]) == 32 for each in printed)


def test_after_a_rotation_the_former_master_key_is_needed_no_more(own):
    tenants = [new_id() for _ in range(3)]
    kept = {tenant: encrypted(own, tenant) for tenant in tenants}
    former, new = own["ENCRYPTION_KEYS"], run("keys", "generate").stdout.strip()
    both = own | {"ENCRYPTION_KEYS": f"{new},{former}"}
    for expected in (3, 0):
        done = run("keys", "rotate", **both)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"Keys of tenants put under the first master key: {expected}\n"
    for tenant in tenants:
        assert decrypted(own, new, tenant, kept[tenant]) == "kept"


def test_a_rotation_without_the_former_master_key_changes_nothing_and_says_what_is_missing(own):
    tenant = new_id()
    kept, new = encrypted(own, tenant), new_master_key()
    done = run("keys", "rotate", **own | {"ENCRYPTION_KEYS": new})
    assert done.returncode == 1
    assert done.stdout == "Keys of tenants put under the first master key: 0\n"
    assert f"{tenant}: ENCRYPTION_KEYS lacks the master key" in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(secret.rstrip("=") in done.stderr for secret in (own["ENCRYPTION_KEYS"], new))
    assert decrypted(own, own["ENCRYPTION_KEYS"], tenant, kept) == "kept"


def test_what_is_no_master_key_is_refused_and_not_repeated(own):
    sentence = said(run("keys", "rotate", **own | {"ENCRYPTION_KEYS": "no-master-key"}))
    assert sentence == "Error: ENCRYPTION_KEYS must be keys of 32 bytes in base64url, separated by commas"
