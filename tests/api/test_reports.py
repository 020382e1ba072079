"""Reports from order to download, built by real workers."""

import csv
import datetime as dt
import io
from pathlib import Path

import pytest
from markupsafe import escape
from sqlalchemy import update

from cli.demo.roster import career_events_from_k_to_r
from tenants.kernel.jobs import Job
from tenants.reporting.actions import order_report
from tenants.reporting.forms.charts import spec_of
from tenants.reporting.forms.reading import told
from tenants.reporting.models import FORMATS
from tests.factories.consents import on_paper
from tests.tenants.reporting.readers import alternatives_of_pdf, sheets_of

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
FUND = "Invented Foundation"


@pytest.fixture
def cohort(tenant):
    program = tenant.api.post("/v1/programs", json={"name": "Circles", "funders": [FUND]}).get_json()
    return tenant.api.post("/v1/cohorts", json={"program_id": program["id"], "name": "2026"}).get_json()


@pytest.fixture
def send(tenant, cohort, finished):
    """Import rows, all of whose columns have the name of what they hold."""

    def run(kind, rows):
        rows = list(rows)
        mapping = {name: name for name in rows[0]}
        asked = {"kind": kind, "mode": "update", "mapping": mapping}
        made = tenant.api.post(f"/v1/cohorts/{cohort['id']}/imports", json=asked)
        assert made.status_code == 201, made.get_json()
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
        url = f"/v1/imports/{made.get_json()['id']}"
        tenant.api.put(f"{url}/file", data=out.getvalue().encode(), content_type="text/csv")
        found = finished(tenant.api, url)
        assert found["state"] == "succeeded", found
        return found

    return run


@pytest.fixture
def report(tenant, cohort, finished):
    """Order a report, wait for it, and return its URL."""

    def run(audience, **how):
        scope = {} if "program_id" in how else {"cohort_id": cohort["id"]}
        named = {"funder": FUND} if audience == "funder" else {}
        ordered = tenant.api.post("/v1/reports", json={"audience": audience, **named, **scope, **how})
        assert ordered.status_code == 202, ordered.get_json()
        found = finished(tenant.api, ordered.headers["Location"])
        assert found["state"] == "succeeded", found
        return ordered.headers["Location"]

    return run


def people(number, *, start=0):
    return [{"external_id": f"P{n}"} for n in range(start, start + number)]


def share(tenant, cohort, persons):
    """Let people have agreed, on paper, to be shared with the funder."""
    external_ids = [person["external_id"] for person in persons]
    on_paper(tenant.api, cohort["id"], external_ids, "funder_sharing", funder=FUND)


def career(person, years):
    """A K award in 2015, followed to 2025, with an R01 after so many years (None: never)."""
    who = {"external_id": person["external_id"], "code": "", "until": "", "sample": ""}
    yield {**who, "kind": "award", "code": "K23", "date": "2015-01-01"}
    yield {**who, "kind": "observation", "date": "2015-01-01", "until": "2025-01-01", "sample": "complete"}
    if years:
        yield {**who, "kind": "award", "code": "R01", "date": f"{2015 + years}-01-02"}


def talks(persons, visibility="funder"):
    return [
        {**person, "kind": "talk", "title": f"Talk of {person['external_id']}", "visibility": visibility}
        for person in persons
    ]


def cells(found, table):
    """The cells of a table by their codes, those of the total under ()."""
    tables = [each for section in found["sections"] for each in section["tables"] if each["name"] == table]
    return {tuple(cell["at"].values()): cell["value"] for cell in tables[0]["cells"]}


def figure(found, name):
    """A figure of a report."""
    return next(each for section in found["sections"] for each in section["figures"] if each["id"] == name)


def numbers(found):
    """Every number that is printed of people, groups or products, and those at risk."""
    for section in found["sections"]:
        for table in section["tables"]:
            yield from (cell["value"] for cell in table["cells"])
        for each in section["figures"]:
            yield from (stage["count"] for stage in each.get("stages", ()))
            yield from (point["at_risk"] for line in each.get("series", ()) for point in line["points"])


def test_an_internal_report_shows_every_number_whole(tenant, send, report):
    persons = people(8)
    send("roster", persons)
    send("career_events", [row for place, each in enumerate(persons) for row in career(each, place or None)])
    send("products", talks(persons[:3], "program"))
    url = report("internal", formats=list(FORMATS))
    found = tenant.api.get(f"{url}/files/json").get_json()
    known = tenant.api.get("/v1/metrics").get_json()["items"]
    assert found["definitions"] == known
    assert found["cover"]["definitions"] == [each["id"] for each in known]
    assert [tenant.api.get(f"/v1/metrics/{each['id']}").get_json() for each in known] == known
    assert tenant.api.get("/v1/metrics/reach.v0").status_code == 404
    assert found["cover"]["coverage"] == {"counted": 8, "eligible": 8, "text": "8 of 8 people are counted."}
    assert cells(found, "states")[()] == 8
    assert cells(found, "products")[()] == 3
    assert cells(found, "contributors")["1",] == 3
    line, _ = figure(found, "time_to_r01_leavers_compete_exact")["series"]
    assert [point["at_risk"] for point in line["points"]] == [8, 8, 7, 6, 5, 4, 3, 2, 1]
    assert line["points"][-1]["y"] == pytest.approx(7 / 8)
    funnel = figure(found, "reach")["stages"]
    assert [(stage["label"], stage["count"]) for stage in funnel] == [
        ("Eligible", 8),
        ("Offered a place", 0),
        ("Joined", 0),
        ("Stayed", 0),
    ]
    drawn_in_every_form(tenant, url, found)


def drawn_in_every_form(tenant, url, document):
    """Whether a page, a PDF and a workbook say of each figure what the document's figures say."""
    page = tenant.api.get(f"{url}/files/html").get_data(as_text=True)
    figures = [each for section in document["sections"] for each in section["figures"]]
    words = [told(each) for each in figures if spec_of(each) is not None]
    assert len(words) > 2
    assert page.count("<svg ") == len(words)
    assert all(escape(each) in page for each in words)
    content = tenant.api.get(f"{url}/files/pdf").data
    assert set(alternatives_of_pdf(content)) == set(words)
    tables = sum(len(section["tables"]) + len(section["figures"]) for section in document["sections"])
    assert len(sheets_of(tenant.api.get(f"{url}/files/xlsx").data)) >= 3 + tables


@pytest.mark.parametrize("audience", ["funder", "public"])
def test_a_report_on_eight_people_gives_nothing_away(tenant, cohort, send, report, audience):
    persons = people(8)
    send("roster", persons)
    share(tenant, cohort, persons)
    send("career_events", [row for place, each in enumerate(persons) for row in career(each, place or None)])
    send("products", talks(persons))
    url = report(audience)
    found = tenant.api.get(f"{url}/files/json").get_json()
    shown = list(numbers(found))
    assert len(shown) > 30
    assert set(shown) <= {None, 0}
    assert cells(found, "states")[()] is None
    assert [line["points"] for line in figure(found, "time_to_r01_leavers_compete")["series"]] == [[], []]
    assert found["cover"]["coverage"]["counted"] is None
    tables = {each["name"] for section in found["sections"] for each in section["tables"]}
    assert {row["value"] for row in rows_of(tenant, url) if row["part"] in tables} <= {"", "0"}


def test_no_small_number_leaves_and_large_ones_do(tenant, cohort, send, report):
    persons = people(120)
    send("roster", persons)
    share(tenant, cohort, persons)
    rows = [row for place, each in enumerate(persons[:100]) for row in career(each, place % 8 or None)]
    send("career_events", rows)
    send("products", [*talks(persons[:60]), *talks(persons[60:], "program")])
    found = tenant.api.get(f"{report('funder')}/files/json").get_json()
    assert not [number for number in numbers(found) if number is not None and 1 <= number <= 10]
    assert cells(found, "products")["talk",] == 60
    assert cells(found, "contributors")["1",] == 60
    assert found["cover"]["coverage"]["counted"] == 120
    line, _ = figure(found, "time_to_r01_leavers_compete")["series"]
    assert line["points"][0] == {"x": 0, "y": 0, "lower": None, "upper": None, "at_risk": 100}
    assert [point["x"] for point in line["points"]] == sorted({point["x"] for point in line["points"]})
    assert line["points"][-1]["at_risk"] > 10
    assert line["points"][-1]["x"] >= 5


def test_what_was_downloaded_once_is_in_the_ledger_and_what_was_built_before_that_is_not_given_out(
    tenant, cohort, send, report
):
    persons = people(40)
    send("roster", persons)
    first, second = report("public"), report("public", program_id=cohort["program_id"])
    assert tenant.api.get(f"{first}/files/json").status_code == 200
    late = tenant.api.get(f"{second}/files/json")
    assert (late.status_code, late.get_json()["code"]) == (409, "out_of_date")
    assert tenant.api.get(f"{first}/files/csv").status_code == 200
    again = tenant.api.get(f"{report('public', program_id=cohort['program_id'])}/files/json").get_json()
    assert cells(again, "states")[()] == 40


def test_a_change_of_few_people_is_not_told(tenant, cohort, send, report):
    send("roster", people(40))
    before = tenant.api.get(f"{report('public')}/files/json").get_json()
    send("roster", people(3, start=40))
    after = tenant.api.get(f"{report('public')}/files/json").get_json()
    assert cells(before, "states")[()] == cells(after, "states")[()] == 40
    (total,) = [
        cell
        for section in after["sections"]
        for table in section["tables"]
        for cell in table["cells"]
        if table["name"] == "states" and not cell["at"]
    ]
    assert total["frozen"]
    send("roster", people(30, start=43))
    last = tenant.api.get(f"{report('public')}/files/json").get_json()
    assert cells(last, "states")[()] == 73


def test_a_tenant_raises_the_threshold(tenant, cohort, send, report):
    send("roster", people(15))
    patched = tenant.api.patch("/v1/tenant", json={"disclosure_threshold": 20}, headers={"If-Match": '"1"'})
    assert patched.get_json()["disclosure_threshold"] == 20
    found = tenant.api.get(f"{report('public')}/files/json").get_json()
    assert cells(found, "states")[()] is None
    assert "1 to 20" in found["cover"]["suppression"]
    for wrong in (9, 101):
        answer = tenant.api.patch(
            "/v1/tenant", json={"disclosure_threshold": wrong}, headers={"If-Match": '"2"'}
        )
        assert answer.get_json()["errors"][0]["pointer"] == "/disclosure_threshold"


def test_the_same_inputs_give_the_same_bytes(tenant, send, report):
    persons = people(30)
    send("roster", persons)
    send("career_events", [row for place, each in enumerate(persons) for row in career(each, place % 5)])
    for form in ("json", "csv"):
        first, second = (report("internal", formats=[form]) for _ in range(2))
        one, two = (tenant.api.get(f"{url}/files/{form}").data for url in (first, second))
        assert one.replace(name_of(first), b"") == two.replace(name_of(second), b"")
        assert len(one) > 1000


def name_of(url):
    return url.rpartition("/")[2].encode()


def rows_of(tenant, url):
    answer = tenant.api.get(f"{url}/files/csv")
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


def test_the_csv_says_what_the_json_says_and_no_formula(tenant, cohort, send, report):
    tenant.api.patch(f"/v1/cohorts/{cohort['id']}", json={"name": "=2+2"}, headers={"If-Match": '"1"'})
    send("roster", people(3))
    rows = rows_of(tenant, report("internal"))
    assert {row["value"] for row in rows if row["key"] == "Cohort"} == {"'=2+2"}
    states = [row for row in rows if (row["part"], row["name"]) == ("cell", "states")]
    assert {(row["code_1"], row["key"], row["value"]) for row in states} >= {
        ("eligible", "people", "3"),
        ("placed", "people", "0"),
        ("", "people", "3"),
    }


def test_a_report_on_a_program_counts_somebody_in_two_cohorts_once(tenant, cohort, send, report):
    send("roster", people(2))
    other = {"program_id": cohort["program_id"], "name": "2027"}
    other_id = tenant.api.post("/v1/cohorts", json=other).get_json()["id"]
    for person in people(2, start=1):
        tenant.api.post(f"/v1/cohorts/{other_id}/participants", json=person)
    url = report("internal", program_id=cohort["program_id"])
    assert tenant.api.get(url).get_json()["cohort_id"] is None
    found = tenant.api.get(f"{url}/files/json").get_json()
    assert cells(found, "states")[()] == 3


def test_an_order_that_makes_no_sense_is_refused_by_field(tenant, cohort, new_tenant):
    def refused(api=tenant.api, **how):
        answer = api.post("/v1/reports", json={"audience": "public", **how})
        assert answer.status_code == 422, answer.get_json()
        return answer.get_json()["errors"][0]["pointer"]

    both = {"cohort_id": cohort["id"], "program_id": cohort["program_id"]}
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).date().isoformat()
    assert refused() == "/cohort_id"
    assert refused(**both) == "/cohort_id"
    assert refused(cohort_id=cohort["program_id"]) == "/cohort_id"
    assert refused(program_id=cohort["id"]) == "/program_id"
    assert refused(cohort_id=cohort["id"], as_of=tomorrow) == "/as_of"
    assert refused(cohort_id=cohort["id"], audience="press") == "/audience"
    assert refused(cohort_id=cohort["id"], audience="funder") == "/funder"
    assert refused(cohort_id=cohort["id"], audience="funder", funder="Nobody's") == "/funder"
    assert refused(cohort_id=cohort["id"], audience="internal", funder=FUND) == "/funder"
    assert refused(cohort_id=cohort["id"], formats=["docx"]) == "/formats/0"
    assert refused(cohort_id=cohort["id"], formats=[]) == "/formats"
    other = new_tenant().api
    assert refused(other, cohort_id=cohort["id"]) == "/cohort_id"
    assert refused(other, program_id=cohort["program_id"]) == "/program_id"
    assert tenant.api.get("/v1/reports").get_json()["items"] == []


def test_another_tenants_report_and_its_files_are_unknown(tenant, new_tenant, report):
    url = report("internal", formats=["csv"])
    other = new_tenant().api
    assert other.get(url).status_code == 404
    assert other.get(f"{url}/files/csv").status_code == 404
    assert other.get("/v1/reports").get_json()["items"] == []
    assert tenant.api.get(f"{url}/files/csv").status_code == 200
    assert tenant.api.get(f"{url}/files/json").status_code == 404
    assert tenant.api.get(f"{url}/files/pdf").status_code == 404


def test_a_file_is_not_to_be_had_before_the_report_is_built_nor_if_it_never_was(tenant, cohort, database):
    with database.tenant(tenant.id) as session:
        ordered = order_report(session, audience="internal", program_id=cohort["program_id"])
        waiting = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        session.execute(update(Job).values(not_before=waiting))
        session.commit()
    url = f"/v1/reports/{ordered.id}"
    assert tenant.api.get(url).get_json()["state"] == "queued"
    early = tenant.api.get(f"{url}/files/json")
    assert (early.status_code, early.get_json()["code"]) == (409, "not_ready")
    assert tenant.api.post(f"/v1/jobs/{ordered.job_id}/cancellation").status_code == 202
    never = tenant.api.get(f"{url}/files/json")
    assert (never.status_code, never.get_json()["code"]) == (409, "not_built")


def test_reports_are_listed_by_scope(tenant, cohort, report):
    one = tenant.api.get(report("internal")).get_json()
    both = tenant.api.get(report("public", program_id=cohort["program_id"])).get_json()
    assert tenant.api.get("/v1/reports").get_json()["items"] == [one, both]
    listed = tenant.api.get(f"/v1/reports?cohort_id={cohort['id']}").get_json()["items"]
    assert listed == [one]


@pytest.mark.skipif(not (DATA / "k_to_r.csv").exists(), reason="../shared/data/k_to_r.csv is not here")
def test_nobody_of_a_survivors_sample_is_converted_into_a_rate_in_real_awards(tenant, send, report):
    with (DATA / "k_awardees.csv").open(encoding="utf-8", newline="") as file:
        roster = [{"external_id": row["person_id"]} for row in csv.DictReader(file)]
    career_rows = list(career_events_from_k_to_r(DATA / "k_to_r.csv"))
    send("roster", roster)
    imported = send("career_events", career_rows)
    known = {person["external_id"] for person in roster}
    assert imported["counts"]["failed"] == sum(row["external_id"] not in known for row in career_rows)
    samples = {
        row["external_id"]: row["sample"]
        for row in career_rows
        if row["kind"] == "observation" and row["external_id"] in known
    }
    dated = {row["external_id"] for row in career_rows if row["code"][:1] == "K" and row["date"]}
    survivors = sum(sample == "survivors" and who in dated for who, sample in samples.items())
    found = tenant.api.get(f"{report('internal')}/files/json").get_json()
    apart = cells(found, "follow_up")
    assert apart[()] == 4547
    assert apart["survivors_sample",] == survivors > 0
    complete = sum(sample == "complete" for sample in samples.values())
    assert 0 < apart["followed",] == cells(found, "exits")[()] <= complete
    outward = tenant.api.get(f"{report('public')}/files/json").get_json()
    assert not [number for number in numbers(outward) if number is not None and 1 <= number <= 10]
    line, _ = figure(outward, "time_to_r01_leavers_compete")["series"]
    assert len(line["points"]) > 1


def test_what_leaves_of_a_program_counts_by_the_list_of_awards_by_which_something_did_first(
    tenant, cohort, send, report
):
    send("roster", people(12))
    chosen, other = "nih_r01_equivalent_by_fiscal_year_2016_2017", "nsf_career"
    metric = f"time_to_r01.since_first_k.{chosen}."
    assert tenant.api.get("/v1/metrics?award_list=luck").status_code == 422
    known = tenant.api.get(f"/v1/metrics?award_list={chosen}").get_json()["items"]
    (definition,) = [each for each in known if each["id"].startswith(metric)]
    assert tenant.api.get(f"/v1/metrics/{definition['id']}").get_json() == definition
    url = report("public", award_list=chosen)
    assert report("public", award_list=other), "nothing has left yet"
    assert definition in tenant.api.get(f"{url}/files/json").get_json()["definitions"]
    asked = {"cohort_id": cohort["id"], "audience": "public"}
    refused = tenant.api.post("/v1/reports", json={**asked, "award_list": other})
    assert [each["code"] for each in refused.get_json()["errors"]] == ["fixed"]
    usual = report("public")
    assert tenant.api.get(usual).get_json()["award_list"] == chosen
    assert definition in tenant.api.get(f"{usual}/files/json").get_json()["definitions"]
    inside = tenant.api.get(f"{report('internal', award_list=other)}/files/json").get_json()
    assert any(f".{other}." in each["id"] for each in inside["definitions"])
