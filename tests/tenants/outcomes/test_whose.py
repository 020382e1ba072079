"""Whose something is that was found."""

import pytest

from tenants.outcomes.verification.sources.found import AWARD, PRODUCT, Credited, Found
from tenants.outcomes.verification.whose import (
    Match,
    Somebody,
    activity_code,
    core_number,
    match,
    merged,
    natural_key,
)
from tests.factories.outside import ORCID

OTHER = "0000-0002-9079-593X"


def alike(one, other):
    return one == other


def way(name, credited, orcid=None, institution="Here"):
    found = Found(PRODUCT, "A title", None, (credited,))
    matched = match(Somebody(name, orcid, institution), found, alike)
    return matched and matched.by


@pytest.mark.parametrize(
    ("name", "given", "family", "by"),
    [
        ("Ada Invented", "Ada Q", "Invented", "name"),
        ("Invented, Ada", "Ada", "Invented", "name"),
        ("Ada Invented, PhD, MPH", "Ada", "Invented", "name"),
        ("Ada Invented (invented)", "Ada", "Invented", "name"),
        ("Ána María Núñez López", "Ana", "Nunez Lopez", "name"),
        ("ADA O'HARA-SMITH", "Ada", "O’Hara Smith", "name"),
        ("Ada Invented", "A", "Invented", None),
        ("Ada Invented", "Adam", "Invented", None),
        ("Ada Invented", "Ada", "Inventor", None),
        ("Ada Invented", "", "Invented", None),
        ("Invented", "Ada", "Invented", None),
        (None, "Ada", "Invented", None),
    ],
)
def test_a_name_is_hers_where_the_family_and_the_first_given_name_are(name, given, family, by):
    assert way(name, Credited(given, family)) == by


def test_her_institution_makes_it_surer_and_an_initial_needs_it():
    assert way("Ada Invented", Credited("Ada", "Invented", None, ("There", "Here"))) == "name_and_institution"
    assert way("Ada Invented", Credited("A", "Invented", None, ("Here",))) == "initial_and_institution"
    assert way("Ada Invented", Credited("A", "Invented", None, ("There",))) is None


def test_an_id_decides_whatever_the_name_is():
    assert way("Ada Invented", Credited("Somebody", "Else", ORCID), orcid=ORCID) == "orcid"
    assert way("Ada Invented", Credited("Ada", "Invented", OTHER, ("Here",)), orcid=ORCID) is None
    assert way("Ada Invented", Credited("Ada", "Invented", OTHER), orcid="no iD") == "name"


def test_the_surest_of_those_who_are_credited_counts():
    two = (Credited("Ada", "Invented"), Credited("Ada", "Invented", ORCID, ("Here",)))
    assert match(Somebody("Ada Invented", ORCID, None), Found(AWARD, "A", None, two), alike) == Match(
        "orcid", "Here"
    )


def test_what_several_sources_have_is_one_by_doi_or_by_pmid():
    sure, unsure = Match("orcid", None), Match("name", "Here")
    found = [
        ("pubmed", Found(PRODUCT, "A", None, (), pmid="1", doi="10.5555/a"), unsure),
        ("crossref", Found(PRODUCT, None, None, (), doi="10.5555/a"), sure),
        ("openalex", Found(PRODUCT, "A", None, (), pmid="1"), unsure),
        ("orcid", Found(PRODUCT, "Another", None, ()), sure),
    ]
    first, second = merged(found)
    assert first.sources == ("pubmed", "crossref", "openalex")
    assert (first.match, first.key) == (Match("orcid", "Here"), "doi:10.5555/a")
    assert second.sources == ("orcid",)


def test_one_found_by_what_another_source_added_is_the_same():
    way = Match("name", None)
    found = [
        ("pubmed", Found(PRODUCT, "A", None, (), pmid="1"), way),
        ("crossref", Found(PRODUCT, "A", None, (), pmid="1", doi="10.5555/a"), way),
        ("openalex", Found(PRODUCT, "B", None, (), doi="10.5555/a"), way),
        ("openalex", Found(PRODUCT, "B", None, (), pmid="2"), way),
    ]
    assert [each.sources for each in merged(found)] == [("pubmed", "crossref", "openalex"), ("openalex",)]


@pytest.mark.parametrize(
    "number", ["5R01HL000001-03", "R01 HL000001", "R01HL000001", "3R01HL000001-02S1", "1r01-hl000001"]
)
def test_all_years_of_an_award_are_one(number):
    award = Found(AWARD, None, None, (), project_number=number)
    assert natural_key(award) == "award:R01HL000001"
    assert activity_code(award) == "R01"


def test_the_number_of_another_funder_stays_as_it_is():
    assert core_number("12/3456") == "12/3456"
    assert activity_code(Found(AWARD, None, None, (), project_number="12/3456")) is None
