"""Compiling everything ahead, so that nobody waits for it."""

from tenants.matching.solver.baselines import baselines
from tenants.matching.solver.model import (
    Apart,
    Attribute,
    Cap,
    NoIsolate,
    Pool,
    Recipe,
    Shared,
    Size,
    Term,
    Together,
)
from tenants.matching.solver.solve import solve

PEOPLE = 24


def warm() -> None:
    """Solve pools of invented people, few and some, by every compiled way. The first time on a machine this
    takes about a minute, afterwards seconds; what was compiled is kept beside the code, or in NUMBA_CACHE_DIR."""
    for people in (6, PEOPLE):
        ids = tuple(f"invented-{number}" for number in range(people))
        attributes = {
            "place": Attribute("categorical", [f"place {number % 8}" for number in range(people)]),
            "note": Attribute("text", [f"note of invented-{number % 5}" for number in range(people)]),
            "language": Attribute("set", [["en", ("fr", "es")[number % 2]] for number in range(people)]),
        }
        rules = (
            Cap(attribute="place", max=1),
            Shared(attribute="language", min=1),
            NoIsolate(attribute="language", values=("fr",), price=0.1),
            Apart(pairs=((ids[0], ids[1]),)),
            Together(pairs=((ids[2], ids[3]),)),
        )
        terms = (Term("place", "different", 1), Term("language", "similar", 1), Term("note", "near", 1))
        pool, recipe = Pool(ids, attributes), Recipe(Size(3, 4), terms, rules)
        solve(pool, recipe, seed=1, budget=10)
        # By rounds: seconds would be spent in full. All else that an analysis does, it does by solving.
        baselines(pool, recipe, seed=1, seconds=None, rounds=1)
