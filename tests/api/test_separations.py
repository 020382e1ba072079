"""Who must not be in one group: said by admins one at a time, and by persons of themselves."""

import ast
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from tenants.cohorts.models import Cohort
from tenants.kernel.clock import now
from tenants.kernel.ids import new_id
from tenants.kernel.jobs import Job
from tenants.matching.models import MatchingAnalysis, MatchingRun
from tenants.matching.separations import Separated, natural_key, separations_to_keep
from tests.factories.cohorts import make_cohort
from tests.factories.events import sealed
from tests.factories.matching import every, ready_to_match
from tests.factories.people import member_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def people(tenant, cohort):
    """The participants P0 to P3 of the cohort."""
    made = [tenant.api.post(f"{cohort}/participants", json={"external_id": f"P{n}"}) for n in range(4)]
    return [each.get_json() for each in made]


@pytest.fixture
def apart(tenant, cohort):
    """Keep participants apart, and return the answer."""

    def post(*participants):
        return tenant.api.post(
            f"{cohort}/separations", json={"participants": [each["id"] for each in participants]}
        )

    return post


@pytest.fixture
def wish(app, tenant):
    """A person's wish, through the product's own client."""
    members = {}

    def say(person, *others):
        key = person["membership_id"]
        if key not in members:
            members[key] = member_of(app, tenant.id, membership_id=UUID(key), own_client=True)
        said = {"names": [other["external_id"] for other in others]}
        assert members[key].api.put(wishes_of(person), json=said).status_code == 200
        return members[key]

    return say


def wishes_of(person):
    return f"/v1/me/applications/{person['id']}/separations"


def runs(session, kind, subject_id):
    """A job that was claimed."""
    job = Job(id=new_id(), kind=kind, queue="long", subject_id=subject_id)
    session.add(job)
    session.flush()
    job.state, job.fence, job.lease_until = "running", 1, now()
    session.flush()
    return job


def at_work(session, cohort_id):
    """A run of the cohort that is under way, in this transaction alone."""
    job = runs(session, "matching_run", new_id())
    run = {"cohort_id": cohort_id, "job_id": job.id, "seed": 1, "recipe": {}, "simulation": True}
    session.add(MatchingRun(id=new_id(), **run))
    session.flush()
    return job


def kept(database, tenant, cohort):
    """What a run that is under way keeps."""
    cohort_id = UUID(cohort.rpartition("/")[2])
    with database.tenant(tenant.id) as session:
        if session.get(Cohort, (tenant.id, cohort_id)):
            at_work(session, cohort_id)
        return separations_to_keep(session, cohort_id)


def separated(*people, private=False):
    return Separated(tuple(sorted(UUID(each["id"]) for each in people)), private)


def rows_seen(session):
    return [
        session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 - two names of ours
        for table in ("separation", "separation_member")
    ]


def test_a_separation_names_its_participants_in_the_order_of_their_ids(tenant, cohort, people, apart):
    answer = apart(people[2], people[0])
    assert answer.status_code == 201
    made = answer.get_json()
    assert made["participants"] == [
        {"participant_id": people[n]["id"], "external_id": f"P{n}"} for n in (0, 2)
    ]
    assert (made["source"], made["cohort_id"]) == ("admin", people[0]["cohort_id"])
    assert "reason" not in made
    assert answer.headers["Location"] == f"{cohort}/separations/{made['id']}"
    assert tenant.api.get(answer.headers["Location"]).get_json() == made
    assert every(tenant.api, f"{cohort}/separations") == [made]


def test_the_same_set_again_is_the_separation_that_is_there(tenant, cohort, people, apart):
    made = apart(*people[:3]).get_json()
    again = apart(*reversed(people[:3]))
    assert (again.status_code, again.get_json()) == (200, made)
    assert apart(*people[:2]).status_code == 201
    assert len(every(tenant.api, f"{cohort}/separations")) == 2


def test_everybody_who_is_named_wrongly_is_pointed_at(tenant, people, apart):
    elsewhere = tenant.api.post(
        f"{make_cohort(tenant.api)}/participants", json={"external_id": "P0"}
    ).get_json()
    answer = apart(people[0], elsewhere, people[0], {"id": str(new_id())})
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.get_json()["errors"]] == [
        ("/participants/1", "unknown"),
        ("/participants/2", "duplicate"),
        ("/participants/3", "unknown"),
    ]


@pytest.mark.parametrize("number", [0, 1, 201])
def test_from_two_to_two_hundred_are_kept_apart(apart, number):
    answer = apart(*({"id": str(new_id())} for _ in range(number)))
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["pointer"] == "/participants"


def test_a_reason_is_not_taken(tenant, cohort, people):
    body = {"participants": [each["id"] for each in people[:2]], "reason": "They fell out."}
    answer = tenant.api.post(f"{cohort}/separations", json=body)
    assert [e["pointer"] for e in answer.get_json()["errors"]] == ["/reason"]


def test_a_separation_that_is_deleted_is_gone_and_may_be_made_anew(tenant, cohort, people, apart):
    made = apart(*people[:2])
    url = made.headers["Location"]
    other = make_cohort(tenant.api)
    assert tenant.api.delete(f"{other}/separations/{made.get_json()['id']}").status_code == 404
    assert tenant.api.delete(url).status_code == 204
    assert tenant.api.delete(url).status_code == 404
    assert tenant.api.get(url).status_code == 404
    assert apart(*people[:2]).status_code == 201


def test_events_tell_of_a_separation_by_its_id_alone(tenant, database, people, apart):
    url = apart(*people[:2]).headers["Location"]
    tenant.api.delete(url)
    sealed(database, tenant.id)
    told = [each for each in every(tenant.api, "/v1/events") if each["type"].startswith("separation.")]
    assert [each["type"] for each in told] == ["separation.created", "separation.deleted"]
    for each in told:
        assert (each["subject_type"], each["subject_id"]) == ("separation", url.rpartition("/")[2])
        assert (each["changed"], each["counts"]) == ([], {})


def test_who_may_only_read_of_matching_may_not_keep_anybody_apart(new_tenant):
    reader = new_tenant(scopes=["programs:read", "programs:write", "matching:read"])
    url = f"{make_cohort(reader.api)}/separations"
    assert reader.api.get(url).get_json()["items"] == []
    refused = reader.api.post(url, json={"participants": [str(new_id()), str(new_id())]})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "insufficient_scope")


def test_whoever_is_deleted_leaves_a_list_and_of_a_pair_nothing_is_left(
    tenant, cohort, database, people, apart
):
    trio, pair = apart(*people[:3]).get_json(), apart(people[2], people[3])
    with database.tenant(tenant.id) as session:
        session.execute(text("DELETE FROM participant WHERE id = :id"), {"id": people[2]["id"]})
        session.commit()
    (left,) = every(tenant.api, f"{cohort}/separations")
    assert left == {**trio, "participants": trio["participants"][:2]}
    assert tenant.api.get(pair.headers["Location"]).status_code == 404
    assert kept(database, tenant, cohort) == [separated(*people[:2])]


def test_a_wish_is_kept_by_matching_and_seen_by_no_admin(tenant, cohort, database, people, apart, wish):
    shown = apart(*people[:2]).get_json()
    wish(people[0], people[1], people[3])
    assert every(tenant.api, f"{cohort}/separations") == [shown]
    with database.tenant(tenant.id) as session:
        assert rows_seen(session) == [1, 2]
    assert kept(database, tenant, cohort) == [
        separated(people[0], people[1]),
        separated(people[0], people[1], private=True),
        separated(people[0], people[3], private=True),
    ]


def test_only_their_author_sees_wishes_and_only_signed_in_as_herself(tenant, database, people, wish):
    author = wish(people[0], people[1], people[2])
    wish(people[1])
    seen = {}
    with database.tenant(tenant.id) as session:
        rows = session.execute(text("SELECT id, person_id FROM membership WHERE person_id IS NOT NULL"))
        persons = {row.id: row.person_id for row in rows}
    assert author.id in persons
    for membership_id, person_id in persons.items():
        for as_herself in (person_id, None):
            with database.tenant(tenant.id) as session:
                session.identify(membership_id=membership_id, person_id=as_herself)
                seen[membership_id == author.id, as_herself is not None] = rows_seen(session)
    assert seen == {
        (True, True): [1, 0],
        (True, False): [0, 0],
        (False, True): [0, 0],
        (False, False): [0, 0],
    }


def test_an_admin_cannot_find_a_wish_by_its_id_or_by_making_it_again(
    tenant, cohort, database, people, apart, wish
):
    wish(people[0], people[1])
    with database.tenant(tenant.id) as session:
        at_work(session, UUID(people[0]["cohort_id"]))
        ids = session.scalars(
            text("SELECT separation_id FROM door.separations(:cohort)"), {"cohort": people[0]["cohort_id"]}
        ).all()
    for call in (tenant.api.get, tenant.api.delete):
        assert call(f"{cohort}/separations/{ids[0]}").status_code == 404
    assert apart(*people[:2]).status_code == 201
    assert kept(database, tenant, cohort) == [
        separated(*people[:2]),
        separated(*people[:2], private=True),
    ]


def test_no_event_tells_of_a_wish(tenant, database, people, wish):
    wish(people[0], people[1])
    sealed(database, tenant.id)
    told = every(tenant.api, "/v1/events")
    assert told
    assert not [each for each in told if each["type"].startswith("separation.")]


def test_a_wish_takes_the_place_of_the_one_before(tenant, cohort, database, people, wish):
    wish(people[1], people[0])
    wish(people[0], people[1], people[2])
    wish(people[0], people[3])
    wish(people[0], people[3])
    assert kept(database, tenant, cohort) == [
        separated(people[0], people[1], private=True),
        separated(people[0], people[3], private=True),
    ]
    wish(people[0])
    assert kept(database, tenant, cohort) == [separated(people[0], people[1], private=True)]


def test_a_wish_of_the_author_goes_with_them(tenant, cohort, database, people, wish):
    wish(people[0], people[1])
    with database.tenant(tenant.id) as session:
        session.execute(text("DELETE FROM participant WHERE id = :id"), {"id": people[0]["id"]})
        session.execute(text("DELETE FROM membership WHERE id = :id"), {"id": people[0]["membership_id"]})
        session.commit()
        at_work(session, UUID(people[0]["cohort_id"]))
        door = text("SELECT count(*) FROM door.separations(:cohort)")
        assert session.scalar(door, {"cohort": people[0]["cohort_id"]}) == 0


def test_nobody_wishes_in_anothers_name(people, wish):
    other = wish(people[1])
    assert other.api.get(wishes_of(people[0])).status_code == 404
    assert other.api.put(wishes_of(people[0]), json={"names": ["P2"]}).status_code == 404


def test_the_database_takes_no_wish_from_an_admin_nor_from_anybody_else(tenant, cohort, database, people):
    said = text(
        "INSERT INTO separation (tenant_id, id, cohort_id, source, natural_key, membership_id, encrypted_names)"
        " VALUES (:tenant, :id, :cohort, 'person', 'x', :author, 'x')"
    )
    known = {"tenant": tenant.id, "id": new_id(), "cohort": people[0]["cohort_id"]}
    known["author"] = people[0]["membership_id"]
    for membership_id in (None, UUID(people[1]["membership_id"])):
        with (
            database.tenant(tenant.id, membership_id=membership_id) as session,
            pytest.raises(ProgrammingError, match="row-level security"),
        ):
            session.execute(said, known)


def test_the_door_shows_another_tenant_and_nobody_nothing(
    tenant, cohort, database, new_tenant, people, apart, wish
):
    apart(*people[:2])
    wish(people[0], people[1])
    assert len(kept(database, tenant, cohort)) == 2
    assert kept(database, new_tenant(), cohort) == []
    with database.nobody() as session:
        assert separations_to_keep(session, UUID(people[0]["cohort_id"])) == []


def test_the_door_is_closed_while_no_run_or_analysis_of_the_cohort_is_at_work(
    tenant, cohort, database, people, apart, wish
):
    apart(*people[:2])
    wish(people[0], people[1])
    cohort_id = UUID(people[0]["cohort_id"])
    other = UUID(make_cohort(tenant.api).rpartition("/")[2])
    with database.tenant(tenant.id) as session:
        assert separations_to_keep(session, cohort_id) == []
        at_work(session, other)
        assert separations_to_keep(session, cohort_id) == []
        job = at_work(session, cohort_id)
        assert len(separations_to_keep(session, cohort_id)) == 2
        for state in ("queued", "succeeded", "failed", "cancelled"):
            job.state = state
            session.flush()
            assert separations_to_keep(session, cohort_id) == []
        run_id = session.scalar(text("SELECT id FROM matching_run WHERE job_id = :job"), {"job": job.id})
        job = runs(session, "matching_analysis", run_id)
        session.add(MatchingAnalysis(id=new_id(), matching_run_id=run_id, job_id=job.id))
        session.flush()
        assert len(separations_to_keep(session, cohort_id)) == 2


def test_a_run_and_its_analysis_keep_a_wish_and_tell_nobody_of_it(tenant, database, proposed, finished, wish):
    size = {"min": 5, "max": 6}
    ready = ready_to_match(tenant, database, people=6, rules=[], size=size, waitlist=True)
    one, other = ready.participants[:2]
    wish(*(tenant.api.get(f"/v1/participants/{each}").get_json() for each in (one, other)))
    url, run = proposed(ready)
    (left,) = every(tenant.api, f"{url}/unplaced")
    assert left["participant_id"] in {one, other}
    assert (left["code"], left["reason"]) == (
        "rules",
        "No group could take this person with the rules of this run.",
    )
    assert run["clash"]["parts"][0]["people"] == []
    analysis = finished(tenant.api, tenant.api.post(f"{url}/analyses").headers["Location"])
    assert (analysis["state"], analysis["rule_prices"]) == ("succeeded", [])


def test_no_route_asks_the_door_for_separations():
    asking = {
        str(path.relative_to(ROOT))
        for room in ("api", "cli", "tenants", "workers")
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and "door.separations" in str(node.value)
    }
    assert asking == {"tenants/matching/separations.py"}
    assert not [path for path in (ROOT / "api").rglob("*.py") if "separations_to_keep" in path.read_text()]


def test_the_key_of_a_set_is_the_same_in_whatever_order_it_is_named():
    first, second = new_id(), new_id()
    assert natural_key([first, second]) == natural_key([second, first]) != natural_key([first])
