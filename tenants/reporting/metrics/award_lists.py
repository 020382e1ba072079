"""Which awards count as a major one, by funder and fiscal year, and since when they are waited for. Pure.

Funders change what they count from year to year, so that a report names the list it used in its definition's id.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tenants.reporting.metrics.clocks import FIRST_K, JOINING, Clock


@dataclass(frozen=True)
class AwardList:
    """The codes of awards that a funder counts, as career events have them.

    ``editions``  the codes from a fiscal year on, the earliest first. An award is held against those of its own fiscal
                  year, one before the first against the first, and one of unknown date against the last. Of a list of
                  one edition (its year, or None where the funder does not change it) all awards are.
    ``clock``     from what day on the years to one are counted.
    ``base``      whether what is known of R01 awards of others says something of these.
    ``noted``     what about the codes has to be known to read them.
    """

    id: str
    funder: str
    title: str
    editions: tuple[tuple[int | None, tuple[str, ...]], ...]
    source: str
    noted: str = ""
    base: bool = False
    clock: Clock = FIRST_K

    @property
    def article(self) -> str:
        """An R01-equivalent award, a starting grant."""
        return "an" if self.title[0] in "AEIOR" else "a"

    @property
    def years(self) -> str:
        """The fiscal years of its editions, in words."""
        return ", ".join(str(year or "any") for year, _ in self.editions)

    @property
    def told(self) -> str:
        """Its codes, in words."""
        if len(self.editions) == 1:
            return ", ".join(self.editions[0][1])
        said = [f"from fiscal year {year}: {', '.join(codes)}" for year, codes in self.editions]
        return "; ".join(said)

    @cached_property
    def since(self) -> Sequence[tuple[int, int, str]]:
        """Each code with the fiscal years from which on, and before which, it counts."""
        years = [-9999, *(year or 0 for year, _ in self.editions[1:]), 9999]
        return [
            (years[place], years[place + 1], code)
            for place, (_, codes) in enumerate(self.editions)
            for code in codes
        ]


_NIH, _SOURCE = (
    "National Institutes of Health",
    "National Institutes of Health, glossary, R01-equivalent grant",
)
_FY2016 = (2016, ("R01", "R23", "R29", "R37", "RF1", "DP2"))
_FY2017 = (2017, ("R01", "R23", "R29", "R35", "R37", "RF1", "RL1", "DP1", "DP2", "DP5", "U01"))
_R35 = "Of R35 only the award for early-stage investigators counts, which the code does not tell."
NIH_FY2017 = AwardList(
    "nih_r01_equivalent_fy2017", _NIH, "R01-equivalent award", (_FY2017,), _SOURCE, _R35, base=True
)
NIH_FY2016 = AwardList(
    "nih_r01_equivalent_fy2016", _NIH, "R01-equivalent award", (_FY2016,), _SOURCE, base=True
)
NIH_BY_YEAR = AwardList(
    "nih_r01_equivalent_by_fiscal_year_2016_2017",
    _NIH,
    "R01-equivalent award",
    (_FY2016, _FY2017),
    _SOURCE,
    "An award counts if the list of its own fiscal year (October to September) has its code; the list of 2016 is taken "
    f"for all years before it, and that of 2017 for all after it and for awards of unknown date. {_R35}",
    base=True,
)
NSF_CAREER = AwardList(
    "nsf_career",
    "National Science Foundation",
    "Faculty Early Career Development award",
    ((None, ("NSF-CAREER",)),),
    "National Science Foundation, Faculty Early Career Development Program",
    clock=JOINING,
)
IES_EARLY_CAREER = AwardList(
    "ies_early_career",
    "Institute of Education Sciences",
    "Early career award",
    ((None, ("IES-EARLY-CAREER",)),),
    "Institute of Education Sciences, early career development and mentoring",
    clock=JOINING,
)
ERC = AwardList(
    "erc_stg_cog_adg",
    "European Research Council",
    "Starting, Consolidator or Advanced Grant",
    ((None, ("ERC-STG", "ERC-COG", "ERC-ADG")),),
    "European Research Council, work programme",
    clock=JOINING,
)

LISTS = (NIH_FY2017, NIH_FY2016, NIH_BY_YEAR, NSF_CAREER, IES_EARLY_CAREER, ERC)
"""The first is used unless another is chosen."""
CHOICES = tuple(each.id for each in LISTS)
