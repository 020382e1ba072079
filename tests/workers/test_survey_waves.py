"""A wave from its first letter to what is told of it; through a real mail server."""

import pytest

from tests.factories.circles import circle_of
from tests.factories.consents import says
from tests.factories.matching import every
from tests.factories.people import Member
from tests.factories.surveys import answered, days, planned
from tests.planting import plant

PEOPLE = 13
BEGAN = (
    (
        "UPDATE survey_wave SET opens_at = opens_at - age, closes_at = closes_at - age"
        " FROM make_interval(days => %s) AS age WHERE tenant_id = %s"
    ),
    "UPDATE job SET not_before = not_before - make_interval(days => %s) WHERE tenant_id = %s AND state = 'queued'",
)


class Asked:
    """A cohort of thirteen, for whom time passes on demand."""

    def __init__(self, app, tenant, root, clerk):
        self.circle = circle_of(app, tenant, root, people=PEOPLE)
        self.tenant, self.root, self.clerk = tenant, root, clerk
        for number, member in enumerate(self.circle.members):
            root.execute(
                "UPDATE membership SET chosen_email = %s WHERE id = %s", [self.address(number), member]
            )
        self.group_of = [self.circle.id, *(self.another_group() for _ in range(2))]
        for number, member in enumerate(self.circle.members):
            moved = "UPDATE group_member SET group_id = %s WHERE membership_id = %s"
            root.execute(moved, [self.group_of[number % 3], member])

    def another_group(self):
        return plant(
            self.root.cursor(), "peer_group", tenant_id=self.tenant.id, cohort_id=self.circle.cohort_id,
            state="active", name="Invented",
        )  # fmt: skip

    @staticmethod
    def address(number):
        return f"n{number:02}@amberbay.example"

    def plans(self, **changes):
        return planned(self.tenant.api, self.circle.cohort_id, self.circle.program_id, **changes)

    def passes(self, days):
        for statement in BEGAN:
            self.root.execute(statement, [days, self.tenant.id])

    def answer(self, wave, numbers, **answers):
        for number in numbers:
            answered(self.root.cursor(), self.tenant.id, wave["id"], self.circle.members[number], **answers)

    def told(self, wave):
        """The wave, and what is told of it by scale."""
        api, url = self.tenant.api, f"/v1/survey-waves/{wave['id']}"
        by_scale = [
            {row["scale"]: row for row in every(api, f"{url}/{told}")} for told in ("results", "changes")
        ]
        return api.get(url).get_json(), *by_scale


@pytest.fixture
def asked(app, tenant, root, clerk):
    return Asked(app, tenant, root, clerk)


def test_letters_go_to_those_who_have_not_answered_and_nobody_learns_who_that_is(asked):
    wave, clerk = asked.plans(reminders=[1]), asked.clerk
    asked.passes(1)
    everybody = [asked.address(number) for number in range(PEOPLE)]
    assert [to for to, _ in clerk.took()] == everybody
    asked.answer(wave, [0], at_home=4)
    asked.answer(wave, [1])
    objects = Member(asked.circle.members[2], None, asked.circle.api(2))
    assert says(objects, str(asked.circle.program_id), "outcomes", "objected").status_code == 201
    asked.passes(9)  # the day of the reminder is over, whatever the hour
    letters = clerk.took()
    assert [to for to, _ in letters] == everybody[3:]
    assert "a survey is open until" in letters[0][1]
    known = "SELECT count(*) FROM event WHERE tenant_id = %s AND (type LIKE 'letter%%' OR type LIKE '%%letters%%')"
    assert asked.root.execute(known, [asked.tenant.id]).fetchone() == (0,)


def test_two_waves_are_counted_once_each_and_told_as_distributions(asked):
    root = asked.root
    first = asked.plans()
    asked.answer(first, range(6), at_home=4, alone=2, heard=5)
    asked.answer(first, range(6, 12), at_home=2, alone=4)
    asked.answer(first, [12])
    asked.passes(12)
    asked.clerk.work()
    wave, results, changes = asked.told(first)
    assert (wave["invited"], wave["answered"], wave["declined"]) == (13, 12, 1)
    assert set(results) == {"belonging"}, "six people are heard, which is not told"
    found = results["belonging"]
    assert (found["n"], found["bins"], found["low"], found["high"]) == (12, [0, 6, 0, 0, 6], 1, 5)
    assert (found["mean"], changes) == (pytest.approx(3.4), {})
    assert found["alpha"] is None, "six answered all three"
    assert found["icc1"] is not None

    second = asked.plans(instrument_id=first["instrument_id"], label="end", **days(30, 40))
    asked.passes(45)
    asked.answer(second, range(12), at_home=4, alone=2, heard=5)
    withdrawn = Member(asked.circle.members[0], None, asked.circle.api(0))
    assert says(withdrawn, str(asked.circle.program_id), "outcomes", "objected").status_code == 201
    asked.passes(12)
    asked.clerk.work()
    wave, results, changes = asked.told(second)
    assert (wave["invited"], wave["answered"], wave["declined"]) == (12, 11, 0)
    assert "belonging" not in results, "one person less would tell of her"
    assert set(results) == {"heard"}, "of which nothing was told before"
    change = changes["belonging"]
    assert (change["n"], change["since_id"]) == (11, first["id"])
    assert change["bins"] == [0, 0, 5, 0, 6]
    assert change["mean_low"] < change["mean"] < change["mean_high"]
    assert asked.told(first)[1]["belonging"] == found, "what was published stands"

    kept = root.execute(
        "SELECT count(*) FROM survey_result WHERE tenant_id = %s", [asked.tenant.id]
    ).fetchone()
    root.execute(
        "UPDATE job SET state = 'queued', finished_at = NULL WHERE tenant_id = %s AND kind = 'survey_count'",
        [asked.tenant.id],
    )
    asked.clerk.work()
    assert root.execute(
        "SELECT count(*) FROM survey_result WHERE tenant_id = %s", [asked.tenant.id]
    ).fetchone() == (kept)


def test_ten_answers_are_never_told_nor_that_they_were_ten(asked):
    wave = asked.plans()
    asked.answer(wave, range(10), at_home=4, alone=2, heard=5)
    asked.passes(12)
    asked.clerk.work()
    wave, results, changes = asked.told(wave)
    assert wave["counted_at"] is not None
    assert (wave["invited"], wave["answered"], wave["declined"], results, changes) == (13, None, None, {}, {})
