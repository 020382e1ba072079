"""Whom participants name as having power over them: attributes of kind `reference`, such as evaluators.

A reference names a membership by its external id; an address counts too, in any letter case. Who has taken another id
or address since is still meant.
"""

from tenants.people.names import names_of


def names_given_by(membership: str, *, ever: bool = False) -> str:
    """SQL: the names that this membership's participants refer to, in lower case; or that they `ever` referred to."""
    now_said = _names(membership, "p.attributes", "")
    if not ever:
        return now_said
    history = "JOIN participant_change h ON h.tenant_id = p.tenant_id AND h.participant_id = p.id"
    return f"{now_said} UNION {_names(membership, 'h.attributes', history)}"


def _names(membership: str, said: str, history: str) -> str:
    return f"""SELECT lower(btrim(named.name)) FROM participant p {history}
      JOIN cohort pc ON pc.tenant_id = p.tenant_id AND pc.id = p.cohort_id
      JOIN attribute pa ON pa.tenant_id = pc.tenant_id AND pa.program_id = pc.program_id AND pa.kind = 'reference'
     CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof({said} -> pa.key)
           WHEN 'array' THEN {said} -> pa.key ELSE '[]'::jsonb END) AS named(name)
     WHERE p.membership_id = {membership}"""  # noqa: S608 - SQL of ours is put in


def is_among(membership: str, names: str) -> str:
    """SQL: whether the membership of this alias goes by one of these names, or ever did."""
    return f"EXISTS (({names}) INTERSECT SELECT unnest({names_of(membership)}))"
