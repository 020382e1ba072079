"""What reports tell of surveys and of barriers. Everybody is invented."""

import datetime as dt
import json
from statistics import fmean, stdev

import psycopg
import pytest
from psycopg.types.json import Jsonb
from sqlalchemy import select, text, update

from tenants.kernel.files import FileStore
from tenants.kernel.jobs import Job
from tenants.reporting.actions import order_report
from tenants.reporting.metrics import barriers, surveys
from tenants.reporting.models import FORMATS, ReportSnapshot
from tenants.reporting.releasing import cells_of
from tests.factories.counted import AS_OF, Circle
from tests.factories.surveys import ITEMS
from tests.planting import plant
from workers.tenant_job import run_job

FUND = "Invented Foundation"
SCALE = {
    "key": "heard",
    "name": "Being heard",
    "items": ["heard"],
    "score": "mean",
    "least_answered": 1,
    "about": "self",
}
WHOLE = [{"reversed": False, **item} for item in ITEMS]
MIDDLE = [1.4, 2.2, 3.0, 3.8, 4.6]


class Asked(Circle):
    """A program with an instrument, of which waves that were counted are planted."""

    def __init__(self, session, cursor):
        super().__init__(session)
        self.cursor, self.tenant_id = cursor, session.tenant_id
        self.program.funders = [FUND]
        session.commit()
        fixed = {"tenant_id": self.tenant_id, "program_id": self.program.id}
        self.instrument = plant(
            cursor, "instrument", **fixed, name="Place", items=Jsonb(WHOLE), scales=Jsonb([SCALE])
        )

    def wave(self, month, label="baseline", **more):
        fixed = {
            "tenant_id": self.tenant_id,
            "cohort_id": self.cohorts[0].id,
            "instrument_id": self.instrument,
        }
        opens = dt.datetime(2026, month, 1, tzinfo=dt.UTC)
        told = {"answered": 13, "invited": 20, "declined": 2, **more}
        return plant(
            self.cursor, "survey_wave", **fixed, label=label, opens_at=opens,
            closes_at=opens + dt.timedelta(days=9), counted_at=opens + dt.timedelta(days=10), **told,
        )  # fmt: skip

    def answered(self, wave, people, heard, *, counted=True):
        self.session.commit()
        for each in people:
            fixed = {"tenant_id": self.tenant_id, "wave_id": wave, "membership_id": each.membership_id}
            said = {"answers": Jsonb({"heard": heard}), "declined": False, "counted": counted}
            plant(self.cursor, "survey_response", **fixed, **said)

    def outside(self, kind="report", **parts):
        """What a report that is being built, or another job at work, counts for whom it may go to."""
        ordered = order_report(self.session, audience="public", program_id=self.program.id)
        lease = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
        running = update(Job).where(Job.id == ordered.job_id)
        self.session.execute(running.values(state="running", fence=1, lease_until=lease))
        self.session.commit()
        self.cursor.execute("UPDATE job SET kind = %s WHERE id = %s", [kind, ordered.job_id])
        return self.counted(surveys, outward=True, **parts)


@pytest.fixture(scope="module")
def root(servers):
    with psycopg.connect(servers.url_as("postgres"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def asked(tenant, database, root):
    with database.tenant(tenant.id) as session:
        yield Asked(session, root.cursor())


def is_of(key, wave, agrees="yes"):
    """Whether a cell is of the answers in a wave, and of those who agreed or, where None, of all."""
    codes = dict(key)
    scored = {name for name in codes if name.startswith("wave:")}
    return scored == {f"wave:{wave}"} and codes.get(f"shares:{FUND}") == agrees


def named(wave):
    return f"survey_{wave.hex}_heard"


def test_an_internal_report_tells_of_waves_as_the_tenant_was_told(asked):
    first, second = asked.wave(2), asked.wave(6, "end", answered=None, declined=None)
    asked.wave(10, "follow_up")
    of = {"tenant_id": asked.tenant_id, "scale": "heard", "n": 13}
    plant(
        asked.cursor, "survey_result", **of, wave_id=first, bins=[2, 1, 0, 4, 6], low=1, high=5, mean=3.7, sd=1.3,
        alpha=0.81, icc1=None, rwg=None,
    )  # fmt: skip
    plant(
        asked.cursor, "survey_change", **of, wave_id=second, since_id=first, bins=[0, 0, 5, 4, 4], step=0.7,
        mean=0.6, mean_low=0.2, mean_high=1.0, sd=0.6, effect=1.0, effect_low=0.3, effect_high=1.7,
    )  # fmt: skip
    found = asked.counted(surveys)
    table, change = found.all
    assert [number for _, number in sorted(table.counts.items())] == [2, 1, 0, 4, 6]
    assert table.title == "Being heard: 0, baseline of 2026-02-01"
    levels, means, shares, changes, effects = surveys.METRIC.figures(
        {each.name: each.whole(AS_OF) for each in found.all}
    )
    assert [row["count"] for row in levels["panels"][0]["rows"]] == [2, 1, 0, 4, 6]
    expected = sum(n * value for n, value in zip([2, 1, 0, 4, 6], MIDDLE, strict=True)) / 13
    assert means["rows"][0]["estimate"] == pytest.approx(expected)
    assert means["rows"][0]["lower"] < expected < means["rows"][0]["upper"]
    exact = {figure["id"]: figure for figure in found.exact}
    assert [*exact] == ["survey_responses", "survey_reliability"]
    said = {
        panel["label"]: [row["count"] for row in panel["rows"]]
        for panel in exact["survey_responses"]["panels"]
    }
    assert said == {
        "0, baseline of 2026-02-01": [20, 13, 2, 5],
        "0, end of 2026-06-01": [20, None, None, None],
    }
    (row,) = exact["survey_reliability"]["rows"]
    assert (row["label"], row["estimate"]) == (f"{table.title}: Cronbach's alpha", 0.81)
    assert change.title == "Being heard: 0, from baseline of 2026-02-01 to end of 2026-06-01"
    assert [row["count"] for row in shares["panels"][0]["rows"]] == [0, 5, 8]
    moved = [0] * 5 + [2 / 3] * 4 + [4 / 3] * 4
    (row,) = changes["rows"]
    assert (row["estimate"], row["n"]) == (pytest.approx(fmean(moved), rel=1e-5), 13)
    assert row["lower"] < row["estimate"] < row["upper"]
    (row,) = effects["rows"]
    assert (row["estimate"], row["n"]) == (pytest.approx(fmean(moved) / stdev(moved), rel=1e-5), 13)


def test_without_a_wave_there_is_nothing_to_tell(asked):
    assert not asked.counted(surveys).all
    assert surveys.METRIC.figures({}) == []


def test_outside_whoever_answered_and_may_be_reported_on_counts_for_those_she_agreed_to(asked):
    people = [asked.joined() for _ in range(30)]
    asked.agreed(*people[:20], purpose="funder_sharing", funder=FUND)
    wave = asked.wave(2)
    asked.answered(wave, people[:12], 5)
    asked.answered(wave, people[12:26], 1)
    asked.answered(wave, people[26:], 3, counted=False)
    found = asked.outside(funders=(FUND,))
    assert found(named(wave)) == {("1..1.8",): 14, ("4.2..5",): 12}
    agree = {f"shares:{FUND}": "yes"}
    assert found(named(wave), **agree) == {("1..1.8",): 8, ("4.2..5",): 12}
    asked.cursor.execute('UPDATE program SET bases = bases || \'{"outcomes": "consent"}\'')
    assert asked.outside()(named(wave)) == {}, "nobody is asked any more"


def test_the_door_gives_no_answer_unless_a_report_is_being_built(asked):
    people = [asked.joined() for _ in range(12)]
    wave = asked.wave(2)
    asked.answered(wave, people, 5)
    assert asked.counted(surveys, outward=True)(named(wave)) == {}
    assert asked.outside(kind="survey_count")(named(wave)) == {}
    contributed = asked.outside(kind="contribution")
    assert contributed(named(wave)) == {("4.2..5",): 12}
    assert asked.outside().digest == contributed.digest, (
        "the same rows are known again in a report and a pool"
    )


def test_a_wave_is_silent_outside_where_few_came_in_or_dropped_out_since_an_earlier_one(asked):
    people = [asked.joined() for _ in range(60)]
    asked.agreed(*people[:30], purpose="funder_sharing", funder=FUND)
    first, second, third = asked.wave(2), asked.wave(5, "mid"), asked.wave(8, "end")
    asked.answered(first, people[:40], 4)
    asked.answered(second, people[:45], 4)  # five came in, of whom none agreed to the funder
    asked.answered(third, people, 4)
    found = asked.outside(funders=(FUND,))
    silent = {
        name: {dict(key).get(f"shares:{FUND}") for key in found.silent(named(name))}
        for name in (first, second, third)
    }
    assert silent == {first: set(), second: {None, "no"}, third: set()}
    assert len(found.silent(named(second))) == 10, "all fifths in these parts"


def test_a_report_for_a_funder_has_its_part_of_waves_and_the_ledger_all_of_them(
    tenant, asked, database, settings
):
    people = [asked.joined() for _ in range(60)]
    asked.agreed(*people[:40], purpose="funder_sharing", funder=FUND)
    wave = asked.wave(2)
    asked.answered(wave, people[:20], 5)
    asked.answered(wave, people[20:55], 1)
    silent = asked.wave(5, "mid")
    asked.answered(silent, people, 1)
    session = asked.session
    scope = {"audience": "funder", "funder": FUND, "formats": [*FORMATS]}
    ordered = [
        order_report(session, **scope, **which)
        for which in ({"program_id": asked.program.id}, {"cohort_id": asked.cohorts[1].id})
    ]
    session.commit()
    for each in ordered:
        run_job(database, tenant_id=tenant.id, job_id=each.job_id, settings=settings)
        assert session.scalars(select(Job.state).where(Job.id == each.job_id)).one() == "succeeded"
    told = {"4.2..5": 20, "1..1.8": 20, None: 40}
    for snapshot in session.scalars(select(ReportSnapshot)):
        assert snapshot.refused is None
        cells = cells_of(snapshot.document)
        shown = {dict(key).get(named(wave)): cells[key].value for key in cells if is_of(key, wave)}
        assert {code: value for code, value in shown.items() if value} == told
        assert not any(cells[key].value for key in cells if is_of(key, silent, agrees=None)), "five came in"


def test_barriers_are_told_inside_as_roughly_as_the_tenant_was_told(asked):
    for month, levels in (
        (2, {"time": "21 to 50", "money": "11 to 20"}),
        (5, {"time": "21 to 50"}),
        (10, {}),
    ):
        opens = dt.datetime(2026, month, 1, tzinfo=dt.UTC)
        fixed = {"tenant_id": asked.tenant_id, "cohort_id": asked.cohorts[0].id}
        window = plant(
            asked.cursor, "check_in_window", **fixed, opens_at=opens, closes_at=opens + dt.timedelta(days=30),
            least=5, least_changed=3, items=Jsonb([]),
        )  # fmt: skip
        plant(
            asked.cursor, "pooled_check_in", **fixed, window_id=window, item="barriers", levels=Jsonb(levels)
        )
    found = asked.counted(barriers)("barriers")
    assert found["time", "21 to 50"] == 2
    assert found["money", "11 to 20"] == found["money", "untold"] == 1
    assert found["health", "untold"] == 2
    assert not asked.counted(barriers, outward=True).all


def test_what_is_for_internal_reports_only_is_in_no_other(asked, database, settings, tenant):
    asked.joined()
    session = asked.session
    ordered = {
        audience: order_report(session, audience=audience, program_id=asked.program.id, formats=["json"])
        for audience in ("internal", "public")
    }
    session.commit()
    sections = {}
    for audience, each in ordered.items():
        run_job(database, tenant_id=tenant.id, job_id=each.job_id, settings=settings)
        kept = text("SELECT file_id FROM report_file WHERE report_id = :id")
        content = FileStore.of(settings).kept(tenant.id, session.scalars(kept, {"id": each.id}).one())
        sections[audience] = [section["id"] for section in json.loads(b"".join(content))["sections"]]
    assert [each for each in sections["internal"] if each != "barriers"] == sections["public"]
