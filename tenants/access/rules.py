"""What a connection's rules say of the claims that its provider makes: who is let in, and with which roles.

A rule is `allowed_idps` (entity ids, as federations such as CILogon name the institution), `allowed_eppn_scopes`
(what follows the @ in eduPersonPrincipalName) or `roles`: [{claim, value, role}].
"""

from collections.abc import Mapping
from typing import Any

from tenants.kernel.errors import Forbidden
from tenants.kernel.permissions import Role


def refuse_unwelcome(rules: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Raise Forbidden "not_let_in" unless every rule that there is lets these claims in."""
    idps, scopes = rules.get("allowed_idps"), rules.get("allowed_eppn_scopes")
    name, _, scope = str(claims.get("eppn") or "").rpartition("@")
    unwelcome = (idps and claims.get("idp") not in idps) or (
        scopes and not (name and scope.lower() in {each.lower() for each in scopes})
    )
    if unwelcome:
        raise Forbidden("This sign-in is not for people of your institution.", code="not_let_in")


def roles_said(rules: Mapping[str, Any], claims: Mapping[str, Any]) -> frozenset[Role]:
    """The roles that the claims give; a provider makes no owners."""
    given = set()
    for rule in rules.get("roles", ()):
        said = claims.get(rule["claim"])
        if rule["value"] in (said if isinstance(said, list) else [said]):
            given.add(Role(rule["role"]))
    return frozenset(given - {Role.OWNER})
