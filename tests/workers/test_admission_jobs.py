"""That the end of the period lets a newcomer in, by a job; and the letters about groups, through a real mail server."""

import psycopg
import pytest

from tenants.groups.notices import ADMITTED, ASKED, INVITED
from tests.factories.circles import circle_of


@pytest.fixture
def superuser(servers, request):
    name = request.module.__name__.rpartition(".")[2]
    with psycopg.connect(servers.url_as("postgres", name), autocommit=True) as connection:
        yield connection


@pytest.fixture
def circle(app, tenant, superuser, clerk):
    made = circle_of(app, tenant, superuser)
    made.add(admitted=False)
    for number, member in enumerate(made.members):
        address = "UPDATE membership SET email = %s, external_id = %s WHERE id = %s"
        superuser.execute(address, [f"p{number}@amberbay.example", f"P{number}", member])
    return made


def proposed(circle):
    place = next(row["id"] for row in roster(circle) if row["admitted_at"] is None)
    made = circle.api(0).post(f"{circle.url}/admissions", json={"group_member_id": place})
    assert made.status_code == 201, made.get_json()
    return made.get_json()["id"]


def roster(circle):
    return circle.api(0).get(f"{circle.url}/roster").get_json()["items"]


def state_of(circle, admission):
    return circle.api(0).get(f"{circle.url}/admissions/{admission}").get_json()["state"]


def pass_the_period(circle, clerk):
    circle.superuser.execute("UPDATE admission SET closes_at = now() WHERE group_id = %s", [circle.id])
    clerk.passes(hours=24 * 7)


@pytest.mark.parametrize(("objects", "state"), [(None, "admitted"), (False, "admitted"), (True, "refused")])
def test_the_job_decides_when_the_period_ends(circle, clerk, objects, state):
    admission = proposed(circle)
    if objects is not None:
        url = f"{circle.url}/admissions/{admission}/answer"
        assert circle.api(1).put(url, json={"objects": objects}).status_code == 204
    assert "admission" not in clerk.work()
    pass_the_period(circle, clerk)
    assert "admission" in clerk.work()
    assert state_of(circle, admission) == state
    assert len(roster(circle)) == (4 if state == "admitted" else 3)


def test_a_job_that_comes_too_early_by_the_clock_of_postgresql_comes_again(circle, clerk):
    admission = proposed(circle)
    clerk.passes(hours=24 * 7)
    assert clerk.work().count("admission") == 1
    assert state_of(circle, admission) == "open", "it waits for its time once more"
    circle.superuser.execute("UPDATE admission SET closes_at = now() WHERE group_id = %s", [circle.id])
    clerk.passes(hours=24 * 7)
    assert "admission" in clerk.work()
    assert state_of(circle, admission) == "admitted"


def test_the_other_members_are_told_that_somebody_is_proposed_and_not_whom(circle, clerk):
    """Whoever is away too, and where an organiser has switched notices off: silence would let in."""
    circle.superuser.execute("UPDATE program SET notices = false WHERE id = %s", [circle.program_id])
    circle.api(2).put(f"{circle.url}/pause", json={"until": None})
    proposed(circle)
    assert sorted(to for to, _ in clerk.took()) == ["p1@amberbay.example", "p2@amberbay.example"]
    letter = clerk.office.to("p1@amberbay.example")[-1].text()
    assert ASKED.said in " ".join(letter.split())
    assert "Invented Person" not in letter.replace("Hello Invented Person", "")


def test_whoever_is_invited_is_told_that_she_is_and_no_event_tells_of_the_letter(circle, clerk, superuser):
    invited = circle.add(admitted=False)
    superuser.execute("UPDATE membership SET email = 'guest@amberbay.example' WHERE id = %s", [invited])
    superuser.execute("DELETE FROM group_member WHERE membership_id = %s", [invited])
    clerk.took()
    invitation = {"name": "guest@amberbay.example"}
    assert circle.api(0).post(f"{circle.url}/invitations", json=invitation).status_code == 201
    nobody = {"name": "nobody@amberbay.example"}
    assert circle.api(0).post(f"{circle.url}/invitations", json=nobody).status_code == 201
    assert [to for to, _ in clerk.took()] == ["guest@amberbay.example"]
    assert INVITED.said in " ".join(clerk.office.to("guest@amberbay.example")[-1].text().split())
    told = "SELECT count(*) FROM event WHERE tenant_id = %s AND type = 'letters.sent'"
    assert superuser.execute(told, [circle.tenant.id]).fetchone() == (0,)
    jobs = "SELECT state, count(*) FROM job WHERE tenant_id = %s AND kind = 'letters' GROUP BY 1"
    assert superuser.execute(jobs, [circle.tenant.id]).fetchall() == [("succeeded", 2)]


def test_whoever_was_let_in_is_told_so_and_neither_where_nor_by_whom(circle, clerk):
    proposed(circle)
    clerk.took()
    pass_the_period(circle, clerk)
    ((to, subject),) = clerk.took()
    assert (to, subject.endswith(ADMITTED.heading)) == ("p3@amberbay.example", True)
    letter = " ".join(clerk.office.to(to)[-1].text().split())
    assert ADMITTED.said in letter
    assert str(circle.id) not in letter
    told = "SELECT count(*) FROM event WHERE tenant_id = %s AND type = 'letters.sent' AND counts @> '{\"admitted\": 1}'"
    assert circle.superuser.execute(told, [circle.tenant.id]).fetchone() == (0,)


def test_whoever_was_not_let_in_or_has_left_again_is_not_told_that_she_was(circle, clerk):
    admission = proposed(circle)
    clerk.took()
    url = f"{circle.url}/admissions/{admission}/answer"
    assert circle.api(1).put(url, json={"objects": True}).status_code == 204
    pass_the_period(circle, clerk)
    assert not [to for to, subject in clerk.took() if subject.endswith(ADMITTED.heading)]
    assert "admitted" not in {
        kind for (kind,) in circle.superuser.execute(
            "SELECT kind FROM letter WHERE tenant_id = %s", [circle.tenant.id]
        )
    }  # fmt: skip
