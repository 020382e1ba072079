"""Imports."""

from typing import ClassVar

from marshmallow import fields

from api.fields import Choice, Flag, Key, Object, PageQuery, Resource, Schema, Text, Timestamp, Whole
from tenants.cohorts.models import IMPORT_KINDS, IMPORT_MODES, IMPORT_STATES, ROW_OUTCOMES


class IdentifierColumns(Schema):
    """Which columns hold identifiers."""

    orcid = Text(most=200)
    era_commons_id = Text(most=200)
    member_number = Text(most=200)


class Mapping(Schema):
    """Which column of the file holds what. Everything but external_id is optional.

    A roster has name, email, identifiers, attributes and declined; separations have apart_from or list, or both;
    products and career events the rest.
    """

    external_id = Text(most=200, required=True)
    name = Text(most=200)
    email = Text(most=200)
    identifiers = fields.Nested(IdentifierColumns)
    attributes = Object(most=200, keys=Key(), values=Text(most=200))
    declined = Text(
        most=200,
        metadata={
            "description": "No column but the word, in any letter case, by which a cell of a demographic attribute "
            "says that somebody declines to answer. An empty cell says nothing."
        },
    )
    kind = Text(most=200)
    title = Text(most=200)
    code = Text(most=200)
    date = Text(most=200)
    until = Text(most=200)
    sample = Text(most=200)
    before_first_k = Text(most=200)
    doi = Text(most=200)
    pmid = Text(most=200)
    project_number = Text(most=200)
    visibility = Text(most=200)
    role = Text(most=200)
    apart_from = Text(
        most=200,
        metadata={
            "description": "External ids, between them ; or |: with none of them is this person grouped."
        },
    )
    list = Text(
        most=200, metadata={"description": "The name of a list: all rows that have it are kept apart."}
    )


class ImportCreate(Schema):
    """A file to expect."""

    example: ClassVar = {
        "kind": "roster",
        "mode": "update",
        "mapping": {"external_id": "person_id", "name": "name", "attributes": {"institution": "institution"}},
    }
    kind = Choice(IMPORT_KINDS, load_default="roster")
    mode = Choice(
        IMPORT_MODES,
        load_default="update",
        metadata={"description": "skip who is there, update them, or replace all that earlier files brought"},
    )
    dry_run = Flag(load_default=False, metadata={"description": "Count and list, and apply nothing."})
    max_withdrawals = Whole(
        load_default=0, most=10_000_000, metadata={"description": "Beyond it, `replace` asks first."}
    )
    mapping = fields.Nested(Mapping, required=True)


class Counts(Schema):
    """Rows by outcome."""

    created = fields.Integer()
    updated = fields.Integer()
    unchanged = fields.Integer()
    skipped = fields.Integer()
    failed = fields.Integer()
    withdrawn = fields.Integer()


class ImportFault(Schema):
    """Why the whole file was refused."""

    code = fields.String()
    message = fields.String()
    line = fields.Integer(allow_none=True)


class Import(Resource):
    """A file on its way into a cohort."""

    cohort_id = fields.UUID()
    kind = fields.String(metadata={"enum": list(IMPORT_KINDS)})
    mode = fields.String(metadata={"enum": list(IMPORT_MODES)})
    dry_run = fields.Boolean()
    max_withdrawals = fields.Integer()
    mapping = fields.Nested(Mapping)
    state = fields.String(metadata={"enum": list(IMPORT_STATES)})
    progress = fields.Float(metadata={"description": "0 to 1"})
    counts = fields.Nested(Counts)
    error = fields.Nested(ImportFault, allow_none=True)
    file_bytes = fields.Integer(allow_none=True)
    file_sha256 = fields.String(allow_none=True)
    job_id = fields.UUID(allow_none=True)
    confirmed_at = Timestamp(allow_none=True)
    applied_at = Timestamp(allow_none=True)


class ImportRow(Schema):
    """What became of one row of the file; line is null for somebody who is absent from it."""

    id = fields.UUID()
    line = fields.Integer(allow_none=True)
    outcome = fields.String(metadata={"enum": list(ROW_OUTCOMES)})
    external_id = fields.String(allow_none=True)
    column = fields.String(allow_none=True)
    code = fields.String(allow_none=True)
    message = fields.String(allow_none=True)
    subject_id = fields.UUID(
        allow_none=True,
        metadata={"description": "The participant, product, career event, or first separation."},
    )


class ImportRowQuery(PageQuery):
    """Which rows, and in what form."""

    outcome = Choice(ROW_OUTCOMES, load_default=None)
    format = Choice(
        ("json", "csv"),
        load_default=None,
        metadata={"description": "csv: all rows as one file, as with Accept: text/csv"},
    )
