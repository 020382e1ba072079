"""Every list of the document: what it costs, and that its items are the resources themselves."""

from datetime import timedelta

import psycopg
import pytest

from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tests.contract import document
from tests.factories.cohorts import send_file
from tests.factories.events import sealed
from tests.factories.everything import INSTRUMENT, from_outside, own_survey
from tests.factories.group_life import nudged
from tests.factories.matching import every, program_to_match, ready_to_match, statements
from tests.factories.partners import partners_of
from tests.factories.people import api_for, inhabit, let_in
from tests.factories.releases import releases_of
from tests.factories.surveys import days, planned
from tests.planting import plant

LISTS = sorted(
    path
    for path, item in document()["paths"].items()
    if "next_cursor"
    in item.get("get", {})
    .get("responses", {})
    .get("200", {})
    .get("content", {})
    .get("application/json", {})
    .get("schema", {})
    .get("properties", {})
)
SINGLE = {"/v1/programs/{program_id}/attributes": "/v1/attributes",
          "/v1/programs/{program_id}/curricula": "/v1/curricula", **{
    path: f"/v1/{path.rpartition('/')[2]}" for path in LISTS if path.rpartition("/")[2] in
    ("clients", "programs", "cohorts", "participants", "imports", "recipes", "matching-runs", "groups",
     "products", "career-events", "reports", "opportunities", "connections", "people", "invitations", "role-grants",
     "verifications", "findings", "candidate-searches", "sharing-agreements", "releases", "received-reports",
     "pooled-reports", "contribution-requests", "named-documents")
    and "/me/" not in path and "comparisons" not in path and not path.startswith("/v1/groups/")
}}  # fmt: skip
BELOW = {"/v1/cohorts/{cohort_id}/separations"}
"""Lists whose items are below themselves."""
ROSTER = b"person_id\r\n" + b"".join(b"R%d\r\n" % number for number in range(3))


@pytest.fixture(scope="module")
def tenant(new_tenant):
    """The tenant that is `filled`; tests only read of it."""
    return new_tenant()


@pytest.fixture(scope="module")
def filled(tenant, database, finished, servers):
    """The tenant with several of everything; the URLs of its lists by their path in the document."""
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as superuser:
        return fill(tenant, database, finished, superuser)


def fill(tenant, database, finished, superuser):
    api = tenant.api
    ready = ready_to_match(tenant, database, people=13, size={"min": 5, "max": 5}, rules=[], waitlist=True)
    cohort, program = f"/v1/cohorts/{ready.cohort_id}", ready.program_id

    def made(path, **body):
        answer = api.post(path, json=body)
        assert answer.status_code in (201, 202), answer.get_json()
        return answer

    runs = [made("/v1/matching-runs", **ready.order(seed=seed)).headers["Location"] for seed in (1, 2)]
    assert [finished(api, run)["state"] for run in runs] == ["partial"] * 2
    made(f"{runs[0]}/acceptance")
    for _ in range(2):
        assert finished(api, made(f"{runs[0]}/analyses").headers["Location"])["state"] == "succeeded"
    participant = f"/v1/participants/{ready.participants[0]}"
    for rank in ("low", "high", "low"):
        tag = api.get(participant).headers["ETag"]
        api.patch(participant, json={"attributes": {"rank": rank}}, headers={"If-Match": tag})
    member = api.get(participant).get_json()["membership_id"]
    for pair in (ready.participants[:2], ready.participants[1:3]):
        made(f"{cohort}/separations", participants=pair)
    for number in range(2):
        made("/v1/connections", name="Own", issuer="https://own.example", client_id="x", client_secret="x")
        person = made("/v1/people", name="Invented").get_json()["id"]
        made("/v1/invitations", membership_id=person, deliver="link")
        made("/v1/role-grants", membership_id=person, role="facilitator")
        made("/v1/clients", name=f"Client {number}")
        made(f"/v1/programs/{program}/instruments", **{**INSTRUMENT, "version": str(number)})
        made("/v1/cohorts", program_id=program, name=f"Cohort {number}")
        made("/v1/recipes", program_id=program, name=f"Recipe {number}", terms=[
            {"attribute": "award", "prefer": "similar"}
        ])  # fmt: skip
        made(f"/v1/programs/{program}/curricula", name=f"Invented {number}", topics=["writing"])
        made("/v1/products", kind="talk", title=f"Invented {number}", membership_ids=[member])
        made("/v1/career-events", kind="award", code="K23", date=f"2024-05-0{number + 1}", membership_id=member,
             project_number=f"5K23XX000001-0{number + 1}")  # fmt: skip
        made("/v1/opportunities", kind="award", title=f"Invented {number}")
        made(f"{cohort}/announcements", title=f"Invented {number}", text="Invented")
        made("/v1/named-documents", program_id=program, kind="table_8b")
        report = made("/v1/reports", program_id=program, audience="internal").headers["Location"]
        leaving = left(superuser.cursor(), tenant, finished(api, report))
        rows = finished(api, send_file(api, cohort, ROSTER, mapping={"external_id": "person_id"}))
        assert rows["state"] == "succeeded"
    wrote = let_in(tenant, group := api.get("/v1/groups").get_json()["items"][0]["id"])
    inhabit(tenant, ready.participants[:2])
    groups = api_for(tenant, "/v1/me").get("/v1/me/groups").get_json()["items"]
    for each in groups:
        took_part(superuser.cursor(), tenant, each["id"])
        superuser.execute("UPDATE group_member SET admitted_at = now() WHERE group_id = %s", [each["id"]])
        took_on = api_for(tenant, "/v1/me/actions").post(
            f"/v1/groups/{each['id']}/actions", json={"text": "Invented"}
        )
        assert took_on.status_code == 201, took_on.get_json()
        assert api_for(tenant, "/v1/me/calendar-feeds").post("/v1/me/calendar-feeds").status_code == 201
    for decision in ("objected", "granted"):
        said = {"program_id": program, "purpose": "contact", "decision": decision, "wording_version": "1"}
        assert api_for(tenant, "/v1/me").post("/v1/me/consents", json=said).status_code == 201
    for _ in range(2):
        theirs = partners_of(tenant, ready.cohort_id, api_for(tenant, "/v1/me"))
    published(superuser.cursor(), tenant.id, ready.cohort_id, group)
    around(superuser.cursor(), tenant, group, groups[0]["id"])
    nudged(database, tenant.id, group)
    program_to_match(api)
    sealed(database, tenant.id)
    ids = {
        "program_id": program,
        "cohort_id": ready.cohort_id,
        "participant_id": ready.participants[0],
        "import_id": rows["id"],
        "matching_run_id": runs[0].rpartition("/")[2],
        "other_run_id": runs[1].rpartition("/")[2],
        "group_id": group,
        "survey_wave_id": surveyed(superuser.cursor(), tenant, database, ready),
        **theirs,
        **wrote,
        **came_out(tenant, group, [member, person]),
        **leaving,
    }
    return {path: path.format(**ids) for path in LISTS}


def surveyed(cursor, tenant, database, ready):
    """Two waves of a cohort, and two surveys of her own; the wave of which something is told."""
    first = planned(tenant.api, ready.cohort_id, ready.program_id)
    later = {"instrument_id": first["instrument_id"], **days(50, 60)}
    wave = planned(tenant.api, ready.cohort_id, ready.program_id, **later)["id"]
    for scale in ("belonging", "heard"):
        own_survey(tenant, database, api_for(tenant, "/v1/me/surveys"))
        told = {"tenant_id": tenant.id, "wave_id": wave, "scale": scale, "n": 11, "bins": [0, 0, 0, 0, 11]}
        plant(cursor, "survey_result", **told)
        plant(cursor, "survey_change", since_id=first["id"], **told)
    return wave


def left(cursor, tenant, report):
    """What passes between the tenant and others, and that its person was counted in a report that left; the ids."""
    assert report["state"] == "succeeded"
    ids = releases_of(tenant, report["id"])
    ended = tenant.api.put(
        f"/v1/sharing-agreements/{ids['sharing_agreement_id']}/signature", json={"decision": "ended"}
    )
    assert ended.get_json()["state"] == "ended"
    me = api_for(tenant, "/v1/me").get("/v1/me").get_json()["id"]
    plant(cursor, "counted_person", tenant_id=tenant.id, report_id=report["id"], membership_id=me)
    cursor.execute("UPDATE report SET disclosed_at = now() WHERE id = %s", [report["id"]])
    return ids


def took_part(cursor, tenant, group):
    """A meeting of her group at which the tenant's person was, a product of hers, and what was looked for outside."""
    here, mine = {"tenant_id": tenant.id, "group_id": group}, api_for(tenant, "/v1/me/products")
    held = {"starts_at": now() - timedelta(hours=2), "minutes": 60, "time_zone": "UTC"}
    meeting = plant(cursor, "meeting", **here, **held)
    me = mine.get("/v1/me").get_json()["id"]
    plant(cursor, "meeting_attendance", meeting_id=meeting, author_id=me, attended=True, **here)
    talk = {"kind": "talk", "title": f"Invented {group}"}
    assert mine.post("/v1/me/products", json=talk).status_code == 201
    cohort = tenant.api.get("/v1/cohorts").get_json()["items"][0]["id"]
    from_outside(tenant.api.application.extensions["database"], tenant.id, me, cohort)


def in_states(api, *members, path="/v1/products"):
    """The id of a product that went through two states."""
    paper = {"kind": "manuscript", "title": "Invented", "state": "submitted"}
    made = api.post(path, json={**paper, "membership_ids": [*members]} if members else paper)
    product = made.get_json()["id"]
    assert api.post(f"{path}/{product}/states", json={"state": "accepted"}).status_code == 201
    return product


def came_out(tenant, group, members):
    """The ids of a product of the tenant's and of one of a person's own. Of hers a member shows her group two, and a
    person tells two events of her career.
    """
    own = "/v1/me/products"
    mine, hers = api_for(tenant, own), tenant.group_person
    for _ in range(2):
        made = hers.post(own, json={"kind": "talk", "title": f"Invented {new_id()}"}).get_json()["id"]
        assert hers.put(f"/v1/groups/{group}/products/{made}").status_code == 204
    for kind in ("promotion", "appointment"):
        told = {"kind": kind, "date": "2024-05-01"}
        assert mine.post("/v1/me/career-events", json=told).status_code == 201
    return {"product_id": in_states(tenant.api, *members), "own_product_id": in_states(mine, path=own)}


def around(cursor, tenant, group, own_group):
    """What others send to the two or record about them."""
    person, member = (
        api_for(tenant, path).get("/v1/me").get_json()["id"]
        for path in ("/v1/me", "/v1/groups/{group_id}/charter")
    )
    here = {"tenant_id": tenant.id}
    theirs = cursor.execute("SELECT id FROM participant WHERE membership_id = %s", [person]).fetchall()
    for (participant,) in theirs:
        plant(cursor, "sponsor_commitment", participant_id=participant, **here)
        when = {"accepted_at": now(), "ended_at": now()}
        plant(cursor, "facilitation", group_id=group, membership_id=person, **here, **when)
        concern = plant(cursor, "concern", group_id=own_group, author_id=person, **here)
        plant(cursor, "concern_reader", concern_id=concern, author_id=person, reader_id=member, **here)


def published(cursor, tenant_id, cohort_id, group_id):
    """What only a door writes."""
    window = cursor.execute(
        "SELECT id FROM check_in_window WHERE tenant_id = %s AND cohort_id = %s", [tenant_id, cohort_id]
    ).fetchone()[0]
    for item in ("worth_it", "work_goes"):
        known = {"tenant_id": tenant_id, "window_id": window, "item": item, "answered": []}
        plant(cursor, "check_in_result", group_id=group_id, **known)
        plant(cursor, "pooled_check_in", cohort_id=cohort_id, **known)


def test_no_list_asks_more_often_for_more_rows_and_its_items_are_the_resources(tenant, filled, database):
    for path, url in filled.items():
        seen = {}
        for limit in (1, 100):
            with statements(database) as asked:
                items = api_for(tenant, path).get(f"{url}?limit={limit}").get_json()["items"]
            seen[limit] = len(asked)
        assert len(items) > 1, path
        assert seen[1] == seen[100] > 0, path
        base = url if path in BELOW else SINGLE.get(path)
        for item in items if base else ():
            assert tenant.api.get(f"{base}/{item['id']}").get_json() == item, path


def test_a_filter_by_state_or_kind_leaves_those_and_each_row_is_among_those_of_one_value(tenant, filled):
    tried = 0
    for path, url in filled.items():
        api = api_for(tenant, path)
        for name, values in choices(path):
            found = {value: every(api, f"{url}?{name}={value}") for value in values}
            for value, rows in found.items():
                assert {row[name] for row in rows} <= {value}, (path, name)
            ids = [row["id"] for rows in found.values() for row in rows]
            assert sorted(ids) == sorted(row["id"] for row in every(api, url)), (path, name)
            tried += 1
            assert api.get(f"{url}?{name}=nothing").status_code == 422, path
    assert tried >= 28


def choices(path):
    """The parameters of a list that say which value a field of its items is to have, and these values."""
    item = document()["paths"][path]["get"]
    schema = item["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["items"]["items"]
    fields = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
    for each in item["parameters"]:
        values = [value for value in each.get("schema", {}).get("enum", ()) if value is not None]
        if values and each["name"] in fields:
            yield each["name"], values


def test_there_are_lists_to_try():
    assert len(LISTS) >= 19
    assert SINGLE.keys() | BELOW <= set(LISTS)
