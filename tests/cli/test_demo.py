"""The demo, as somebody runs it: a process of its own, whose files and folders are looked at afterwards."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.demo.roster import invented_roster, write_csv
from cli.demo.sources import SEED

REAL = Path(__file__).parents[3] / "shared" / "data"
PLACED = re.compile(r"placed ([\d,]+) of ([\d,]+) people in ([\d,]+) groups")


class Told:
    """A demo that has ended: what it printed, and where it wrote."""

    def __init__(self, folder: Path, *options: object) -> None:
        self.output = folder / "reports"
        self.throwaway = folder / "throwaway"
        self.throwaway.mkdir()
        self.done = subprocess.run(
            command(Path("reports"), *options),
            env=environment(self.throwaway),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        self.text = self.done.stdout

    @property
    def placed(self) -> tuple[int, int, int]:
        """How many were placed, of how many, in how many groups, as the last line says."""
        found = PLACED.fullmatch(self.text.splitlines()[-1])
        assert found, self.text + self.done.stderr
        placed, people, groups = (int(number.replace(",", "")) for number in found.groups())
        return placed, people, groups

    def report(self, audience: str) -> Any:
        return json.loads((self.output / f"{audience}.json").read_text())


def command(output: Path, *options: object) -> list[str]:
    return [sys.executable, "-P", "-m", "cli.main", "demo", "--output", str(output), *map(str, options)]


def environment(throwaway: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(throwaway)}


def cells(report: Any, table: str) -> dict[tuple[str, ...], int | None]:
    """The cells of a table by their codes; its total is at ()."""
    tables = [each for section in report["sections"] for each in section["tables"] if each["name"] == table]
    return {tuple(cell["at"].values()): cell["value"] for cell in tables[0]["cells"]}


def numbers(report: Any) -> Iterator[int | None]:
    """Every number of people, groups or products in a report."""
    for section in report["sections"]:
        for table in section["tables"]:
            yield from (cell["value"] for cell in table["cells"])


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The demo without options."""
    return Told(tmp_path_factory.mktemp("demo"))


@pytest.mark.slow
def test_the_demo_succeeds_and_says_what_it_placed(told: Told) -> None:
    assert told.done.returncode == 0, told.text + told.done.stderr
    placed, people, groups = told.placed
    assert people == 240
    assert placed >= 0.95 * people
    assert placed / 7 <= groups <= placed / 5


@pytest.mark.slow
def test_the_demo_fits_a_terminal_and_says_that_nobody_in_it_exists(told: Told) -> None:
    assert max(map(len, told.text.splitlines())) <= 100
    assert "invented" in told.text.splitlines()[0]
    assert all(line.isprintable() for line in told.text.splitlines())


@pytest.mark.slow
def test_the_demo_leaves_reports_and_nothing_else(told: Told) -> None:
    written = sorted(path.name for path in told.output.iterdir())
    assert written == ["funder.csv", "funder.json", "internal.csv", "internal.json"]
    assert list(told.throwaway.iterdir()) == []


@pytest.mark.slow
def test_the_report_to_the_funder_shows_no_number_of_one_to_ten(told: Told) -> None:
    shown = list(numbers(told.report("funder")))
    assert any(number is None for number in shown)
    assert any(number is not None and number > 10 for number in shown)
    assert not any(number is not None and 1 <= number <= 10 for number in shown)
    assert all(number is not None for number in numbers(told.report("internal")))


@pytest.mark.slow
def test_the_report_to_the_funder_is_about_those_who_agreed_to_it(told: Told) -> None:
    signed = sum(person["agreed_to_sharing"] == "yes" for person in invented_roster(seed=SEED))
    assert f"{signed} of 240 people have" in told.text
    report = told.report("funder")
    assert report["funder"] == "Invented Foundation"
    assert cells(report, "states")[()] == signed
    assert report["cover"]["coverage"] == {
        "counted": signed,
        "eligible": 240,
        "text": f"{signed} of 240 people are counted.",
    }
    assert cells(told.report("internal"), "states")[()] == 240


@pytest.mark.slow
def test_the_report_to_the_funder_shows_a_curve_of_those_who_are_followed(told: Told) -> None:
    report = told.report("funder")
    figures = [each for section in report["sections"] for each in section["figures"]]
    (curve,) = [each for each in figures if each["id"] == "time_to_r01_leavers_censored"]
    points = curve["series"][0]["points"]
    assert points[0]["at_risk"] == cells(report, "follow_up")["followed",]
    assert len(points) > 1
    assert all(point["at_risk"] > 10 for point in points)


@pytest.mark.slow
def test_the_funder_sees_nothing_of_the_society(told: Told) -> None:
    assert "0 programs, 0 cohorts" in told.text
    assert "asked for by its id: 404" in told.text


@pytest.mark.slow
def test_a_list_of_awards_is_read_and_outcomes_of_unknown_people_are_left_out(tmp_path: Path) -> None:
    people = invented_roster(people=40, seed=3)
    awards = [
        {
            "person_id": person["external_id"],
            "institution": person["institution"],
            "institution_state": person["institution_state"],
            "ic": person["institute"],
            "activity_code": person["activity_code"],
            "first_fiscal_year": person["first_fiscal_year"],
            "project_title": "An invented project",
        }
        for person in people
    ]
    followed = [
        {
            "person_id": who,
            "k_activity": "K23",
            "k_start": "2022-01-01",
            "k_first_fy": "2022",
            "k_first_fy_est": "",
            "r_activity": "R01" if number % 3 == 0 else "",
            "r_start": "2025-06-01" if number % 3 == 0 else "",
            "r01_equivalent_before_k": "False",
            "pi_link": "nih_pi_profile",
        }
        for number, who in enumerate([person["external_id"] for person in people] + ["stranger"])
    ]
    write_csv(awards, tmp_path / "awards.csv")
    write_csv(followed, tmp_path / "followed.csv")
    told = Told(tmp_path, "--roster", tmp_path / "awards.csv", "--outcomes", tmp_path / "followed.csv")
    assert told.done.returncode == 0, told.text + told.done.stderr
    assert told.placed[1] == 40
    assert "2 failed" in told.text  # the stranger's observation and award
    assert "stranger" in told.text
    assert "the report to the funder is about nobody" in told.text
    assert set(numbers(told.report("funder"))) == {0, 40, None}


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="needs the folder of real data")
def test_groups_are_formed_of_every_real_awardee(tmp_path: Path) -> None:
    with (REAL / "k_awardees.csv").open(newline="") as file:
        real = sum(1 for _ in csv.DictReader(file))
    told = Told(tmp_path, "--roster", REAL / "k_awardees.csv", "--outcomes", REAL / "k_to_r.csv")
    assert told.done.returncode == 0, told.text + told.done.stderr
    placed, people, _ = told.placed
    assert people == real
    assert placed >= 0.98 * real


@pytest.mark.slow
@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_takes_everything_with_it(tmp_path: Path, word: signal.Signals) -> None:
    throwaway = tmp_path / "throwaway"
    throwaway.mkdir()
    process = subprocess.Popen(
        command(tmp_path / "reports"), env=environment(throwaway), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as lines:
        assert any("listening on" in line for line in lines)
        process.send_signal(word)
        lines.read()
    assert process.wait(60) != 0
    assert list(throwaway.iterdir()) == []


def test_a_file_of_neither_kind_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("who,where\nA,B\n")
    told = Told(tmp_path, "--roster", tmp_path / "people.csv")
    assert told.done.returncode == 2
    assert "columns are missing: external_id, institution" in told.done.stderr
    assert told.text == ""


def test_outcomes_without_a_roster_are_refused(tmp_path: Path) -> None:
    (tmp_path / "outcomes.csv").write_text("external_id,kind,date\nA,award,2024-01-01\n")
    told = Told(tmp_path, "--outcomes", tmp_path / "outcomes.csv")
    assert told.done.returncode == 2
    assert "--outcomes needs --roster" in told.done.stderr
