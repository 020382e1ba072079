"""What a randomised start can find out, and what it has shown, over HTTP with a real worker."""

from datetime import timedelta

import pytest
from scipy import stats
from sqlalchemy import text

from tenants.kernel.clock import now
from tenants.reporting.statistics.comparison import compare
from tenants.reporting.statistics.detectable_effect import Design, detectable_effect
from tests.factories.consents import bases
from tests.factories.matching import every, ready_to_match

NOBODY = {"people": 0, "left_out": 0, "units": 0, "mean": None}


def days_ago(days):
    return (now() - timedelta(days=days)).date().isoformat()


def accepted(tenant, database, url, *, days):
    """Accept a run, as of so many days ago."""
    assert tenant.api.post(f"{url}/acceptance").status_code == 201
    moved = "UPDATE matching_run SET accepted_at = accepted_at - make_interval(days => :days) WHERE id = :run"
    with database.tenant(tenant.id) as session:
        session.execute(text(moved), {"days": days, "run": url.rsplit("/", 1)[1]})
        session.commit()


def memberships(tenant, cohort_id):
    rows = every(tenant.api, f"/v1/cohorts/{cohort_id}/participants")
    return {row["id"]: row["membership_id"] for row in rows}


def talk(tenant, title, people, on, **more):
    body = {"kind": "talk", "title": title, "date": on, "membership_ids": sorted(people), **more}
    assert tenant.api.post("/v1/products", json=body).status_code == 201


def test_the_detectable_effect_of_a_cohort_is_that_of_who_could_be_placed(tenant, database):
    ready = ready_to_match(tenant, database, people=41)
    url = f"/v1/cohorts/{ready.cohort_id}/detectable-effect"
    found = tenant.api.get(url).get_json()
    assert (found["treated"], found["waiting"], found["share_needed"]) == (20, 21, None)
    planned = detectable_effect(Design(20, 21, 6, 0.1))
    assert planned is not None
    assert found["detectable"]["effect"] == pytest.approx(planned.effect)
    assert (found["detectable"]["groups"], found["detectable"]["design_effect"]) == (3, 1.5)
    asked = tenant.api.get(f"{url}?share=0.75&group_size=5&icc=0&power=0.5&base_share=0.2").get_json()
    other = detectable_effect(Design(31, 10, 5, 0, power=0.5))
    assert other is not None
    assert asked["detectable"]["effect"] == pytest.approx(other.effect)
    assert asked["share_needed"] == pytest.approx(0.2 + other.effect * 0.4)
    assert tenant.api.get(f"{url}?group_size=20").get_json()["detectable"] is None


def test_designs_that_cannot_be_are_refused_by_field(tenant, database):
    ready = ready_to_match(tenant, database, people=2)
    url = f"/v1/cohorts/{ready.cohort_id}/detectable-effect"
    for asked in ("share=0", "icc=1", "icc=nan", "power=1e999", "group_size=0", "alpha=x", "base_share=1"):
        refused = tenant.api.get(f"{url}?{asked}")
        assert refused.status_code == 422
        assert [each["pointer"] for each in refused.get_json()["errors"]] == [f"?{asked.split('=')[0]}"]


def test_a_run_that_drew_nobody_compares_nobody_whatever_the_day(tenant, database, proposed):
    url, _ = proposed(ready_to_match(tenant, database, people=24, rules=[]), seed=1, sweeps=0)
    accepted(tenant, database, url, days=1)
    found = tenant.api.get(f"{url}/trial-results?as_of={days_ago(5)}")
    assert found.status_code == 200
    assert (found.get_json()["from_on"], found.get_json()["treated"]) == (None, NOBODY)


def test_arms_are_compared_as_drawn_by_what_came_after_the_draw(tenant, database, proposed):
    ready = ready_to_match(tenant, database, people=24, rules=[])
    url, _ = proposed(ready, randomise={"design": "waitlist"}, seed=1, sweeps=0)
    before = tenant.api.get(f"{url}/trial-results").get_json()
    assert (before["from_on"], before["treated"], before["comparison"]) == (None, NOBODY, None)
    accepted(tenant, database, url, days=300)
    member = memberships(tenant, ready.cohort_id)
    groups = [
        [member[each["participant_id"]] for each in group["members"]]
        for group in every(tenant.api, f"{url}/proposed-groups")
    ]
    waiting = [member[each["participant_id"]] for each in every(tenant.api, f"{url}/unplaced")]
    assert (len(waiting), sum(map(len, groups))) == (12, 12)
    talk(tenant, "By all who started", [person for group in groups for person in group], days_ago(200))
    talk(tenant, "By one group and one who waits", [*groups[0], waiting[0]], days_ago(100))
    for kind, number in (("proposal_submitted", "1R01ZZ000001-01"), ("proposal_awarded", "5R01ZZ000001-02")):
        won = {"kind": kind, "project_number": number}
        talk(tenant, "Once, whatever came of it", waiting[1:2], days_ago(50), **won)
    talk(tenant, "Of before", waiting, days_ago(300))
    talk(tenant, "Not for the program", waiting, days_ago(100), visibility="group")
    expected = compare(
        treated=[[2.0] * len(groups[0]), *([1.0] * len(each) for each in groups[1:])],
        waiting=[1.0, 1.0] + [0.0] * 10,
    )
    assert expected is not None
    found = tenant.api.get(f"{url}/trial-results").get_json()
    assert (found["from_on"], found["until_on"]) == (days_ago(300), days_ago(0))
    assert found["treated"]["people"] == found["waiting"]["people"] == found["waiting"]["units"] == 12
    assert found["treated"]["units"] == len(groups)
    for name, value in found["comparison"].items():
        assert value == pytest.approx(getattr(expected, name)), name
    # Nobody has won anything, so nothing differs.
    awards = tenant.api.get(f"{url}/trial-results?outcome=awards").get_json()
    assert awards["comparison"] is awards["log_rank"] is found["log_rank"] is None
    won = {groups[0][0]: 50, groups[0][1]: 90, waiting[3]: 100}
    for person, days in won.items():
        award = {"kind": "award", "code": "R01", "date": days_ago(300 - days), "membership_id": person}
        assert tenant.api.post("/v1/career-events", json=award).status_code == 201
    times = [
        [won.get(each, 300) for each in side]
        for side in ([person for group in groups for person in group], waiting)
    ]
    theirs = stats.logrank(
        *(stats.CensoredData.right_censored(each, [t == 300 for t in each]) for each in times)
    )
    sooner = tenant.api.get(f"{url}/trial-results?outcome=awards").get_json()["log_rank"]
    assert (sooner["observed"], sooner["df"]) == ([2, 1], 1)
    assert sooner["p"] == pytest.approx(theirs.pvalue)
    tomorrow = tenant.api.get(f"{url}/trial-results?as_of={days_ago(-2)}")
    assert (tomorrow.status_code, tomorrow.get_json()["errors"][0]["code"]) == (422, "in_the_future")
    sooner = tenant.api.get(f"{url}/trial-results?as_of={days_ago(301)}")
    assert (sooner.status_code, sooner.get_json()["errors"][0]["code"]) == (422, "before_the_draw")

    # From when the others start on, nobody waits; and they stay in the arm that they were drawn into.
    later, _ = proposed(ready, arm={"matching_run_id": url.rsplit("/", 1)[1], "arm": 2}, sweeps=0)
    accepted(tenant, database, later, days=150)
    then = tenant.api.get(f"{url}/trial-results").get_json()
    assert (then["until_on"], then["waiting"]["people"]) == (days_ago(150), 12)
    assert (then["treated"]["mean"], then["waiting"]["mean"]) == (1, 0)

    # Whose outcomes are not covered is not counted, and that is said.
    bases(tenant.api, ready.program_id, outcomes="consent")
    nobody = tenant.api.get(f"{url}/trial-results").get_json()
    assert nobody["treated"] == nobody["waiting"] == {**NOBODY, "left_out": 12}
    assert nobody["comparison"] is None
