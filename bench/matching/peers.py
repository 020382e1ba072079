"""What somebody could write in an afternoon: random restarts and a swap search in NumPy. Each is given seconds
and returns its best groups, None if it has found none that keep the rules."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from bench.matching.problem import Problem

TINY = 1e-9

Groups = list[list[int]]


def dealt(problem: Problem, chance: np.random.Generator) -> NDArray[np.int64] | None:
    """The group of each person, at random: the most frequent kinds first, each where there is room and no rule
    is in the way; None if somebody finds no such group."""
    room = np.array(problem.sizes)
    held = np.zeros((len(room), int(problem.kind.max()) + 1), dtype=np.int64)
    barred = np.zeros((problem.people, len(room)), dtype=np.bool_)
    group = np.full(problem.people, -1, dtype=np.int64)
    frequency = np.bincount(problem.kind)[problem.kind] + problem.apart.sum(axis=1)
    for person in np.lexsort((chance.random(problem.people), -frequency)):
        kind = problem.kind[person]
        fits = np.flatnonzero((room > 0) & (held[:, kind] < problem.cap) & ~barred[person])
        if not len(fits):
            return None
        # Where there is most room, else groups fill up before the rare people come.
        fits = fits[room[fits] == room[fits].max()]
        g = int(chance.choice(fits))
        group[person] = g
        room[g] -= 1
        held[g, kind] += 1
        barred[problem.apart[person], g] = True
    return group


def random_restart(problem: Problem, *, seed: int, seconds: float) -> Groups | None:
    """The best of groups dealt at random."""
    end, chance = time.monotonic() + seconds, np.random.default_rng(seed)
    best, most = None, -np.inf
    while time.monotonic() < end:
        group = dealt(problem, chance)
        if group is not None:
            groups = problem.groups_of(group)
            value = problem.value(groups)
            if value > most:
                best, most = groups, value
    return best


def numpy_swap(problem: Problem, *, seed: int, seconds: float) -> Groups | None:
    """From groups dealt at random, for each person in turn the best exchange with any other while one raises
    the value; then from others."""
    end, chance = time.monotonic() + seconds, np.random.default_rng(seed)
    best, most = None, -np.inf
    while time.monotonic() < end:
        group = dealt(problem, chance)
        if group is None:
            continue
        search = Swaps(problem, group)
        idle = 0
        while idle < problem.people and time.monotonic() < end:
            for person in chance.permutation(problem.people):
                idle = 0 if search.exchange(int(person)) else idle + 1
                if time.monotonic() >= end:
                    break
        groups = problem.groups_of(search.group)
        value = problem.value(groups)
        if value > most:
            best, most = groups, value
    return best


class Swaps:
    """Groups that keep all rules, and sums from which the gain of an exchange with anybody follows at once."""

    def __init__(self, problem: Problem, group: NDArray[np.int64]) -> None:
        self.problem, self.group = problem, group.copy()
        self.everybody = np.arange(problem.people)
        member = np.zeros((len(problem.sizes), problem.people))
        member[group, self.everybody] = 1.0
        size = member.sum(axis=1)
        self.mean = 2.0 / (size * (size - 1))
        self.affinity = 2.0 / (size - 1)
        self.pull = member @ problem.score
        self.hits = (member @ problem.apart.astype(np.float64)).astype(np.int64)
        self.held = np.zeros((len(size), int(problem.kind.max()) + 1), dtype=np.int64)
        np.add.at(self.held, (group, problem.kind), 1)
        self.total = 0.5 * (self.pull * member).sum(axis=1)

    def gains(self, i: int) -> NDArray[np.float64]:
        """What the value gains if i and each other person change places; -inf where a rule forbids it."""
        problem, group = self.problem, self.group
        a, both = group[i], problem.score[i]
        more_a = self.pull[a] - self.pull[a, i] - both
        more_b = self.pull[group, i] - self.pull[group, self.everybody] - both
        value = self.mean * self.total
        gain = (1 - problem.emphasis) * (self.affinity[a] * more_a + self.affinity[group] * more_b)
        gain /= problem.people
        weak = np.argsort(value)[:3]
        rest = np.full(problem.people, np.inf)
        for g in weak[::-1]:
            rest = np.where((group == g) | (a == g), rest, value[g])
        new_a, new_b = (
            self.mean[a] * (self.total[a] + more_a),
            self.mean[group] * (self.total[group] + more_b),
        )
        gain += problem.emphasis * (np.minimum(np.minimum(new_a, new_b), rest) - value[weak[0]])
        kind, alike = problem.kind, problem.kind == problem.kind[i]
        ok = (group != a) & (self.held[a, kind] - alike < problem.cap)
        ok &= self.held[group, kind[i]] - alike < problem.cap
        ok &= (self.hits[a] == problem.apart[i]) & (self.hits[group, i] == problem.apart[i])
        return np.where(ok, gain, -np.inf)

    def exchange(self, i: int) -> bool:
        """Make the best exchange of a person if it raises the value; whether it did."""
        gain = self.gains(i)
        j = int(np.argmax(gain))
        if gain[j] <= TINY:
            return False
        problem, a, b = self.problem, self.group[i], self.group[j]
        both = problem.score[i, j]
        self.total[a] += self.pull[a, j] - self.pull[a, i] - both
        self.total[b] += self.pull[b, i] - self.pull[b, j] - both
        change = problem.score[j] - problem.score[i]
        self.pull[a] += change
        self.pull[b] -= change
        clashes = problem.apart[j].astype(np.int64) - problem.apart[i]
        self.hits[a] += clashes
        self.hits[b] -= clashes
        for g, gone, come in ((a, i, j), (b, j, i)):
            self.held[g, problem.kind[gone]] -= 1
            self.held[g, problem.kind[come]] += 1
        self.group[i], self.group[j] = b, a
        return True
