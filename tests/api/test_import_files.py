"""The files of imports: what is read, what is refused, and what real ones hold."""

import csv
import gzip
import io
from dataclasses import replace
from pathlib import Path

import pytest

from tests.factories.cohorts import MAPPING, TWO, counted, make_cohort, people, send_file, url_of

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (TWO.encode("utf-8-sig"), "Ada"),
        (TWO.encode("utf-16"), "Ada"),
        (TWO.replace("Ada,", "Zoë,").encode("cp1252"), "Zoë"),
        (TWO.replace(",", "\t").encode(), "Ada"),
        (TWO.replace(";", "&").replace(",", ";").encode(), "Ada"),
        (b"Roster of an invented society\n\n" + TWO.encode(), "Ada"),
        (TWO.replace("Ada,", '"A\nda",').replace("\n", "\r\n").encode(), "A da"),
    ],
)
def test_a_file_is_read_whatever_its_encoding_delimiter_and_preamble(tenant, cohort, imported, file, name):
    assert counted(imported(file)) == {"created": 2}
    assert people(tenant, cohort)["A"]["name"] == name


def test_a_gzip_file_is_unpacked_on_its_way(tenant, cohort, finished):
    url = tenant.api.post(f"{cohort}/imports", json={"mapping": MAPPING}).headers["Location"]
    packed = {
        "data": gzip.compress(TWO.encode()),
        "content_type": "text/csv",
        "headers": {"Content-Encoding": "gzip"},
    }
    broken = {**packed, "data": packed["data"][:-9]}
    assert tenant.api.put(f"{url}/file", **broken).status_code == 400
    assert tenant.api.get(url).get_json()["state"] == "awaiting_file"
    sent = tenant.api.put(f"{url}/file", **packed)
    assert (sent.status_code, sent.get_json()["file_bytes"]) == (202, len(TWO))
    assert finished(tenant.api, url)["counts"]["created"] == 2


def test_an_unreadable_file_is_refused_with_line_and_reason_and_changes_nothing(tenant, cohort, imported):
    for file, code, line in (
        (b"", "empty_file", None),
        ("a,b\n1,2\n", "missing_columns", 1),
        (TWO + 'C,"open\n', "unterminated_quote", 4),
    ):
        done = imported(file)
        assert (done["state"], done["error"]["code"], done["error"]["line"]) == ("failed", code, line)
        assert done["error"]["message"].endswith(".")
    assert people(tenant, cohort) == {}
    assert tenant.api.post(f"{url_of(done)}/cancellation").status_code == 409


def test_a_file_of_the_wrong_type_or_size_or_at_the_wrong_time_is_refused(app, tenant, cohort, monkeypatch):
    url = tenant.api.post(f"{cohort}/imports", json={"mapping": MAPPING}).headers["Location"] + "/file"
    assert tenant.api.put(url, data=TWO, content_type="application/json").status_code == 415
    assert tenant.api.put(url, data=TWO).status_code == 415
    other = {"Content-Encoding": "br"}
    assert tenant.api.put(url, data=TWO, content_type="text/csv", headers=other).status_code == 415
    big = b"id\n" + b"x" * 1_500_000
    sent = tenant.api.put(url, data=big, content_type="text/csv")
    assert sent.status_code == 202
    again = tenant.api.put(url, data=TWO, content_type="text/csv")
    assert (again.status_code, again.get_json()["code"]) == (409, "not_awaiting_file")


def test_a_file_beyond_the_limit_is_refused_packed_or_not(app, tenant, cohort, monkeypatch):
    monkeypatch.setitem(
        app.extensions, "settings", replace(app.extensions["settings"], max_upload_bytes=1000)
    )
    url = tenant.api.post(f"{cohort}/imports", json={"mapping": MAPPING}).headers["Location"]
    large = b"x" * 1001
    assert tenant.api.put(f"{url}/file", data=large, content_type="text/csv").status_code == 413
    packed = {
        "data": gzip.compress(large),
        "content_type": "text/csv",
        "headers": {"Content-Encoding": "gzip"},
    }
    assert tenant.api.put(f"{url}/file", **packed).status_code == 413
    chunked = {"input_stream": io.BytesIO(large), "environ_overrides": {"wsgi.input_terminated": True}}
    assert tenant.api.put(f"{url}/file", content_type="text/csv", **chunked).status_code == 413
    whole = {"input_stream": io.BytesIO(large[:999]), "environ_overrides": {"wsgi.input_terminated": True}}
    sent = tenant.api.put(f"{url}/file", content_type="text/csv", **whole)
    assert (sent.status_code, sent.get_json()["file_bytes"]) == (202, 999)


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data is absent")
def test_every_messy_file_is_read_or_refused_with_a_reason(tenant, finished):
    cohort = make_cohort(tenant.api, [])
    sent = {}
    with (DATA / "messy_csv" / "INDEX.csv").open(newline="") as index:
        for entry in csv.DictReader(index):
            content = (DATA / "messy_csv" / entry["file"]).read_bytes()
            column = first_column(content)
            sent[entry["file"]] = send_file(
                tenant.api, cohort, content, mapping={"external_id": column}, dry_run=True
            )
    ends = {file: finished(tenant.api, url) for file, url in sent.items()}
    assert {end["state"] for end in ends.values()} == {"succeeded", "failed"}
    for file, end in ends.items():
        if end["state"] == "failed":
            assert end["error"]["code"] == "empty_file" or end["error"]["line"], file
        assert end["error"] is None or end["error"]["message"].endswith("."), file
    assert len(ends) == 113


def first_column(content):
    """What somebody who looks at the file would call its first column."""
    text = content.decode("utf-8-sig", errors="replace")
    first = next((line for line in text.splitlines() if line.strip()), "id")
    delimiter = max(",;|\t", key=first.count)
    return next(
        (name.strip() for name in next(csv.reader([first], delimiter=delimiter)) if name.strip()), "id"
    )


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder of real data is absent")
def test_the_real_awardees_come_in_whole(tenant, finished):
    columns = ("institution", "institution_state", "activity_code", "ic", "project_title")
    attributes = [{"key": key, "label": key, "kind": "categorical"} for key in columns[:-1]]
    attributes += [{"key": "project_title", "label": "Title", "kind": "text"}]
    attributes += [{"key": "first_fiscal_year", "label": "Year", "kind": "number"}]
    cohort = make_cohort(tenant.api, attributes)
    mapping = {"external_id": "person_id", "attributes": {each["key"]: each["key"] for each in attributes}}
    content = (DATA / "k_awardees.csv").read_bytes()
    done = finished(tenant.api, send_file(tenant.api, cohort, content, mapping=mapping))
    assert (done["state"], counted(done)) == ("succeeded", {"created": 4547})
    again = finished(tenant.api, send_file(tenant.api, cohort, content, mapping=mapping, mode="replace"))
    assert counted(again) == {"unchanged": 4547}
