"""A group's charter over the API: for its members, signed in as themselves, and for nobody else."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from tenants.access.clients import create_own_client
from tenants.kernel.clock import now
from tenants.kernel.permissions import Role
from tests.factories.people import acting, connection_of, joined, member_of
from tests.planting import plant

INSERT = (
    "INSERT INTO group_member (tenant_id, id, group_id, participant_id, {})"
    " VALUES (%(tenant)s, uuidv7(), %(group)s, %(participant)s, {})"
)
ATTACKS = (
    "UPDATE group_member SET admitted_at = now() WHERE membership_id = %(admin)s",
    "UPDATE group_member SET membership_id = %(admin)s WHERE membership_id = %(founder)s",
    "UPDATE membership SET person_id = NULL WHERE id = %(founder)s",
)
LET_IN = "SELECT door.propose_admission(uuidv7(), id) FROM group_member WHERE membership_id = %(admin)s"
TEXT = "We meet on Mondays. What is said of Amberbay stays here."


@dataclass
class Circle:
    """A group of a tenant and the memberships of those who are, were or would like to be in it."""

    id: UUID
    founder: UUID
    friend: UUID
    former: UUID
    added: UUID
    row_of_added: UUID
    program: UUID

    @property
    def charter(self):
        return f"/v1/groups/{self.id}/charter"

    @property
    def versions(self):
        return f"{self.charter}/versions"


@pytest.fixture
def circle(tenant, superuser, database):
    """Everybody in it has joined as herself; one has left, one was added by an admin and let in by nobody."""
    cursor = superuser.cursor()
    with database.tenant(tenant.id) as session:
        create_own_client(session)
        session.commit()
    program = plant(cursor, "program", tenant_id=tenant.id)
    cohort = plant(cursor, "cohort", tenant_id=tenant.id, program_id=program)
    group = plant(
        cursor, "peer_group", tenant_id=tenant.id, cohort_id=cohort, opened_at=now(), state="active"
    )

    def member(**dates):
        membership, _ = joined(database, tenant.id)
        participant = plant(
            cursor, "participant", tenant_id=tenant.id, cohort_id=cohort, membership_id=membership
        )
        row = plant(
            cursor, "group_member", tenant_id=tenant.id, group_id=group, participant_id=participant,
            membership_id=membership, **dates,
        )  # fmt: skip
        return membership, row

    founder, friend, former = (member(admitted_at=now())[0] for _ in range(3))
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [former])
    added, row = member()
    return Circle(group, founder, friend, former, added, row, program)


@pytest.fixture
def own(app, tenant):
    """An API client of the product's own, on the machine of a membership's person."""

    def through(membership_id, **how):
        return acting(app, tenant.id, membership_id, own_client=True, **how)

    return through


def written(api, circle, text=TEXT, builds_on=0):
    return api.post(circle.versions, json={"text": text, "builds_on": builds_on})


def test_members_write_and_read_it(circle, own):
    made = written(own(circle.founder), circle)
    assert made.status_code == 201
    assert TEXT not in made.text
    read = own(circle.friend).get(circle.charter).get_json()
    assert (read["text"], read["number"], read["author_id"]) == (TEXT, 1, str(circle.founder))
    assert own(circle.friend).get(f"{circle.versions}/1").get_json() == read
    assert [each["number"] for each in own(circle.friend).get(circle.versions).get_json()["items"]] == [1]


@pytest.mark.parametrize("number", [2, 2**31, 10**18])
def test_there_is_no_version_of_a_number_that_was_never_written(circle, own, number):
    written(own(circle.founder), circle)
    assert own(circle.friend).get(f"{circle.versions}/{number}").status_code == 404


def test_who_has_not_read_the_last_version_writes_none(circle, own):
    api = own(circle.founder)
    written(api, circle)
    late = written(api, circle, "Another")
    assert (late.status_code, late.get_json()["code"]) == (409, "charter_has_changed")
    assert written(api, circle, "Another", builds_on=1).status_code == 201


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 20_001, "bell\x07", 7, None])
def test_a_broken_text_is_refused(circle, own, text):
    refused = written(own(circle.founder), circle, text)
    assert refused.status_code == 422
    assert refused.get_json()["errors"][0]["pointer"] == "/text"


def nothing_to_see(api, circle):
    for url in (circle.charter, circle.versions, f"{circle.versions}/1"):
        answer = api.get(url)
        assert answer.status_code == 404, url
        assert TEXT not in answer.text
    assert written(api, circle, "Mine", builds_on=1).status_code == 404


def test_it_is_hidden_from_all_but_its_members(app, circle, own, tenant, new_tenant, database):
    written(own(circle.founder), circle)
    owner = member_of(app, tenant.id, Role.OWNER, own_client=True)
    admin = member_of(app, tenant.id, Role.ADMIN, own_client=True)
    elsewhere = new_tenant()
    with database.tenant(elsewhere.id) as session:
        create_own_client(session)
        session.commit()
    stranger = member_of(app, elsewhere.id, Role.OWNER, own_client=True)
    for api in (owner.api, admin.api, stranger.api, own(circle.former), own(circle.added)):
        nothing_to_see(api, circle)


def test_no_client_of_the_tenant_is_let_through_whatever_she_allows(app, circle, own, tenant):
    written(own(circle.founder), circle)
    portal = acting(app, tenant.id, circle.founder)
    for api in (tenant.api, portal):
        answer = api.get(circle.charter)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "insufficient_scope")
    groups = portal.get("/v1/me/groups").get_json()["items"]
    assert [(each["id"], each["member_count"]) for each in groups] == [(str(circle.id), 3)]
    assert TEXT not in portal.get("/v1/me/groups").text


def test_a_former_member_keeps_her_own_words_and_no_others(circle, own, superuser):
    superuser.execute("UPDATE group_member SET left_at = NULL WHERE membership_id = %s", [circle.former])
    written(own(circle.former), circle, "Mine of Amberbay")
    written(own(circle.founder), circle, builds_on=1)
    superuser.execute("UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.former])
    api = own(circle.former)
    assert api.get(f"{circle.versions}/1").get_json()["text"] == "Mine of Amberbay"
    assert api.get(f"{circle.versions}/2").status_code == 404
    assert api.get(circle.charter).status_code == 404


def test_who_comes_later_sees_what_holds_and_what_follows(circle, own, superuser):
    written(own(circle.founder), circle, "The first of Amberbay")
    written(own(circle.founder), circle, "The second of Amberbay", builds_on=1)
    superuser.execute("UPDATE group_member SET admitted_at = now() WHERE id = %s", [circle.row_of_added])
    api = own(circle.added)
    assert api.get(circle.charter).get_json()["text"] == "The second of Amberbay"
    assert api.get(f"{circle.versions}/1").status_code == 404
    assert [each["number"] for each in api.get(circle.versions).get_json()["items"]] == [2]
    written(own(circle.founder), circle, "The third", builds_on=2)
    assert api.get(f"{circle.versions}/2").status_code == 404, "it no longer holds and was before her time"


def test_nobody_adds_himself(circle, own, tenant, database, superuser, app):
    """An admin who inserts himself into a group, in every way that the app's role could."""
    written(own(circle.founder), circle)
    admin = member_of(app, tenant.id, Role.ADMIN, own_client=True)
    cohort = superuser.execute("SELECT cohort_id FROM peer_group WHERE id = %s", [circle.id]).fetchone()[0]
    participant = plant(
        superuser.cursor(), "participant", tenant_id=tenant.id, cohort_id=cohort, membership_id=admin.id
    )
    known = {"tenant": tenant.id, "group": circle.id, "participant": participant, "admin": admin.id,
             "founder": circle.founder}  # fmt: skip
    for attack in (INSERT.format("membership_id, admitted_at", "%(admin)s, now()"), *ATTACKS):
        with database.tenant(tenant.id) as session, pytest.raises(Exception, match="permission denied"):
            session.connection().exec_driver_sql(attack, known)
    with database.tenant(tenant.id, membership_id=admin.id) as session:
        run = session.connection().exec_driver_sql
        run(INSERT.format("membership_id", "%(admin)s"), known)
        assert run(LET_IN, known).scalar_one() is None
        session.commit()
    nothing_to_see(admin.api, circle)


def test_her_employers_sign_in_does_not_open_her_groups(circle, own, database, tenant):
    """By default they open to her who signed in as herself, and to nobody whom a provider of the tenant calls her."""
    written(own(circle.founder), circle)
    employer = connection_of(database, tenant.id)
    nothing_to_see(own(circle.founder, connection_id=employer), circle)
    assert own(circle.founder).get(circle.charter).status_code == 200


def test_where_any_sign_in_opens_groups_she_can_lock_hers(circle, own, database, tenant, superuser):
    superuser.execute("UPDATE peer_group SET group_sign_in = 'any' WHERE id = %s", [circle.id])
    written(own(circle.founder), circle)
    url = f"/v1/programs/{circle.program}"
    etag = tenant.api.get(url).headers["ETag"]
    opened = tenant.api.patch(url, json={"group_sign_in": "any"}, headers={"If-Match": etag})
    assert opened.get_json()["group_sign_in"] == "any"
    through = own(circle.founder, connection_id=connection_of(database, tenant.id))
    herself = own(circle.founder)
    assert through.get(circle.charter).get_json()["text"] == TEXT
    tag = {"If-Match": herself.get("/v1/me").headers["ETag"]}
    for wanted in (True, False):
        refused = through.patch("/v1/me", json={"groups_locked": wanted}, headers=tag)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "not_personal")
    assert (
        herself.patch("/v1/me", json={"groups_locked": True}, headers=tag).get_json()["groups_locked"] is True
    )
    nothing_to_see(through, circle)
    assert herself.get(circle.charter).status_code == 200
    with database.tenant(tenant.id) as session, pytest.raises(Exception, match="permission denied"):
        session.connection().exec_driver_sql("UPDATE membership SET groups_locked = false")
    with database.tenant(tenant.id, membership_id=circle.founder) as session:
        assert session.connection().exec_driver_sql("SELECT door.lock_groups(false)").scalar() is None


def test_the_tenant_hears_that_it_was_written_and_not_by_whom_or_what(circle, own, tenant, superuser):
    written(own(circle.founder), circle)
    told = superuser.execute(
        "SELECT e::text, actor FROM event e WHERE tenant_id = %s AND type = 'charter.written'", [tenant.id]
    ).fetchall()
    assert len(told) == 1
    assert told[0][1] is None
    assert str(circle.founder) not in told[0][0]


def test_a_repeated_request_keeps_no_copy_of_the_text(circle, own, superuser):
    key = {"Idempotency-Key": "once"}
    api = own(circle.founder)
    body = {"text": TEXT, "builds_on": 0}
    assert api.post(circle.versions, json=body, headers=key).status_code == 201
    assert api.post(circle.versions, json=body, headers=key).headers["Idempotent-Replayed"] == "true"
    kept = superuser.execute("SELECT string_agg(r::text, '') FROM idempotency_record r").fetchone()[0]
    assert "Amberbay" not in kept
    assert b"Amberbay".hex() not in kept
