"""Upper bounds on the value of partitions: how much better than the one found could any be?"""

from tenants.matching.solver.bounds.columns import column_bound
from tenants.matching.solver.bounds.shape import Shape
from tenants.matching.solver.bounds.star import star_bound
from tenants.matching.solver.bounds.terms import terms_bound

__all__ = ["Shape", "column_bound", "star_bound", "terms_bound"]
