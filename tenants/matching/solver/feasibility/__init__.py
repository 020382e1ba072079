"""Whether everybody can be placed and, if not, which few parts of a recipe clash and what would help."""

from tenants.matching.solver.feasibility.clashes import arithmetic_clash, clash, fewest_left, placing, refuted

__all__ = ["arithmetic_clash", "clash", "fewest_left", "placing", "refuted"]
