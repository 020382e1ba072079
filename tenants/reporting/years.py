"""Whole years of follow-up, and the blocks into which they are merged where a year cannot be shown. Pure."""

from tenants.reporting.tables import Code

MOST_YEARS, LATER, START = 15, "later", "start"
_BLOCKS = ((0, 3, 5), (5, 8, 10), (10, 13, 15))


def _codes() -> tuple[Code, ...]:
    codes = []
    for first, middle, last in _BLOCKS:
        block = f"y{first}-{last}"
        codes.append(Code(block, f"{first} to {last} years"))
        for since, until in ((first, middle), (middle, last)):
            part = f"y{since}-{until}"
            codes.append(Code(part, f"{since} to {until} years", block))
            codes += [Code(f"y{year}", f"Year {year}", part) for year in range(since + 1, until + 1)]
    return (*codes, Code(LATER, f"After {MOST_YEARS} years"))


EXITS = _codes()
"""Year 3 is from 2, exclusive, to 3. They are parts of blocks of two or three years, and these of five."""
ENTRIES = (Code(START, "From the beginning"), *EXITS)


def bounds(code: str) -> tuple[int, int]:
    """From which year, exclusive, to which a code is; not of those from the beginning, or after the last."""
    first, _, last = code.removeprefix("y").partition("-")
    return (int(first), int(last)) if last else (int(first) - 1, int(first))
