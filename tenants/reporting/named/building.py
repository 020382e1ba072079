"""Building a document that names people, in the background, and letting its files go."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select, text

from tenants.cohorts.models import Cohort, Program
from tenants.institutions.models import Tenant
from tenants.kernel import events, jobs
from tenants.kernel.claims import Claim
from tenants.kernel.clock import now
from tenants.kernel.files import FileStore
from tenants.kernel.kept import delete_dropped, drop
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session
from tenants.reporting.files import add_files, write_files
from tenants.reporting.named import rppr, table_8b
from tenants.reporting.named.facts import facts_for
from tenants.reporting.named.listing import Facts, Listed, said_of_person, said_of_section
from tenants.reporting.named.models import NamedDocument, NamedDocumentFile
from tenants.reporting.named.words import KEPT, NOTES, TITLES
from tenants.reporting.writing import written

LAYOUTS = {"table_8b": table_8b.sections, "rppr": rppr.sections}
# Nobody may read the rows, so that none is asked back.
_NOTE = text(
    "INSERT INTO named_person (tenant_id, id, named_document_id, membership_id, said)"
    " SELECT :tenant, uuidv7(), :document, CAST(said ->> 'id' AS uuid), said -> 'said'"
    "   FROM jsonb_array_elements(CAST(:people AS jsonb)) AS said"
)


def build_named_document(claim: Claim) -> None:
    """Build the claimed document and write its files, once; they go after `KEPT`."""
    with claim.session(snapshot=True) as session:
        document = row_of(session, NamedDocument, claim.subject_id)
        facts = facts_for(session, document)
        sections = LAYOUTS[document.kind](facts, since=document.since)
        built = _document(session, document, sections)
        formats = document.formats
    claim.check()
    contents = {form: written(form, built) for form in formats}
    files = write_files(FileStore.of(claim.settings), tenant_id=claim.tenant_id, contents=contents)
    with claim.effect() as session:
        document = row_of(session, NamedDocument, claim.subject_id)
        add_files(session, NamedDocumentFile, files, named_document_id=document.id)
        _name(session, document, facts, sections)
        jobs.enqueue(session, "named_document_expiry", subject_id=document.id, not_before=document.expires_at)
        events.record(session, "named_document.built", subject=document)


def forget_files(claim: Claim) -> None:
    """Let the files of the claimed document go. What it said of each, she keeps."""
    with claim.effect() as session:
        of_it = NamedDocumentFile.named_document_id == claim.subject_id
        files = list(session.scalars(select(NamedDocumentFile.file_id).where(of_it)))
        session.execute(delete(NamedDocumentFile).where(of_it))
        for file_id in files:
            drop(session, file_id)
    delete_dropped(session, FileStore.of(claim.settings))


def _name(session: Session, document: NamedDocument, facts: Facts, sections: list[Listed]) -> None:
    """Note whom it names, and for each of them alone what it says of her."""
    said = {each.id: said_of_person(sections, each.id) for each in facts.people}
    named = {member: rows for member, rows in said.items() if rows}
    people = [{"id": str(member), "said": rows} for member, rows in named.items()]
    known = {"tenant": session.tenant_id, "document": document.id, "people": orjson.dumps(people).decode()}
    session.execute(_NOTE, known)
    document.people = facts.everybody
    document.named_ids = list[UUID](named)
    document.told_ids = sorted(set[UUID]().union(*(line.of for each in sections for line in each.lines)))
    document.built_at = now()
    document.expires_at = document.built_at + KEPT


def _document(session: Session, document: NamedDocument, sections: list[Listed]) -> dict[str, Any]:
    program = row_of(session, Program, document.program_id)
    cohort = row_of(session, Cohort, document.cohort_id) if document.cohort_id else None
    tenant = session.get_one(Tenant, session.tenant_id)
    title, as_of = TITLES[document.kind], document.as_of.isoformat()
    terms = [
        ("Institution", tenant.name),
        ("Document", title),
        ("Program", program.name),
        ("Cohort", cohort.name if cohort else "All cohorts of the program"),
        ("Period", f"{document.since} to {as_of}" if document.since else f"Up to {as_of}"),
    ]
    return {
        "named_document_id": str(document.id),
        "kind": document.kind,
        "as_of": as_of,
        "scope": {
            "program_id": str(program.id),
            "program": program.name,
            "cohort_id": str(cohort.id) if cohort else None,
            "cohort": cohort.name if cohort else None,
        },
        "cover": {"institution": tenant.name, "title": title, "terms": terms},
        "sections": [said_of_section(each) for each in sections],
        "notes": list(NOTES),
    }
