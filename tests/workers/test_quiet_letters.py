"""Letters of which nobody is to know: what is told where they cannot be sent."""

from dataclasses import replace

import pytest

from tenants.kernel.addresses import smtp_server
from tests.factories.circles import circle_of
from tests.factories.events import sealed
from tests.factories.matching import every
from tests.factories.people import waiting


@pytest.mark.parametrize("server", [None, "smtp://127.0.0.1:9"])
def test_without_a_mail_server_nothing_tells_whether_an_invitation_has_reached_anybody(
    app, tenant, root, clerk, server
):
    circle = circle_of(app, tenant, root, people=2)
    member, _ = waiting(tenant, circle.cohort_id)
    root.execute("UPDATE membership SET email = 'dana@amberbay.example' WHERE id = %s", [member])
    away = server and smtp_server(server)
    clerk.settings = replace(clerk.settings, smtp_url=away, job_attempts=1)
    clerk.work()

    def told():
        sealed(clerk.database, tenant.id)
        return [row["type"] for row in every(tenant.api, "/v1/events")]

    heard, ended = [], []
    for name in ("nobody@amberbay.example", "dana@amberbay.example"):
        before = len(told())
        assert circle.api().post(f"{circle.url}/invitations", json={"name": name}).status_code == 201
        clerk.work()
        heard.append(told()[before:])
        job = "SELECT state, error ->> 'code' FROM job WHERE kind = 'letters' AND tenant_id = %s AND state = 'failed'"
        ended.append(root.execute(job, [tenant.id]).fetchall())
    assert heard[0] == heard[1]
    assert "job.failed" not in heard[1]
    assert len(ended[0]) == 1, "it ends as one that has a letter"
    assert ended[1] == ended[0] * 2
