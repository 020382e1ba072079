"""What a product and a career event must say, and what makes two of them the same. Pure.

Both are given as a mapping of field to value, None for what is not known, and come back canonical: the same
rules hold for one that is recorded singly and for a row of a file.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tenants.outcomes.identity import PROPOSALS, identity_of, title_key

IDENTIFYING = ("title", "doi", "pmid", "project_number")

WITHOUT_REASON = ("leave", "departure")
NOMINATIONS = {"nomination_given": "nominator", "nomination_received": "nominee"}
"""Who stands behind each, unless it is said: the one names the other."""

MAX_TITLE = 500
MAX_DOI = 300
MAX_NAME = 60

_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_DOI_PREFIX = re.compile(r"(https?://(dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
_PMID = re.compile(r"[1-9][0-9]{0,9}")


class BrokenRule(NamedTuple):
    """A field that breaks a rule: the rule's stable code and a sentence."""

    field: str
    code: str
    message: str


def canonical_product(told: Mapping[str, Any]) -> dict[str, Any]:
    """The product with its DOI in lower case and without a resolver's address."""
    doi = told["doi"]
    return {**told, "doi": None if doi is None else _DOI_PREFIX.sub("", doi.strip(), count=1).lower()}


def broken_rules_of_product(product: Mapping[str, Any]) -> Iterator[BrokenRule]:
    """What is wrong with a canonical product."""
    doi, pmid = product["doi"], product["pmid"]
    if doi is not None and not (len(doi) <= MAX_DOI and _DOI.fullmatch(doi)):
        yield BrokenRule("doi", "invalid_doi", "A DOI reads like 10.1000/xyz123.")
    if pmid is not None and not _PMID.fullmatch(pmid):
        yield BrokenRule("pmid", "invalid_pmid", "A PMID is a number of at most ten digits.")
    if all(product[field] is None for field in IDENTIFYING):
        yield BrokenRule("title", "required", "Give at least one of title, doi, pmid and project_number.")


def product_key(product: Mapping[str, Any]) -> str:
    """What identifies a canonical product within its tenant, whoever is behind it.

    The first that is known: its DOI; its PMID; for a proposal kind and project number; kind, date and title
    (regardless of case and spacing); kind and project number.
    """
    kind, project = product["kind"], product["project_number"]
    if product["doi"]:
        return f"doi:{product['doi']}"
    if product["pmid"]:
        return f"pmid:{product['pmid']}"
    by_title = title_key(product)
    if by_title and not (project and kind in PROPOSALS):
        return by_title
    return f"project:{kind}:{project}"


def project_key(product: Mapping[str, Any]) -> str | None:
    """The kind and project of a proposal, whichever of its numbers is said; None where no project names it."""
    told = (each for each in identity_of(product) if each.startswith(("project:", "supplement:")))
    found = next(told, None)
    return found and f"{product['kind']}:{found}"


def canonical_career_event(told: Mapping[str, Any]) -> dict[str, Any]:
    """The career event with an award's activity code in upper case."""
    code = told["code"]
    return {**told, "code": code.upper() if code and told["kind"] == "award" else code}


def broken_rules_of_career_event(event: Mapping[str, Any]) -> Iterator[BrokenRule]:
    """What is wrong with a canonical career event.

    An award needs a code, and alone may be undated, have a project number or be older than the first K
    award. An observation needs `until` and `sample`, and alone has them; where its beginning is not known
    it has no date. A leave and a departure have no code: nothing says why.
    """
    kind, since, until = event["kind"], event["date"], event["until"]
    needed = {"award": ("code",), "observation": ("until", "sample")}.get(kind, ("date",))
    for field in needed:
        if event[field] is None:
            yield BrokenRule(field, "required", f"A career event of kind {kind} needs {field}.")
    for field, of in (
        ("until", "observation"),
        ("sample", "observation"),
        ("before_first_k", "award"),
        ("project_number", "award"),
    ):
        if event[field] and kind != of:
            yield BrokenRule(field, "not_allowed", f"Only a career event of kind {of} has {field}.")
    if event["code"] and kind in WITHOUT_REASON:
        yield BrokenRule("code", "not_allowed", f"A {kind} has no code: why it was is kept nowhere.")
    if since is not None and until is not None and str(since) > str(until):
        yield BrokenRule("until", "out_of_order", "until is before date.")


def career_event_key(event: Mapping[str, Any]) -> str:
    """What identifies a canonical career event among those of one person.

    A person has one observation. An award is the same if its code and project number are, or, without a
    project number, its code and date; any other event if kind, code and date are.
    """
    kind, code = event["kind"], event["code"] or ""
    if kind == "observation":
        return "observation"
    if event["project_number"]:
        return f"award:{code}:project:{event['project_number']}"
    earlier = ":before_first_k" if event["before_first_k"] else ""
    return f"{kind}:{code}:{event['date'] or 'undated'}{earlier}"


def broken_rules_of_contributor(kind: str, relation: str | None) -> Iterator[BrokenRule]:
    """What is wrong with what somebody is said to be to a product of this kind."""
    if relation in NOMINATIONS.values() and kind not in NOMINATIONS:
        yield BrokenRule("relation", "not_allowed", f"Only a nomination has a {relation}.")
