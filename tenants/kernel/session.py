"""Sessions behind the walls. PostgreSQL reads who we are, and how far we reach, from settings of each transaction.

A session is nobody's, a person's or a tenant's, and never switches. The settings are written at the
start of every transaction, empty when there is nothing to say, so that a pooled connection cannot
carry one caller's identity into another's request.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event, orm, text

from tenants.kernel.base import TenantRow
from tenants.kernel.crypto import KeyRing

_WALLS = ("tenant_id", "membership_id", "person_id")
_IDENTIFY = text(
    "SELECT set_config('app.membership_id', :membership_id, true), set_config('app.person_id', :person_id, true)"
)
_LIMIT = text(
    "SELECT set_config('app.reach', 'limited', true),"
    " set_config('app.programs', :programs, true), set_config('app.cohorts', :cohorts, true)"
)
_TOO_STRONG = """
    SELECT rolsuper OR rolbypassrls OR pg_has_role(current_user, 'peerloom_owner', 'MEMBER')
           OR pg_has_role(current_user, 'peerloom_door', 'MEMBER')
           OR EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                       WHERE c.relowner = r.oid AND n.nspname = 'public')
      FROM pg_roles r WHERE rolname = current_user
"""


class RoleTooStrong(RuntimeError):
    """DATABASE_URL names a role that the walls would not hold."""


class Session(orm.Session):
    """One unit of work for one caller."""

    @property
    def tenant_id(self) -> UUID:
        """The tenant this session belongs to. KeyError if it is nobody's."""
        tenant_id: UUID = self.info["tenant_id"]
        return tenant_id

    @property
    def membership_id(self) -> UUID | None:
        """On whose behalf the caller acts, or None."""
        membership_id: UUID | None = self.info.get("membership_id")
        return membership_id

    def identify(self, *, membership_id: UUID | None, person_id: UUID | None) -> None:
        """Say, once, on whose behalf a tenant's session goes on; what it began as nobody else's it ends as hers.

        `person_id` only where she signed in as herself, through the platform's connection: to the walls that
        is what tells her from whoever her employer's provider says is her. RuntimeError if it has been said.
        """
        if self.info.get("membership_id") or self.info.get("person_id"):
            raise RuntimeError("a session never switches")
        self.info |= {"membership_id": membership_id, "person_id": person_id}
        known = {key: str(self.info[key] or "") for key in ("membership_id", "person_id")}
        self.connection().execute(_IDENTIFY, known)

    @property
    def reach(self) -> dict[str, str] | None:
        """The `programs` and `cohorts` that it reaches, as arrays of PostgreSQL; None: all of the tenant."""
        reach: dict[str, str] | None = self.info.get("reach")
        return reach

    @property
    def limited(self) -> bool:
        """Whether it reaches some programs and cohorts only."""
        return self.reach is not None

    def limit(self, *, programs: Collection[UUID], cohorts: Collection[UUID]) -> None:
        """Reach, from now on, these programs with all their cohorts, and these cohorts, and nothing else of the tenant.

        RuntimeError if that has been said: no session comes to reach further.
        """
        if self.limited:
            raise RuntimeError("a session is limited once")
        self.info["reach"] = {"programs": _listed(programs), "cohorts": _listed(cohorts)}
        self.connection().execute(_LIMIT, self.reach)

    @property
    def actor(self) -> str | None:
        """Who acts, as events name it: a client's id, or None for the product itself."""
        actor: str | None = self.info.get("actor")
        return actor

    @property
    def moment(self) -> str:
        """The name of the moment that it reads as of, with `snapshot`. Until it ends, others can begin as of that."""
        moment: str = self.connection().exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
        return moment

    @property
    def key_ring(self) -> KeyRing:
        """What unwraps this session's keys. RuntimeError if its database was opened without."""
        return _given(self.info.get("key_ring"))


def _listed(ids: Collection[UUID]) -> str:
    """An array of PostgreSQL. UUIDs need no quotes."""
    return "{" + ",".join(map(str, ids)) + "}"


def _given(key_ring: KeyRing | None) -> KeyRing:
    if key_ring is None:
        raise RuntimeError("this database was opened without a key ring")
    return key_ring


def expect_many_rows(session: Session) -> None:
    """Tell PostgreSQL's planner, for this transaction, that tables are joined whole.

    Statistics know nothing of rows written a moment ago, or of a tenant that is new: taken for one row,
    fifty thousand were joined by a nested loop for minutes. Hash and merge joins have no such cliff.
    """
    session.connection().exec_driver_sql("SET LOCAL enable_nestloop = off")


@event.listens_for(Session, "after_begin")
def _raise_walls(session: orm.Session, _: orm.SessionTransaction, connection: Connection) -> None:
    """Begin, and say who we are, in one message to PostgreSQL. The values are UUIDs or nothing."""
    who: list[UUID | None] = [session.info.get(key) for key in _WALLS]
    said = ", ".join(
        f"set_config('app.{key}', '{'' if value is None else UUID(int=value.int)}', true)"
        for key, value in zip(_WALLS, who, strict=True)
    )
    reach = session.info.get("reach")
    said += f", set_config('app.reach', '{'limited' if reach else 'tenant'}', true)"
    for key in ("programs", "cohorts"):
        said += f", set_config('app.{key}', '{reach[key] if reach else ''}', true)"
    if patience := session.info.get("lock_seconds"):
        said += f", set_config('lock_timeout', '{patience:d}s', true)"
    snapshot = session.info.get("snapshot")
    begin = "BEGIN ISOLATION LEVEL REPEATABLE READ" if snapshot else "BEGIN"
    if isinstance(snapshot, str):
        begin += f"; SET TRANSACTION SNAPSHOT '{snapshot}'"
    connection.connection.cursor().execute(f"{begin}; SELECT {said}")


@event.listens_for(Session, "before_flush")
def _stamp_tenant(session: orm.Session, *_: Any) -> None:
    for row in session.new:
        if isinstance(row, TenantRow) and row.tenant_id is None:
            row.tenant_id = session.info["tenant_id"]


class Database:
    """The way in. `on_enqueued(tenant_id)` is called after a session that enqueued jobs has ended."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        on_enqueued: Callable[["Database", UUID], object] | None = None,
        lock_seconds: int = 0,
        key_ring: KeyRing | None = None,
    ) -> None:
        # Autocommit leaves BEGIN to `_raise_walls`; commit and rollback end that transaction as ever.
        # Parameters name people and hold hashes of secrets, so that errors, which are logged, hide them.
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=4,
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,
        )
        self._on_enqueued = on_enqueued
        self._lock_seconds = lock_seconds
        self._key_ring = key_ring

    @property
    def key_ring(self) -> KeyRing:
        """The master keys. RuntimeError if it was opened without."""
        return _given(self._key_ring)

    def refuse_strong_role(self) -> None:
        """Raise RoleTooStrong if this role could walk through the walls."""
        with self.engine.connect() as connection:
            too_strong = connection.exec_driver_sql(_TOO_STRONG).scalar_one()
        if too_strong:
            self.dispose()
            raise RoleTooStrong(
                "DATABASE_URL must name peerloom_app (or a role no stronger): this one is a superuser, "
                "bypasses row security, owns tables, or may become a role that does."
            )

    @contextmanager
    def tenant(
        self,
        tenant_id: UUID,
        *,
        membership_id: UUID | None = None,
        actor: str | None = None,
        snapshot: bool | str = False,
    ) -> Iterator[Session]:
        """A session of one tenant, with a member in it or not. The caller commits, once.

        With `snapshot` all that it reads is as of one moment (REPEATABLE READ); with another session's `moment`, as of
        that.
        """
        info = {
            "tenant_id": tenant_id,
            "membership_id": membership_id,
            "actor": actor,
            "snapshot": snapshot,
            "lock_seconds": self._lock_seconds,
            "key_ring": self._key_ring,
        }
        with Session(self.engine, info=info, expire_on_commit=False) as session:
            yield session
        if session.info.get("enqueued") and self._on_enqueued:
            self._on_enqueued(self, tenant_id)

    @contextmanager
    def nobody(self) -> Iterator[Session]:
        """A session without a tenant: it sees no tenant's rows and may only knock at doors."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()
