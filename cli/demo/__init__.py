"""`peerloom demo`: the main job of the product from beginning to end, over its API."""

import signal
import sys
from pathlib import Path

import click

from cli.demo.sources import files_of
from cli.demo.story import tell


@click.command()
@click.option(
    "--roster",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="People to form groups of, as CSV; 240 invented ones without it.",
)
@click.option(
    "--outcomes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What came of them, as CSV; only with --roster.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    help="Where to write the reports.",
)
def demo(roster: Path | None, outcomes: Path | None, output: Path) -> None:
    """Show the whole story on a product and a database of its own, both gone afterwards.

    Opens two tenants, imports a roster, forms groups, imports outcomes and pulls reports.

    How a file is read follows from its header. --roster takes either the columns
    external_id, institution, institution_state, activity_code, institute, first_fiscal_year (and name, email,
    and further attributes of the template nih_k_awardees by their keys), or those of a list of NIH K awards:
    person_id, institution, institution_state, activity_code, ic, first_fiscal_year, project_title. A yes in a
    column agreed_to_sharing says that somebody has signed to be in the report to the funder. --outcomes
    takes either career events with the columns external_id, kind, code, date, until, project_number,
    before_first_k, sample, or a list of first K and R awards: person_id, k_activity, k_start, k_first_fy,
    k_first_fy_est, r_activity, r_start, r01_equivalent_before_k, pi_link. Rows of people who are not in the
    roster are counted and left out.
    """
    if outcomes is not None and roster is None:
        raise click.UsageError("--outcomes needs --roster: invented people have invented outcomes.")
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.BadParameter(f"cannot make {output}: {error.strerror}") from error
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in a shell's background job it is ignored
    with files_of(roster, outcomes) as files:
        tell(files, output)
