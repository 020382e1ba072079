"""Reports of several institutions, from order to file, run job by job. Everybody is invented."""

import csv
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from uuid import UUID

import pytest
from click.testing import CliRunner
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from cli.release import release
from tenants.kernel.ids import new_id
from tenants.reporting.passing import ONE_AT_A_TIME
from tenants.reporting.remaking import remade
from tests.conftest import eventually
from tests.factories.consents import says
from tests.factories.matching import every
from tests.factories.people import holder, member_of
from tests.factories.pools import agreements_of, declaring, ordered, requests_to, signed, tenants_of
from tests.factories.releases import FUND, agreed, offered
from tests.factories.reports import cells
from workers.tenant_job import run_job

SIZES = (30, 40, 50)
ATTEMPTS = (
    "SELECT * FROM sealed_contribution",
    "SELECT count(*) FROM sealed_contribution",
    "DELETE FROM sealed_contribution",
    "UPDATE sealed_contribution SET sealed_by = ''",
)
OPENS = text("SELECT * FROM door.pool_contributions(:pool, :job, :fence)")
RELEASES = text("SELECT door.release_pool(:pool, :job, :fence, '{}'::jsonb, '{}'::jsonb)")
LEAVES = text(
    "INSERT INTO sealed_contribution (tenant_id, id, source_tenant_id, pooled_report_id, request_id, counted_at,"
    " encrypted_content, sealed_by) VALUES (:tenant, :id, :source, :pool, :id, now(), '', '')"
)
DROPS = text("SELECT door.drop_contributions(:pool, :job, :fence, false)")


def sealed(root, url):
    pool = url.rpartition("/")[2]
    return root.execute(
        "SELECT count(*) FROM sealed_contribution WHERE pooled_report_id = %s", [pool]
    ).fetchone()[0]


def states(institution):
    return [each["state"] for each in requests_to(institution)]


def test_three_institutions_are_told_of_as_one_and_nothing_of_what_they_sealed_is_left(
    funder, sources, run, root
):
    tenants = tenants_of(sources)
    url = ordered(funder, agreements_of(sources), metrics=["reach"])
    assert [states(each) for each in tenants] == [["waiting"]] * 3
    assert run(*tenants[:2]) == run(funder) == 2
    waiting = funder.api.get(url).get_json()
    assert (waiting["state"], waiting["sources"], waiting["contributed"]) == ("waiting", 3, 2)
    assert funder.api.get(f"{url}/files/json").get_json()["code"] == "not_ready"
    assert sealed(root, url) == 2
    run(tenants[2])
    assert sealed(root, url) == 3
    run(funder)
    built = funder.api.get(url).get_json()
    assert (built["state"], built["coverage"]["counted"], sealed(root, url)) == ("built", 120, 0)
    document = funder.api.get(f"{url}/files/json").get_json()
    assert cells(document, "states")[()] == 120
    assert [each["counted"] for each in document["cover"]["sources"]] == list(SIZES)
    assert funder.api.get(f"{url}/files/pdf").status_code == 404
    assert run(funder, *tenants) == 0
    for tenant in tenants:
        (mine,) = every(tenant.api, "/v1/reports")
        assert (mine["pooled_for"], mine["formats"], mine["state"]) == ("Invented Society", [], "succeeded")
        assert tenant.api.get(f"/v1/reports/{mine['id']}/files/json").status_code == 404
        assert tenant.api.get(url).status_code == 404
        refusal = f"/v1/contribution-requests/{requests_to(tenant)[0]['id']}/refusal"
        assert tenant.api.put(refusal).get_json()["code"] == "pooled"
    assert funder.api.get(url).get_json()["declined"] == 0


def test_every_form_is_written_of_all_that_is_asked(funder, sources, run):
    forms = ["json", "csv", "pdf", "html", "xlsx"]
    url = ordered(funder, agreements_of(sources), formats=forms)
    run(*tenants_of(sources))
    run(funder)
    assert [funder.api.get(f"{url}/files/{form}").status_code for form in forms] == [200] * 5
    page = funder.api.get(f"{url}/files/html")
    unchanged = {"If-None-Match": page.headers["ETag"]}
    assert page.headers["ETag"] == f'"{sha256(page.data).hexdigest()}"'
    assert funder.api.get(f"{url}/files/html", headers=unchanged).status_code == 304
    names = [each["id"] for each in funder.api.get(f"{url}/files/json").get_json()["sections"]]
    assert {"reach", "products", "careers", "time_to_r01"} <= set(names)
    told = csv.DictReader(funder.api.get(f"{url}/files/csv").get_data(as_text=True).splitlines())
    cover = {each["key"]: each["value"] for each in told if each["part"] == "cover"}
    assert cover["Coverage"] == "120 people of 3 institutions are counted."
    assert sorted(each.rpartition(": ")[2] for each in cover["People counted"].split("; ")) == sorted(
        map(str, SIZES)
    )
    assert cover.keys().isdisjoint({"Program", "Cohort", "Approved by"})
    assert "coverage" not in names


def test_what_is_sealed_is_read_by_nobody_but_the_job_of_its_pool(app, funder, sources, run, database, root):
    url = ordered(funder, agreements_of(sources), metrics=["reach"])
    run(*tenants_of(sources))
    pool = UUID(url.rpartition("/")[2])
    (job,) = root.execute(
        "SELECT id FROM job WHERE kind = 'pool' AND tenant_id = %s LIMIT 1", [funder.id]
    ).fetchone()
    for tenant in (funder, *tenants_of(sources)):
        for attempt in ATTEMPTS:
            with (
                database.tenant(tenant.id) as session,
                pytest.raises(ProgrammingError, match="permission denied"),
            ):
                session.execute(text(attempt))
        with database.tenant(tenant.id) as session:  # the job is there, but nobody is at work on it
            for fence in (0, 1):
                known = {"pool": pool, "job": job, "fence": fence}
                assert session.execute(OPENS, known).all() == []
                assert session.execute(RELEASES, known).scalar_one() == 0
                session.execute(DROPS, known)
            session.commit()
    assert sealed(root, url) == 3
    for (content,) in root.execute(
        "SELECT encrypted_content FROM sealed_contribution WHERE pooled_report_id = %s", [pool]
    ):
        assert content[:1] == b"\x01"
        assert b"states" not in content
    strange = {"tenant": funder.id, "id": new_id(), "source": sources[0][0].id, "pool": pool}
    with database.tenant(funder.id) as session, pytest.raises(ProgrammingError, match="row-level security"):
        session.execute(LEAVES, strange)
    for role in ("admin", "report_viewer", "auditor", "member"):
        answer = holder(app, funder.id, role).api.get(url)
        assert answer.status_code in (403, 404) or answer.get_json()["coverage"] is None
    run(funder)
    assert funder.api.get(url).get_json()["state"] == "built"


@pytest.mark.parametrize("after_contributing", [False, True])
def test_of_two_that_are_left_nothing_is_told(funder, sources, run, root, after_contributing):
    tenants = tenants_of(sources)
    url = ordered(funder, agreements_of(sources), metrics=["reach"])
    run(*(tenants if after_contributing else tenants[1:]))
    asked = f"/v1/contribution-requests/{requests_to(tenants[0])[0]['id']}/refusal"
    assert tenants[0].api.put(asked).get_json()["state"] == "declined"
    assert tenants[0].api.put(asked).get_json()["code"] == "answered"
    assert run(tenants[0]) == (0 if after_contributing else 1)
    run(funder)
    found = funder.api.get(url).get_json()
    assert (found["state"], found["declined"], found["coverage"]) == ("refused", 1, None)
    assert funder.api.get(f"{url}/files/json").get_json()["code"] == "not_built"
    assert sealed(root, url) == 0


def test_a_pool_is_ordered_of_three_that_agreed_to_be_pooled(funder, sources, new_tenant):
    known = agreements_of(sources)

    def codes(ids, **more):
        answer = funder.api.post(
            "/v1/pooled-reports", json={"title": "x", "sharing_agreement_ids": ids, **more}
        )
        assert answer.status_code == 422
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    other = new_tenant()
    unpooled = agreed(funder, other, signed(funder, other, people=1)["program_id"])
    assert codes([*known[:2], known[0]]) == [("/sharing_agreement_ids", "too_few")]
    assert codes([*known, unpooled]) == [("/sharing_agreement_ids/3", "not_in_force")]
    assert codes([*known, str(new_id())]) == [("/sharing_agreement_ids/3", "unknown")]
    assert codes(known, as_of="2099-01-01") == [("/as_of", "in_the_future")]
    assert codes(known, metrics=["reach", "coverage"]) == [("/metrics/1", "unknown")]


def test_an_institution_without_a_program_declares_and_is_marked(funder, sources, run, new_tenant, root):
    own = new_tenant()
    url = ordered(funder, [*agreements_of(sources), declaring(funder, own)], metrics=["reach", "products"])
    run(own, *tenants_of(sources))
    run(funder)
    (asked,) = requests_to(own)
    assert (asked["state"], asked["program_id"]) == ("waiting", None)
    told = f"/v1/contribution-requests/{asked['id']}/declaration"

    def declared(*rows):
        named = [{"table": table, "at": at, "count": count} for table, at, count in rows]
        return own.api.put(told, json={"rows": named})

    def wrong(*rows):
        answer = declared(*rows)
        assert answer.status_code == 422
        return [(each["pointer"], each["code"]) for each in answer.get_json()["errors"]]

    good = [("states", {"state": "placed"}, 25), ("stages", {"stage": "stayed"}, 25)]
    assert wrong(*good, ("ages", {}, 1)) == [("/rows/2/table", "unknown")]
    assert wrong(*good, ("products", {"product_kind": "talk"}, 1)) == [("/rows/2/table", "unknown")]
    assert wrong(("states", {}, 1), ("states", {"state": "eaten"}, 1)) == [
        ("/rows/0/at", "other_dimensions"), ("/rows/1/at/state", "unknown"),
    ]  # fmt: skip
    assert wrong(("stages", {"stage": "joined"}, 1)) == [("/rows/0/at/stage", "unknown")]
    assert wrong(*good, good[0]) == [("/rows/2/at", "twice")]
    assert wrong(good[0], ("stages", {"stage": "stayed"}, 24)) == [("/rows", "contradiction")]
    assert wrong(good[0]) == [("/rows", "incomplete")]
    assert wrong(("states", {"state": 5}, 1)) == [("/rows/0/at/state", "invalid")]
    assert wrong(("states", {"": "placed"}, 1)) == [("/rows/0/at", "invalid")] * 2
    assert wrong(("states", {"state": "placed"}, -1)) == [("/rows/0/count", "invalid")]
    counted_here = f"/v1/contribution-requests/{requests_to(sources[0][0])[0]['id']}/declaration"
    rows = {"rows": [{"table": "states", "at": {"state": "placed"}, "count": 1}]}
    assert sources[0][0].api.put(counted_here, json=rows).get_json()["code"] == "counted_here"
    assert declared(*good).get_json()["state"] == "contributed"
    assert declared(*good).get_json()["code"] == "answered"
    run(funder)
    found = funder.api.get(url).get_json()
    assert (found["state"], found["coverage"]["counted"], sealed(root, url)) == ("built", 145, 0)
    document = funder.api.get(f"{url}/files/json").get_json()
    assert [each["declared"] for each in document["cover"]["sources"]].count(True) == 1
    assert document["cover"]["institution"].count("(declared)") == 1
    assert [each["name"] for section in document["sections"] for each in section["tables"]] == [
        "states",
        "stages",
    ]


def test_only_an_agreement_that_may_be_pooled_is_signed_by_who_declares(funder, new_tenant):
    own = new_tenant()
    url = f"/v1/sharing-agreements/{offered(funder, own)}/signature"
    refused = own.api.put(url, json={"decision": "signed", "declares": True})
    assert refused.get_json()["errors"][0]["code"] == "not_so"


def test_a_product_of_two_institutions_counts_once(funder, sources, run):
    for place, (tenant, found) in enumerate(sources):
        people = every(tenant.api, f"/v1/cohorts/{found['cohort_id']}/participants?limit=100")
        members = [each["membership_id"] for each in people[:15]]
        shared = {"kind": "manuscript", "visibility": "funder", "membership_ids": members}
        for number in range(12):  # the second writes its DOIs otherwise, the third has others
            doi = ("10.5555/paper", "https://doi.org/10.5555/PAPER", "10.5555/other")[place]
            told = {**shared, "title": f"Paper {number}", "doi": f"{doi}.{number}"}
            answer = tenant.api.post("/v1/products", json=told)
            assert answer.status_code == 201, answer.get_json()
    url = ordered(funder, agreements_of(sources), metrics=["products"])
    run(*tenants_of(sources))
    run(funder)
    document = funder.api.get(f"{url}/files/json").get_json()
    assert cells(document, "products")[()] == 24
    assert cells(document, "contributors")[("5 or more",)] == 45


def test_whoever_withdrew_since_is_left_out_though_all_had_contributed(app, funder, sources, run, root):
    tenant, found = sources[0]
    url = ordered(funder, agreements_of(sources), metrics=["reach"])
    run(*tenants_of(sources))
    people = every(tenant.api, f"/v1/cohorts/{found['cohort_id']}/participants?limit=100")
    one = member_of(app, tenant.id, membership_id=UUID(people[0]["membership_id"]))
    assert says(one, found["program_id"], "funder_sharing", "withdrawn", funder=FUND).status_code == 201
    run(funder)
    waiting = funder.api.get(url).get_json()
    assert (waiting["state"], waiting["contributed"], sealed(root, url)) == ("waiting", 2, 2)
    assert states(tenant) == ["superseded", "waiting"]
    assert every(one.api, "/v1/me/shared") == []
    run(tenant)
    run(funder)
    assert funder.api.get(url).get_json()["coverage"]["counted"] == 119
    (mine,) = every(one.api, "/v1/me/shared")  # that she is of the program; not what came of it
    assert (mine["pooled"], mine["sent_to"], mine["with_outcomes"]) == (True, "Invented Society", False)
    other = member_of(app, tenant.id, membership_id=UUID(people[1]["membership_id"]))
    assert [each["with_outcomes"] for each in every(other.api, "/v1/me/shared")] == [True]


def test_what_a_source_released_since_has_its_contribution_asked_for_anew(
    funder, sources, run, environment, database, tmp_path
):
    tenant, found = sources[0]
    url = ordered(funder, agreements_of(sources), metrics=["reach"])
    run(*tenants_of(sources))
    order = {"program_id": found["program_id"], "audience": "public"}
    report = tenant.api.post("/v1/reports", json=order).headers["Location"]
    run(tenant, kind="report")
    assert tenant.api.get(f"{report}/files/json").status_code == 200
    run(funder)
    assert funder.api.get(url).get_json()["state"] == "waiting"
    assert states(tenant) == ["superseded", "waiting"]
    late = tenant.api.post("/v1/reports", json=order).headers["Location"]
    run(tenant, kind="report")
    run(tenant)
    run(funder)
    assert funder.api.get(url).get_json()["coverage"]["counted"] == 120
    refused = tenant.api.get(f"{late}/files/json")  # it was built not knowing the pool
    assert refused.status_code == 409
    again = tenant.api.post("/v1/reports", json=order).headers["Location"]
    run(tenant, kind="report")
    told = tenant.api.get(f"{again}/files/json").get_json()
    assert cells(told, "states")[()] == SIZES[0]
    made = again.rpartition("/")[2]
    with database.tenant(tenant.id) as session:
        assert remade(session, report_id=UUID(made))
    command = ["export", made, "--tenant", str(tenant.id), "--to", str(tmp_path)]
    assert CliRunner().invoke(release, command, env=environment).exit_code == 0
    attack = ["audit", f"{tmp_path}/release.json", "--exact", f"{tmp_path}/exact.json"]
    attack += [word for place in (1, 2) for word in ("--ledger", f"{tmp_path}/ledger-00{place}.json")]
    attacked = CliRunner().invoke(release, attack)
    assert "0 are unsafe.\nThe exact tables give this release." in attacked.output
    second = ordered(funder, agreements_of(sources), metrics=["reach"])
    run(*tenants_of(sources))
    run(funder)
    assert funder.api.get(second).get_json()["coverage"]["counted"] == 120


def test_a_pool_knows_what_each_had_of_the_one_before(funder, sources, run, root):
    for place in range(2):
        url = ordered(funder, agreements_of(sources), metrics=["reach", "products"])
        run(*tenants_of(sources))
        run(funder)
        for (_, found), more in zip(sources, (10, 5, 0), strict=True):
            found["add"](more, start=100 + place)
    document = funder.api.get(f"{url}/files/json").get_json()
    assert cells(document, "states")[()] == sum(SIZES)  # to the first the others' rise by five would be told
    known = "SELECT encrypted_part FROM report_snapshot WHERE tenant_id = %s AND place IS NOT NULL"
    for tenant, _ in sources:
        parts = [each for (each,) in root.execute(known, [tenant.id])]
        assert len(parts) == 2
        assert all(b"states" not in each for each in parts)


@pytest.mark.parametrize("side", ["institution", "funder"])
@pytest.mark.parametrize("after_contributing", [False, True])
def test_an_agreement_that_has_ended_takes_no_part(funder, sources, run, root, side, after_contributing):
    tenant, found = sources[0]
    url = ordered(funder, agreements_of(sources), metrics=["reach"])
    run(*(tenants_of(sources) if after_contributing else ()))
    ended = (tenant if side == "institution" else funder).api.put(
        f"/v1/sharing-agreements/{found['agreement']}/signature", json={"decision": "ended"}
    )
    assert ended.get_json()["state"] == "ended"
    for _ in range(2):
        run(funder)
        run(*tenants_of(sources))
    run(funder)
    assert states(tenant)[-1] == "declined"
    assert (funder.api.get(url).get_json()["state"], sealed(root, url)) == ("refused", 0)


def test_what_nobody_asked_for_is_no_contribution(funder, sources, run, new_tenant, database):
    url = ordered(funder, agreements_of(sources), metrics=["reach"])
    stranger = new_tenant()
    left = {"tenant": funder.id, "id": new_id(), "source": stranger.id, "pool": UUID(url.rpartition("/")[2])}
    with database.tenant(stranger.id) as session:
        session.execute(LEAVES, left)
        session.commit()
    run(*tenants_of(sources))
    run(funder)
    assert funder.api.get(url).get_json()["coverage"]["counted"] == sum(SIZES)


def test_a_release_of_a_source_goes_on_after_it_was_pooled(funder, sources, run):
    tenant, found = sources[1]
    ordered(funder, agreements_of(sources), metrics=["reach"])
    run(*tenants_of(sources))
    run(funder)
    order = {"program_id": found["program_id"], "audience": "funder", "funder": FUND}
    report = tenant.api.post("/v1/reports", json=order).headers["Location"]
    run(tenant, kind="report")
    assert cells(tenant.api.get(f"{report}/files/json").get_json(), "states")[()] == SIZES[1]


def test_of_two_pools_at_one_moment_the_later_one_knows_the_other(
    funder, new_tenant, run, root, database, settings
):
    """What is declared has no ledger of its own that would keep the two apart."""
    sources = [new_tenant() for _ in range(3)]
    agreements = [declaring(funder, each) for each in sources]
    urls = [ordered(funder, agreements, metrics=["reach"]) for _ in range(2)]
    for tenant, number in zip(sources, (20, 30, 40), strict=True):
        for place, asked in enumerate(requests_to(tenant)):
            rows = [
                {"table": table, "at": {axis: code}, "count": number + 2 * place}
                for table, axis, code in (("states", "state", "placed"), ("stages", "stage", "stayed"))
            ]
            told = f"/v1/contribution-requests/{asked['id']}/declaration"
            assert tenant.api.put(told, json={"rows": rows}).status_code == 200
    waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with database.tenant(funder.id) as session, ThreadPoolExecutor() as pool:
        session.execute(ONE_AT_A_TIME, {"what": f"pools of {funder.id}"})
        jobs = root.execute(
            "SELECT DISTINCT ON (subject_id) id FROM job WHERE tenant_id = %s AND kind = 'pool'"
            " AND state = 'queued' AND not_before <= now()",
            [funder.id],
        ).fetchall()
        for (job,) in jobs:
            pool.submit(run_job, database, tenant_id=funder.id, job_id=job, settings=settings)
        eventually(lambda: root.execute(waiting).fetchone()[0] == 2)
        session.rollback()
    assert sorted(funder.api.get(each).get_json()["state"] for each in urls) == ["built", "waiting"]
    run(funder)
    documents = [funder.api.get(f"{each}/files/json").get_json() for each in urls]
    assert len({cells(each, "states")[()] for each in documents}) == 1, "not by how few they differ"
