"""What `peerloom solve` prints."""

from dataclasses import asdict
from typing import Any

from tenants.matching import solver
from tenants.matching.solver.telling import clash_told, member_told


def certificate(found: solver.Partition, recipe: solver.Recipe, pool: solver.Pool) -> dict[str, Any]:
    """Groups with all that is told of them."""
    told = found.certificate
    return {
        "groups": [
            {
                "members": [pool.ids[person] for person in group],
                "value": found.group_values[place],
                "owed": found.owed[place],
                "common_hours": told.groups[place].common_hours,
                "terms": [asdict(term) for term in told.groups[place].terms],
                "placements": [
                    {"external_id": pool.ids[person], **member_told(member, recipe, pool)}
                    for person, member in zip(group, told.members[place], strict=True)
                ],
            }
            for place, group in enumerate(found.groups)
        ],
        "unplaced": [
            {"external_id": pool.ids[each.index], "code": each.code, "reason": each.reason}
            for each in found.unplaced
        ],
        "value": found.value,
        "bound": found.bound.value,
        "bound_by": found.bound.name,
        "gap": found.gap,
        "stopped_by": found.stopped_by,
        "terms": [asdict(term) for term in told.terms],
        "clash": None if found.clash is None else clash_told(found.clash, pool, len(recipe.rules)),
    }


def infeasible(clash: solver.Clash, pool: solver.Pool) -> dict[str, Any]:
    """No groups, and what clashes."""
    reason = "No groups were formed, because the rules cannot all hold for everybody."
    return {
        "groups": [],
        "unplaced": [{"external_id": each, "code": "infeasible", "reason": reason} for each in pool.ids],
        "value": None,
        "bound": None,
        "gap": None,
        "stopped_by": "proof" if clash.proven else "sweeps",
        "clash": clash_told(clash, pool, 10**6),
    }


def table(found: solver.Partition, pool: solver.Pool) -> str:
    """Groups for the eye."""
    lines = [
        f"{number:>5}  {value:.3f}  {', '.join(pool.ids[person] for person in group)}"
        for number, (group, value) in enumerate(zip(found.groups, found.group_values, strict=True), 1)
    ]
    lines += [f" none         {pool.ids[each.index]}: {each.reason}" for each in found.unplaced]
    share = f"{100 * found.gap:.2f} % below the bound" if found.gap else "nothing is better"
    lines.append(f"value {found.value:.4f}, at most {found.bound.value:.4f}: {share}")
    return "\n".join(lines)
