"""The grouping problem of MDGPLIB, by the search that forms groups."""

import json
import random
import subprocess
import sys

import pytest

from bench.matching import mdgp


def written(path, *, people, bounds, seed):
    """A random instance in the format of the library; its values."""
    chance = random.Random(seed)
    values = {(i, j): round(chance.uniform(0, 100), 3) for i in range(people) for j in range(i + 1, people)}
    limits = " ".join(f"{low} {high}" for low, high in bounds)
    lines = [
        f"{people} {len(bounds)} ds {limits} ",
        *(f"{i} {j} {value}" for (i, j), value in values.items()),
    ]
    path.write_text("\n".join(lines) + "\n")
    return values


def test_groups_keep_the_files_bounds_and_the_value_is_their_sum(tmp_path):
    bounds = [(3, 5), (2, 4), (4, 6), (3, 3)]
    values = written(tmp_path / "Invented.txt", people=15, bounds=bounds, seed=1)
    command = [sys.executable, "-m", "bench.matching.mdgp", str(tmp_path / "Invented.txt")]
    done = subprocess.run(
        [*command, "--seed", "1", "--time-limit", "1", "--json"], capture_output=True, text=True, check=True
    )
    printed = json.loads(done.stdout)
    assert sorted(i for group in printed["groups"] for i in group) == list(range(15))
    for group, (low, high) in zip(printed["groups"], bounds, strict=True):
        assert low <= len(group) <= high
    inside = sum(
        value
        for (i, j), value in values.items()
        if any(i in group and j in group for group in printed["groups"])
    )
    assert abs(printed["value"] - inside) < 1e-6


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("4 2 ds 3 4 3 4\n0 1 5\n", "4 people do not fit: all groups take 6 to 8"),
        ("4 2 ds 0 1 1 2\n0 1 5\n", "4 people do not fit: all groups take 1 to 3"),
        ("4 2 ds 3 1 1 3\n0 1 5\n", "the lower one first"),
        ("4 2 ds -1 4 1 4\n0 1 5\n", "from 0 to n"),
        ("4 -1 ds 2 2\n0 1 5\n", "each group must have bounds"),
        ("", "the first line must read"),
        ("4 2 ds 1 3 1\n0 1 5\n", "the first line must read"),
        ("four 2 ds 1 3 1 3\n0 1 5\n", "the first line must read"),
        ("4 2 ds 1 3 1 3.5\n0 1 5\n", "the first line must read"),
        ("4 2 ds 1 3 1 3\n", "i j value"),
        ("4 2 ds 1 3 1 3\n0 1\n", "i j value"),
        ("4 2 ds 1 3 1 3\n0 1 5\n0 2\n", "i j value"),
        ("4 2 ds 1 3 1 3\n0 1 five\n", "i j value"),
        ("4 2 ds 1 3 1 3\n0 1 5\n0 4 5\n", "“0 4 5” is not a pair of two from 0 to 3"),
        ("4 2 ds 1 3 1 3\n-1 1 5\n", "“-1 1 5” is not a pair"),
        ("4 2 ds 1 3 1 3\n0.5 1 5\n", "“0.5 1 5” is not a pair"),
        ("4 2 ds 1 3 1 3\n1 1 5\n", "“1 1 5” is not a pair"),
        ("4 2 ds 1 3 1 3\n0 1 nan\n", "“0 1 nan” is not a pair"),
        (b"\xff\xfe", "this is no text"),
        (None, "No such file"),
    ],
)
def test_a_file_at_fault_ends_with_status_2_and_one_line_that_says_why(
    tmp_path, monkeypatch, capsys, content, why
):
    file = tmp_path / "Invented.txt"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setattr(sys, "argv", ["mdgp", str(file), "--json"])
    with pytest.raises(SystemExit) as ended:
        mdgp.main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    (line,) = printed.err.splitlines()
    assert why in line
    assert str(file) in line
