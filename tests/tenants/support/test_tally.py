"""What check-ins tell: bands once a window has closed, and nobody's answer to anybody, whatever the history."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from tenants.kernel.ids import new_id
from tests.planting import plant
from tests.tenants.support.histories import ENOUGH, by_bands, by_means, by_running_means, history

WINDOWS = 6
ITEM = {"key": "worth_it", "kind": "scale", "least": 1, "most": 7}
CHECK_IN = (
    "INSERT INTO check_in (tenant_id, id, group_id, author_id, window_id, answers)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)
CLOSES = "UPDATE check_in_window SET closes_at = now() - interval '2 minutes'"
PUBLISHED = "SELECT group_id, window_id, band FROM check_in_result WHERE tenant_id = %s AND item = 'worth_it'"


class Ledger:
    """A cohort and its windows, all of which have closed, behind no wall but as the app tallies them."""

    def __init__(self, superuser, *, items=(ITEM,), windows=WINDOWS, least=5, least_changed=3):
        self.cursor = superuser.cursor()
        self.cursor.execute("SET LOCAL session_replication_role = replica")
        self.tenant, self.cohort = new_id(), new_id()
        start = datetime(2024, 1, 1, tzinfo=UTC)
        self.windows = [
            plant(
                self.cursor, "check_in_window", tenant_id=self.tenant, cohort_id=self.cohort, least=least,
                least_changed=least_changed,
                items=json.dumps(list(items)), opens_at=start + timedelta(days=90 * number),
                closes_at=start + timedelta(days=90 * (number + 1)), tallied_at=None,
            )
            for number in range(windows)
        ]  # fmt: skip

    def answer(self, rows):
        """Rows of group, author, number of the window, answers."""
        self.cursor.executemany(
            CHECK_IN,
            [
                (self.tenant, new_id(), group, author, self.windows[window], json.dumps(answers))
                for group, author, window, answers in rows
            ],
        )

    def tally(self):
        """As the app, until nothing is left; how often there was something."""
        self.cursor.execute("SET LOCAL ROLE peerloom_app")
        self.cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(self.tenant)])
        number = 0
        while self.cursor.execute("SELECT door.tally_check_ins(%s)", [self.cohort]).fetchone()[0]:
            number += 1
        self.cursor.execute("RESET ROLE")
        return number

    def published(self):
        rows = self.cursor.execute(PUBLISHED, [self.tenant]).fetchall()
        return {(group, self.windows.index(window)): band for group, window, band in rows}

    def pooled(self):
        rows = self.cursor.execute(
            "SELECT window_id, item, band, levels FROM pooled_check_in WHERE tenant_id = %s", [self.tenant]
        )
        return {(self.windows.index(window), item): band or levels for window, item, band, levels in rows}


@pytest.fixture
def ledger(superuser):
    return lambda **how: Ledger(superuser, **how)


def one_group(values, window=0, group=None, item="worth_it"):
    group = group or new_id()
    return [(group, new_id(), window, {item: value}) for value in values]


@pytest.mark.parametrize(
    ("values", "band"),
    [
        ([1, 2, 3, 4, 4], "low"),
        ([3, 3, 3, 3, 3], "middle"),
        ([5, 5, 5, 5, 4], "middle"),
        ([5, 5, 5, 5, 5], "high"),
        ([7, 7, 7, 7], None),
    ],
)
def test_a_group_is_told_a_band_of_the_mean_from_five_people_on(ledger, values, band):
    book = ledger(windows=1)
    book.answer(one_group(values))
    assert book.tally() == 1
    assert list(book.published().values()) == ([band] if band else [])


def test_the_answers_of_one_person_are_one_value_rounded_to_the_scale(ledger):
    book = ledger(windows=1)
    group, twice = new_id(), new_id()
    # Of hers 2 and 3 make 3: with four threes the mean is 3 and not below.
    book.answer(
        [*one_group([3, 3, 3, 3], group=group), *((group, twice, 0, {"worth_it": n}) for n in (2, 3))]
    )
    book.tally()
    assert list(book.published().values()) == ["middle"]


def test_a_reversed_item_is_turned_round(ledger):
    book = ledger(windows=1, items=[{**ITEM, "reversed": True}])
    book.answer(one_group([7, 7, 7, 6, 6]))
    book.tally()
    assert list(book.published().values()) == ["low"]


def test_a_program_may_ask_for_more_people(ledger):
    book = ledger(windows=1, least=6)
    book.answer(one_group([7] * 5))
    book.answer(one_group([7] * 6))
    book.tally()
    assert list(book.published().values()) == ["high"]


@pytest.mark.parametrize(
    ("out", "came", "told"),
    [
        (0, 0, True),
        (0, 1, False),
        (0, 2, False),
        (0, 3, True),
        (1, 0, False),
        (2, 3, False),
        (3, 3, True),
        (1, 1, False),
    ],
)
def test_a_window_is_silent_where_one_or_two_came_or_went(ledger, out, came, told):
    book = ledger(windows=2)
    first = one_group([4] * 8)
    group = first[0][0]
    book.answer(first)
    book.answer([(group, who, 1, said) for _, who, _, said in first[out:]])
    book.answer(one_group([4] * came, window=1, group=group))
    book.tally()
    assert ((group, 1) in book.published()) is told


@pytest.mark.parametrize(("out", "came", "told"), [(0, 0, True), (0, 4, False), (4, 0, False), (0, 5, True)])
def test_a_program_may_ask_for_five_to_have_changed(ledger, out, came, told):
    book = ledger(windows=2, least_changed=5)
    first = one_group([4] * 10)
    group = first[0][0]
    book.answer(first)
    book.answer([(group, who, 1, said) for _, who, _, said in first[out:]])
    book.answer(one_group([4] * came, window=1, group=group))
    book.tally()
    assert ((group, 1) in book.published()) is told


def test_a_scale_of_fewer_than_five_points_stays_silent(ledger):
    items = [{**ITEM, "key": f"to_{most}", "most": most} for most in (2, 3, 4, 5)]
    book = ledger(windows=1, items=items)
    # On two points, who said 2 would know by a low band that all others said 1.
    for value in (2, 1, 1, 1, 1):
        book.answer(one_group([value], group=book.cohort, item="to_2"))
    for item in items[1:]:
        book.answer(one_group([1] * 5, group=book.cohort, item=item["key"]))
    book.tally()
    told = "SELECT item FROM check_in_result WHERE tenant_id = %s"
    assert book.cursor.execute(told, [book.tenant]).fetchall() == [("to_5",)]


def test_what_is_chosen_is_told_again_where_none_or_eleven_changed(ledger):
    book = ledger(windows=3, items=[{"key": "gave_help", "kind": "yes_no"}])
    groups = [new_id() for _ in range(3)]
    first = [(group, new_id()) for group in groups for _ in range(5)]
    for window, more in enumerate((0, 3, 11)):
        people = [*first, *((groups[0], new_id()) for _ in range(more))]
        book.answer((group, who, window, {"gave_help": True}) for group, who in people)
    book.tally()
    assert {window for window, _ in book.pooled()} == {0, 2}


def test_a_silent_window_stays_silent_and_is_compared_with_none(ledger):
    book = ledger(windows=3)
    first = one_group([4] * 6)
    group = first[0][0]
    book.answer(first)
    book.answer([(group, who, 1, said) for _, who, _, said in first[1:]])
    book.answer([(group, who, 2, said) for _, who, _, said in first])
    assert book.tally() == 3
    assert {window for _, window in book.published()} == {0, 2}
    assert book.tally() == 0


def test_who_was_told_something_is_not_told_otherwise_once_answers_are_taken_back(ledger):
    book = ledger(windows=2)
    first = one_group([4] * 6)
    group = first[0][0]
    book.answer(first)
    book.cursor.execute(
        "UPDATE check_in_window SET closes_at = now() + interval '1 day' WHERE id = %s", [book.windows[1]]
    )
    assert book.tally() == 1
    book.cursor.execute("DELETE FROM check_in WHERE author_id = %s", [first[0][1]])
    book.answer([(group, who, 1, said) for _, who, _, said in first[1:]])
    book.cursor.execute(CLOSES + " WHERE id = %s", [book.windows[1]])
    assert book.tally() == 1
    assert {window for _, window in book.published()} == {0}  # one fewer than those who are remembered


def test_the_tenant_is_told_of_three_groups_and_fifteen_people_together(ledger):
    for groups, people, told in ((3, 5, True), (2, 8, False), (4, 3, False), (5, 3, True)):
        book = ledger(windows=1)
        for _ in range(groups):
            book.answer(one_group([6] * people))
        book.tally()
        assert (book.pooled() == {(0, "worth_it"): "high"}) is told, (groups, people)


def test_what_is_chosen_is_told_from_eleven_people_on_and_roughly(ledger):
    choice = {"key": "barriers", "kind": "choice", "levels": ["time", "money", "none"], "most_chosen": 2}
    book = ledger(windows=1, items=[choice, {"key": "gave_help", "kind": "yes_no"}])
    for _ in range(3):
        group = new_id()
        book.answer(
            [(group, new_id(), 0, {"barriers": ["time", "money"], "gave_help": True}) for _ in range(3)]
        )
        book.answer([(group, new_id(), 0, {"barriers": ["time"], "gave_help": False}) for _ in range(4)])
    book.tally()
    assert book.pooled() == {(0, "barriers"): {"time": "21 to 50"}, (0, "gave_help"): {"no": "11 to 20"}}
    assert book.published() == {}


def published_histories(book, *, permuted=False):
    chance = random.Random(20)
    found = [history(chance, WINDOWS) for _ in range(500)]
    for each in found:
        if permuted:
            shuffled = list(each.answers.values())
            random.Random(1).shuffle(shuffled)
            each.answers = dict(zip(each.answers, shuffled, strict=True))
        book.answer(
            (each.group, who, window, {"worth_it": each.answers[who]})
            for window, people in enumerate(each.answered)
            for who in people
        )
    assert book.tally() == WINDOWS
    bands = book.published()
    for each in found:
        each.published = {window: band for (group, window), band in bands.items() if group == each.group}
    return found


def test_nobodys_answer_follows_from_any_history_to_any_member(ledger):
    found = published_histories(ledger())
    several = [each for each in found if len(each.published) > 1]
    assert len(several) > 100
    for each in found:
        assert all(left >= ENOUGH for left in by_bands(each).each_left(each.answers)), each
    for broken in (by_means, by_running_means):
        assert any(left == 1 for each in several[:20] for left in broken(each).each_left(each.answers))


def test_which_windows_are_published_does_not_depend_on_what_is_answered(ledger):
    plain = [sorted(each.published) for each in published_histories(ledger())]
    assert [sorted(each.published) for each in published_histories(ledger(), permuted=True)] == plain
