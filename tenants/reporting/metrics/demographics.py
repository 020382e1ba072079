"""Demographics: what those who agreed to it answered, declined or were not asked."""

from typing import Any

from tenants.cohorts.covered import covered
from tenants.reporting.counting import PEOPLE, Counting, Rows
from tenants.reporting.holding import HOLDER_KEY
from tenants.reporting.metric import Found, Metric
from tenants.reporting.tables import ANSWER, Axis, Code, CountTable

PREFIX = "demographics_"
SEVERAL, NONE, OTHER = "several", "none_applies", "other"
DECLINED, NOT_ASKED, NOT_AGREED = "declined", "not_asked", "not_agreed"
WORDS = {
    SEVERAL: "Several answers",
    NONE: "No answer applies",
    OTHER: "Other answers",
    DECLINED: "Declined to answer",
    NOT_ASKED: "Not asked, or did not say",
    NOT_AGREED: "Did not agree to be counted",
}

_ATTRIBUTES = """
SELECT a.key, a.label, a.kind, a.sensitive, a.levels FROM attribute a
 WHERE a.tenant_id = :tenant AND a.program_id = :program AND 'demographics' = ANY(a.uses)
   AND a.kind IN ('categorical', 'ordinal', 'boolean', 'set')
 ORDER BY a.key
"""
_ANSWERS = f"""
SELECT membership_id, CASE WHEN label = ANY(:known) THEN label ELSE '{OTHER}' END AS "{{name}}" FROM (
SELECT people.membership_id,
       CASE WHEN agreed.membership_id IS NULL THEN '{NOT_AGREED}'
            WHEN jsonb_typeof(value) = 'null' THEN '{DECLINED}'
            WHEN jsonb_typeof(value) = 'array' THEN CASE jsonb_array_length(value)
                 WHEN 0 THEN '{NONE}' WHEN 1 THEN 'answer:' || (value ->> 0) ELSE '{SEVERAL}' END
            ELSE coalesce('answer:' || (value #>> '{{{{}}}}'), '{NOT_ASKED}') END AS label
  FROM ({PEOPLE}) people
  LEFT JOIN ({covered("demographics")}) agreed ON agreed.membership_id = people.membership_id
  LEFT JOIN (SELECT DISTINCT ON (membership_id) membership_id, attributes -> :key AS value FROM participant
              WHERE tenant_id = :tenant AND cohort_id = ANY(:cohorts)
              ORDER BY membership_id, id DESC) said ON said.membership_id = people.membership_id) answers
"""  # noqa: S608 - constants are put in


def count(counting: Counting) -> Found:
    """A table for each attribute whose breakdown is switched on."""
    tables: list[CountTable] = []
    for place, answers in enumerate(answer_axes(counting)):
        known = {"key": answers.name.removeprefix(PREFIX), "known": [each.code for each in answers.codes]}
        counting.stage(staged_as(place), _ANSWERS.format(name=answers.name), **known)
        title = f"People by {answers.title}"
        rows = Rows(answers.name, title, "people", staged_as(place), (answers,), breakdown=True)
        tables += counting.tables(rows)
    return Found(tables)


def answer_axes(counting: Counting) -> list[Axis]:
    """The axis of each attribute that is for demographics, in the order of their keys."""
    return [_axis(attribute) for attribute in counting.run(_ATTRIBUTES).all()]


def staged_as(place: int) -> str:
    """Where `count` stages the answers to the attribute at this place: one row a person."""
    return f"fact_demographics_{place}"


def _axis(attribute: Any) -> Axis:
    levels = attribute.levels
    if attribute.kind == "boolean":
        levels = [{"key": "true", "label": "Yes"}, {"key": "false", "label": "No"}]
    codes = [Code(f"{ANSWER}{level['key']}", level.get("label") or level["key"]) for level in levels]
    others = [*((SEVERAL, NONE) if attribute.kind == "set" else ()), OTHER, DECLINED, NOT_ASKED, NOT_AGREED]
    codes += [Code(code, WORDS[code]) for code in others]
    marks = {"sensitive": attribute.sensitive, "holders": attribute.key == HOLDER_KEY}
    return Axis(f"{PREFIX}{attribute.key}", attribute.label, tuple(codes), **marks)


METRIC = Metric(
    name="demographics",
    version=3,
    title="Demographic answers",
    text="For each attribute whose breakdown is switched on (marked for demographics, whatever it is of), the people "
    "of the report by the present answer of those who agreed that their answers are counted, those who declined "
    "to answer, those who were not asked or did not say, and those who did not agree, of whom no answer is read. "
    "Of several answers none is counted by itself; other answers are levels that there are no more. Of attributes "
    "marked sensitive, that nobody or everybody gave an answer is not shown outside the tenant either. Outside "
    "the tenant a breakdown is left out for good if more than half of its cells are too small when it is to leave "
    "first.",
    count=count,
    inputs=("demographic answers", "consents to count them"),
    caveats=("Who answers and who declines may differ.",),
)
