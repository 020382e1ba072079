"""Organizations as they are asked for over HTTP. All are invented."""

import pytest

from tenants.outcomes.organizations.naming import keys_of

NAME = "Institute of Invented Studies"


@pytest.fixture
def registered(superuser):
    """Two organizations of one name in two countries, for as long as a test."""
    keys = sorted(keys_of(NAME, []))
    for country in ("XA", "XB"):
        row = (f"https://ror.org/invented-{country}", NAME, country, keys)
        superuser.execute(
            "INSERT INTO registered_organization (id, name, country_code, keys) VALUES (%s, %s, %s, %s)", row
        )
    superuser.commit()
    yield
    superuser.execute("DELETE FROM registered_organization WHERE country_code IN ('XA', 'XB')")
    superuser.commit()


@pytest.mark.usefixtures("registered")
def test_a_country_is_told_in_either_letter_case_and_in_two_letters(tenant):
    url = f"/v1/organizations?affiliation={NAME}"
    for country in ("XA", "xa", "Xa"):
        found = tenant.api.get(f"{url}&country_code={country}").get_json()["candidates"]
        assert [each["country_code"] for each in found if each["chosen"]] == ["XA"]
    assert not any(each["chosen"] for each in tenant.api.get(url).get_json()["candidates"])
    for wrong in ("X", "X1", "USA", "%C3%89A"):
        refused = tenant.api.get(f"{url}&country_code={wrong}")
        assert refused.status_code == 422, wrong
        assert [each["pointer"] for each in refused.get_json()["errors"]] == ["?country_code"]
