"""The charter: written by members, read by those whom the wall lets, and by nobody who has the files."""

import base64
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import pytest
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import select, text

from cli.homes import POSTGRES_PROGRAMS, _site
from tenants.groups.charter import (
    MOST_CHARACTERS,
    charter_in_force,
    charter_version,
    charter_versions,
    write_charter,
)
from tenants.kernel.clock import now
from tenants.kernel.crypto import CannotDecrypt, Key, Place
from tenants.kernel.errors import Conflict, Invalid, NotFound
from tenants.kernel.events import Event
from tenants.kernel.ids import new_id
from tests.planting import plant

INSERT = (
    "INSERT INTO charter_version (tenant_id, id, group_id, author_id, number, encrypted_text)"
    " VALUES (%s, %s, %s, %s, %s, 'x')"
)


@dataclass
class Circle:
    """A group whose founder and friend were admitted at its opening, and who else would like to look into it."""

    tenant: UUID
    group: UUID
    founder: UUID
    friend: UUID
    former: UUID
    added: UUID
    neighbour: UUID
    row_of_added: UUID


@pytest.fixture
def circle(superuser):
    """One member has left, one was added by an admin and let in by nobody, one is in the next group."""
    cursor, tenant = superuser.cursor(), new_id()
    program = plant(cursor, "program", tenant_id=tenant, group_sign_in="any")
    cohort = plant(cursor, "cohort", tenant_id=tenant, program_id=program)
    group, next_group = (
        plant(
            cursor,
            "peer_group",
            tenant_id=tenant,
            cohort_id=cohort,
            opened_at=now(),
            state="active",
            group_sign_in="any",
        )
        for _ in range(2)
    )

    def member(group_id, **dates):
        membership = plant(
            cursor, "membership", tenant_id=tenant, joined_at=now(), person_id=plant(cursor, "person")
        )
        participant = plant(
            cursor, "participant", tenant_id=tenant, cohort_id=cohort, membership_id=membership
        )
        row = plant(
            cursor, "group_member", tenant_id=tenant, group_id=group_id, participant_id=participant,
            membership_id=membership, **dates,
        )  # fmt: skip
        return membership, row

    founder, friend, former = (member(group, admitted_at=now())[0] for _ in range(3))
    added, row_of_added = member(group)
    neighbour, _ = member(next_group, admitted_at=now())
    superuser.commit()
    return Circle(tenant, group, founder, friend, former, added, neighbour, row_of_added)


@pytest.fixture
def write(database, circle):
    """Write the next version and commit; its number."""

    def written(author, words):
        with database.tenant(circle.tenant, membership_id=author, actor="somebody") as session:
            before = session.scalar(text("SELECT door.charter_in_force(:group)"), {"group": circle.group})
            version = write_charter(session, group_id=circle.group, text=words, builds_on=before)
            session.commit()
        return version.number

    return written


@pytest.fixture
def leave(superuser, circle):
    """Leave the group."""

    def left(membership):
        leave = "UPDATE group_member SET left_at = now() WHERE tenant_id = %s AND membership_id = %s"
        superuser.execute(leave, [circle.tenant, membership])
        superuser.commit()

    return left


@pytest.fixture
def let_in(as_app, superuser, circle):
    """Whoever has a place is proposed by the founder, and nobody objects."""

    def admitted(place):
        admission = new_id()
        with as_app(circle.tenant, membership=circle.founder) as cursor:
            proposed = cursor.execute("SELECT door.propose_admission(%s, %s)", [admission, place]).fetchone()
            assert proposed[0] is not None
            cursor.connection.commit()
        superuser.execute("UPDATE admission SET closes_at = now() WHERE id = %s", [admission])
        superuser.commit()
        with as_app(circle.tenant) as cursor:
            said = cursor.execute("SELECT outcome FROM door.conclude_admission(%s)", [admission]).fetchone()
            assert said == ("admitted",)
            cursor.connection.commit()

    return admitted


@pytest.fixture
def admit(let_in, circle):
    """The group lets in whom the admin added."""
    return lambda: let_in(circle.row_of_added)


def read(database, circle, membership, number=None, *, tenant=None):
    """The charter in force, or one version, as somebody reads it; None where there is none for them."""
    with database.tenant(tenant or circle.tenant, membership_id=membership) as session:
        try:
            if number is None:
                return charter_in_force(session, group_id=circle.group).text
            return charter_version(session, group_id=circle.group, number=number).text
        except NotFound:
            return None


def listed(database, circle, membership, *, tenant=None):
    """Numbers of the versions that somebody is shown."""
    with database.tenant(tenant or circle.tenant, membership_id=membership) as session:
        return sorted(row.number for row in session.execute(charter_versions(circle.group)))


def refused(cursor, statement, arguments=()):
    cursor.execute("SAVEPOINT attack")
    with pytest.raises(InsufficientPrivilege):
        cursor.execute(statement, arguments)
    cursor.execute("ROLLBACK TO attack")


def test_members_write_and_read_what_is_in_force_and_what_was(database, circle, write):
    assert read(database, circle, circle.founder) is None
    assert [write(circle.founder, "One hour a month."), write(circle.friend, "Zwei Stunden. ☕")] == [1, 2]
    for member in (circle.founder, circle.friend, circle.former):
        assert read(database, circle, member) == "Zwei Stunden. ☕"
        assert read(database, circle, member, 1) == "One hour a month."
        assert read(database, circle, member, 3) is None
        assert listed(database, circle, member) == [1, 2]


def test_the_list_tells_who_wrote_and_when_and_no_text(database, circle, write):
    write(circle.founder, "One hour a month.")
    with database.tenant(circle.tenant, membership_id=circle.friend) as session:
        (version,) = session.execute(charter_versions(circle.group)).mappings()
    assert set(version) == {"id", "number", "author_id", "written_at"}
    assert (version["author_id"], version["number"]) == (circle.founder, 1)
    assert abs((now() - version["written_at"]).total_seconds()) < 3600


STRANGERS = {
    "the tenant itself, its admins and portals": lambda circle: (circle.tenant, None),
    "who was added and not let in": lambda circle: (circle.tenant, circle.added),
    "a member of another group": lambda circle: (circle.tenant, circle.neighbour),
    "a former member": lambda circle: (circle.tenant, circle.former),
    "nobody's membership": lambda circle: (circle.tenant, new_id()),
    "another tenant": lambda _: (new_id(), None),
    "another tenant with a member's id": lambda circle: (new_id(), circle.founder),
}


@pytest.mark.parametrize("who", STRANGERS)
def test_strangers_find_nothing_and_write_nothing(database, as_app, circle, write, leave, who):
    write(circle.founder, "One hour a month.")
    write(circle.founder, "Two hours a month.")
    leave(circle.former)
    tenant, membership = STRANGERS[who](circle)
    assert [read(database, circle, membership, each, tenant=tenant) for each in (None, 1, 2)] == [None] * 3
    assert listed(database, circle, membership, tenant=tenant) == []
    with database.tenant(tenant, membership_id=membership) as session:
        for builds_on in (0, 2):
            with pytest.raises(NotFound):
                write_charter(session, group_id=circle.group, text="Ours now.", builds_on=builds_on)
    with as_app(tenant, membership=membership) as cursor:
        assert cursor.execute("SELECT count(*) FROM charter_version").fetchone() == (0,)
        for author in (membership, circle.founder):
            for owner in {tenant, circle.tenant}:
                row = [owner, new_id(), circle.group, author, 3]
                refused(cursor, INSERT, row)
                refused(cursor, INSERT + " ON CONFLICT DO NOTHING", row)
                refused(cursor, INSERT + " ON CONFLICT (tenant_id, id) DO UPDATE SET number = 1", row)
        for attack in ("UPDATE charter_version SET number = 1", "DELETE FROM charter_version"):
            refused(cursor, attack)


def test_nobody_reads_before_the_group_is_announced(database, superuser, circle, write):
    write(circle.founder, "One hour a month.")
    superuser.execute("UPDATE peer_group SET state = 'formed' WHERE id = %s", [circle.group])
    superuser.commit()
    assert read(database, circle, circle.friend) is None
    with database.tenant(circle.tenant, membership_id=circle.friend) as session, pytest.raises(NotFound):
        write_charter(session, group_id=circle.group, text="Too early.", builds_on=1)


def test_a_newcomer_reads_what_is_in_force_and_what_came_since_but_nothing_older(
    database, circle, write, admit
):
    write(circle.founder, "first")
    write(circle.founder, "second")
    admit()
    assert read(database, circle, circle.added) == "second"
    assert read(database, circle, circle.added, 1) is None
    assert listed(database, circle, circle.added) == [2]
    assert write(circle.added, "third") == 3
    write(circle.founder, "fourth")
    assert [read(database, circle, circle.added, each) for each in (1, 2, 3, 4)] == [
        None, None, "third", "fourth",
    ]  # fmt: skip
    assert listed(database, circle, circle.founder) == [1, 2, 3, 4]


def test_a_former_member_keeps_their_own_words_only(database, circle, write, leave):
    write(circle.founder, "first")
    write(circle.former, "second")
    leave(circle.former)
    assert read(database, circle, circle.former) == "second"
    write(circle.founder, "third")
    assert read(database, circle, circle.former) is None
    assert [read(database, circle, circle.former, each) for each in (1, 2, 3)] == [None, "second", None]
    assert listed(database, circle, circle.former) == [2]


def test_whoever_comes_back_is_a_newcomer(database, superuser, let_in, circle, write, leave):
    write(circle.founder, "first")
    leave(circle.friend)
    write(circle.founder, "second")
    participant = superuser.execute(
        "SELECT participant_id FROM group_member WHERE membership_id = %s", [circle.friend]
    ).fetchone()[0]
    row = plant(
        superuser.cursor(), "group_member", tenant_id=circle.tenant, group_id=circle.group,
        participant_id=participant, membership_id=circle.friend,
    )  # fmt: skip
    superuser.commit()
    let_in(row)
    assert listed(database, circle, circle.friend) == [2]


ATTACKS = (
    "UPDATE charter_version SET number = 3 WHERE number = 1",
    "UPDATE charter_version SET written_at = now() + interval '1 year'",
    "UPDATE charter_version SET group_id = group_id",
    "UPDATE charter_version SET encrypted_text = 'x'",
    "DELETE FROM charter_version",
    "DELETE FROM charter_version WHERE number = 2",
    "TRUNCATE charter_version",
    "CREATE OR REPLACE FUNCTION door.charter_in_force(of_group uuid) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "ALTER FUNCTION door.charter_in_force(uuid) RENAME TO other",
    "DROP POLICY group_wall ON charter_version",
    "UPDATE group_member SET admitted_at = '2000-01-01'",
    "UPDATE peer_group SET opened_at = '2000-01-01'",
    "INSERT INTO charter_version (written_at) VALUES ('2000-01-01')",
)


@pytest.mark.parametrize("who", ["added", "founder", None])
def test_nobody_makes_an_old_version_readable_again(database, as_app, circle, write, admit, who):
    write(circle.founder, "first")
    write(circle.founder, "second")
    admit()
    membership = who and getattr(circle, who)
    with as_app(circle.tenant, membership=membership) as cursor:
        for attack in ATTACKS:
            refused(cursor, attack)
        for number in (-1, 0, 1, 2, 4, 2**31 - 1):
            refused(cursor, INSERT, [circle.tenant, new_id(), circle.group, membership, number])
        cursor.execute("CREATE TEMP TABLE charter_version (LIKE public.charter_version)")
        cursor.execute("CREATE FUNCTION pg_temp.max(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'")
        cursor.execute("SET LOCAL search_path = pg_temp, public")
        assert cursor.execute("SELECT door.charter_in_force(%s)", [circle.group]).fetchone() == (2,)
        cursor.connection.commit()
    assert listed(database, circle, circle.added) == [2]
    assert listed(database, circle, circle.founder) == [1, 2]


def test_who_was_added_lets_nobody_in_and_reads_nothing_meanwhile(as_app, database, circle, write):
    write(circle.founder, "first")
    for membership in (circle.added, None, circle.neighbour):
        with as_app(circle.tenant, membership=membership) as cursor:
            propose = "SELECT door.propose_admission(uuidv7(), %s)"
            assert cursor.execute(propose, [circle.row_of_added]).fetchone() == (None,)
            refused(cursor, "UPDATE group_member SET admitted_at = now()")
            refused(cursor, "UPDATE group_member SET membership_id = %s", [membership])
            cursor.connection.commit()
    assert listed(database, circle, circle.added) == []


def test_a_member_writes_in_no_other_name_and_for_no_other_group(as_app, superuser, circle):
    next_group = superuser.execute(
        "SELECT group_id FROM group_member WHERE membership_id = %s", [circle.neighbour]
    ).fetchone()[0]
    with as_app(circle.tenant, membership=circle.founder) as cursor:
        refused(cursor, INSERT, [circle.tenant, new_id(), circle.group, circle.friend, 1])
        refused(cursor, INSERT, [circle.tenant, new_id(), next_group, circle.founder, 1])
        cursor.execute(INSERT, [circle.tenant, new_id(), circle.group, circle.founder, 1])


def test_a_leaky_function_hears_no_private_word(as_app, circle, write, admit):
    write(circle.founder, "first")
    write(circle.founder, "second")
    admit()
    for membership, heard in ((None, []), (circle.added, ["2"])):
        told = []
        with as_app(circle.tenant, membership=membership) as cursor:
            cursor.connection.add_notice_handler(
                lambda notice, told=told: told.append(notice.message_primary)
            )
            cursor.execute(
                "CREATE FUNCTION pg_temp.leak(integer) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS"
                " $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$"
            )
            cursor.execute("SELECT id FROM charter_version WHERE pg_temp.leak(number)")
        assert told == heard


def test_a_version_builds_on_the_one_in_force(database, circle, write):
    write(circle.founder, "first")
    with database.tenant(circle.tenant, membership_id=circle.friend) as session:
        for builds_on in (0, 2):
            with pytest.raises(Conflict) as told:
                write_charter(session, group_id=circle.group, text="other", builds_on=builds_on)
            assert told.value.code == "charter_has_changed"
    assert listed(database, circle, circle.founder) == [1]


def test_of_many_who_build_on_one_version_one_is_first_and_the_others_are_told(database, circle, write):
    write(circle.founder, "first")
    together = threading.Barrier(6)

    def attempt(number):
        author = (circle.founder, circle.friend)[number % 2]
        with database.tenant(circle.tenant, membership_id=author) as session:
            session.connection()
            together.wait(30)
            try:
                write_charter(session, group_id=circle.group, text=f"attempt {number}", builds_on=1)
            except Conflict:
                return None
            session.commit()
            return f"attempt {number}"

    with ThreadPoolExecutor(6) as threads:
        written = [each for each in threads.map(attempt, range(6)) if each]
    assert written == [read(database, circle, circle.friend)]
    assert listed(database, circle, circle.founder) == [1, 2]


@pytest.mark.parametrize("words", ["", " \n", "x" * (MOST_CHARACTERS + 1)])
def test_a_charter_says_something_and_ends(database, circle, words):
    with database.tenant(circle.tenant, membership_id=circle.founder) as session:
        with pytest.raises(Invalid) as told:
            write_charter(session, group_id=circle.group, text=words, builds_on=0)
        assert told.value.errors[0].pointer == "/text"
        write_charter(session, group_id=circle.group, text="x" * MOST_CHARACTERS, builds_on=0)


def test_the_tenant_learns_that_a_group_wrote_and_neither_who_nor_what(database, circle, write):
    write(circle.founder, "One hour a month.")
    with database.tenant(circle.tenant) as session:
        (event,) = session.scalars(select(Event))
    assert (event.type, event.audience, event.actor) == ("charter.written", "tenant", None)
    assert (event.subject_type, event.subject_id) == ("peer_group", circle.group)
    assert (event.changed, event.counts) == ([], {"number": 1})


def test_a_text_moved_to_another_version_does_not_open(database, superuser, circle, write):
    write(circle.founder, "first")
    write(circle.founder, "second")
    superuser.execute(
        "UPDATE charter_version c SET encrypted_text = o.encrypted_text FROM charter_version o"
        " WHERE c.group_id = %s AND o.group_id = c.group_id AND c.number = 2 AND o.number = 1",
        [circle.group],
    )
    superuser.commit()
    with database.tenant(circle.tenant, membership_id=circle.founder) as session:
        assert charter_version(session, group_id=circle.group, number=1).text == "first"
        with pytest.raises(CannotDecrypt):
            charter_in_force(session, group_id=circle.group)


def written_ways(secret):
    """How bytes may stand in a dump."""
    return {
        secret.hex(),
        base64.b64encode(secret).decode().rstrip("="),
        base64.urlsafe_b64encode(secret).decode(),
    }


def test_a_dump_holds_no_word_of_a_charter_and_no_key(database, servers, settings, superuser, circle, write):
    words = "Nobody outbids; the tamarisk changes each meeting."
    write(circle.founder, words)
    secrets = [*settings.encryption_keys, *unwrapped(settings, superuser, circle)]
    assert len(secrets) == 3
    pg_dump = [_site() / POSTGRES_PROGRAMS / "pg_dump", "--dbname", servers.url_as("postgres")]
    dumped = subprocess.run(pg_dump, capture_output=True, text=True, check=True).stdout
    assert dumped.count(str(circle.group)) >= 4  # of the members, the version, the key and the event
    assert "charter.written" in dumped
    for secret in [words.encode(), *secrets]:
        assert not any(written in dumped for written in written_ways(secret))
    for word in ("outbids", "tamarisk"):
        assert word not in dumped


def unwrapped(settings, superuser, circle):
    """The keys of the tenant and of its group, in the clear."""
    rows = superuser.execute(
        "SELECT group_id, wrapped FROM data_key WHERE tenant_id = %s ORDER BY group_id NULLS FIRST",
        [circle.tenant],
    )
    opened, key = [], Key(settings.encryption_keys[0])
    for group, wrapped in rows:
        place = Place("data_key", "wrapped", group or circle.tenant)
        opened.append(key.decrypted(wrapped, place.bound_to(circle.tenant)))
        key = Key(opened[-1])
    return opened
