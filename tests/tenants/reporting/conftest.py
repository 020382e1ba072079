"""What tests of reports share."""

import pytest

from tests.factories.counted import Circle


@pytest.fixture
def circle(tenant, database):
    """An empty program, in a session of its tenant."""
    with database.tenant(tenant.id) as session:
        yield Circle(session)
