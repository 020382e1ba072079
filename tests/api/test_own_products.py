"""Products that a member records herself: hers alone at first, and the tenant's once she says so."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import acting, connection_of, holder

OWN = "/v1/me/products"
TALK = {"kind": "talk", "title": "Amberbay revisited", "date": "2026-05-01"}


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


def recorded(api, **changes):
    made = api.post(OWN, json={**TALK, **changes})
    assert made.status_code == 201, made.get_json()
    assert api.get(made.headers["Location"]).get_json() == made.get_json()
    return made.headers["Location"]


def edited(api, url, **changes):
    return api.patch(url, json=changes, headers={"If-Match": api.get(url).headers["ETag"]})


def removed(api, url):
    return api.delete(url, headers={"If-Match": api.get(url).headers["ETag"]})


def refusal(answer):
    return answer.status_code, answer.get_json()["code"]


def told(superuser, tenant):
    """The types of events about products, in order."""
    rows = superuser.execute(
        "SELECT type FROM event WHERE tenant_id = %s AND subject_type = 'product' ORDER BY id", [tenant.id]
    )
    return [row[0] for row in rows.fetchall()]


def test_what_a_member_records_is_hers_alone_until_she_says_otherwise(app, circle, tenant, superuser):
    api = circle.api()
    url = recorded(api)
    shown = api.get(url).get_json()
    assert (shown["visibility"], shown["own"], shown["title"]) == ("me", True, TALK["title"])
    assert every(api, f"{OWN}?kind=talk") == [shown]
    assert every(api, f"{OWN}?kind=panel") == every(circle.api(1), OWN) == []
    organiser = holder(app, tenant.id, "owner", own_client=True).api
    for other in (tenant.api, organiser):
        assert every(other, "/v1/products") == []
        assert other.get(f"/v1/products/{shown['id']}").status_code == 404
    assert circle.api(1).get(url).status_code == 404
    assert refusal(acting(app, tenant.id, circle.members[0]).get(OWN)) == (403, "insufficient_scope")
    assert edited(api, url, title="Amberbay again").get_json()["title"] == "Amberbay again"
    assert removed(api, url).status_code == 204
    assert every(api, OWN) == told(superuser, tenant) == []


def test_it_comes_to_the_tenant_as_made_and_goes_as_deleted(circle, tenant, superuser):
    api = circle.api()
    url = recorded(api)
    assert edited(api, url, visibility="program").status_code == 200
    (row,) = every(tenant.api, "/v1/products")
    assert (row["title"], row["membership_ids"]) == (TALK["title"], [str(circle.members[0])])
    assert edited(api, url, title="Amberbay again").status_code == 200
    assert edited(api, url, visibility="me").get_json()["visibility"] == "me"
    assert every(tenant.api, "/v1/products") == []
    assert told(superuser, tenant) == ["product.created", "product.updated", "product.deleted"]
    recorded(api, title="Another", visibility="funder")
    assert told(superuser, tenant)[3:] == ["product.created"]


def test_what_is_hers_alone_clashes_with_nothing_and_is_counted_once_when_it_is_not(circle, tenant):
    first, second = circle.api(), circle.api(1)
    mine, hers = (recorded(api, doi="10.1000/invented.7") for api in (first, second))
    assert refusal(first.post(OWN, json={**TALK, "doi": "10.1000/INVENTED.7"})) == (409, "exists")
    assert edited(first, mine, visibility="program").status_code == 200
    shown = edited(second, hers, visibility="program").get_json()
    assert (shown["id"], shown["own"]) == (mine.rpartition("/")[2], False)
    assert second.get(hers).status_code == 404
    (row,) = every(tenant.api, "/v1/products")
    assert set(row["membership_ids"]) == {str(member) for member in circle.members}
    body = {**TALK, "doi": "10.1000/invented.8", "membership_ids": [str(circle.members[0])]}
    recorded(second, doi="10.1000/invented.8")
    assert tenant.api.post("/v1/products", json=body).status_code == 201


def test_what_the_tenant_recorded_or_others_are_behind_she_reads_and_does_not_change(circle, tenant):
    api, both = circle.api(), [str(member) for member in circle.members]
    theirs = tenant.api.post("/v1/products", json={**TALK, "membership_ids": both[:1]}).get_json()["id"]
    (row,) = every(api, OWN)
    assert (row["id"], row["own"], "membership_ids" in row) == (theirs, False, False)
    assert refusal(edited(api, f"{OWN}/{theirs}", title="Mine")) == (403, "not_yours")
    assert refusal(removed(api, f"{OWN}/{theirs}")) == (403, "not_yours")
    url = recorded(api, title="Ours", visibility="program")
    shared = f"/v1/products/{url.rpartition('/')[2]}"
    assert edited(tenant.api, shared, membership_ids=both).status_code == 200
    assert refusal(edited(api, url, visibility="me")) == (409, "others_are_behind_it")
    for kept in ("me", "group"):
        refused = edited(tenant.api, shared, visibility=kept)
        assert (refused.status_code, refused.get_json()["errors"][0]["code"]) == (422, "not_yours")


def test_nobody_who_signs_her_in_reads_or_records_what_is_hers_alone(app, circle, tenant, database):
    url = recorded(circle.api())
    connection = connection_of(database, tenant.id)
    as_her = acting(app, tenant.id, circle.members[0], connection_id=connection, own_client=True)
    assert every(as_her, OWN) == []
    assert as_her.get(url).status_code == 404
    assert refusal(as_her.post(OWN, json={**TALK, "title": "Other"})) == (403, "not_personal")
    recorded(as_her, title="For the program", visibility="program")
    assert {row["title"] for row in every(circle.api(), OWN)} == {TALK["title"], "For the program"}


def test_the_database_shows_it_to_her_alone(circle, tenant, database):
    recorded(circle.api())
    for how in ({}, {"membership_id": circle.members[0]}, {"membership_id": circle.members[1]}):
        with database.tenant(tenant.id, **how) as session:
            for table in ("product", "product_contributor"):
                assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, (table, how)  # noqa: S608


def test_a_product_is_named_somehow_and_for_those_who_may_be_told(circle):
    for body, pointer in (
        ({"kind": "talk"}, "/title"),
        ({**TALK, "visibility": "group"}, "/visibility"),
        ({**TALK, "membership_ids": [str(circle.members[0])]}, "/membership_ids"),
    ):
        refused = circle.api().post(OWN, json=body)
        assert refused.get_json()["errors"][0]["pointer"] == pointer, body


def test_two_who_show_the_same_at_once_are_one_product(circle, tenant, superuser):
    urls = [(circle.api(n), recorded(circle.api(n), doi="10.1000/invented.9")) for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: edited(*one, visibility="program").status_code, urls))
    assert answers == [200, 200]
    kept = superuser.execute(
        "SELECT count(*), count(*) FILTER (WHERE visibility = 'program') FROM product WHERE tenant_id = %s",
        [tenant.id],
    )
    assert kept.fetchone() == (1, 1)
    assert len(every(tenant.api, "/v1/products")[0]["membership_ids"]) == 2


def test_to_show_the_same_twice_at_once_is_no_error_of_the_products(circle, tenant):
    recorded(circle.api(1), doi="10.1000/invented.8", visibility="program")
    api, url = circle.api(), recorded(circle.api(), doi="10.1000/invented.8")
    sent = {"json": {"visibility": "program"}, "headers": {"If-Match": api.get(url).headers["ETag"]}}
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: api.patch(url, **sent).status_code, range(4)))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 404, 412}
    assert len(every(tenant.api, "/v1/products")[0]["membership_ids"]) == 2


def test_whoever_shows_what_the_tenant_has_by_any_identifier_stands_behind_it(circle, tenant, superuser):
    first, second = circle.api(), circle.api(1)
    paper = {"kind": "manuscript", "title": "Amberbay in print"}
    ours = recorded(first, **paper, pmid="77", visibility="program")
    hers = recorded(second, **paper, doi="10.1000/invented.5", pmid="77", role="informal", state="submitted")
    action = second.post(f"{circle.url}/actions", json={"text": "Send it", "product_id": hers[-36:]})
    assert edited(second, hers, visibility="funder").get_json()["visibility"] == "program"
    (row,) = every(tenant.api, "/v1/products")
    assert (row["id"], row["doi"], row["state"]) == (ours[-36:], "10.1000/invented.5", "submitted")
    behind = every(tenant.api, f"/v1/products/{row['id']}/contributors")
    assert [(each["membership_id"], each["role"], each["by_herself"]) for each in behind] == [
        (str(circle.members[0]), "formal", True),
        (str(circle.members[1]), "informal", True),
    ]
    linked = second.get(action.headers["Location"]).get_json()
    assert (linked["product_id"], linked["version"]) == (row["id"], 2)
    assert told(superuser, tenant) == ["product.created", "product.updated"]
    assert refusal(second.post(OWN, json={**paper, "doi": "10.1000/invented.5", "visibility": "program"})) == (
        409, "exists",
    )  # fmt: skip
    assert removed(second, f"{OWN}/{row['id']}").status_code == 204
    assert every(tenant.api, "/v1/products")[0]["membership_ids"] == [str(circle.members[0])]


def test_what_others_keep_is_not_found_by_showing_the_same(circle, tenant):
    kept = recorded(circle.api(1), doi="10.1000/invented.6")
    url = recorded(circle.api(), doi="10.1000/invented.6", visibility="program")
    assert every(tenant.api, "/v1/products")[0]["membership_ids"] == [str(circle.members[0])]
    assert circle.api(1).get(kept).get_json()["own"] is True
    assert url != kept


def test_she_says_how_she_is_behind_it(circle):
    api = circle.api()
    url = recorded(api, kind="nomination_given", role="informal")
    assert (api.get(url).get_json()["role"], api.get(url).get_json()["relation"]) == ("informal", "nominator")
    assert edited(api, url, relation="nominee", role="formal").get_json()["relation"] == "nominee"
    refused = edited(api, recorded(api), relation="nominee")
    assert refused.get_json()["errors"][0]["pointer"] == "/relation"
