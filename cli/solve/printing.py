"""What `peerloom solve` prints."""

from dataclasses import asdict
from typing import Any

from tenants.matching import solver
from tenants.matching.solver.telling import clash_told, member_told
from tenants.matching.solver.words import name_of, said_of


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
        "moved": [pool.ids[person] for person in found.moved],
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


def analysis(found: solver.Analysis, recipe: solver.Recipe) -> dict[str, Any]:
    """What each rule costs and what plain ways reach."""
    return {
        "seconds": found.seconds,
        "rule_prices": [
            {
                **asdict(price),
                "name": name_of(recipe.rules[price.rule]),
                "said": said_of(recipe.rules[price.rule]),
            }
            for price in found.rule_prices
        ],
        "baselines": [{"name": each.name, "value": each.value} for each in found.baselines],
    }


def analysis_table(found: solver.Analysis, recipe: solver.Recipe) -> str:
    """The same for the eye."""
    lines = [
        f"rule {price.rule + 1} ({said_of(recipe.rules[price.rule])}) costs "
        + (f"{price.cost:.4f}" if price.cost is not None else f"places: {price.placed} people without it")
        for price in found.rule_prices
    ]
    lines += [
        f"{each.name}: " + ("no groups that keep the rules" if each.value is None else f"{each.value:.4f}")
        for each in found.baselines
    ]
    return "\n".join(lines)


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
