"""Members look back together: propose, rate, agree."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product as every_way
from threading import Barrier

import pytest

from tests.factories.circles import circle_of
from tests.factories.matching import every


@pytest.fixture
def circle(app, tenant, superuser):
    return circle_of(app, tenant, superuser)


def opened(circle, number=0):
    answer = circle.api(number).post(f"{circle.url}/retrospectives")
    assert answer.status_code == 201, answer.get_json()
    return answer.headers["Location"]


def proposed(circle, one, kind="keep", text="Mine of Amberbay", number=0):
    answer = circle.api(number).post(f"{one}/entries", json={"kind": kind, "text": text})
    assert answer.status_code == 201, answer.get_json()
    assert text not in answer.text
    assert circle.api(number).get(answer.headers["Location"]).get_json()["text"] == text
    return answer.headers["Location"]


def go_on(circle, one, *phases, number=0):
    return [circle.api(number).put(f"{one}/phase", json={"phase": phase}).status_code for phase in phases]


def entries(circle, one, number=0):
    return every(circle.api(number), f"{one}/entries")


def code(answer):
    return answer.status_code, (answer.get_json() or {}).get("code")


def test_members_propose_rate_and_agree(app, tenant, superuser):
    circle = circle_of(app, tenant, superuser, people=5)
    one = opened(circle)
    keep = proposed(circle, one)
    stop = proposed(circle, one, "stop", "Running late", number=1)
    assert go_on(circle, one, "rating", number=1) == [200]
    for number, rating in ((0, 5), (1, 4), (2, 2), (2, 3), (3, 4), (4, 4)):
        assert circle.api(number).put(f"{keep}/rating", json={"rating": rating}).status_code == 204
    assert circle.api(0).put(f"{stop}/rating", json={"rating": 1}).status_code == 204
    during = entries(circle, one, 2)
    assert [(each["own_rating"], each["raters"], each["band"]) for each in during] == [
        (3, None, None), (None, None, None),
    ]  # fmt: skip
    assert go_on(circle, one, "agreeing") == [200]
    assert circle.api(2).put(f"{keep}/agreement", json={"agreed": True}).status_code == 204
    assert go_on(circle, one, "agreed") == [200]
    kept, stopped = entries(circle, one, 1)
    assert (kept["text"], kept["raters"], kept["band"], kept["own_rating"]) == (
        "Mine of Amberbay",
        5,
        "high",
        4,
    )
    assert kept["agreed_at"] is not None
    assert (stopped["raters"], stopped["band"], stopped["agreed_at"]) == (None, None, None), "one rated it"
    assert circle.api().get(one).get_json()["phase"] == "agreed"
    assert circle.api().get(f"{circle.url}/renewal").get_json()["look_back_by"] is not None


@pytest.mark.parametrize(
    ("ratings", "band"),
    [
        ((5, 1, 1, 1), None),
        ((5, 1, 1, 1, 1), "low"),
        ((1, 1, 1, 1, 1), "low"),
        ((1, 3, 3, 3, 5), "middle"),
        ((1, 5, 5, 5, 5), "high"),
    ],
)
def test_a_band_is_told_from_five_raters_on_whatever_they_said(app, tenant, superuser, ratings, band):
    circle = circle_of(app, tenant, superuser, people=5)
    one = opened(circle)
    entry = proposed(circle, one)
    go_on(circle, one, "rating")
    for number, rating in enumerate(ratings):
        assert circle.api(number).put(f"{entry}/rating", json={"rating": rating}).status_code == 204
    go_on(circle, one, "agreeing")
    (row,) = entries(circle, one, 0)
    assert (row["raters"], row["band"]) == (band and len(ratings), band)


def test_of_five_raters_a_band_leaves_each_four_values_for_everybody_elses():
    limits = {
        "low": lambda mean: mean < 2.5,
        "middle": lambda mean: 2.5 <= mean <= 3.5,
        "high": lambda mean: mean > 3.5,
    }
    left = [
        {others[0] for others in every_way(range(1, 6), repeat=4) if within((own + sum(others)) / 5)}
        for own in range(1, 6)
        for within in limits.values()
    ]
    assert min(len(each) for each in left) == 4


def test_bands_are_told_to_members_of_the_time_who_signed_in_as_themselves(app, tenant, superuser, database):
    circle = circle_of(app, tenant, superuser, people=5)
    one = opened(circle)
    entry = proposed(circle, one)
    item = circle.api().post(f"{circle.url}/agenda-items", json={"title": "Amberbay"}).get_json()["id"]
    assert circle.api().put(f"{circle.url}/agenda-items/{item}/vote").status_code == 204
    go_on(circle, one, "rating")
    for number in range(5):
        assert circle.api(number).put(f"{entry}/rating", json={"rating": 4}).status_code == 204
    go_on(circle, one, "agreeing")
    circle.add()
    people = dict(superuser.execute("SELECT id, person_id FROM membership WHERE tenant_id = %s", [tenant.id]))

    def told(number, *, herself=True):
        member = circle.members[number]
        with database.tenant(tenant.id) as session:
            session.identify(membership_id=member, person_id=people[member] if herself else None)
            run = session.connection().exec_driver_sql
            rated = run("SELECT band FROM door.ratings(%s)", (one.rpartition("/")[2],)).all()
            return rated, run("SELECT votes FROM door.agenda_votes(%s)", (circle.id,)).all()

    assert told(1) == ([("high",)], [(1,)])
    assert told(1, herself=False) == ([], []), "whoever runs her employer's sign-in"
    assert told(5) == ([], []), "a newcomer"


def test_one_at_a_time(circle):
    one = opened(circle)
    assert code(circle.api(1).post(f"{circle.url}/retrospectives")) == (409, "retrospective_open")
    assert go_on(circle, one, "rating", "agreeing", "agreed") == [200] * 3
    opened(circle, 1)


def test_of_several_who_open_one_at_once_one_does(circle):
    apis = [circle.api(number) for number in range(3)]
    start = Barrier(3)

    def act(api):
        start.wait()
        return api.post(f"{circle.url}/retrospectives").status_code

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(act, apis)) == [201, 409, 409]


def test_of_several_who_go_on_at_once_one_does_and_nothing_gets_in_late(circle):
    one = opened(circle)
    proposed(circle, one)
    apis = [circle.api(number) for number in (0, 1, 2)]
    start = Barrier(6)

    def advance(api):
        start.wait()
        return api.put(f"{one}/phase", json={"phase": "rating"}).status_code

    def propose(api):
        start.wait()
        return api.post(f"{one}/entries", json={"kind": "stop", "text": "Late"}).status_code

    with ThreadPoolExecutor(6) as pool:
        advanced = [pool.submit(advance, api) for api in apis]
        late = [pool.submit(propose, api) for api in apis]
        assert sorted(each.result() for each in advanced) == [200, 409, 409]
        made = [each.result() for each in late]
    assert set(made) <= {201, 409}
    assert len(entries(circle, one)) == 1 + made.count(201)


def test_what_belongs_to_a_phase_is_done_in_it(circle):
    one = opened(circle)
    entry = proposed(circle, one)
    acts = {
        "propose": lambda: circle.api().post(f"{one}/entries", json={"kind": "keep", "text": "x"}),
        "withdraw": lambda: circle.api().delete(entry),
        "rate": lambda: circle.api().put(f"{entry}/rating", json={"rating": 3}),
        "agree": lambda: circle.api().put(f"{entry}/agreement", json={"agreed": True}),
    }
    allowed = {"proposing": {"propose"}, "rating": {"rate"}, "agreeing": {"agree"}, "agreed": set()}
    for phase, may in allowed.items():
        if phase != "proposing":
            assert go_on(circle, one, phase) == [200]
        refused = {name for name, act in acts.items() if name != "withdraw" and act().status_code == 409}
        assert refused == set(acts) - may - {"withdraw"}, phase
        if phase != "proposing":
            assert code(acts["withdraw"]()) == (409, "wrong_phase")
    for phase in allowed:
        assert code(circle.api().put(f"{one}/phase", json={"phase": phase})) == (409, "not_next_phase")


def test_only_its_author_takes_an_entry_back(circle):
    one = opened(circle)
    entry = proposed(circle, one)
    assert code(circle.api(1).delete(entry)) == (403, "not_the_author")
    assert circle.api(0).delete(entry).status_code == 204
    assert entries(circle, one) == []


def test_nobody_changes_anothers_words_or_reads_her_ratings_in_the_database_either(
    circle, database, superuser
):
    one = opened(circle)
    entry = proposed(circle, one)
    go_on(circle, one, "rating")
    assert circle.api(0).put(f"{entry}/rating", json={"rating": 2}).status_code == 204

    rated = "SELECT count(*) FROM retrospective_rating"
    with database.tenant(circle.tenant.id) as session:
        assert session.connection().exec_driver_sql(rated).scalar_one() == 0
    for number, seen in ((0, 1), (1, 0)):
        member = circle.members[number]
        (person,) = superuser.execute("SELECT person_id FROM membership WHERE id = %s", [member]).fetchone()
        with database.tenant(circle.tenant.id) as session:
            session.identify(membership_id=member, person_id=person)
            run = session.connection().exec_driver_sql
            assert run(rated).scalar_one() == seen
            with pytest.raises(Exception, match="permission denied"):
                run("UPDATE retrospective_entry SET encrypted_text = 'x'")


def test_entries_are_in_no_event_and_no_idempotency_record(circle, superuser):
    one = opened(circle)
    body, key = {"kind": "keep", "text": "Mine of Amberbay"}, {"Idempotency-Key": "once"}
    for _ in range(2):
        assert circle.api().post(f"{one}/entries", json=body, headers=key).status_code == 201
    kept = superuser.execute(
        "SELECT coalesce((SELECT string_agg(r::text, '') FROM idempotency_record r WHERE tenant_id = %(t)s), '')"
        " || (SELECT string_agg(e::text, '') FROM event e WHERE tenant_id = %(t)s)",
        {"t": circle.tenant.id},
    ).fetchone()[0]
    assert "Amberbay" not in kept
    assert b"Amberbay".hex() not in kept
