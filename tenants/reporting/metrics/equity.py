"""Equity: how far people came, by what those of them answered who agreed to be counted."""

from collections.abc import Sequence

from tenants.reporting.counting import Counting, Rows
from tenants.reporting.figures import gap, stage
from tenants.reporting.metric import Figure, Found, Metric, Shown
from tenants.reporting.metrics.demographics import answer_axes, staged_as
from tenants.reporting.metrics.reach import STAGES
from tenants.reporting.suppression.model import Printed
from tenants.reporting.tables import ANSWER, Axis, Code, CountTable, ShownTable

STEPS = (("offered", None), ("joined", "offered"), ("stayed", "joined"))
"""Each stage, and the one of which it is a share; the first is of all."""
_REACHED = """
(SELECT membership_id, stage, "{answers}" FROM fact_reach JOIN {facts} USING (membership_id)) f
"""


def count(counting: Counting) -> Found:
    """For each attribute for demographics a table of how far people came by answer."""
    tables: list[CountTable] = []
    for place, answers in enumerate(answer_axes(counting)):
        facts = _REACHED.format(answers=answers.name, facts=staged_as(place))
        name, title = f"reach_{answers.name}", f"How far people came, by {answers.title}"
        tables += counting.tables(Rows(name, title, "people", facts, (STAGES, answers), breakdown=True))
    return Found(tables)


def figures(shown: Shown) -> list[Figure]:
    """For each attribute the stages of each answer, and how their shares differ from those of all other answers."""
    found: list[Figure] = []
    for table in shown.values():
        _, answers = table.axes
        codes = [code for code in answers.codes if code.code.startswith(ANSWER)]
        found += [_panels(table, answers, codes), _gaps(table, answers, codes)]
    return found


def _panels(table: ShownTable, answers: Axis, codes: Sequence[Code]) -> Figure:
    return {
        "id": table.name,
        "title": table.title,
        "kind": "multiples",
        "caption": "Share of those who gave an answer, with the 95 % Wilson interval.",
        "tables": [table.name],
        "panels": [
            {
                "label": code.label,
                "rows": [
                    stage(_label(each), _at(table, answers, code, each), _at(table, answers, code))
                    for each, _ in STEPS
                ],
            }
            for code in codes
        ],
    }


def _gaps(table: ShownTable, answers: Axis, codes: Sequence[Code]) -> Figure:
    rows = []
    for code in codes:
        rest = [other for other in codes if other != code]
        for reached, whole in STEPS:
            told = gap(
                _at(table, answers, code, reached),
                _at(table, answers, code, whole),
                [_at(table, answers, other, reached) for other in rest],
                [_at(table, answers, other, whole) for other in rest],
            )
            rows.append({"label": f"{code.label}: {_label(reached).lower()}", **told})
    return {
        "id": f"gaps_{answers.name}",
        "title": f"Gaps in reach by {answers.title}",
        "kind": "estimates",
        "caption": "Share of those at the stage before who came further, less that of all other answers, with the "
        "95 % Newcombe interval. Nothing is drawn where a number that it takes is not shown.",
        "tables": [table.name],
        "x": "Difference of shares",
        "rows": rows,
        "zero": 0,
    }


def _at(table: ShownTable, answers: Axis, code: Code, stage_code: str | None = None) -> Printed:
    at = {answers.name: code.code}
    return table.at(**at) if stage_code is None else table.at(**at, stage=stage_code)


def _label(stage_code: str) -> str:
    return next(code.label for code in STAGES.codes if code.code == stage_code)


METRIC = Metric(
    name="equity",
    version=2,
    title="Reach by attribute",
    text="For each attribute whose breakdown is switched on (marked for demographics, whatever it is of), the people "
    "of the report by how far they came, as in reach, and by their answer, as in demographics: those who did not "
    "agree that their answers are counted, declined or were not asked are told apart, so that all add up. The gap "
    "of an answer at a stage is the share of those at the stage before (offered: of all; joined: of those offered "
    "a place; stayed: of those who joined) who came so far, less the same share of all other answers together, "
    "with Newcombe's hybrid score interval. Outside the tenant a breakdown is left out for good if more than half "
    "of its cells are too small when it is to leave first.",
    count=count,
    inputs=("participants and their states", "demographic answers", "consents to count them"),
    caveats=(
        "Who answers and who declines may differ: a gap among those who answered is not that of all.",
        "A gap does not show why it is there; of many gaps some stand out by chance.",
    ),
    figures=figures,
)
