"""Comparisons of two matching runs."""

from marshmallow import fields

from api.fields import Schema


class Difference(Schema):
    """A number of both runs, and the other's less this one's."""

    this = fields.Float(allow_none=True)
    other = fields.Float(allow_none=True)
    difference = fields.Float(allow_none=True)


class DifferenceInNumber(Schema):
    """A count of both runs, and the other's less this one's."""

    this = fields.Integer()
    other = fields.Integer()
    difference = fields.Integer()


class TermDifference(Difference):
    """What a wish came to in both runs; null where a run's recipe has no such term."""

    attribute = fields.String()
    prefer = fields.String()


class Comparison(Schema):
    """How the other run differs from this one."""

    matching_run_id = fields.UUID()
    other_run_id = fields.UUID()
    cohort_id = fields.UUID()
    value = fields.Nested(Difference)
    gap = fields.Nested(
        Difference,
        metadata={"description": "No difference where the runs' bounds were found in different ways."},
    )
    weakest_group_value = fields.Nested(Difference)
    mean_group_value = fields.Nested(
        Difference, metadata={"description": "The mean over groups, each counted once."}
    )
    owed = fields.Nested(
        Difference, metadata={"description": "What all groups cost by rules that have a price."}
    )
    group_count = fields.Nested(DifferenceInNumber)
    placed_count = fields.Nested(DifferenceInNumber)
    unplaced_count = fields.Nested(DifferenceInNumber)
    terms = fields.List(fields.Nested(TermDifference))
    pairs = fields.Integer(metadata={"description": "Pairs of people who are together in this run."})
    pairs_kept = fields.Integer(metadata={"description": "Those of them who are together in the other too."})
    share_of_pairs_kept = fields.Float(
        allow_none=True, metadata={"description": "0 to 1; null where this run has no pairs."}
    )
    moved = fields.Integer(
        metadata={"description": "People of both runs whose set of partners is not the same."}
    )


class ComparedPerson(Schema):
    """Where both runs put somebody; null on the side of a run that places them in no group."""

    participant_id = fields.UUID()
    external_id = fields.String()
    position = fields.Integer(allow_none=True, metadata={"description": "Of the group in this run"})
    other_position = fields.Integer(
        allow_none=True, metadata={"description": "Of the group in the other run"}
    )
    affinity = fields.Float(
        allow_none=True, metadata={"description": "0 to 1, the mean score with the partners in this run"}
    )
    other_affinity = fields.Float(allow_none=True)
    change = fields.Float(
        allow_none=True, metadata={"description": "The other affinity less this one: below 0 they lose."}
    )
