"""The adapters of public sources, fed with pages: of their documented shapes, and of anything."""

import datetime as dt
import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.outcomes.rules import MAX_DOI, MAX_TITLE
from tenants.outcomes.verification.sources import SOURCES, crossref, nih_reporter, orcid, pubmed
from tenants.outcomes.verification.sources.found import Question, Unreadable
from tenants.outcomes.verification.sources.reading import day_of, doi_of, name_said, orcid_of, pmid_of, xml_of
from tests.factories import outside as told
from tests.outside_sources import Request

HER = Question("Ada", "Invented", told.ORCID, 2025)
SAMPLES = Path(__file__).parents[3].parent / "shared" / "data" / "api_samples"
real = pytest.mark.skipif(not SAMPLES.exists(), reason="the real answers are not on this machine")


def answered(source, answering):
    """Pages as a source's server gives them."""

    def fetch(asked):
        posted = asked.body and json.loads(orjson.dumps(asked.body))
        reply = answering(Request(source, asked.path, dict(asked.query), posted))
        return b"" if reply is None else reply[2]

    return fetch


def test_the_fiscal_year_is_that_of_the_united_states():
    assert (HER.since, HER.until) == (dt.date(2024, 10, 1), dt.date(2025, 9, 30))


def test_awards_are_read_page_by_page_up_to_what_can_be_paged_through():
    projects = [told.project(f"R01MH{n:06}", "Ada", "Invented", 2025) for n in range(1_200)]
    found = list(SOURCES["nih_reporter"].search(HER, answered("nih_reporter", told.reporter(projects))))
    assert [each.project_number for each in found] == [each["core_project_num"] for each in projects]
    endless = {"meta": {"total": 99_999}, "results": projects[:500]}
    pages = []

    def fetch(asked):
        pages.append(asked.body)
        return orjson.dumps(endless)

    assert len(list(nih_reporter.projects({}, fetch))) == 15_000
    assert [(page["offset"], page["limit"]) for page in pages] == [
        (offset, 500) for offset in range(0, 15_000, 500)
    ]


def test_works_are_read_by_cursor_until_there_is_none():
    found = list(SOURCES["openalex"].search(HER, answered("openalex", told.openalex)))
    assert [(each.doi, each.product_kind) for each in found] == [
        (told.PAPER, "manuscript"), ("10.5555/invented.data", "dataset"),
    ]  # fmt: skip


def test_a_paper_of_pubmed_is_read_with_its_authors_and_numbers():
    [paper] = SOURCES["pubmed"].search(HER, answered("pubmed", told.pubmed))
    assert (paper.title, paper.date, paper.doi, paper.pmid) == (
        "An invented paper.", dt.date(2025, 3, 1), told.PAPER, "41000001",
    )  # fmt: skip
    assert [each.orcid for each in paper.credited] == [None, told.ORCID]


def test_of_an_orcid_record_only_what_is_of_the_fiscal_year_counts():
    for year, count in ((2025, 2), (2024, 0)):
        asked = Question("Ada", "Invented", told.ORCID, year)
        assert len(list(SOURCES["orcid"].search(asked, answered("orcid", told.orcid)))) == count


def test_nobody_is_asked_for_who_has_neither_name_nor_id():
    def fetch(asked):
        raise AssertionError(asked)

    for source in SOURCES.values():
        assert list(source.search(Question("", "", None, 2025), fetch)) == []


def test_xml_that_declares_entities_is_refused():
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    outside = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><x>&a;</x>'
    for page in (bomb, outside, b"<x>", b"", b"\x00"):
        with pytest.raises(Unreadable):
            xml_of(page)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["results", "meta", "total", "message", "items", "group", "title", "author", "DOI", "name",
                         "next_cursor", "work-summary", "published", "date-parts", "core_project_num", "ids"]),
        inner,
        max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@given(page=ANYTHING)
@settings(max_examples=60, deadline=None)
def test_whatever_a_source_answers_is_read_or_called_unreadable(page):
    for name, source in SOURCES.items():
        try:
            found = list(source.search(HER, lambda _: json.dumps(page).encode()))
        except Unreadable:
            continue
        for each in found:
            assert each.title is None or 0 < len(each.title) <= MAX_TITLE, name
            assert each.doi is None or len(each.doi) <= MAX_DOI
            assert all(len(who.family) <= 200 for who in each.credited)


@pytest.mark.parametrize("encoding", ["gb2312", "unheard-of", "utf-7"])
def test_a_page_in_an_encoding_that_nobody_reads_is_unreadable(encoding):
    with pytest.raises(Unreadable):
        xml_of(f'<?xml version="1.0" encoding="{encoding}"?><a/>'.encode())


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ("https://doi.org/10.5555/ABC", "10.5555/abc"),
        ("DOI: 10.5555/x", "10.5555/x"),
        ("10.5555/with space", None),
        ("10.5555/(SICI)1<1::AID-X1>3.0.CO;2-2", "10.5555/(sici)1<1::aid-x1>3.0.co;2-2"),
        ("10.5555/a\x00b", None),
        ("work:doi", None),
        (5, None),
    ],
)
def test_a_doi_is_one_or_none(printed, read):
    assert doi_of(printed) == read


def test_identifiers_and_days_are_checked():
    assert orcid_of(f"http://orcid.org/{told.ORCID}") == told.ORCID
    assert orcid_of("0000-0002-1825-0098") is None  # the check digit
    assert orcid_of("0000-0002-9079-593x") == "0000-0002-9079-593X"
    assert (pmid_of("https://pubmed.ncbi.nlm.nih.gov/123/"), pmid_of("0"), pmid_of("x")) == (
        "123",
        None,
        None,
    )
    assert day_of("2025", "Mar") == dt.date(2025, 3, 1)
    assert day_of("2025", "Spring") == day_of(2025, 2, 31) == dt.date(2025, 1, 1)
    assert day_of("no year") is None
    assert name_said("EXAMPLE, JORDAN Q") == ("JORDAN Q", "EXAMPLE")
    assert name_said("Jordan Q Example") == ("Jordan Q", "Example")


@real
def test_real_answers_of_crossref_are_read():
    for path in sorted((SAMPLES / "crossref").glob("*.json")):
        message = json.loads(path.read_text())["response"].get("message", {})
        works = message.get("items", [message]) if isinstance(message, dict) else []
        for found in map(crossref.work_of, works):
            assert found.doi, path.name
            assert found.date, path.name
            assert all(who.family or who.given for who in found.credited[:1]) or not found.credited


@real
def test_real_answers_of_reporter_are_read():
    for path in sorted((SAMPLES / "nih_reporter_v2").glob("*.json")):
        content = json.loads(path.read_text())
        projects = content if isinstance(content, list) else [content] if "appl_id" in content else []
        for found in map(nih_reporter.award_of, projects):
            assert (found.project_number, found.title, found.date) != (None, None, None)
    [whole] = [nih_reporter.award_of(json.loads((SAMPLES / "nih_reporter_v2" / "sample_1.json").read_text()))]
    assert (whole.project_number, whole.code) == ("R15DE032063", "R15")
    assert whole.credited[0].institutions == ("MARSHALL UNIVERSITY",)


@real
def test_real_answers_of_pubmed_are_read():
    for path in sorted((SAMPLES / "pubmed").glob("pubmed*.xml")):
        for article in xml_of(path.read_bytes()).iterfind("PubmedArticle"):
            paper = pubmed.paper_of(article)
            assert paper.pmid, path.name
            assert paper.title, path.name
            assert paper.date, path.name
    ids = xml_of((SAMPLES / "pubmed" / "esearch2.xml").read_bytes()).iterfind("IdList/Id")
    assert len(list(ids)) == 100


@real
def test_a_real_record_of_orcid_is_read():
    record = json.loads((SAMPLES / "orcid_v3" / "record-full-3.0.json").read_text())["activities-summary"]
    works = [orcid.work_of(each["work-summary"][0], ()) for each in record["works"]["group"]]
    assert works[0].title == "Work Title"
    assert works[0].date == dt.date(2012, 10, 1)
    assert works[0].doi is None  # "work:doi" is none, and the other is of another version
    awards = [orcid.award_of(each["funding-summary"][0], ()) for each in record["fundings"]["group"]]
    assert (awards[0].project_number, awards[0].date) == ("1234", dt.date(2000, 2, 2))
