"""OR-Tools CP-SAT on the same model, as somebody would write it who has the solver and no search of their own."""

from __future__ import annotations

import math
import time

import numpy as np
from ortools.sat.python import cp_model

from bench.matching.peers import Groups
from bench.matching.problem import Problem

WORKERS = 2
SCALE = 10_000
"""Scores become whole numbers of this many parts."""

MOST_PLACES = 400_000
MOST_PAIRS = 150_000
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
    _add_rules(model, problem, placed)
    _add_value(model, problem, placed, end)
    if time.monotonic() >= end:
        return None
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = end - time.monotonic()
    solver.parameters.num_workers = WORKERS
    solver.parameters.random_seed = seed
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return None
    return [[i for i in range(n) if solver.boolean_value(placed[i][g])] for g in range(k)]


def _add_rules(model: cp_model.CpModel, problem: Problem, placed: list[list[cp_model.IntVar]]) -> None:
    for row in placed:
        model.add_exactly_one(row)
    for g, size in enumerate(problem.sizes):
        model.add(sum(row[g] for row in placed) == size)
        for kind in np.flatnonzero(np.bincount(problem.kind) > problem.cap):
            model.add(sum(placed[i][g] for i in np.flatnonzero(problem.kind == kind)) <= problem.cap)
        for i, j in np.argwhere(np.triu(problem.apart)):
            model.add_at_most_one(placed[i][g], placed[j][g])


def _add_value(
    model: cp_model.CpModel, problem: Problem, placed: list[list[cp_model.IntVar]], end: float
) -> None:
    """The value, by a variable for each pair and group that is true only if both are in it."""
    left, right = np.triu_indices(problem.people, 1)
    score = problem.score[left, right]
    chosen = np.argsort(-score)[: MOST_PAIRS // len(problem.sizes)]
    parts = np.rint(SCALE * score).astype(int)
    whole = math.lcm(*(size - 1 for size in problem.sizes))
    weakest = model.new_int_var(0, SCALE, "weakest")
    mean = []
    for g, size in enumerate(problem.sizes):
        total = []
        for pair in chosen:
            both = model.new_bool_var("")
            model.add_implication(both, placed[left[pair]][g])
            model.add_implication(both, placed[right[pair]][g])
            total.append(int(parts[pair]) * both)
        model.add(weakest * (size * (size - 1) // 2) <= sum(total))
        mean.append((2 * whole // (size - 1), sum(total)))
        if time.monotonic() >= end:
            return
    # 100 times the number of people times ``whole`` times the value.
    share = round(100 * problem.emphasis)
    model.maximize(
        (100 - share) * sum(factor * total for factor, total in mean)
        + share * problem.people * whole * weakest
    )
