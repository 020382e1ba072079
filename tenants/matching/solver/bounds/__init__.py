"""Upper bounds on the value of partitions: how much better than the one found could any be?"""

from tenants.matching.solver.bounds.columns import BUDGET, column_bound
from tenants.matching.solver.bounds.partners import Kinds, partners_by_kind
from tenants.matching.solver.bounds.prices import priced_mean
from tenants.matching.solver.bounds.shape import Shape
from tenants.matching.solver.bounds.star import Rows, never, star_bound
from tenants.matching.solver.bounds.weakest import weakest_bound

__all__ = [
    "BUDGET",
    "Kinds",
    "Rows",
    "Shape",
    "column_bound",
    "never",
    "partners_by_kind",
    "priced_mean",
    "star_bound",
    "weakest_bound",
]
