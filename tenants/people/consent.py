"""What people agreed to: purposes, what they can say of each, and whether it lets their data be used. Pure.

A program does each thing on a basis: `institution`, where the tenant answers for it and the person may object, or
`consent`, where nothing is done before she agrees. What was said is in a ledger; the last word counts, and the
person's own outranks what the institution noted of her.
"""

from collections.abc import Iterable
from dataclasses import dataclass

PURPOSES = ("matching", "contact", "outcomes", "demographics", "named_documents", "funder_sharing")
"""What data is used for; the last is said of one funder at a time, by name."""
WITH_BASIS = ("matching", "contact", "outcomes")
"""Those whose basis a program chooses. That of the others is always consent."""
BASES = ("institution", "consent")
DECISIONS = ("granted", "objected", "withdrawn")
NOT_ASKED = "not_asked"
STATES = (NOT_ASKED, *DECISIONS)
SPEAKERS = ("institution", "person")
"""The institution notes only what was granted, on paper say."""


@dataclass(frozen=True, slots=True)
class Said:
    """One entry of somebody's ledger for one purpose."""

    decision: str
    said_by: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What somebody is shown before she decides. Another text has another version."""

    version: str
    text: str


def state_of(ledger: Iterable[Said]) -> str:
    """What holds, the oldest entry first: the person's last word, else the institution's, else not_asked."""
    last: dict[str, str] = {}
    for said in ledger:
        last[said.said_by] = said.decision
    return last.get("person") or last.get("institution") or NOT_ASKED


def covers(basis: str, state: str) -> bool:
    """Whether data may be used on this basis by somebody of whom this is the state."""
    return basis == "institution" if state == NOT_ASKED else state == "granted"


def admits(ledger: Iterable[Said], said: Said) -> bool:
    """Whether the ledger takes an entry: the institution can only note a grant, and never against the person."""
    if said.said_by == "person":
        return True
    refused = [each.decision for each in ledger if each.said_by == "person"][-1:]
    return said.decision == "granted" and refused in ([], ["granted"])


_FIRST = "1"
WORDINGS = {
    "matching": Wording(
        _FIRST,
        "We use what the program knows of you, such as your field, your institution and when you can meet, to "
        "propose peer groups. If you object, you are placed in no group by it.",
    ),
    "contact": Wording(
        _FIRST,
        "The members of your group are shown your name and your e-mail address, so that they can reach you.",
    ),
    "outcomes": Wording(
        _FIRST,
        "The program counts what came of it, such as papers, talks and awards, and yours with them. Its reports "
        "hold numbers and no names.",
    ),
    "demographics": Wording(
        _FIRST,
        "What you answer about yourself, such as your gender, is counted together with the answers of others. You "
        "may decline any question.",
    ),
    "named_documents": Wording(
        _FIRST,
        "The program names you in documents that its funders ask for by name, such as a table of its trainees or a "
        "progress report: your degrees, when you began, your topic, your positions, and those papers, products and "
        "awards that you let funders know of. You are shown each that names you, and what it says of you. If you "
        "withdraw, what was built before is no longer handed out; what was handed out by then stays where it is.",
    ),
    "funder_sharing": Wording(
        _FIRST,
        "You are counted in the reports that the program gives to the funder named here. They hold no names, and no "
        "number of 1 to 10 people.",
    ),
}
"""Ours, by purpose; a program may have its own."""
