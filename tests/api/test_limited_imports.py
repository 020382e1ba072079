"""Imports of whoever manages one program or cohort: moved on by others, undone, and naming what is elsewhere."""

from uuid import UUID

import pytest

from tests.factories.cohorts import counted, people, send_file, url_of
from tests.factories.matching import every, ready_to_match
from tests.factories.people import holder

HEADER = b"person_id,name,email,award\n"
MAPPING = {"external_id": "person_id", "name": "name", "email": "email", "attributes": {"award": "award"}}
PRODUCTS = b"person_id,kind,title,doi\n"
OF_PRODUCTS = {
    "kind": "products",
    "mode": "update",
    "mapping": {"external_id": "person_id", "kind": "kind", "title": "title", "doi": "doi"},
}


@pytest.fixture
def here(tenant, database):
    return ready_to_match(tenant, database, people=2, prefix="H")


@pytest.fixture
def there(tenant, database):
    return ready_to_match(tenant, database, people=1, prefix="T")


@pytest.fixture
def cohort(here):
    return f"/v1/cohorts/{here.cohort_id}"


@pytest.fixture
def manager(app, tenant, here):
    return holder(app, tenant.id, "program_manager", program_id=UUID(here.program_id)).api


@pytest.fixture
def of_cohort(app, tenant, here):
    return holder(app, tenant.id, "program_manager", cohort_id=UUID(here.cohort_id)).api


def announced(api, cohort, **how):
    made = api.post(f"{cohort}/imports", json={"kind": "roster", "mapping": MAPPING, "mode": "update", **how})
    assert made.status_code == 201
    return made.headers["Location"]


def sent(api, url, rows):
    assert api.put(f"{url}/file", data=HEADER + rows, content_type="text/csv").status_code == 202


def add(tenant, cohort_id, external_id):
    answer = tenant.api.post(f"/v1/cohorts/{cohort_id}/participants", json={"external_id": external_id})
    assert answer.status_code == 201
    return answer.get_json()


def membership(tenant, ready, number=0):
    return tenant.api.get(f"/v1/participants/{ready.participants[number]}").get_json()["membership_id"]


def undone(api, done, finished):
    assert api.post(f"{url_of(done)}/reversal").status_code == 202
    assert finished(api, url_of(done))["state"] == "reversed"


def product(tenant, doi, *members):
    body = {"kind": "talk", "title": "Old", "doi": doi, "membership_ids": members}
    made = tenant.api.post("/v1/products", json=body)
    assert made.status_code == 201
    return made.headers["Location"]


def test_an_import_reaches_no_further_than_whoever_sends_its_file(tenant, manager, cohort, there, finished):
    url = announced(tenant.api, cohort)
    sent(manager, url, b"N,New,,K01\nT0,Mine,mine@people.example,K01\n")
    assert counted(finished(manager, url)) == {"created": 1, "failed": 1}
    failed = every(manager, f"{url}/rows?outcome=failed")
    assert [(row["line"], row["code"]) for row in failed] == [(3, "out_of_reach")]
    assert people(tenant, f"/v1/cohorts/{there.cohort_id}")["T0"]["email"] is None


def test_nor_than_whoever_confirms_it(tenant, manager, cohort, there, finished):
    url = announced(tenant.api, cohort, mode="replace", max_withdrawals=0)
    sent(tenant.api, url, b"H0,Said,said@people.example,K01\nT0,Mine,mine@people.example,K01\n")
    assert counted(finished(tenant.api, url)) == {"created": 1, "updated": 1, "withdrawn": 1}
    assert manager.post(f"{url}/confirmation").status_code == 202
    assert counted(finished(manager, url)) == {"failed": 1, "updated": 1, "withdrawn": 1}
    assert people(tenant, f"/v1/cohorts/{there.cohort_id}")["T0"]["email"] is None


@pytest.mark.parametrize("program_first", [True, False])
def test_of_two_who_are_limited_it_keeps_what_both_reach(
    tenant, manager, of_cohort, here, cohort, finished, program_first
):
    """H0 is in another cohort of the program: of one's reach, and not of the other's."""
    other = tenant.api.post("/v1/cohorts", json={"program_id": here.program_id, "name": "Other"}).get_json()
    add(tenant, other["id"], "H0")
    first, second = (manager, of_cohort) if program_first else (of_cohort, manager)
    url = announced(first, cohort)
    sent(second, url, b"H0,Zero,,K99\nH1,One,,K99\n")
    assert counted(finished(second, url)) == {"updated": 2}
    after = people(tenant, cohort)
    assert {key: each["name"] for key, each in after.items()} == {"H0": "Invented H0", "H1": "One"}
    assert {each["attributes"]["award"] for each in after.values()} == {"K99"}


def test_who_undoes_an_import_leaves_alone_what_she_may_not_write(tenant, manager, cohort, there, finished):
    add(tenant, there.cohort_id, "H0")
    before = people(tenant, cohort)
    rows = HEADER + b"H0,Zero,zero@people.example,K99\nH1,One,one@people.example,K99\n"
    done = finished(tenant.api, send_file(tenant.api, cohort, rows, mapping=MAPPING, mode="update"))
    undone(manager, done, finished)
    after = people(tenant, cohort)
    assert (after["H0"]["name"], after["H0"]["email"]) == ("Zero", "zero@people.example")
    assert (after["H1"]["name"], after["H1"]["email"]) == ("Invented H1", None)
    assert [each["attributes"] for each in after.values()] == [each["attributes"] for each in before.values()]


def test_an_admin_undoes_all_of_a_limited_import(tenant, manager, cohort, there, finished):
    rows = HEADER + b"H0,Zero,zero@people.example,K99\n"
    done = finished(manager, send_file(manager, cohort, rows, mapping=MAPPING, mode="update"))
    assert people(tenant, cohort)["H0"]["name"] == "Zero"
    add(tenant, there.cohort_id, "H0")
    undone(tenant.api, done, finished)
    after = people(tenant, cohort)["H0"]
    assert (after["name"], after["email"]) == ("Invented H0", None)


@pytest.mark.parametrize("limited", [True, False])
def test_a_reversal_gives_no_older_address_to_whoever_holds_a_role_and_has_not_joined(
    app, tenant, here, cohort, finished, limited
):
    limit = {"program_id": UUID(here.program_id)} if limited else {}
    api = holder(app, tenant.id, "program_manager", **limit).api
    for address in (b"mine", b"right"):
        rows = HEADER + b"H0,Zero," + address + b"@people.example,K99\n"
        done = finished(api, send_file(api, cohort, rows, mapping=MAPPING, mode="update"))
        assert counted(done) == {"updated": 1}
    grant = {"membership_id": membership(tenant, here), "role": "owner"}
    assert tenant.api.post("/v1/role-grants", json=grant).status_code == 201
    undone(api, done, finished)
    assert people(tenant, cohort)["H0"]["email"] == "right@people.example"


def test_undone_products_that_others_are_behind_keep_what_is_said_of_them(
    tenant, manager, here, cohort, there, finished
):
    ours, theirs = membership(tenant, here), membership(tenant, there)
    shared, own = product(tenant, "10.1234/shared", ours, theirs), product(tenant, "10.1234/own", ours)
    rows = b"H0,talk,New,10.1234/shared\nH1,talk,New,10.1234/shared\nH0,talk,New,10.1234/own\n"
    done = finished(tenant.api, send_file(tenant.api, cohort, PRODUCTS + rows, **OF_PRODUCTS))
    assert counted(done) == {"created": 1, "updated": 2}
    undone(manager, done, finished)
    found = tenant.api.get(shared).get_json()
    assert (found["title"], set(found["membership_ids"])) == ("New", {ours, theirs})
    assert tenant.api.get(own).get_json()["title"] == "Old"


def test_nor_does_a_limited_reversal_take_a_product_from_who_has_gone_elsewhere(
    tenant, manager, cohort, there, finished
):
    joined = finished(tenant.api, send_file(tenant.api, cohort, HEADER + b"N,New,,K99\n", mapping=MAPPING))
    rows = b"N,talk,Both,10.1234/both\nH0,talk,Both,10.1234/both\n"
    done = finished(tenant.api, send_file(tenant.api, cohort, PRODUCTS + rows, **OF_PRODUCTS))
    gone = add(tenant, there.cohort_id, "N")["membership_id"]
    undone(tenant.api, joined, finished)
    undone(manager, done, finished)
    assert [each["membership_ids"] for each in every(tenant.api, "/v1/products")] == [[gone]]


def test_a_product_elsewhere_does_not_come_into_reach_by_its_doi(tenant, manager, cohort, there, finished):
    theirs = membership(tenant, there)
    url = product(tenant, "10.1234/secret", theirs)
    before = tenant.api.get(url).get_json()
    rows = b"H0,talk,Mine,10.1234/secret\nH0,talk,Mine,10.1234/mine\n"
    done = finished(manager, send_file(manager, cohort, PRODUCTS + rows, **OF_PRODUCTS))
    assert counted(done) == {"created": 1, "failed": 1}
    failed = every(manager, f"{url_of(done)}/rows?outcome=failed")
    assert [(row["line"], row["code"], row["subject_id"]) for row in failed] == [(2, "out_of_reach", None)]
    assert manager.get(url).status_code == 404
    assert tenant.api.get(url).get_json() == before
