"""Upper bounds on the value of partitions: how much better than the one found could any be?"""

from tenants.matching.solver.bounds.columns import BUDGET, column_bound
from tenants.matching.solver.bounds.prices import priced_mean
from tenants.matching.solver.bounds.shape import Shape
from tenants.matching.solver.bounds.star import star_bound

__all__ = ["BUDGET", "Shape", "column_bound", "priced_mean", "star_bound"]
