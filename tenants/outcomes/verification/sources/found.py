"""What is asked of a source, what it answers, and the interface that all of them have. Pure."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

PRODUCT, AWARD = "product", "award"


class Unreadable(Exception):
    """An answer is not what the source documents."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whose publications and awards are asked for, and of which fiscal year of the United States."""

    given: str
    """The first of her given names; empty where no name is known."""
    family: str
    orcid: str | None
    """Her ORCID iD, such as 0000-0002-1825-0097."""
    fiscal_year: int

    @property
    def since(self) -> dt.date:
        """The first day of the fiscal year: 1 October of the year before."""
        return dt.date(self.fiscal_year - 1, 10, 1)

    @property
    def until(self) -> dt.date:
        """Its last day, 30 September."""
        return dt.date(self.fiscal_year, 9, 30)

    @property
    def named(self) -> bool:
        """Whether there is a name that can be asked for."""
        return bool(self.given and self.family)


@dataclass(frozen=True, slots=True)
class Credited:
    """Somebody whom a source names: an author, or who leads a project."""

    given: str
    family: str
    orcid: str | None = None
    institutions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A publication or an award, as one source has it. `kind` is PRODUCT or AWARD.

    `date` is the day of publication or of the award's notice; where less is known, the first day that it can be.
    `code` is an award's activity code, `product_kind` one of `outcomes.models.PRODUCT_KINDS`.
    """

    kind: str
    title: str | None
    date: dt.date | None
    credited: tuple[Credited, ...]
    doi: str | None = None
    pmid: str | None = None
    project_number: str | None = None
    code: str | None = None
    product_kind: str = "other"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request for one page. The address of the source, and keys to it, are added by whoever sends it."""

    path: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None = None
    """What is posted as JSON; None: a GET."""
    accept: str = "application/json"


Fetch = Callable[[Asked], bytes]
"""Gets a page; empty where the source knows nothing of the kind. It paces, retries and keeps pages."""


class Source(Protocol):
    """A public source of publications or awards."""

    a_second: ClassVar[int]
    """How many requests a second it bears from everybody together."""

    def search(self, question: Question, fetch: Fetch) -> Iterator[Found]:
        """What it has, a page at a time and no further than it lets anybody page. Raises Unreadable.

        It may return more than is hers: who is credited says whose it can be.
        """
        ...
