"""The kinds of products and career events: which states each goes through, and where others' reports put it. Pure.

`rppr` is the place in a Research Performance Progress Report as NIH lays it out (RPPR Instruction Guide, sections B to
D): the products C.1 to C.5, and the letter of the section for what is no product there, B for accomplishments and D for
participants and their other support. `outcome_type` is one of Researchfish's 15 common outcome types (its data guide),
which UKRI, NIHR and charities ask for. None: the report has no place for it, and it is not put in another.
"""

from dataclasses import dataclass

RPPR = {
    "B": "Accomplishments",
    "C.1": "Publications",
    "C.2": "Websites and other internet sites",
    "C.3": "Technologies or techniques",
    "C.4": "Inventions, patent applications and licences",
    "C.5": "Other products and resource sharing",
    "D": "Participants and other collaborating organisations",
}
OUTCOME_TYPES = {
    "publications": "Publications",
    "collaborations": "Collaborations and partnerships",
    "further_funding": "Further funding",
    "next_destination": "Next destination",
    "engagement": "Engagement activities",
    "policy": "Influence on policy, practice, patients and the public",
    "tools_and_methods": "Research tools and methods",
    "datasets": "Research datasets, databases and models",
    "intellectual_property": "Intellectual property and licensing",
    "medical_products": "Medical products, interventions and clinical trials",
    "artistic_products": "Artistic and creative products",
    "software": "Software and technical products",
    "spin_outs": "Spin outs",
    "awards_and_recognition": "Awards and recognition",
    "facilities": "Use of facilities and resources",
}

_PAPER = ("in_preparation", "submitted", "in_revision", "accepted", "published", "rejected", "withdrawn")
_PROPOSAL = ("in_preparation", "submitted", "resubmitted", "awarded", "not_awarded", "withdrawn")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind, what it says, and its places. `states`: those it goes through, none for most."""

    name: str
    description: str
    rppr: str | None
    outcome_type: str | None
    states: tuple[str, ...] = ()


PRODUCTS = (
    Kind("manuscript", "A paper, from its first draft on", "C.1", "publications", _PAPER),
    Kind("protocol", "A protocol that others can follow", "C.5", "tools_and_methods"),
    Kind("dataset", "Data that others can use", "C.5", "datasets"),
    Kind("software", "Software that others can use", "C.5", "software"),
    Kind("proposal_submitted", "An application for funding that is not awarded", "B", None, _PROPOSAL),
    Kind("proposal_awarded", "An application for funding that was awarded", "D", "further_funding", _PROPOSAL),
    Kind("supplement", "A supplement to an award", "B", "further_funding", _PROPOSAL),
    Kind("talk", "A talk", "B", "engagement"),
    Kind("guest_lecture", "A lecture in another's course", "B", "engagement"),
    Kind("panel", "A panel that one sat on", "B", "engagement"),
    Kind("nomination_given", "Naming somebody for a prize, a post or a committee", "B", None),
    Kind("nomination_received", "Being named for one", "B", "awards_and_recognition"),
    Kind("leadership", "A part in leading an organisation, a committee or a journal", "B", "awards_and_recognition"),
    Kind("policy", "An influence on what others are told or bound to do", "B", "policy"),
    Kind("collaboration", "Work with others beyond one's own institution", "D", "collaborations"),
    Kind("other", "Something else", "C.5", None),
)  # fmt: skip
CAREER_EVENTS = (
    Kind("award", "An award that began", "D", "further_funding"),
    Kind("observation", "From when to when somebody's awards were looked for", None, None),
    Kind("appointment", "A post that began", "D", "next_destination"),
    Kind("promotion", "A higher rank", "B", None),
    Kind("institution_change", "A move to another institution", "D", "next_destination"),
    Kind("leave", "Time away. Why is kept nowhere", None, None),
    Kind("departure", "Leaving research. Why is kept nowhere", "D", "next_destination"),
)

_BY_NAME = {kind.name: kind for kind in PRODUCTS}
_FIRST = {"proposal_submitted": "submitted", "proposal_awarded": "awarded"}


def states_of(kind: str) -> tuple[str, ...]:
    """The states that a product of this kind can be in; none if it has no states."""
    return _BY_NAME[kind].states


def first_state(kind: str) -> str | None:
    """The state that a product of this kind is in where nothing more is said: what its kind says already."""
    return _FIRST.get(kind)


def kind_in(kind: str, state: str) -> str:
    """The kind of a product that comes into a state: a proposal that is awarded is a proposal_awarded, any other a
    proposal_submitted. All other kinds stay.
    """
    if kind not in _FIRST:
        return kind
    return "proposal_awarded" if state == "awarded" else "proposal_submitted"
