"""Which awards count as a major one, by funder and fiscal year. Pure.

Funders change what they count from year to year, so that a report names the list it used in its definition's id.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class AwardList:
    """The codes of awards that a funder counts in a fiscal year, as career events have them.

    ``noted``  what about the codes has to be known to read them.
    """

    id: str
    funder: str
    title: str
    fiscal_year: int | None
    codes: tuple[str, ...]
    source: str
    noted: str = ""

    @property
    def article(self) -> str:
        """An R01-equivalent award, a starting grant."""
        return "an" if self.title[0] in "AEIOR" else "a"


_NIH, _SOURCE = (
    "National Institutes of Health",
    "National Institutes of Health, glossary, R01-equivalent grant",
)
NIH_FY2017 = AwardList(
    "nih_r01_equivalent_fy2017",
    _NIH,
    "R01-equivalent award",
    2017,
    ("R01", "R23", "R29", "R35", "R37", "RF1", "RL1", "DP1", "DP2", "DP5", "U01"),
    _SOURCE,
    "Of R35 only the award for early-stage investigators counts, which the code does not tell.",
)
NIH_FY2016 = AwardList(
    "nih_r01_equivalent_fy2016",
    _NIH,
    "R01-equivalent award",
    2016,
    ("R01", "R23", "R29", "R37", "RF1", "DP2"),
    _SOURCE,
)
NSF_CAREER = AwardList(
    "nsf_career",
    "National Science Foundation",
    "Faculty Early Career Development award",
    None,
    ("NSF-CAREER",),
    "National Science Foundation, Faculty Early Career Development Program",
)
IES_EARLY_CAREER = AwardList(
    "ies_early_career",
    "Institute of Education Sciences",
    "Early career award",
    None,
    ("IES-EARLY-CAREER",),
    "Institute of Education Sciences, early career development and mentoring",
)
ERC = AwardList(
    "erc_stg_cog_adg",
    "European Research Council",
    "Starting, Consolidator or Advanced Grant",
    None,
    ("ERC-STG", "ERC-COG", "ERC-ADG"),
    "European Research Council, work programme",
)

LISTS = (NIH_FY2017, NIH_FY2016, NSF_CAREER, IES_EARLY_CAREER, ERC)
K_AWARDS = ("K01", "K07", "K08", "K12", "K22", "K23", "K25", "K43", "K76", "K99")
"""Activity codes of the career development awards from which the clock runs."""
