"""Complementary suppression: what else must be hidden so that nobody can work out what is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tenants.reporting.suppression.linear import TOLERANCE, Attack, Cover, UnsolvedProgram, View, cap_of
from tenants.reporting.suppression.system import Bools, Floats, Ints, System

SMALL = 400
"""Up to so many cells several searches are made and cells are shown again where that is safe."""

SEARCHES = 6
REWEIGHTED = 2
"""How often the weights of one move are made anew."""


class NoCover(Exception):
    """Even with everything hidden that may be, a count can be told."""


@dataclass(frozen=True)
class Problem:
    """``must``       cells that are not shown whatever else is.
    ``available``  cells that are not shown or need not be.
    ``views``      what must hold for whom.
    """

    system: System
    values: Ints
    must: Bools
    available: Bools
    views: tuple[View, ...]
    threshold: int

    @property
    def cap(self) -> float:
        """How far a move goes at most."""
        return cap_of(self.values, self.threshold)


def hidden_cells(problem: Problem) -> Bools:
    """The cells that are not shown: the primary ones and, as few as found, others that protect them.

    Small systems are searched from several sides, from the same seed each time, and the best is kept: fewest cells,
    then fewest people in them. Raises NoCover.
    """
    hidden = _few(problem)
    return _whole(problem, hidden) if problem.system.whole else hidden


def _few(problem: Problem) -> Bools:
    first = _covered(problem, _weights(problem, 0), _order(problem, 0))
    if len(problem.values) > SMALL or not (first & ~problem.must).any():
        return first
    others = (
        _covered(problem, _weights(problem, each), _order(problem, each)) for each in range(1, SEARCHES)
    )
    found = [_cleaned(problem, each) for each in (first, *others)]
    return min(found, key=lambda hidden: (hidden.sum(), problem.values[hidden].sum(), hidden.tolist()))


def _weights(problem: Problem, search: int) -> Floats:
    """What it costs to move a shown cell by one: at first a little more for larger counts, then by chance."""
    size = len(problem.values)
    if search < 2:
        return np.asarray(1 + 0.1 * problem.values / max(1, problem.values.max()))
    return np.random.default_rng(search).uniform(0.5, 1.5, size)


def _order(problem: Problem, search: int) -> Ints:
    """In which order counts are protected: the smallest first, in the second search the greatest."""
    sign = -1 if search == 1 else 1
    return np.argsort(sign * problem.values, kind="stable")


def _covered(problem: Problem, weights: Floats, order: Ints) -> Bools:
    """Primary cells and what protects them, found one count after the other."""
    hidden = problem.must.copy()
    cover = Cover(problem.system, problem.values, problem.available, problem.cap)
    for view in problem.views:
        attack = Attack(problem.system, problem.values, view, hidden, problem.cap)
        up, down = attack.together()
        for cell in order[(up | down)[order]]:
            for sign in (1, -1):
                if attack.is_open(int(cell), sign):
                    step = float(attack.rise[cell] if sign > 0 else -attack.fall[cell])
                    _hide(
                        attack,
                        hidden,
                        _sparse_move(cover, view, int(cell), step, np.where(hidden, 0.0, weights)),
                    )
    return hidden


def _whole(problem: Problem, hidden: Bools) -> Bools:
    """What has to be hidden besides because people are whole."""
    hidden = hidden.copy()
    cover = Cover(problem.system, problem.values, problem.available, problem.cap)
    for view in problem.views:
        attack = Attack(problem.system, problem.values, view, hidden, problem.cap)
        attack.whole = True
        up, down = attack.together()
        for cell in np.flatnonzero(up | down):
            for sign in (1, -1):
                if attack.is_open(int(cell), sign) and not attack.alone(int(cell), sign):
                    step = float(attack.rise[cell] if sign > 0 else -attack.fall[cell])
                    move = cover.cheapest_whole(view, int(cell), step, np.where(hidden, 0.0, 1.0))
                    if move is None:
                        raise NoCover
                    _hide(attack, hidden, move)
    return hidden


def _hide(attack: Attack, hidden: Bools, move: Floats) -> None:
    """Hide what a move needs, after which it is known to be possible."""
    more = np.flatnonzero((np.abs(move) > TOLERANCE) & ~hidden)
    hidden[more] = True
    attack.allow(more, hidden=True)
    attack.learn(move)


def _sparse_move(cover: Cover, view: View, cell: int, step: float, weights: Floats) -> Floats:
    """A move by step at the cell that needs few shown cells.

    The weights are made to count cells rather than people: what moved costs the less the further it went (Candes,
    Wakin and Boyd 2008, reweighted l1). Raises NoCover.
    """
    best = cover.cheapest(view, cell, step, weights)
    if best is None:
        raise NoCover
    move = best
    for _ in range(REWEIGHTED):
        if not _shown_cells(best, weights):
            break
        found = cover.cheapest(view, cell, step, weights / (np.abs(move) + 0.1))
        if found is None:
            raise NoCover
        move = found
        if _shown_cells(move, weights) < _shown_cells(best, weights):
            best = move
    return best


def _shown_cells(move: Floats, weights: Floats) -> int:
    return int(((np.abs(move) > TOLERANCE) & (weights > 0)).sum())


def _cleaned(problem: Problem, hidden: Bools) -> Bools:
    """Show again, the greatest first, what is hidden without need."""
    hidden = hidden.copy()
    attacks = [Attack(problem.system, problem.values, view, hidden, problem.cap) for view in problem.views]
    if not all(attack.holds() for attack in attacks):
        raise UnsolvedProgram("What was covered is open.")
    extra = np.flatnonzero(hidden & ~problem.must)
    for cell in extra[np.argsort(-problem.values[extra], kind="stable")]:
        alone = np.array([cell])
        before = [attack.moves for attack in attacks]
        for attack in attacks:
            attack.allow(alone, hidden=False)
        if all(attack.holds() for attack in attacks):
            hidden[cell] = False
            continue
        for attack, moves in zip(attacks, before, strict=True):
            attack.allow(alone, hidden=True)
            attack.moves = moves
    return hidden
