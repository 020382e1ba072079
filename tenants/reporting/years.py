"""Whole years of follow-up, and all of them up to each: neighbours are merged where a year cannot be shown. Pure."""

from tenants.reporting.tables import Code

MOST_YEARS, LATER, START = 15, "later", "start"


def up_to(year: int) -> str:
    """The code of all years up to this one, itself included; the first is by itself."""
    return f"y0-{year}" if year > 1 else "y1"


def whole_years(most: int) -> tuple[Code, ...]:
    """Each year and all years up to it, up to so many, and whatever is later.

    Year 3 is from 2, exclusive, to 3. It is a part of 0 to 3 years, as 0 to 2 years are, and these of 0 to 4: so years
    can be merged with any of their neighbours, by what is printed up to each.
    """
    codes = [Code(up_to(1), "Year 1", up_to(2))]
    for year in range(2, most + 1):
        above = up_to(year + 1) if year < most else None
        codes += [Code(f"y{year}", f"Year {year}", up_to(year))]
        codes += [Code(up_to(year), f"0 to {year} years", above)]
    return (*codes, Code(LATER, f"After {most} years"))


def merging(most: int) -> tuple[str, ...]:
    """The codes by which years are merged: a curve is read from them."""
    return tuple(up_to(year) for year in range(1, most + 1))


EXITS = whole_years(MOST_YEARS)
ENTRIES = (Code(START, "From the beginning"), *EXITS)
