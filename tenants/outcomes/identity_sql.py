"""`identity` in SQL, for statements that hold many records against each other. Pure."""

from tenants.outcomes.identity import PROPOSALS

_TOLD = r"upper(regexp_replace({number}, '\s', '', 'g'))"
_NIH = "^[1-9]?([A-Z][A-Z0-9]{{2}})-?([A-Z]{{2}})-?([0-9]{{6}})(-[0-9]{{2}}[A-Z0-9]*)?$"
_CORE = rf"regexp_replace({_TOLD}, '{_NIH}', '\1\2\3')"
_ADDED = (
    f"substring({_TOLD} from"
    " '^[1-9]?[A-Z][A-Z0-9]{{2}}-?[A-Z]{{2}}-?[0-9]{{6}}(-[0-9]{{2}}(A[0-9]+)?S[0-9]+[A-Z0-9]*)$')"
)


def core_of(number: str) -> str:
    """SQL: the `core_project_number` of the number of this name."""
    return _CORE.format(number=number)


def project_of(product: str) -> str:
    """SQL: the project that names the product of this alias, as its identity has it; null where none does."""
    number, proposals = f"{product}.project_number", ", ".join(f"'{kind}'" for kind in PROPOSALS)
    core, added = core_of(number), _ADDED.format(number=number)
    return (
        f"CASE WHEN {product}.kind NOT IN ({proposals}) THEN NULL"
        f" WHEN {product}.kind = 'supplement' THEN 'supplement:' || {core} || coalesce({added}, '')"
        f" ELSE 'project:' || {core} END"
    )


def project_id_of(product: str) -> str:
    """SQL: a UUID for that project; null where none names the product."""
    return f"CAST(md5({project_of(product)}) AS uuid)"


def thing_of(product: str) -> str:
    """SQL: what the product of this alias is a record of: a proposal and what came of it are two of one thing."""
    return f"coalesce({project_id_of(product)}, {product}.id)"
