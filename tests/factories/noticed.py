"""A group whose members are written to, for whom time passes on demand. All of them are invented."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.kernel.clock import now
from tenants.notices.planning import plan
from tests.factories.circles import Circle, circle_of
from tests.factories.office import Clerk

ADDRESSES = ("ada@amberbay.example", "bora@amberbay.example", "cem@amberbay.example")
EARLIER = (
    "UPDATE membership SET joined_at = joined_at - interval '3 days' WHERE tenant_id = %s",
    "UPDATE group_member SET admitted_at = admitted_at - interval '3 days' WHERE tenant_id = %s",
    "UPDATE peer_group SET opened_at = opened_at - interval '3 days' WHERE tenant_id = %s",
    "UPDATE peer_group SET updated_at = updated_at - interval '3 days' WHERE tenant_id = %s",
)
_A_DAY_PASSES = (
    "UPDATE notice_day SET local_date = local_date - 1, due_at = due_at - interval '1 day',"
    " told_until = told_until - interval '1 day' WHERE tenant_id = %s"
)


@dataclass
class Noticed:
    """A circle that has been for three days, its mail, and a superuser."""

    circle: Circle
    clerk: Clerk
    root: Any
    begins: str = ""
    """When the meeting that was made last begins, as letters say it in UTC."""

    @property
    def url(self) -> str:
        return self.circle.url

    def prefers(self, number: int = 0, **changes: Any) -> dict[str, Any]:
        """What a member says of how she wants to be written to; what then holds."""
        api, url = self.circle.api(number), "/v1/me/notice-preferences"
        answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
        assert answer.status_code == 200, answer.get_json()
        held: dict[str, Any] = answer.get_json()
        return held

    def plans(self, at: datetime | None = None) -> int:
        """One round, without a job."""
        with self.clerk.database.tenant(self.clerk.tenant_id) as session:
            people = plan(session, at=at or now())
            session.commit()
        return people

    def goes_out(self) -> list[tuple[str, str]]:
        """To whom letters go in a round, and what they are called."""
        self.plans()
        return self.clerk.took()

    def a_day_passes(self) -> None:
        """What was planned was planned a day before."""
        self.root.execute(_A_DAY_PASSES, [self.clerk.tenant_id])

    def days(self) -> list[tuple[int, str, str]]:
        """Which days of whose were planned, and for when in UTC; in the order of time."""
        rows = self.root.execute(
            "SELECT membership_id, local_date::text, to_char(due_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
            " FROM notice_day WHERE tenant_id = %s ORDER BY due_at",
            [self.clerk.tenant_id],
        )
        return [(self.circle.members.index(member), day, due) for member, day, due in rows.fetchall()]

    def meets(self, hours: float, number: int = 0) -> UUID:
        """A meeting that begins in so many hours, as a member says."""
        at = now() + timedelta(hours=hours)
        self.begins = f"{at:%a} {at.day} {at:%b %H:%M} (UTC)"
        said = {"starts_at_local": f"{at:%Y-%m-%dT%H:%M:%S}", "time_zone": "UTC"}
        made = self.circle.api(number).post(f"{self.url}/meetings", json=said)
        assert made.status_code == 201, made.get_json()
        return UUID(made.get_json()["id"])

    def last(self, address: str = ADDRESSES[0]) -> Any:
        """The last letter to somebody."""
        return self.clerk.office.to(address)[-1]


def noticed_of(app: Any, tenant: Any, root: Any, clerk: Clerk, *, people: int = 3) -> Noticed:
    """A circle whose members' hour has just come; they want no reminders of what waits."""
    circle = circle_of(app, tenant, root, people=people)
    for member, address in zip(circle.members, ADDRESSES, strict=False):
        root.execute("UPDATE membership SET chosen_email = %s WHERE id = %s", [address, member])
    for statement in EARLIER:
        root.execute(statement, [tenant.id])
    noticed = Noticed(circle, clerk, root)
    for number in range(people):
        noticed.prefers(number, time_zone="UTC", digest_hour=now().hour, action_reminders=False)
    return noticed
