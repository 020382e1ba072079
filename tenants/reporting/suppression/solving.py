"""HiGHS as we ask it: one thread, no presolve, every status checked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import highspy
import numpy as np
from scipy.sparse import csr_array

from tenants.reporting.suppression.system import Floats, Ints


class UnsolvedProgram(RuntimeError):
    """The solver did not say either optimal or infeasible."""


def solver_of(matrix: csr_array, sums: Floats | None = None) -> highspy.Highs:
    """A program in which each row of the matrix is to be its sum, or 0; all columns are 0 before they have bounds."""
    rows, size = matrix.shape
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = size, rows
    program.col_cost_ = program.col_lower_ = program.col_upper_ = np.zeros(size)
    program.row_lower_ = program.row_upper_ = np.zeros(rows) if sums is None else sums
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = matrix.indptr
    program.a_matrix_.index_ = matrix.indices
    program.a_matrix_.value_ = matrix.data
    solver = _Quiet()
    for option, value in (
        ("threads", 1),
        ("solver", "simplex"),
        ("presolve", "off"),
        ("mip_rel_gap", 0.0),
    ):
        solver.setOptionValue(option, value)
    if solver.passModel(program) == highspy.HighsStatus.kError:
        raise UnsolvedProgram("The solver refused the system.")
    return solver


class _Quiet(highspy.Highs):
    """A solver that prints nothing, not even its name when it is made: what we print is read by programs."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def enableCallbacks(self) -> None:  # noqa: N802 - the solver's word, and the first thing that prints
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


@contextmanager
def whole_numbers(solver: highspy.Highs) -> Iterator[None]:
    """Have the solver look for whole numbers only."""
    size = solver.getNumCol()
    columns = np.arange(size, dtype=np.int32)
    kinds = highspy.HighsVarType
    solver.changeColsIntegrality(size, columns, np.full(size, int(kinds.kInteger), dtype=np.uint8))
    try:
        yield
    finally:
        solver.changeColsIntegrality(size, columns, np.full(size, int(kinds.kContinuous), dtype=np.uint8))


def bounds(solver: highspy.Highs, columns: Ints, lower: Floats, upper: Floats) -> None:
    """Set the bounds of these columns."""
    solver.changeColsBounds(len(columns), columns.astype(np.int32), lower, upper)


def costs(solver: highspy.Highs, columns: Ints, costs: Floats) -> None:
    """Set what these columns cost."""
    solver.changeColsCost(len(columns), columns.astype(np.int32), costs)


def solved(solver: highspy.Highs) -> Floats | None:
    """The optimum, None if nothing is feasible. Raises UnsolvedProgram for any other end."""
    solver.run()
    status = solver.getModelStatus()
    if status == highspy.HighsModelStatus.kInfeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal:
        raise UnsolvedProgram(f"The solver ended with {status}.")
    return np.array(solver.getSolution().col_value)
