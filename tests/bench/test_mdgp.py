"""The grouping problem of MDGPLIB, by the search that forms groups."""

import json
import random
import subprocess
import sys


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
