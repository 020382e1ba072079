"""One PostgreSQL and one Valkey per data folder, run by whoever holds the folder's lock.

The first process to ask starts the servers and owns them; others join. The servers hold the lock too
(they inherit its file), so it is free only when the last of them is gone, and they end with their owner.
"""

import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from cli.homes import EmbeddedError, Home, home_of, remove_home
from cli.processes import die_with_parent
from tenants.kernel.crypto import new_master_key

ROLES = Path(__file__).parents[1] / "migrations" / "roles.sql"
SECONDS_TO_START = 60.0
SECONDS_TO_STOP = 20.0

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "jit": "off",
}
THROWAWAY_SETTINGS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Servers:
    """The running servers of a data folder."""

    data: Path
    sockets: Path
    owner_pid: int
    processes: tuple[subprocess.Popen[bytes], ...] = field(default=(), compare=False, repr=False)
    """Those that this process started; none for who joined."""

    def sound(self) -> bool:
        """Whether every server that this process started still runs."""
        return all(process.poll() is None for process in self.processes)

    def url_as(self, role: str, database: str = "peerloom") -> str:
        """The PostgreSQL URL for a role; there are no passwords, the socket's folder is the guard."""
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}&port=5432"

    def environment(self) -> dict[str, str]:
        """The variables that Settings and the migrations read."""
        return {
            "DATABASE_URL": self.url_as("peerloom_app"),
            "DATABASE_OWNER_URL": self.url_as("peerloom_owner"),
            "REDIS_URL": f"unix://{quote(str(self.sockets / 'valkey.sock'))}",
            "FILES_URL": (self.data / "files").as_uri(),
            "SECRET_KEY": (self.data / "secret_key").read_text().strip(),
            "ENCRYPTION_KEYS": (self.data / "encryption_keys").read_text().strip(),
        }


def acquire(
    data: Path, *, durable: bool = True, wait: float = SECONDS_TO_START
) -> tuple[Servers, Callable[[], None]]:
    """Join the servers of `data` if somebody runs them, else start them. Returns them and how to stop.

    Stopping is the owner's: a joiner's `stop` does nothing, and its connections fail once the owner ends.
    `durable=False` is for folders that are thrown away: a power cut may spoil them. Raises EmbeddedError.
    """
    data = data.resolve()
    deadline = time.monotonic() + wait
    while True:
        lock = _lock(data)
        if lock is not None:
            return _start(data, lock, durable=durable)
        servers = _running(data)
        if servers is not None:
            return servers, lambda: None
        if time.monotonic() > deadline:
            raise EmbeddedError(f"{data} is held by a process that does not answer; see its postgres.log")
        time.sleep(0.1)


def remove(data: Path) -> None:
    """Delete a data folder and what was made for it elsewhere. Raises EmbeddedError while in use."""
    data = data.resolve()
    if data.exists():
        lock = _lock(data)
        if lock is None:
            raise EmbeddedError(f"{data} is in use")
        with lock:
            shutil.rmtree(data)
    remove_home(data)


def _lock(data: Path) -> IO[str] | None:
    """The open lock file, or None while somebody else holds it."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data / "lock").open("a")
    except OSError as error:
        raise EmbeddedError(f"cannot use {data}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    if not _is_still(data / "lock", lock):
        lock.close()
        return None
    return lock


def _is_still(path: Path, file: IO[str]) -> bool:
    """False when the folder was removed between our opening the file and our getting its lock."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _running(data: Path) -> Servers | None:
    """The servers somebody else runs, or None while they do not answer (yet)."""
    try:
        run = json.loads((data / "run.json").read_text())
        servers = Servers(data, Path(run["sockets"]), run["owner_pid"])
        _ping(servers, "peerloom_app", "peerloom")
    except (OSError, ValueError, psycopg.OperationalError, redis.RedisError):
        return None
    return servers


def _ping(servers: Servers, role: str, database: str) -> None:
    psycopg.connect(servers.url_as(role, database), connect_timeout=2).close()
    valkey = str(servers.sockets / "valkey.sock")
    with redis.Redis(unix_socket_path=valkey, socket_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()


def _start(data: Path, lock: IO[str], *, durable: bool) -> tuple[Servers, Callable[[], None]]:
    with ExitStack() as undo:
        undo.enter_context(lock)
        if threading.current_thread() is not threading.main_thread():
            raise EmbeddedError("start the servers from the main thread: they end with their thread")
        run = data / "run.json"
        run.unlink(missing_ok=True)
        _keep(data / "secret_key", secrets.token_urlsafe(48))
        _keep(data / "encryption_keys", new_master_key())
        (data / "files").mkdir(mode=0o700, exist_ok=True)
        home = home_of(data)
        undo.callback(shutil.rmtree, home.sockets, ignore_errors=True)
        _make_cluster(home, lock, durable=durable)
        servers = Servers(data, home.sockets, os.getpid())
        postgres = _spawn(home, _postgres_command(home, durable=durable), data / "postgres.log", lock)
        undo.callback(_end, postgres, signal.SIGINT)  # PostgreSQL's "fast" shutdown
        valkey = _spawn(home, _valkey_command(home), data / "valkey.log", lock)
        undo.callback(_end, valkey, signal.SIGTERM)
        _until_ready(servers, {data / "postgres.log": postgres, data / "valkey.log": valkey})
        _make_database(servers)
        part = data / "run.json.part"
        part.write_text(json.dumps({"sockets": str(home.sockets), "owner_pid": servers.owner_pid}))
        part.replace(run)
        undo.callback(run.unlink, missing_ok=True)
        return replace(servers, processes=(postgres, valkey)), undo.pop_all().close


def _keep(path: Path, secret: str) -> None:
    """Write a new secret, unless there is one from before."""
    if path.exists():
        return
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _make_cluster(home: Home, lock: IO[str], *, durable: bool) -> None:
    """Run initdb once. Its folder gets its name only when it is whole, so a crash half-way is no harm."""
    if home.has_cluster():
        # Safe only because every server that ever ran on this folder held the lock that we hold now.
        (home.pg / "postmaster.pid").unlink(missing_ok=True)
        return
    part = home.make_folder("pg.part")
    command: list[str | Path] = [home.postgres("initdb"), "-D", part, "-U", "postgres", "--auth=trust"]
    command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    if not durable:
        command.append("--no-sync")
    log = home.data / "postgres.log"
    if _spawn(home, command, log, lock).wait() != 0:
        raise EmbeddedError(f"initdb failed:\n{_tail(log)}")
    home.keep_cluster(part)


def _postgres_command(home: Home, *, durable: bool) -> list[str | Path]:
    settings = POSTGRES_SETTINGS if durable else POSTGRES_SETTINGS | THROWAWAY_SETTINGS
    command: list[str | Path] = [home.postgres("postgres"), "-D", home.pg, "-k", home.sockets]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    return command


def _valkey_command(home: Home) -> list[str | Path]:
    command: list[str | Path] = [home.valkey, "--port", "0", "--dir", home.sockets, "--logfile", ""]
    command += ["--unixsocket", home.sockets / "valkey.sock", "--unixsocketperm", "700"]
    return [*command, "--save", "", "--appendonly", "no"]


def _spawn(home: Home, command: Sequence[str | Path], log: Path, lock: IO[str]) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=[lock.fileno()],
            preexec_fn=partial(die_with_parent, signal.SIGINT, os.getpid()),  # noqa: PLW1509  no threads yet
            env=_environment(),
            cwd="/",
            user=home.user,
            group=home.group,
            extra_groups=home.extra_groups,
        )


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def _until_ready(servers: Servers, logs: Mapping[Path, subprocess.Popen[bytes]]) -> None:
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        for log, process in logs.items():
            if process.poll() is not None:
                raise EmbeddedError(f"{log.stem} did not start:\n{_tail(log)}")
        try:
            return _ping(servers, "postgres", "postgres")
        except (psycopg.OperationalError, redis.RedisError) as error:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"not ready after {SECONDS_TO_START:.0f} s: {error}") from error
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def _make_database(servers: Servers) -> None:
    with psycopg.connect(servers.url_as("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(ROLES.read_bytes())
        known = connection.execute("SELECT FROM pg_database WHERE datname = 'peerloom'").fetchone()
        if known is None:
            connection.execute("CREATE DATABASE peerloom OWNER peerloom_owner")


def _end(process: subprocess.Popen[bytes], with_signal: signal.Signals) -> None:
    process.send_signal(with_signal)
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
