"""`peerloom solve`: groups from a file, without a server."""

import json
import math
from pathlib import Path
from typing import Any

import click

from cli.solve.printing import analysis, analysis_table, certificate, infeasible, table
from cli.solve.reading import BadInput, read_pool, read_recipe, recipe_for
from tenants.matching import solver

INFEASIBLE = 3
BAD_INPUT = 2


def _finite(_context: click.Context, _option: click.Parameter, seconds: float | None) -> float | None:
    """Not a number is in any range."""
    if seconds is not None and not math.isfinite(seconds):
        raise click.BadParameter("must be a number of seconds.")
    return seconds


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--recipe",
    "recipe_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help='A recipe as in the API, without program_id and name, plus "attributes": {key: kind}.',
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    type=click.IntRange(0, 2**31),
    help="The same seed and input give the same groups.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    callback=_finite,
    metavar="SECONDS",
    help="Print the best found by then; without it, how long to search is counted in sweeps.",
)
@click.option(
    "--sweeps",
    default=solver.DEFAULT_BUDGET,
    show_default=True,
    type=click.IntRange(min=0),
    help="How long to search.",
)
@click.option(
    "--analyse",
    is_flag=True,
    help="Also tell what each rule costs and what plain ways reach in the time of the search; takes a search a rule.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def solve(
    file: Path,
    recipe_file: Path,
    seed: int,
    time_limit: float | None,
    sweeps: int,
    analyse: bool,
    as_json: bool,
) -> None:
    """Form groups of the people in FILE, a CSV with external_id and a column for each attribute.

    Ends with status 0 when groups are found, 3 when the rules cannot all hold for everybody (and says which
    clash), 2 when the input is at fault.
    """
    try:
        words, attributes = read_recipe(recipe_file)
        pool = read_pool(file, attributes)
        recipe = recipe_for(words, attributes)
        found = solver.solve(pool, recipe, seed=seed, budget=sweeps, seconds=time_limit)
        analysed = solver.analyse(pool, recipe, found.groups, seed=seed, budget=sweeps) if analyse else None
    except (BadInput, solver.InvalidRecipe, solver.InvalidPool) as fault:
        _end(BAD_INPUT, str(fault))
    except solver.Infeasible as none:
        if as_json:
            _print(infeasible(none.clash, pool))
        _end(INFEASIBLE, str(none))
    if as_json:
        _print(
            {**certificate(found, recipe, pool), **({} if analysed is None else analysis(analysed, recipe))}
        )
    else:
        click.echo(table(found, pool))
        if analysed is not None:
            click.echo(analysis_table(analysed, recipe))


def _print(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))


def _end(status: int, message: str) -> None:
    click.echo(f"Error: {message}", err=True)
    raise SystemExit(status)
