"""Complementary suppression: what else must be hidden so that nobody can work out what is.

The joint system falls into blocks that share shown numbers alone: what moves in one leaves the others as they are. To
have small ones the numbers that several tables share are at first not hidden unless they must be, and those that most
share, such as how many people there are, last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from tenants.reporting.suppression.linear import (
    TOLERANCE,
    Attack,
    Cover,
    View,
    blocks,
    cap_of,
)
from tenants.reporting.suppression.solving import UnsolvedProgram
from tenants.reporting.suppression.system import Bools, Floats, Ints, System

SMALL = 400
"""Up to so many cells several searches are made and cells are shown again where that is safe."""

DEAR = 4
"""As many other cells are hidden rather than one that is dear, or dear once more than they are."""

MANY_VIEWS = 12
"""That is so for up to so many views of SMALL cells, or more of fewer."""

SEARCHES = 6
REWEIGHTED = 2
"""How often the weights of one move are made anew."""

TOGETHER = 25
"""After so many moves it is looked for what else they have made possible."""


class NoCover(Exception):
    """Even with everything hidden that may be, a count can be told: that of this ``cell``."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


@dataclass(frozen=True)
class Problem:
    """``matrix``     a row for each sum, as that of a System; shapes of the others: one entry a column.
    ``tables``     of how many tables each cell is.
    ``small``      cells of which whole numbers are looked at too.
    ``must``       cells that are not shown whatever else is.
    ``available``  cells that are not shown or need not be.
    ``dear``       how often each cell is dear: hidden only where others would not do.
    ``views``      what must hold for whom.
    ``cap``        how far a move goes at most.
    """

    matrix: csr_array
    tables: Ints
    small: Bools
    values: Ints
    must: Bools
    available: Bools
    dear: Ints
    views: tuple[View, ...]
    cap: float

    @classmethod
    def of(
        cls,
        system: System,
        values: Ints,
        threshold: int,
        *,
        must: Bools,
        available: Bools,
        views: tuple[View, ...],
        dear: Ints | None = None,
    ) -> Problem:
        """The problem of a whole system."""
        known = (system.matrix, system.tables, system.small, values)
        dear = np.zeros(len(values), dtype=np.int64) if dear is None else dear
        return cls(*known, must, available, dear, views, cap_of(values, threshold))

    def part(self, cells: Ints) -> Problem:
        """The problem of these cells alone, all others being shown."""
        matrix = self.matrix[:, cells]
        return Problem(
            matrix[np.flatnonzero(np.diff(matrix.indptr))],
            self.tables[cells],
            self.small[cells],
            self.values[cells],
            self.must[cells],
            self.available[cells],
            self.dear[cells],
            tuple(view.part(cells) for view in self.views),
            self.cap,
        )


def hidden_cells(problem: Problem) -> Bools:
    """The cells that are not shown: the primary ones and, as few as found, others that protect them. Raises NoCover."""
    hidden = problem.must.copy()
    stuck = np.ones(len(hidden), dtype=bool)
    for most in np.unique(problem.tables):
        wide, before = replace(problem, must=hidden.copy()), stuck
        stuck, why = np.zeros(len(hidden), dtype=bool), NoCover(-1)
        for cells in blocks(problem.matrix, problem.available & (wide.must | (problem.tables <= most))):
            if before[cells].any():
                try:
                    hidden[cells] = _hidden_in_block(wide.part(cells))
                except NoCover as none:
                    stuck[cells], why = True, NoCover(int(cells[none.cell]))
        if not stuck.any():
            return hidden
    raise why


def _hidden_in_block(problem: Problem) -> Bools:
    """Small blocks are searched from several sides, from the same seed each time, and the best is kept: fewest cells,
    then fewest people in them."""
    hidden = _few(problem)
    return _whole(problem, hidden) if problem.small.any() else hidden


def _few(problem: Problem) -> Bools:
    first = _covered(problem, _weights(problem, 0), _order(problem, 0))
    size = len(problem.values)
    large = size > SMALL or size * len(problem.views) > SMALL * MANY_VIEWS
    if large or not (first & ~problem.must).any():
        return first
    others = (
        _covered(problem, _weights(problem, each), _order(problem, each)) for each in range(1, SEARCHES)
    )
    found = [_cleaned(problem, each) for each in (first, *others)]
    costs = float(DEAR) ** problem.dear
    return min(found, key=lambda hidden: (costs[hidden].sum(), problem.values[hidden].sum(), hidden.tolist()))


def _weights(problem: Problem, search: int) -> Floats:
    """What it costs to move a shown cell by one: at first a little more for larger counts, then by chance."""
    size, dear = len(problem.values), float(DEAR) ** problem.dear
    if search < 2:
        return np.asarray(dear * (1 + 0.1 * problem.values / max(1, problem.values.max())))
    return np.asarray(dear * np.random.default_rng(search).uniform(0.5, 1.5, size))


def _order(problem: Problem, search: int) -> Ints:
    """In which order counts are protected: the smallest first, in the second search the greatest."""
    sign = -1 if search == 1 else 1
    return np.argsort(sign * problem.values, kind="stable")


def _covered(problem: Problem, weights: Floats, order: Ints) -> Bools:
    """Primary cells and what protects them, found one count after the other."""
    hidden = problem.must.copy()
    cover = Cover(problem.matrix, problem.values, problem.cap)
    known = list[Floats]()
    for view in problem.views:
        attack, covered = Attack(problem.matrix, problem.values, view, hidden, problem.cap), 0
        attack.borrow(known)
        borrowed = len(attack.moves)
        up, down = attack.together()
        for cell in order[(up | down)[order]].tolist():
            for sign in (1, -1):
                if attack.is_open(cell, sign):
                    costs = np.where(hidden, 0.0, weights)
                    _hide(attack, hidden, _sparse_move(cover, view, cell, attack.step(cell, sign), costs))
                    covered += 1
                    if covered % TOGETHER == 0:
                        attack.together()
        known += attack.moves[borrowed:]
    return hidden


def _whole(problem: Problem, hidden: Bools) -> Bools:
    """What has to be hidden besides because people are whole.

    Whole numbers are looked for among the cells of small tables alone, then among all.
    """
    hidden, known = hidden.copy(), list[Floats]()
    cover = Cover(problem.matrix, problem.values, problem.cap)
    for view in problem.views:
        asked = view.asking_of(problem.small, problem.values)
        for among in (hidden & problem.small, hidden):
            short = [
                each
                for cells in blocks(problem.matrix, among)
                for each in _short(problem, asked, cells, known)
            ]
            still = np.isin(np.arange(len(hidden)), [cell for cell, _ in short])
            asked = asked.asking_of(still, problem.values)
        for cell, step in short:
            move = cover.cheapest_whole(view, cell, step, np.where(hidden, 0.0, 1.0))
            if move is None:
                raise NoCover(cell)
            hidden |= np.abs(move) > TOLERANCE
    return hidden


def _short(problem: Problem, view: View, cells: Ints, known: list[Floats]) -> list[tuple[int, float]]:
    """Which cells do not reach how far they must by moves of whole people among these cells, and by how much.

    known: such moves of all cells that other views have, to which those that this one finds are added.
    """
    part, others = problem.part(cells), np.ones(len(problem.values), dtype=bool)
    others[cells] = False
    attack = Attack(part.matrix, part.values, view.part(cells), ~others[cells], part.cap)
    attack.whole = True
    attack.borrow([each[cells] for each in known if not each[others].any()])
    borrowed = len(attack.moves)
    up, down = attack.together()
    needs = [(int(place), sign) for place in np.flatnonzero(up | down) for sign in (1, -1)]
    short = [
        (int(cells[place]), attack.step(place, sign))
        for place, sign in needs
        if attack.is_open(place, sign) and not attack.alone(place, sign)
    ]
    for move in attack.moves[borrowed:]:
        known.append(np.zeros(len(others)))
        known[-1][cells] = move
    return short


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
        raise NoCover(cell)
    move = best
    for _ in range(REWEIGHTED):
        if not _shown_cells(best, weights):
            break
        found = cover.cheapest(view, cell, step, weights / (np.abs(move) + 0.1))
        if found is None:
            raise NoCover(cell)
        move = found
        if _shown_cells(move, weights) < _shown_cells(best, weights):
            best = move
    return best


def _shown_cells(move: Floats, weights: Floats) -> int:
    return int(((np.abs(move) > TOLERANCE) & (weights > 0)).sum())


def _cleaned(problem: Problem, hidden: Bools) -> Bools:
    """Show again, the greatest first, what is hidden without need."""
    hidden = hidden.copy()
    attacks = [Attack(problem.matrix, problem.values, view, hidden, problem.cap) for view in problem.views]
    if not _all_hold(attacks):
        raise UnsolvedProgram("What was covered is open.")
    extra = np.flatnonzero(hidden & ~problem.must)
    for cell in extra[np.argsort(-problem.values[extra], kind="stable")]:
        alone = np.array([cell])
        before = [attack.moves for attack in attacks]
        for attack in attacks:
            attack.allow(alone, hidden=False)
        if _all_hold(attacks):
            hidden[cell] = False
            continue
        for attack, moves in zip(attacks, before, strict=True):
            attack.allow(alone, hidden=True)
            attack.keep(moves)
    return hidden


def _all_hold(attacks: list[Attack]) -> bool:
    """Whether every need of every view is met."""
    known = list[Floats]()
    for attack in attacks:
        attack.borrow(known)
        if not attack.holds():
            return False
        known += attack.moves[1:]
    return True
