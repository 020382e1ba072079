"""Whose data a job may use: the one clause that the statements of all jobs share.

It says in SQL what `people.consent` says of one person, so that whoever is not covered is in no row that a job reads.
"""

from tenants.people.consent import NOT_ASKED

BY_LAST_WORD = "e.said_by = 'person' DESC, e.created_at DESC, e.id DESC"
"""The entry of a ledger that counts comes first: the person's last word, else the institution's."""
_PROGRAM = "(SELECT c.program_id FROM cohort c WHERE c.id = ANY (CAST(:cohorts AS uuid[])) LIMIT 1)"


def standing(purpose: str) -> str:
    """SQL of the people of :cohorts, which are of one program: membership_id, `state` of `people.consent.STATES`,
    and whether their data is `covered` for a purpose. That of sharing is asked of :funder.
    """
    funder = "e.funder = :funder" if purpose == "funder_sharing" else "true"
    return f"""
    SELECT p.membership_id, coalesce(said.decision, '{NOT_ASKED}') AS state,
           coalesce(said.decision = 'granted', (SELECT g.bases ->> '{purpose}' FROM program g
                                                 WHERE g.id = {_PROGRAM}) = 'institution', false) AS covered
      FROM (SELECT DISTINCT q.membership_id FROM participant q
             WHERE q.cohort_id = ANY (CAST(:cohorts AS uuid[]))) p
      LEFT JOIN (SELECT DISTINCT ON (e.membership_id) e.membership_id, e.decision FROM consent_entry e
                  WHERE e.program_id = {_PROGRAM} AND e.purpose = '{purpose}' AND {funder}
                  ORDER BY e.membership_id, {BY_LAST_WORD}) said
        ON said.membership_id = p.membership_id"""  # noqa: S608 - constants are put in


def refused(purpose: str) -> str:
    """SQL: whether the participant p of the cohort c has objected to a purpose, or withdrawn; for one at a time."""
    return _last_word(purpose, "<> 'granted'", "p", "c")


def granted(purpose: str, participant: str, cohort: str) -> str:
    """SQL: whether the participant of this name, of the cohort of that, was asked about a purpose and granted it; for
    one at a time.
    """
    return _last_word(purpose, "= 'granted'", participant, cohort)


def _last_word(purpose: str, is_so: str, participant: str, cohort: str) -> str:
    return f"""coalesce((SELECT e.decision {is_so} FROM consent_entry e
        WHERE e.membership_id = {participant}.membership_id AND e.program_id = {cohort}.program_id
          AND e.purpose = '{purpose}' ORDER BY {BY_LAST_WORD} LIMIT 1), false)"""  # noqa: S608 - constants are put in


def covered(purpose: str) -> str:
    """SQL of the memberships of :cohorts whose data may be used for a purpose. Parameters as for `standing`."""
    return f"SELECT s.membership_id FROM ({standing(purpose)}) s WHERE s.covered"  # noqa: S608 - as above
