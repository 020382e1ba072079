"""Sealing what a tenant's feed is to show."""

from sqlalchemy import func, select

from tenants.kernel.events import Event, seal
from tests.conftest import eventually

WAITING = select(func.count()).select_from(Event).where(Event.sequence.is_(None))


def sealed(database, tenant_id):
    """Seal all that is committed. Somebody else may be at it, as schedulers that other tests start are: then wait."""

    def none_waits():
        with database.tenant(tenant_id) as session:
            seal(session)
            session.commit()
            return session.scalar(WAITING) == 0

    eventually(none_waits)
