"""What members show their groups of what came out: theirs to read, and nothing of it the tenant's."""

import pytest

from tests.factories.circles import circle_of
from tests.factories.matching import every
from tests.factories.people import holder

OWN = "/v1/me/products"
TALK = {"kind": "talk", "title": "Amberbay revisited", "date": "2026-05-01"}


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser, people=2)


def recorded(api, **changes):
    return api.post(OWN, json={**TALK, **changes}).get_json()["id"]


def visibility(api, product):
    return api.get(f"{OWN}/{product}").get_json()["visibility"]


def test_a_group_reads_what_a_member_shows_it_and_the_tenant_does_not(app, circle, tenant, superuser):
    author, fellow = circle.api(), circle.api(1)
    talk, kept = recorded(author), recorded(author, title="Kept")
    assert every(fellow, f"{circle.url}/products") == []
    assert author.put(f"{circle.url}/products/{talk}").status_code == 204
    (row,) = every(fellow, f"{circle.url}/products")
    assert (row["id"], row["title"], row["shown_by"]) == (talk, TALK["title"], [str(circle.members[0])])
    assert visibility(author, talk) == "group"
    assert visibility(author, kept) == "me"
    organiser = holder(app, tenant.id, "owner", own_client=True).api
    for other in (tenant.api, organiser):
        assert every(other, "/v1/products") == []
        for path in ("", "/states", "/contributors"):
            assert other.get(f"/v1/products/{talk}{path}").status_code == 404
    assert organiser.get(f"{circle.url}/products").status_code == 404
    assert fellow.get(f"{OWN}/{talk}").status_code == 404
    assert superuser.execute(
        "SELECT count(*) FROM event WHERE subject_type = 'product' AND tenant_id = %s", [tenant.id]
    ).fetchone() == (0,)
    assert author.delete(f"{circle.url}/products/{talk}").status_code == 204
    assert visibility(author, talk) == "me"
    assert every(fellow, f"{circle.url}/products") == []


def test_only_her_own_groups_are_shown_it_and_only_while_she_is_in_them(app, circle, tenant, superuser):
    other = circle_of(app, tenant, superuser, people=1)
    author = circle.api()
    talk = recorded(author)
    assert author.put(f"{other.url}/products/{talk}").status_code == 404
    assert circle.api(1).put(f"{circle.url}/products/{talk}").status_code == 404
    author.put(f"{circle.url}/products/{talk}")
    assert every(other.api(), f"{other.url}/products") == []
    superuser.execute(
        "UPDATE group_member SET left_at = now() WHERE group_id = %s AND membership_id = %s",
        [circle.id, circle.members[0]],
    )
    assert every(circle.api(1), f"{circle.url}/products") == []
    assert visibility(author, talk) == "group"


def test_taken_back_for_herself_it_is_shown_to_no_group(circle):
    author = circle.api()
    talk = recorded(author, visibility="program")
    author.put(f"{circle.url}/products/{talk}")
    assert visibility(author, talk) == "program"
    url, held = f"{OWN}/{talk}", {}
    for to in ("me", "program"):
        held["If-Match"] = author.get(url).headers["ETag"]
        assert author.patch(url, json={"visibility": to}, headers=held).status_code == 200
        assert every(circle.api(1), f"{circle.url}/products") == []


def test_a_group_lists_what_its_items_and_actions_came_to(circle, tenant):
    author, fellow = circle.api(), circle.api(1)
    both = [str(member) for member in circle.members]
    paper = tenant.api.post("/v1/products", json={**TALK, "membership_ids": both}).get_json()["id"]
    kept = recorded(author)
    item = author.post(
        f"{circle.url}/agenda-items", json={"kind": "win", "title": "Done", "product_id": paper}
    ).get_json()
    action = author.post(f"{circle.url}/actions", json={"text": "Do", "product_id": paper}).get_json()
    author.post(f"{circle.url}/actions", json={"text": "Do", "product_id": kept})
    for api in (author, fellow):
        (row,) = every(api, f"{circle.url}/products")
        assert (row["id"], row["shown_by"]) == (paper, [])
        assert (row["agenda_item_ids"], row["action_ids"]) == ([item["id"]], [action["id"]])


def test_the_database_opens_it_to_nobody_who_shows_anothers(circle, database, tenant, superuser):
    """A row that names another's product, made past the API, opens nothing."""
    from tests.planting import plant

    talk = recorded(circle.api())
    superuser.execute("UPDATE product SET visibility = 'group' WHERE id = %s", [talk])
    known = {"tenant_id": tenant.id, "group_id": circle.id, "product_id": talk}
    plant(superuser.cursor(), "group_product", author_id=circle.members[1], **known)
    assert every(circle.api(1), f"{circle.url}/products") == []
