"""What a digest says of what waits for a member, and what it never says of it; through a real mail server."""

from datetime import timedelta

import pytest
from psycopg.types.json import Jsonb

from tenants.kernel.clock import now
from tests.factories.noticed import ADDRESSES, noticed_of
from tests.planting import plant

ADA, BORA, CEM = ADDRESSES
DAY = "Peer group: your day"
ALL = [(each, DAY) for each in ADDRESSES]
UNPROPOSED = "- 1 newcomer waits for a member to propose them to your group"
RESPONSIBILITIES = "- the responsibilities of members are new, or have changed"
RENEWAL = "- your group asks whether you go on for another year (until "
LOOKS_BACK = "- your group looks back on its year"
TIME_TO_LOOK_BACK = "- it is time for your group to look back"
CHECK_IN = "- a check-in is open (until "
MISSED = "- two meetings in a row were missed: other times are proposed to your group"


@pytest.fixture
def noticed(app, tenant, root, clerk):
    return noticed_of(app, tenant, root, clerk)


def test_a_newcomer_whom_nobody_has_proposed_yet_is_told_of_to_all_members(noticed):
    newcomer = noticed.circle.add(admitted=False)
    noticed.root.execute(
        "UPDATE membership SET chosen_email = 'new@amberbay.example' WHERE id = %s", [newcomer]
    )
    assert noticed.goes_out() == ALL, "and to herself nothing"
    assert all(UNPROPOSED in noticed.last(each).text() for each in ADDRESSES)


def test_a_newcomer_who_has_not_joined_or_was_proposed_does_not_wait_for_a_member_to_propose_her(noticed):
    circle, root = noticed.circle, noticed.root
    for _ in range(2):
        circle.add(admitted=False)
    root.execute(
        "UPDATE membership SET joined_at = NULL, person_id = NULL WHERE id = %s", [circle.members[3]]
    )
    roster = circle.api().get(f"{noticed.url}/roster").get_json()["items"]
    (place,) = [
        row["id"]
        for row in roster
        if row["admitted_at"] is None and row["membership_id"] == str(circle.members[4])
    ]
    made = circle.api().post(f"{noticed.url}/admissions", json={"group_member_id": place})
    assert made.status_code == 201, made.get_json()
    noticed.clerk.took()
    assert noticed.goes_out() == ALL
    assert "1 newcomer waits for your group's answer" in noticed.last(BORA).text()
    assert UNPROPOSED not in noticed.last(BORA).text()


def test_whoever_has_come_is_told_of_responsibilities_whether_she_has_accepted_them_or_not(noticed):
    came = [noticed.circle.members[:2]]
    noticed.root.execute("UPDATE group_member SET admitted_at = now() WHERE membership_id = ANY (%s)", came)
    api, url = noticed.circle.api(), f"{noticed.url}/responsibilities"
    version = api.get(url).get_json()["version"]
    assert api.put(url, json={"version": version}).status_code == 200
    assert noticed.goes_out() == [(ADA, DAY), (BORA, DAY)]
    assert all(RESPONSIBILITIES in noticed.last(each).text() for each in (ADA, BORA))


def test_a_renewal_and_a_look_back_wait_for_the_group_whoever_has_answered(noticed):
    noticed.root.execute(
        "UPDATE peer_group SET active_on = (current_date + 30 - interval '1 year')::date WHERE id = %s",
        [noticed.circle.id],
    )
    said = noticed.circle.api(1).put(f"{noticed.url}/renewal", json={"answer": "stop"})
    assert said.status_code == 200, said.get_json()
    assert noticed.goes_out() == ALL
    assert all(RENEWAL in noticed.last(each).text() for each in ADDRESSES)
    assert all(TIME_TO_LOOK_BACK in noticed.last(each).text() for each in ADDRESSES)


def test_between_renewals_nothing_is_said_of_them(noticed):
    noticed.root.execute(
        "UPDATE peer_group SET active_on = current_date - 100 WHERE id = %s", [noticed.circle.id]
    )
    noticed.circle.add(admitted=False)
    assert noticed.goes_out() == ALL
    told = noticed.last().text()
    assert not any(each in told for each in (RENEWAL, LOOKS_BACK, TIME_TO_LOOK_BACK))


def test_a_look_back_is_told_of_in_each_phase_whoever_has_said_something_in_it(noticed):
    api = noticed.circle.api()
    opened = api.post(f"{noticed.url}/retrospectives", json={})
    assert opened.status_code == 201, opened.get_json()
    url = f"{noticed.url}/retrospectives/{opened.get_json()['id']}"
    written = api.post(f"{url}/entries", json={"kind": "keep", "text": "Quillfeather"})
    assert written.status_code == 201, written.get_json()
    assert noticed.goes_out() == ALL
    assert LOOKS_BACK in noticed.last(BORA).text()
    assert "Quillfeather" not in noticed.last(BORA).text()
    noticed.a_day_passes()
    assert api.put(f"{url}/phase", json={"phase": "rating"}).status_code == 200
    rated = noticed.circle.api(1).put(f"{url}/entries/{written.get_json()['id']}/rating", json={"rating": 4})
    assert rated.status_code in (200, 204), rated.get_json()
    noticed.root.execute("UPDATE retrospective_entry SET written_at = written_at - interval '3 days'")
    assert noticed.goes_out() == ALL
    assert LOOKS_BACK in noticed.last().text()


def test_an_open_check_in_is_told_to_all_whoever_has_answered(noticed):
    begins = now() - timedelta(hours=2)
    plant(
        noticed.root.cursor(), "check_in_window", tenant_id=noticed.clerk.tenant_id,
        cohort_id=noticed.circle.cohort_id, opens_at=begins, closes_at=begins + timedelta(days=90), least=5,
        items=Jsonb([{"key": "one", "kind": "yes_no", "text": "One?"}]), tallied_at=None,
    )  # fmt: skip
    said = noticed.circle.api().post(f"{noticed.url}/check-ins", json={"answers": {"one": True}})
    assert said.status_code == 201, said.get_json()
    assert noticed.goes_out() == ALL
    assert all(CHECK_IN in noticed.last(each).text() for each in ADDRESSES)


def test_after_two_missed_meetings_the_group_is_told_that_other_times_are_proposed(noticed):
    for hours in (-60, -30):
        noticed.meets(hours)
    noticed.clerk.took()
    assert noticed.goes_out() == ALL
    assert all(MISSED in noticed.last(each).text() for each in ADDRESSES)


def test_where_everybody_came_to_one_of_the_two_or_the_last_is_only_over_nobody_is_told(noticed):
    noticed.meets(-60)
    came = noticed.meets(-40)
    for number in range(3):
        said = noticed.circle.api(number).put(
            f"{noticed.url}/meetings/{came}/attendance", json={"attended": True}
        )
        assert said.status_code == 200, said.get_json()
    noticed.clerk.took()
    assert noticed.goes_out() == []
    for hours in (-4, -2):
        noticed.meets(hours)
    noticed.clerk.took()
    noticed.a_day_passes()
    assert noticed.goes_out() == [], "who came is said within a day"
