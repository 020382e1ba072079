"""Printed names of institutions, brought to a form in which two that mean one are alike. Pure.

A key is a name in plain lower-case words, abbreviations written out, and without the little words. The order of
words stays: Washington University is not the University of Washington.
"""

import html
import re
import unicodedata
from collections.abc import Iterator

LONGEST = 1_000
"""Of a printed name only so many characters are looked at."""
WORDS = {
    "acad": "academy",
    "adv": "advancement",
    "agric": "agricultural",
    "assn": "association",
    "assoc": "association",
    "bioeng": "bioengineering",
    "biomed": "biomedical",
    "can": "cancer",
    "centre": "center",
    "childrens": "children",
    "cntr": "center",
    "col": "college",
    "coll": "college",
    "corp": "corporation",
    "ctr": "center",
    "ctrs": "center",
    "dept": "department",
    "dis": "diseases",
    "div": "division",
    "educ": "education",
    "engr": "engineering",
    "fdn": "foundation",
    "fed": "federal",
    "fnd": "foundation",
    "foundatn": "foundation",
    "fran": "francisco",
    "govt": "government",
    "gen": "general",
    "grad": "graduate",
    "hlth": "health",
    "hosp": "hospital",
    "hospitals": "hospital",
    "hsp": "hospital",
    "inst": "institute",
    "insts": "institutes",
    "int": "international",
    "intl": "international",
    "lab": "laboratory",
    "labs": "laboratories",
    "med": "medical",
    "mem": "memorial",
    "mil": "military",
    "natl": "national",
    "nat": "national",
    "ny": "new york",
    "pediat": "pediatric",
    "pgh": "pittsburgh",
    "phila": "philadelphia",
    "polytech": "polytechnic",
    "psychiat": "psychiatric",
    "pub": "public",
    "rehab": "rehabilitation",
    "reg": "regional",
    "res": "research",
    "rsch": "research",
    "saint": "st",
    "sch": "school",
    "sci": "science",
    "scis": "sciences",
    "serv": "services",
    "soc": "society",
    "stds": "studies",
    "sw": "southwestern",
    "sys": "system",
    "tech": "technology",
    "technol": "technology",
    "theatre": "theater",
    "u": "university",
    "tx": "texas",
    "uni": "university",
    "lsu": "louisiana state university",
    "nyu": "new york university",
    "suny": "state university new york",
    "univ": "university",
    "vet": "veterinary",
}
"""What NIH and publishers abbreviate, and what is spelled in two ways."""
LITTLE = {
    "a", "and", "at", "d", "da", "das", "de", "del", "della", "der", "des", "di", "do", "dos", "du", "e", "et", "for",
    "fur", "für", "in", "inc", "l", "la", "le", "les", "llc", "ltd", "of", "on", "the", "und", "y",
}  # fmt: skip
_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ı": "i", "đ": "d", "æ": "ae"})
_FOOTNOTE = re.compile(r"^\W*\d{1,2}(?=[^\W\d_]{3})")
_WORD = re.compile(r"[^\W_]+")
_BETWEEN = re.compile(r"[;,]|\s-\s|--|\bd/?b/?a\b|/(?=\D)", re.IGNORECASE)
_BRACKETS = re.compile(r"\([^()]*\)")


def key_of(printed: str) -> str:
    """The key of a name; empty where it has no word."""
    said = _FOOTNOTE.sub("", html.unescape(printed[:LONGEST]))
    folded = unicodedata.normalize("NFKD", said.translate(_LETTERS))
    plain = "".join(char for char in folded if not unicodedata.combining(char)).casefold()
    plain = re.sub(
        r"['’`´]s?\b", lambda cut: "s" if cut[0].endswith("s") else "", plain.replace("&", " and ")
    )
    plain = re.sub(r"\b([a-z])\.(?=[a-z]\.)", r"\1", plain)
    words = (WORDS.get(word, word) for word in _WORD.findall(plain))
    return " ".join(word for word in words if word not in LITTLE)


def without_brackets(printed: str) -> str:
    """The name without what stands in brackets."""
    return _BRACKETS.sub(" ", printed)


_TRAILING = re.compile(
    r" (?:(?:school|college|faculty) (?:human |dental |veterinary |of )?(?:medicine dentistry|medicine|medical dent"
    r"|medical|nursing|pharmacy|dentistry|public health|education|engineering|social work|arts sciences"
    r"|physicians surgeons)"
    r"|(?:medical|health sciences?) (?:school|college|campus|center)|medicine|medical science campus"
    r"|health sciences?|(?:main )?campus)$"
)


def shorter(key: str) -> Iterator[str]:
    """What a longer key may be a part of, the nearest first: a campus or a school without what it is of a university.

    Its last word is dropped where a word before it says the same place; then schools, campuses and centers go.
    """
    words = key.split()
    if len(words) > 2 and words[-1] in words[:-1]:
        key = " ".join(words[:-1])
        yield key
    while (cut := _TRAILING.sub("", key)) != key:
        key = cut
        if "university" in key:
            yield key


def pieces(printed: str) -> list[str]:
    """The parts of an affiliation, between its commas and semicolons, each as it is printed."""
    return [piece.strip() for piece in _BETWEEN.split(html.unescape(printed[:LONGEST])) if piece.strip()]


def keys_of(name: str, others: list[str]) -> frozenset[str]:
    """The keys by which an organization of this name, and of these others, is found. An acronym is none: too many
    have the same.
    """
    keys = {key_of(name), key_of(without_brackets(name))}
    keys |= {key for other in others if " " in (key := key_of(other)) or len(key) > 6}
    return frozenset(key for key in keys if len(key) > 2)
