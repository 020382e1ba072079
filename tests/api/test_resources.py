"""The shelf of a group and that of the tenant: who sees what, what is shared, and what becomes of it."""

import pytest
from psycopg import sql
from sqlalchemy.exc import ProgrammingError

from tenants.kernel.permissions import Role
from tests.contract import edit, remove
from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import acting, holder, member_of

LINK = {
    "kind": "guidance",
    "title": "Aims (invented)",
    "licence": "CC BY 4.0",
    "url": "https://aims.example/g",
}
SHARE = {"scope": "tenant", "licence_confirmed": True}
PAPER = b"# Aims\n\nInvented.\n"


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


def added(api, circle, **changes):
    made = api.post(f"{circle.url}/resources", json={**LINK, **changes})
    assert made.status_code == 201, made.get_json()
    return f"{circle.url}/resources/{made.get_json()['id']}"


def filed(api, circle, content=PAPER, media_type="text/markdown", **changes):
    one = added(api, circle, url=None, **changes)
    sent = api.put(f"{one}/file", data=content, content_type=media_type)
    assert sent.status_code == 200, sent.get_json()
    return one


def shared(api, one, **how):
    made = api.post(f"{one}/share", json={**SHARE, **how})
    assert made.status_code == 201, made.get_json()
    return made.headers["Location"]


def leave(circle, superuser, number):
    superuser.execute(
        "UPDATE group_member SET left_at = now() WHERE membership_id = %s", [circle.members[number]]
    )


def test_members_find_what_one_of_them_put_there(circle):
    one = added(circle.api(), circle, note="Read page 2.", as_of="2026-03-01")
    found = circle.api(1).get(one).get_json()
    assert [found[name] for name in LINK] == list(LINK.values())
    assert (found["note"], found["as_of"], found["scope"]) == ("Read page 2.", "2026-03-01", "group")
    assert found["author_id"] == str(circle.members[0])
    assert every(circle.api(1), f"{circle.url}/resources") == [found]


def test_a_link_goes_to_all_tenants_with_the_tenants_name_and_is_taken_back_at_once(app, circle, new_tenant):
    one = added(circle.api(), circle, note="Read page 2.")
    made = shared(circle.api(), one, scope="network").rpartition("/")[2]
    url = f"/v1/network-resources/{made}"
    stranger = member_of(app, new_tenant().id).api
    found = stranger.get(url).get_json()
    assert (found["title"], found["url"], found["institution"]) == (
        LINK["title"],
        LINK["url"],
        "Invented Society",
    )
    assert found["owner_name"] is None
    assert found in every(stranger, "/v1/network-resources")
    assert "resource_id" not in found
    assert stranger.get(f"/v1/resources/{made}").status_code == 404
    assert circle.api().get(one).get_json()["scope"] == "network"
    assert circle.api().delete(f"{one}/share").status_code == 204
    assert stranger.get(url).status_code == 404


def test_a_file_does_not_go_to_all_tenants(circle):
    one = filed(circle.api(), circle)
    refused = circle.api().post(f"{one}/share", json={**SHARE, "scope": "network"})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "links_only")
    assert circle.api().get(one).get_json()["scope"] == "group"


def test_nobody_puts_before_all_tenants_what_its_author_did_not(circle, new_tenant, database):
    copy = shared(circle.api(), added(circle.api(), circle)).rpartition("/")[2]
    forged = (
        "INSERT INTO network_resource (tenant_id, id, institution, kind, title, licence, url)"
        " VALUES (%s, %s, 'Forged', 'other', 'x', 'x', 'https://x.example')"
    )
    for tenant_id in (circle.tenant.id, new_tenant().id):
        with (
            database.tenant(tenant_id) as session,
            pytest.raises(ProgrammingError, match="row-level security"),
        ):
            session.connection().exec_driver_sql(forged, (circle.tenant.id, copy))


def test_nobody_else_finds_it(app, circle, tenant, superuser):
    one = filed(circle.api(), circle)
    other_group = circle_of(app, tenant, superuser, people=1).api()
    organiser = member_of(app, tenant.id, Role.OWNER, own_client=True).api
    for stranger in (other_group, organiser):
        for url in (f"{circle.url}/resources", one, f"{one}/file"):
            assert stranger.get(url).status_code == 404, url
    portal = acting(app, tenant.id, circle.members[0])
    assert portal.get(one).status_code == 403
    assert tenant.api.get(one).status_code == 403


def test_whoever_comes_later_does_not_find_what_was_there_before(circle):
    before = filed(circle.api(), circle)
    circle.add()
    newcomer = circle.api(2)
    assert newcomer.get(before).status_code == newcomer.get(f"{before}/file").status_code == 404
    after = added(circle.api(), circle)
    assert [f"{circle.url}/resources/{row['id']}" for row in every(newcomer, f"{circle.url}/resources")] == [
        after
    ]


def test_whoever_has_left_finds_her_own_only_and_can_take_it_away(circle, superuser):
    theirs, hers = filed(circle.api(1), circle), filed(circle.api(), circle)
    shelf = shared(circle.api(), hers)
    leave(circle, superuser, 0)
    api = circle.api()
    assert api.get(theirs).status_code == api.get(f"{theirs}/file").status_code == 404
    assert [row["scope"] for row in every(api, f"{circle.url}/resources")] == ["tenant"]
    assert api.get(f"{hers}/file").data == PAPER
    assert edit(api, hers, title="Other").status_code == 404
    assert api.put(f"{hers}/file", data=PAPER, content_type="text/plain").status_code == 404
    assert api.delete(f"{hers}/share").status_code == 204
    assert api.get(shelf).status_code == 404
    assert remove(api, hers).status_code == 204
    assert circle.api(1).get(hers).status_code == 404


def test_only_its_author_changes_it(circle):
    one, other = filed(circle.api(), circle), circle.api(1)
    answers = [
        edit(other, one, title="Mine"),
        remove(other, one),
        other.put(f"{one}/file", data=PAPER, content_type="text/plain"),
        other.post(f"{one}/share", json=SHARE),
        other.delete(f"{one}/share"),
    ]
    assert [(each.status_code, each.get_json()["code"]) for each in answers] == [(403, "not_the_author")] * 5
    assert edit(circle.api(), one, title="Mine").get_json()["title"] == "Mine"
    stale = circle.api().patch(one, json={"title": "Old"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"url": "http://aims.example"}, "/url"),
        ({"url": "javascript:alert(1)"}, "/url"),
        ({"url": "https://key:word@aims.example"}, "/url"),
        ({"url": "https:aims"}, "/url"),
        ({"url": "https://[broken"}, "/url"),
        ({"licence": ""}, "/licence"),
        ({"kind": "gossip"}, "/kind"),
        ({"scope": "tenant"}, "/scope"),
        *(
            ({"file_name": name}, "/file_name")
            for name in (
                "../etc/passwd",
                "a/b",
                "a\\b",
                "C:evil",
                ".bashrc",
                "a\u202efdp.exe",
                "x?",
                '"',
                "..",
            )
        ),
    ],
)
def test_what_cannot_be_put_there_is_refused_by_name(circle, changes, pointer):
    refused = circle.api().post(f"{circle.url}/resources", json={**LINK, **changes})
    assert refused.status_code == 422
    assert {error["pointer"] for error in refused.get_json()["errors"]} == {pointer}


def test_a_resource_is_a_link_or_a_file(circle):
    api = circle.api()
    sent = api.put(f"{added(api, circle)}/file", data=PAPER, content_type="text/plain")
    assert (sent.status_code, sent.get_json()["code"]) == (409, "is_a_link")
    linked = edit(api, filed(api, circle), url="https://aims.example")
    assert (linked.status_code, linked.get_json()["code"]) == (409, "has_a_file")


def test_no_second_copy_of_its_words_is_anywhere(circle, superuser):
    api = circle.api()
    secret = {**LINK, "title": "Unseen-title", "note": "Unseen-note", "licence": "Unseen-licence"}
    secret |= {"url": None, "file_name": "Unseen-name"}
    sent = {"json": secret, "headers": {"Idempotency-Key": "once"}}
    first, again = (api.post(f"{circle.url}/resources", **sent) for _ in range(2))
    assert (first.get_json()["id"], first.get_json()["title"]) == (again.get_json()["id"], "Unseen-title")
    assert again.get_json()["title"] is None
    one = f"{circle.url}/resources/{first.get_json()['id']}"
    api.put(f"{one}/file", data=b"Unseen-content", content_type="text/plain")
    tables = superuser.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    for (table,) in tables:
        found = sql.SQL("SELECT count(*) FROM {} t WHERE t::text ~ %s").format(sql.Identifier(table))
        held = superuser.execute(found, [f"Unseen|{b'Unseen'.hex()}"]).fetchone()
        assert held == (0,), table
    happened = superuser.execute(
        "SELECT type, actor FROM event WHERE tenant_id = %s AND type LIKE 'resource%%'", [circle.tenant.id]
    ).fetchall()
    assert happened == [("resource.added", None)]
    root = circle.app.extensions["files"]._root
    assert not [path for path in root.rglob("*") if path.is_file() and b"Unseen" in path.read_bytes()]


def test_what_is_shared_everybody_in_the_tenant_sees_and_nobody_elsewhere(app, circle, tenant, new_tenant):
    one = filed(circle.api(), circle, title="Shared", file_name="aims.md")
    shelf = shared(circle.api(), one)
    assert circle.api(1).get(one).get_json()["scope"] == "tenant"
    for somebody in (member_of(app, tenant.id).api, member_of(app, tenant.id, Role.OWNER).api):
        found = somebody.get(shelf).get_json()
        assert (found["title"], found["licence"], found["owner_name"]) == ("Shared", "CC BY 4.0", None)
        assert every(somebody, "/v1/resources") == [found]
        assert somebody.get(f"{shelf}/file").data == PAPER
        told = str(found)
        assert not [id_ for id_ in (circle.id, *circle.members) if str(id_) in told]
        assert one.rpartition("/")[2] not in told
    elsewhere = member_of(app, new_tenant().id).api
    assert elsewhere.get(shelf).status_code == elsewhere.get(f"{shelf}/file").status_code == 404
    assert every(elsewhere, "/v1/resources") == []
    assert tenant.api.get("/v1/resources").status_code == 403


def test_its_author_is_named_only_if_she_says_so(app, circle, tenant, superuser):
    api = circle.api()
    named = shared(api, added(api, circle), named=True)
    assert api.get(named).get_json()["owner_name"] == "Invented Person"
    shared(api, added(api, circle))
    acts = superuser.execute(
        "SELECT actor FROM event WHERE tenant_id = %s AND type = 'resource.shared_with_tenant' ORDER BY id",
        [tenant.id],
    ).fetchall()
    assert acts == [(f"membership:{circle.members[0]}",), (None,)]


def test_to_share_needs_a_word_on_the_licence_and_something_to_see(circle):
    api = circle.api()
    one = added(api, circle, url=None)
    unconfirmed = api.post(f"{one}/share", json={**SHARE, "licence_confirmed": False})
    assert unconfirmed.get_json()["errors"][0]["pointer"] == "/licence_confirmed"
    assert api.post(f"{one}/share", json=SHARE).get_json()["code"] == "nothing_to_share"
    network = api.post(f"{one}/share", json={**SHARE, "scope": "world"})
    assert network.get_json()["errors"][0]["pointer"] == "/scope"
    assert every(api, "/v1/resources") == []


def test_what_is_shared_stays_as_it_is_until_it_is_taken_back(circle):
    api = circle.api()
    one = filed(api, circle)
    shelf = shared(api, one)
    again = api.post(f"{one}/share", json=SHARE)
    refused = [again, edit(api, one, title="X"), api.put(f"{one}/file", data=b"x", content_type="text/csv")]
    assert [(each.status_code, each.get_json()["code"]) for each in refused] == [(409, "is_shared")] * 3
    assert api.delete(f"{one}/share").status_code == 204
    assert api.get(shelf).status_code == api.get(f"{shelf}/file").status_code == 404
    assert api.delete(f"{one}/share").status_code == 404
    assert api.get(one).get_json()["scope"] == "group"
    assert api.get(f"{one}/file").data == PAPER
    assert edit(api, one, title="X").status_code == 200


def test_whoever_runs_the_tenant_takes_something_off_its_shelf_and_the_author_sees_it(
    app, circle, tenant, superuser
):
    api = circle.api()
    one, other = added(api, circle), filed(api, circle)
    before = every(api, "/v1/network-resources")
    link, paper = shared(api, one, scope="network"), shared(api, other)
    assert api.delete(link).get_json()["code"] == "insufficient_role"
    limited = holder(app, tenant.id, "program_manager", own_client=True, program_id=circle.program_id).api
    assert limited.delete(link).get_json()["code"] == "out_of_reach"
    manager = holder(app, tenant.id, "program_manager", own_client=True)
    assert [manager.api.delete(link).status_code, tenant.api.delete(paper).status_code] == [204, 204]
    assert tenant.api.delete(link).status_code == 404
    assert (every(api, "/v1/resources"), every(api, "/v1/network-resources")) == ([], before)
    for url in (one, other):
        shown = api.get(url).get_json()
        assert (shown["scope"], shown["shared_id"]) == ("group", None)
    assert api.get(f"{other}/file").data == PAPER
    acts = superuser.execute(
        "SELECT subject_id::text, actor FROM event WHERE tenant_id = %s AND type = 'resource.taken_off' ORDER BY id",
        [tenant.id],
    ).fetchall()
    assert [subject for subject, _ in acts] == [url.rpartition("/")[2] for url in (link, paper)]
    assert acts[0][1] == f"membership:{manager.id}"


def test_nobody_else_takes_it_off_in_the_database_either(circle, tenant, database):
    shared(circle.api(), added(circle.api(), circle))
    with database.tenant(tenant.id, membership_id=circle.members[1]) as session:
        gone = session.connection().exec_driver_sql("DELETE FROM shared_resource RETURNING id").all()
        assert gone == []


def test_what_is_removed_is_gone_from_both_shelves_and_no_event_tells_its_group(circle, tenant, superuser):
    api = circle.api()
    one = filed(api, circle)
    shelf = shared(api, one)
    assert api.get(one).get_json()["shared_id"] == shelf.rpartition("/")[2]
    assert remove(api, one).status_code == 204
    assert api.get(one).status_code == api.get(shelf).status_code == 404
    assert remove(api, added(api, circle)).status_code == 204
    told = superuser.execute(
        "SELECT type, subject_id::text FROM event WHERE tenant_id = %s"
        " AND type IN ('resource.removed', 'resource.taken_back') ORDER BY id",
        [tenant.id],
    ).fetchall()
    assert told == [("resource.taken_back", shelf.rpartition("/")[2]), ("resource.removed", str(circle.id))]


def test_the_wall_lets_nobody_share_or_take_back_what_is_anothers(circle, database, superuser):
    api = circle.api()
    one, theirs = added(api, circle), added(circle.api(1), circle)
    shelf = shared(api, one).rpartition("/")[2]
    person = superuser.execute(
        "SELECT person_id FROM membership WHERE id = %s", [circle.members[1]]
    ).fetchone()[0]
    copy = (
        "INSERT INTO shared_resource (tenant_id, id, resource_id, membership_id, scope, kind, title, licence)"
        " VALUES (%s, uuidv7(), %s, %s, 'tenant', 'other', 'Forged', 'none')"
    )
    with database.tenant(circle.tenant.id) as session:
        session.identify(membership_id=circle.members[1], person_id=person)
        run = session.connection().exec_driver_sql
        assert run("DELETE FROM shared_resource WHERE id = %s", (shelf,)).rowcount == 0
        run(copy, (circle.tenant.id, theirs.rpartition("/")[2], circle.members[1]))
        session.rollback()
    for resource, member in ((one, circle.members[1]), (theirs, circle.members[0])):
        with database.tenant(circle.tenant.id) as session:
            session.identify(membership_id=circle.members[1], person_id=person)
            with pytest.raises(Exception, match="own_share_insert"):
                session.connection().exec_driver_sql(
                    copy, (circle.tenant.id, resource.rpartition("/")[2], member)
                )
