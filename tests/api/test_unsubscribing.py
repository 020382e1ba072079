"""The link in a letter that turns its kind off: by a button, or by a mail program of its own (RFC 8058)."""

from dataclasses import replace
from urllib.parse import urlsplit

import psycopg
import pytest

from tenants.notices.models import KINDS
from tenants.notices.unsubscribing import unsubscribe_url
from tests.conftest import open_another, serving
from tests.factories.circles import circle_of

URL = "/v1/me/notice-preferences"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def circle(app, database, root):
    return circle_of(app, open_another(app, database), root, people=2)


@pytest.fixture
def link_for(circle, database, settings):
    """The path of the link in a letter to a member."""

    def made(kind="digest", number=0, by=settings):
        with database.tenant(circle.tenant.id) as session:
            url = unsubscribe_url(session, by, membership_id=circle.members[number], kind=kind)
            session.commit()
        return urlsplit(url).path

    return made


def held(circle, number=0):
    found = circle.api(number).get(URL).get_json()
    return {kind: found[kind] for kind in KINDS}


def test_to_follow_the_link_only_asks(app, circle, link_for):
    page = app.test_client().get(link_for())
    assert (page.status_code, page.mimetype) == (200, "text/html")
    assert '<form method="post"' in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert app.test_client().head(link_for()).status_code == 200
    assert circle.api().get(URL).get_json()["version"] == 0


@pytest.mark.parametrize(
    ("kind", "off"),
    [("digest", "off"), ("meeting_reminders", []), ("action_reminders", False), ("announcements", False)],
)
def test_one_click_turns_exactly_its_kind_off_and_once_more_changes_nothing(app, circle, link_for, kind, off):
    before = held(circle)
    for _ in range(2):
        answer = app.test_client().post(link_for(kind), data=ONE_CLICK)
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        assert "Location" not in answer.headers
        assert "Set-Cookie" not in answer.headers
        assert held(circle) == {**before, kind: off}
        assert circle.api().get(URL).get_json()["version"] == 1
    assert held(circle, 1) == before, "another's are as they were"


def test_what_she_said_before_stays(app, circle, link_for):
    api = circle.api()
    said = {"digest_hour": 20, "time_zone": "Asia/Kathmandu", "meeting_reminders": [2]}
    assert api.patch(URL, json=said, headers={"If-Match": '"0"'}).status_code == 200
    form = {"data": ONE_CLICK, "content_type": "multipart/form-data"}
    assert app.test_client().post(link_for(), **form).status_code == 200
    found = api.get(URL).get_json()
    assert {**found, **said, "digest": "off", "version": 2} == found


def test_a_letters_link_works_whatever_becomes_of_sessions_keys_and_the_tenant(
    app, circle, link_for, settings, root
):
    old = link_for(by=replace(settings, secret_key=("an-older-key-" * 4, *settings.secret_key)))
    assert link_for() == link_for()
    assert link_for() != old
    api = circle.api()
    assert api.post("/v1/me/sign-out").status_code == 200
    root.execute("UPDATE tenant SET state = 'suspended' WHERE id = %s", [circle.tenant.id])
    assert app.test_client().post(old, data=ONE_CLICK).status_code == 200
    root.execute("UPDATE tenant SET state = 'open' WHERE id = %s", [circle.tenant.id])
    assert held(circle)["digest"] == "off"


def test_a_link_tells_nothing_and_no_two_are_alike(circle, link_for):
    links = {link_for(kind, number) for kind in KINDS for number in (0, 1)}
    assert len(links) == 2 * len(KINDS)
    assert len({len(link) for link in links}) == 1
    assert not any(member.hex in link or str(member) in link for member in circle.members for link in links)


@pytest.mark.parametrize("method", ["get", "post"])
def test_unknown_links_are_pages_that_say_so(app, circle, link_for, method):
    known = link_for()
    other = known.replace(circle.tenant.id.hex, "0" * 32)
    for path in (
        known[:-1] + ("0" if known[-1] != "0" else "1"),
        other,
        "/unsubscribe/x",
        "/unsubscribe/cal_x_y",
    ):
        answer = getattr(app.test_client(), method)(path)
        assert (answer.status_code, answer.mimetype) == (404, "text/html"), path
    assert held(circle)["digest"] == "daily"


def test_whoever_asks_too_often_is_put_off(circle, link_for, settings):
    path = link_for()
    for few in serving(replace(settings, sign_ins_per_minute_address=3)):
        elsewhere = {"environ_base": {"REMOTE_ADDR": "203.0.113.77"}}
        answers = [few.test_client().get(path, **elsewhere) for _ in range(5)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429, 429]
        assert answers[-1].mimetype == "text/html"
        assert int(answers[-1].headers["Retry-After"]) > 0
