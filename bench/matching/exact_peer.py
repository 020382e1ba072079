"""OR-Tools CP-SAT on the same model, as somebody would write it who has the solver and no search of their own."""

from __future__ import annotations

import math
import time

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from bench.matching.peers import Groups, dealt
from bench.matching.problem import Problem

Placed = list[list[cp_model.IntVar]]
Hint = NDArray[np.int64]

WORKERS = 2
SCALE = 10_000
"""Scores become whole numbers of this many parts."""

MOST_PLACES = 400_000
MOST_PAIRS = 25_000
"""Variables for people in groups, beyond which building alone takes all the time; and for pairs in groups: where
all pairs would be more, only those of the highest scores count."""


def cp_sat(problem: Problem, *, seed: int, seconds: float) -> Groups | None:
    """The best groups that CP-SAT finds; building the model is part of its time."""
    end = time.monotonic() + seconds
    n, k = problem.people, len(problem.sizes)
    if n * k > MOST_PLACES:
        return None
    model = cp_model.CpModel()
    placed = [[model.new_bool_var("") for _ in range(k)] for _ in range(n)]
    # Groups dealt at random, to begin with: -1 for no hint.
    dealt_out = dealt(problem, np.random.default_rng(seed))
    hint = np.full(n, -1) if dealt_out is None else dealt_out
    _add_rules(model, problem, placed, hint)
    _add_value(model, problem, placed, hint, end)
    if time.monotonic() >= end:
        return None
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = end - time.monotonic()
    solver.parameters.num_workers = WORKERS
    solver.parameters.random_seed = seed
    solver.parameters.cp_model_probing_level = 0  # it finds nothing here, and takes all ten seconds
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return [[i for i in range(n) if solver.boolean_value(placed[i][g])] for g in range(k)]


def _add_rules(model: cp_model.CpModel, problem: Problem, placed: Placed, hint: Hint) -> None:
    for i, row in enumerate(placed):
        model.add_exactly_one(row)
        for g, variable in enumerate(row):
            model.add_hint(variable, int(hint[i] == g))
    for g, size in enumerate(problem.sizes):
        model.add(sum(row[g] for row in placed) == size)
        for kind in np.flatnonzero(np.bincount(problem.kind) > problem.cap):
            model.add(sum(placed[i][g] for i in np.flatnonzero(problem.kind == kind)) <= problem.cap)
        for i, j in np.argwhere(np.triu(problem.apart)):
            model.add_at_most_one(placed[i][g], placed[j][g])


def _add_value(model: cp_model.CpModel, problem: Problem, placed: Placed, hint: Hint, end: float) -> None:
    """The value, by a variable for each pair and group that is true only if both are in it."""
    left, right = np.triu_indices(problem.people, 1)
    score = problem.score[left, right]
    chosen = np.argsort(-score)[: MOST_PAIRS // len(problem.sizes)]
    parts = np.rint(SCALE * score).astype(int)
    whole = math.lcm(*(size - 1 for size in problem.sizes))
    weakest = model.new_int_var(0, SCALE, "weakest")
    mean, lowest = [], SCALE
    for g, size in enumerate(problem.sizes):
        total = []
        for pair in chosen:
            both, i, j = model.new_bool_var(""), left[pair], right[pair]
            model.add_implication(both, placed[i][g])
            model.add_implication(both, placed[j][g])
            model.add_hint(both, int(hint[i] == g and hint[j] == g))
            total.append(int(parts[pair]) * both)
        together = (hint[left[chosen]] == g) & (hint[right[chosen]] == g)
        lowest = min(lowest, int(parts[chosen][together].sum()) // (size * (size - 1) // 2))
        model.add(weakest * (size * (size - 1) // 2) <= sum(total))
        mean.append((2 * whole // (size - 1), sum(total)))
        if time.monotonic() >= end:
            return
    model.add_hint(weakest, lowest)
    # 100 times the number of people times ``whole`` times the value.
    share = round(100 * problem.emphasis)
    model.maximize(
        (100 - share) * sum(factor * total for factor, total in mean)
        + share * problem.people * whole * weakest
    )
