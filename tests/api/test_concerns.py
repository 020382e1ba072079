"""Concerns: they reach just those whom their author saw, none of whom has power over her, and leave no trace of her."""

import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from tenants.access.sign_in import SignedIn
from tenants.kernel.ids import digest
from tenants.kernel.permissions import Role
from tenants.people.models import Membership
from tenants.tables import METADATA
from tests.api.test_health import looked_after
from tests.conftest import eventually
from tests.factories.circles import circle_of
from tests.factories.events import sealed
from tests.factories.matching import every
from tests.factories.people import acting, connection_of, holder, joined, member_of
from tests.planting import plant
from workers.tenant_job import run_job

SECRET = "Amberbay frightens me"
HERS = {"concern", "concern_reader"}
"""The tables that may name her."""
ADD_READER = (
    "INSERT INTO concern_reader (tenant_id, id, concern_id, author_id, reader_id) VALUES"
    " (%(tenant)s, gen_random_uuid(), %(id)s, %(author)s, %(me)s)"
)


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=3)


@pytest.fixture
def owner(app, circle):
    return member_of(app, circle.tenant.id, Role.OWNER, own_client=True)


def seen(circle, number=0):
    answer = circle.api(number).get(f"{circle.url}/concern-readers?kind=conduct").get_json()
    return {each["membership_id"] for each in answer["readers"]}


def send(circle, readers, number=0, **said):
    body = {"kind": "conduct", "wants": "talk", "text": SECRET, "readers": sorted(map(str, readers)), **said}
    return circle.api(number).post(f"{circle.url}/concerns", json=body)


def marks(circle, superuser, number, names, key="evaluators"):
    """A member's participant names these people by their external ids."""
    attribute = {"program_id": circle.program_id, "key": key, "kind": "reference"}
    plant(superuser.cursor(), "attribute", tenant_id=circle.tenant.id, **attribute)
    participant = circle.participants[circle.members[number]]
    superuser.execute(
        "UPDATE participant SET attributes = %s WHERE id = %s", [Jsonb({key: names}), participant]
    )


def say(api, url, **changes):
    answer = api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})
    assert answer.status_code == 200, answer.get_json()


def external_id(superuser, member):
    return superuser.execute("SELECT external_id FROM membership WHERE id = %s", [member.id]).fetchone()[0]


def test_it_reaches_those_whom_she_saw_and_nobody_else(app, circle, owner, tenant):
    manager = holder(app, tenant.id, "program_manager", program_id=circle.program_id, own_client=True)
    elsewhere = circle_of(app, tenant, circle.superuser, people=1)
    other = holder(app, tenant.id, "program_manager", program_id=elsewhere.program_id, own_client=True)
    assert seen(circle) == {str(owner.id), str(manager.id)}
    sent = send(circle, seen(circle))
    assert sent.status_code == 201, sent.get_json()
    url = sent.headers["Location"]
    for reader in (owner, manager):
        (row,) = every(reader.api, "/v1/concerns")
        assert (row["author_id"], row["state"]) == (str(circle.members[0]), "sent")
        assert reader.api.get(url).get_json()["text"] == SECRET
    for stranger in (other.api, circle.api(1), elsewhere.api()):
        assert stranger.get(url).status_code == 404
        assert every(stranger, "/v1/concerns") == []
    assert tenant.api.get(url).status_code == acting(app, tenant.id, owner.id).get(url).status_code == 403


def test_its_author_sees_what_became_of_it_and_only_its_readers_say_so(circle, owner):
    url = send(circle, seen(circle)).headers["Location"]
    etag = {"If-Match": owner.api.get(url).headers["ETag"]}
    assert circle.api().patch(url, json={"state": "handled"}, headers=etag).status_code == 403
    assert owner.api.patch(url, json={"state": "handled"}, headers=etag).status_code == 200
    assert owner.api.patch(url, json={"state": "received"}, headers=etag).status_code == 412
    (mine,) = every(circle.api(), "/v1/me/concerns")
    assert mine["state"] == "handled"
    assert every(circle.api(1), "/v1/me/concerns") == every(owner.api, "/v1/me/concerns") == []


def test_whoever_signs_in_as_her_through_her_employer_sees_nothing(app, circle, owner, database):
    send(circle, seen(circle))
    connection = connection_of(database, circle.tenant.id)
    as_her = acting(app, circle.tenant.id, circle.members[0], connection_id=connection, own_client=True)
    assert every(as_her, "/v1/me/concerns") == []


@pytest.mark.parametrize("named_now", [True, False])
def test_her_evaluator_is_no_reader_even_if_he_is_named_no_more(
    app, circle, owner, tenant, superuser, named_now
):
    evaluator = member_of(app, tenant.id, Role.ADMIN, own_client=True)
    assert seen(circle) == {str(owner.id), str(evaluator.id)}
    name = f" {external_id(superuser, evaluator).upper()} "
    marks(circle, superuser, 0, [name] if named_now else [])
    if not named_now:
        participant = circle.participants[circle.members[0]]
        said = {"participant_id": participant, "attributes": Jsonb({"evaluators": [name]})}
        plant(superuser.cursor(), "participant_change", tenant_id=tenant.id, **said)
    assert seen(circle) == {str(owner.id)}
    assert seen(circle, 1) == {str(owner.id), str(evaluator.id)}
    assert send(circle, {owner.id, evaluator.id}).get_json()["code"] == "readers_changed"


@pytest.mark.parametrize("named_by", ["email", "external_id", "chosen_email"])
def test_her_evaluator_is_no_reader_by_another_id_or_address(app, circle, tenant, superuser, named_by):
    evaluator = member_of(app, tenant.id, Role.ADMIN, own_client=True)
    name, portal = f"Boss-{evaluator.id}@Amberbay.example", acting(app, tenant.id, evaluator.id)
    told = "/v1/me" if named_by == "chosen_email" else f"/v1/people/{evaluator.id}"
    say(portal, told, **{named_by: name})
    assert seen(circle) == {str(evaluator.id)}
    marks(circle, superuser, 0, [name.upper()])
    assert seen(circle) == set()
    say(portal, told, **{named_by: "office@amberbay.example"})
    say(portal, "/v1/me", chosen_name="Ombuds Office")
    assert seen(circle) == set()


def test_whoever_signs_in_as_a_reader_through_his_employer_reads_nothing_and_says_nothing_of_it(
    app, circle, owner, tenant, database
):
    url = send(circle, seen(circle)).headers["Location"]
    connection = connection_of(database, tenant.id)
    administrator = acting(app, tenant.id, owner.id, connection_id=connection, own_client=True)
    assert administrator.get(url).status_code == 404
    assert every(administrator, "/v1/concerns") == []
    etag = {"If-Match": owner.api.get(url).headers["ETag"]}
    assert administrator.patch(url, json={"state": "handled"}, headers=etag).status_code == 404


def test_who_has_no_sign_in_of_her_own_is_no_reader(app, circle, owner, tenant, database):
    who = SignedIn(connection_of(database, tenant.id), "https://university.example", "an administrator")
    without, _ = joined(database, tenant.id, who=who, roles=(Role.ADMIN,))
    assert seen(circle) == {str(owner.id)}
    assert send(circle, {owner.id, without}).get_json()["code"] == "readers_changed"


def test_nobody_adds_himself_to_a_concern_as_if_it_were_his_own(app, circle, owner, tenant, superuser):
    concern = send(circle, seen(circle)).get_json()["id"]
    stranger = member_of(app, tenant.id, Role.ADMIN, own_client=True)
    cursor = superuser.cursor()
    cursor.execute("BEGIN")
    cursor.execute(
        "SELECT set_config('app.tenant_id', %s, true), set_config('app.membership_id', %s, true),"
        " set_config('app.reach', 'tenant', true)",
        [str(tenant.id), str(stranger.id)],
    )
    cursor.execute("SET LOCAL ROLE peerloom_app")
    known = {"id": concern, "tenant": tenant.id, "author": stranger.id, "me": stranger.id}
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        cursor.execute(ADD_READER, known)
    cursor.execute("ROLLBACK")


def test_no_event_tells_that_a_letter_about_it_could_not_be_sent(
    circle, owner, tenant, superuser, database, settings
):
    assert settings.smtp_url is None
    assert send(circle, seen(circle)).status_code == 201
    (job_id,) = superuser.execute(
        "SELECT id FROM job WHERE tenant_id = %s AND kind = 'letters' AND subject_id ="
        " (SELECT batch_id FROM letter WHERE tenant_id = %s AND kind = 'concern')",
        [tenant.id, tenant.id],
    ).fetchone()
    run_job(database, tenant_id=tenant.id, job_id=job_id, settings=settings)
    ended = "SELECT state FROM job WHERE id = %s"
    assert eventually(lambda: superuser.execute(ended, [job_id]).fetchone() == ("failed",))
    told = superuser.execute(
        "SELECT type FROM event WHERE tenant_id = %s AND subject_id = %s", [tenant.id, job_id]
    )
    assert told.fetchall() == []


def test_the_record_of_a_key_that_somebody_guesses_does_not_name_her(circle, owner, superuser):
    body = {"kind": "conduct", "wants": "talk", "text": SECRET, "readers": sorted(seen(circle))}
    once = {"json": body, "headers": {"Idempotency-Key": "1"}}
    first = circle.api().post(f"{circle.url}/concerns", **once)
    assert circle.api().post(f"{circle.url}/concerns", **once).get_json()["id"] == first.get_json()["id"]
    records = superuser.execute(
        "SELECT route, key_hash FROM idempotency_record WHERE tenant_id = %s", [circle.tenant.id]
    ).fetchall()
    assert len(records) == 1
    for route, hashed in records:
        tried = {digest(said) for each in circle.members for said in (f"{each} 1", f"{each} {route} 1")}
        assert bytes(hashed) not in tried


def test_fellows_facilitators_and_she_herself_are_no_readers(app, circle, owner, tenant, superuser):
    facilitator = member_of(app, tenant.id, Role.ADMIN)
    plant(
        superuser.cursor(),
        "facilitation",
        tenant_id=tenant.id,
        group_id=circle.id,
        membership_id=facilitator.id,
    )
    for number in (0, 1):
        plant(
            superuser.cursor(),
            "role_grant",
            tenant_id=tenant.id,
            membership_id=circle.members[number],
            role="admin",
        )
    assert seen(circle) == {str(owner.id)}


def test_where_nobody_is_left_it_is_sent_to_nobody_and_she_is_told_what_to_do(circle, superuser):
    shown = circle.api().get(f"{circle.url}/concern-readers").get_json()
    assert shown["readers"] == []
    assert "ombudsperson" in shown["instead"]
    refused = send(circle, [])
    assert (refused.status_code, refused.get_json()["code"]) == (409, "no_reader")
    assert "ombudsperson" in refused.get_json()["detail"]
    count = superuser.execute("SELECT count(*) FROM concern WHERE tenant_id = %s", [circle.tenant.id])
    assert count.fetchone() == (0,)


def test_a_program_names_its_readers_and_somebody_unknown_is_refused(app, circle, owner, tenant):
    adviser = member_of(app, tenant.id, own_client=True)
    url = f"/v1/programs/{circle.program_id}"

    def name(*ids):
        return tenant.api.patch(
            url,
            json={"concern_readers": list(ids)},
            headers={"If-Match": tenant.api.get(url).headers["ETag"]},
        )

    assert name(str(circle.id)).status_code == 422
    assert name(str(adviser.id)).status_code == 200
    assert seen(circle) == {str(adviser.id)}
    assert send(circle, seen(circle)).status_code == 201
    assert len(every(adviser.api, "/v1/concerns")) == 1
    assert every(owner.api, "/v1/concerns") == []


def test_an_admin_who_makes_herself_one_after_the_list_was_shown_is_not_among_its_readers(
    app, circle, owner, tenant
):
    before = seen(circle)
    late = member_of(app, tenant.id, Role.ADMIN, own_client=True)
    refused = send(circle, before)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "readers_changed")
    assert send(circle, seen(circle)).status_code == 201
    later = member_of(app, tenant.id, Role.ADMIN, own_client=True)
    assert len(every(late.api, "/v1/concerns")) == 1
    assert every(later.api, "/v1/concerns") == []


def test_a_list_that_changes_while_she_sends_is_waited_for(circle, owner, superuser, servers):
    """Somebody marks her evaluator in a transaction that is still open: sending waits for its end, and is refused."""
    shown, name = seen(circle), external_id(superuser, owner)
    marks(circle, superuser, 0, [])
    participant = circle.participants[circle.members[0]]
    started = threading.Event()
    with psycopg.connect(servers.url_as("postgres")) as marking, ThreadPoolExecutor(1) as pool:
        marking.execute(
            "UPDATE participant SET attributes = %s WHERE id = %s",
            [Jsonb({"evaluators": [name]}), participant],
        )

        def sending():
            started.set()
            return send(circle, shown)

        sent = pool.submit(sending)
        started.wait()
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not superuser.execute(waits).fetchone()[0] and not sent.done():
            pass
        assert not sent.done()
        marking.commit()
        assert sent.result().get_json()["code"] == "no_reader"


def test_nothing_but_the_concern_itself_tells_who_sent_it_or_what(
    circle, owner, tenant, database, superuser, caplog
):
    rows = sql.SQL("SELECT t::text FROM {} t WHERE tenant_id = %s")
    tables = [name for name, table in METADATA.tables.items() if "tenant_id" in table.c]

    def all_rows():
        sealed(database, tenant.id)  # which changes the rows of events
        return {
            (name, row[0])
            for name in tables
            for row in superuser.execute(rows.format(sql.Identifier(name)), [tenant.id])
        }

    api, readers = circle.api(), sorted(seen(circle))
    before = all_rows()
    body = {"kind": "not_working", "wants": "repair", "text": SECRET, "readers": readers}
    once = {"json": body, "headers": {"Idempotency-Key": "once"}}
    first = api.post(f"{circle.url}/concerns", **once)
    again = api.post(f"{circle.url}/concerns", **once)
    assert again.get_json()["id"] == first.get_json()["id"]
    assert {again.get_json()[name] for name in ("text", "author_id", "kind", "group_id")} == {None}
    made = {row for row in all_rows() - before if row[0] not in HERS and ",job." not in row[1]}
    assert {name for name, _ in made} - {"data_key"} == {"idempotency_record", "job", "letter", "repair_wish"}
    for name, row in made:
        assert str(circle.members[0]) not in row, name
        assert SECRET not in row, name
        assert SECRET.encode().hex() not in row, name
    (kept,) = superuser.execute(
        "SELECT encrypted_text FROM concern WHERE tenant_id = %s", [tenant.id]
    ).fetchall()
    assert SECRET.encode() not in bytes(kept[0])
    assert SECRET not in caplog.text


def test_a_wish_for_repair_becomes_the_mark_that_others_set_too_at_another_moment(
    circle, owner, tenant, superuser, settings
):
    def mark(**said):
        superuser.execute("UPDATE peer_group SET repair_since = NULL WHERE id = %s", [circle.id])
        assert send(circle, seen(circle), **said).status_code == 201
        assert tenant.api.get(circle.url).get_json()["needs_repair"] is False
        looked_after(circle, settings)
        return tenant.api.get(circle.url).get_json()["needs_repair"]

    assert mark(kind="not_working", wants="repair") is True
    events = superuser.execute(
        "SELECT type, actor FROM event WHERE tenant_id = %s AND type ~ 'concern|repair'", [tenant.id]
    )
    assert events.fetchall() == [("group.needs_repair", None)]
    assert mark(kind="not_working", wants="move") is True
    assert mark(kind="not_working", wants="talk") is False
    assert mark(kind="conduct", wants="repair") is False
    assert "repair" not in circle.api(1).get("/v1/me/groups").text
    assert "repair" not in circle.api(1).get(f"{circle.url}/health").text
    place = superuser.execute(
        "SELECT left_at FROM group_member WHERE membership_id = %s", [circle.members[0]]
    )
    assert place.fetchone() == (None,)


def test_a_wish_is_read_by_no_member_and_no_organiser(circle, owner, database):
    assert send(circle, seen(circle), kind="not_working", wants="repair").status_code == 201
    for member in (None, owner.id, *circle.members):
        with database.tenant(circle.tenant.id) as session:
            person = member and session.get(Membership, (circle.tenant.id, member)).person_id
            if member:
                session.identify(membership_id=member, person_id=person)
            connection = session.connection()
            assert connection.exec_driver_sql("SELECT count(*) FROM repair_wish").scalar_one() == 0
            assert connection.exec_driver_sql("DELETE FROM repair_wish").rowcount == 0


def test_no_statement_of_a_reader_or_a_fellow_changes_its_words_or_adds_a_reader(circle, owner, superuser):
    concern = send(circle, seen(circle)).get_json()["id"]
    cursor = superuser.cursor()
    for member in (owner.id, circle.members[1]):
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT set_config('app.tenant_id', %s, true), set_config('app.membership_id', %s, true),"
            " set_config('app.reach', 'tenant', true)",
            [str(circle.tenant.id), str(member)],
        )
        cursor.execute("SET LOCAL ROLE peerloom_app")
        for attack in (
            "UPDATE concern SET encrypted_text = NULL WHERE id = %(id)s",
            "DELETE FROM concern WHERE id = %(id)s",
            ADD_READER,
        ):
            cursor.execute("SAVEPOINT attack")
            known = {"id": concern, "tenant": circle.tenant.id, "author": circle.members[0], "me": member}
            with pytest.raises(Exception, match=r"denied|row-level"):
                cursor.execute(attack, known)
            cursor.execute("ROLLBACK TO attack")
        cursor.execute("ROLLBACK")
