"""How two runs of a cohort differ: in what they are worth, and for whom. All of it is counted in the database."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, text, true
from sqlalchemy.orm import aliased
from sqlalchemy.sql.selectable import LateralFromClause

from tenants.cohorts.models import Participant
from tenants.kernel.errors import Conflict
from tenants.kernel.rows import row_of
from tenants.kernel.session import Session, expect_many_rows
from tenants.matching.models import MatchingRun, Placement, ProposedGroup
from tenants.people.models import Membership


def _both(this: str, other: str, *, where: str = "true") -> str:
    difference = f"CASE WHEN {where} THEN {other} - {this} END"
    return f"json_build_object('this', {this}, 'other', {other}, 'difference', {difference})"


_WORTH = {
    "value": "{}.value",
    "weakest_group_value": "{}.weakest",
    "mean_group_value": "{}.mean",
    "owed": "{}.owed",
    "group_count": "{}.group_count",
    "placed_count": "{}.placed_count",
    "unplaced_count": "{}.unplaced_count",
}
_COMPARED = ", ".join(
    f"{_both(said.format('a'), said.format('b'))} AS {name}" for name, said in _WORTH.items()
)
# A bound that was found in another way is looser or tighter for that alone, and so is its gap.
_GAP = f"{_both('a.gap', 'b.gap', where='a.bound_by = b.bound_by')} AS gap"
_TERMS = (
    "(SELECT coalesce(json_agg(json_build_object('attribute', attribute, 'prefer', prefer,"
    "     'this', x.value, 'other', y.value, 'difference', y.value - x.value) ORDER BY x.place, y.place), '[]')"
    "   FROM ROWS FROM (jsonb_to_recordset(a.terms) AS (attribute text, prefer text, value float8))"
    "     WITH ORDINALITY AS x(attribute, prefer, value, place)"
    "   FULL JOIN ROWS FROM (jsonb_to_recordset(b.terms) AS (attribute text, prefer text, value float8))"
    "     WITH ORDINALITY AS y(attribute, prefer, value, place) USING (attribute, prefer)) AS terms"
)
# Somebody's partners are the same where the whole group is; whoever is in no group has none in either run.
_COUNTED = (
    "WITH told AS (SELECT r.id, r.cohort_id, r.value, r.gap, r.bound_by, r.group_count, r.placed_count,"
    "   r.unplaced_count, coalesce(r.terms, '[]') AS terms, g.weakest, g.mean, g.owed FROM matching_run r,"
    "   LATERAL (SELECT min(f.value) AS weakest, avg(f.value) AS mean, sum(f.owed) AS owed"
    "     FROM proposed_group f WHERE f.tenant_id = r.tenant_id AND f.matching_run_id = r.id) g"
    "   WHERE r.id IN (:this, :other)),"
    " formed AS (SELECT q.matching_run_id AS run, q.proposed_group_id AS id, count(*) AS members,"
    "   array_agg(q.participant_id ORDER BY q.participant_id) AS people FROM placement q"
    "   WHERE q.matching_run_id IN (:this, :other) AND q.proposed_group_id IS NOT NULL GROUP BY 1, 2),"
    " people AS (SELECT a.proposed_group_id AS this, b.proposed_group_id AS other, count(*) AS members"
    "   FROM placement a JOIN placement b ON b.tenant_id = a.tenant_id AND b.participant_id = a.participant_id"
    "   WHERE a.matching_run_id = :this AND b.matching_run_id = :other GROUP BY 1, 2),"
    " pairs AS (SELECT (SELECT coalesce(sum(members * (members - 1)) / 2, 0) FROM formed WHERE run = :this) AS formed,"
    "   (SELECT coalesce(sum(members * (members - 1)) / 2, 0) FROM people"
    "     WHERE this IS NOT NULL AND other IS NOT NULL) AS kept,"
    "   (SELECT coalesce(sum(p.members), 0) FROM people p"
    "      LEFT JOIN formed f ON f.run = :this AND f.id = p.this"
    "      LEFT JOIN formed g ON g.run = :other AND g.id = p.other"
    "     WHERE f.people IS DISTINCT FROM g.people) AS moved)"
)
_COMPARE = text(
    f"{_COUNTED} SELECT a.id AS matching_run_id, b.id AS other_run_id, a.cohort_id,"  # noqa: S608
    f" {_COMPARED}, {_GAP}, {_TERMS},"
    " CAST(pairs.formed AS bigint) AS pairs, CAST(pairs.kept AS bigint) AS pairs_kept,"
    " CAST(pairs.kept AS float8) / nullif(pairs.formed, 0) AS share_of_pairs_kept,"
    " CAST(pairs.moved AS bigint) AS moved"
    " FROM told a, told b, pairs WHERE a.id = :this AND b.id = :other"
)


def comparison(session: Session, *, matching_run_id: UUID, other_run_id: UUID) -> Row[Any]:
    """What the other run has that this one has not; each `difference` is the other's less this one's.

    That of the `gap` is null where the runs' bounds were not found in the same way (`bound_by`).
    `weakest_group_value` and `mean_group_value` are of group values (0 to 1), every group counted once; `owed` is
    the sum over groups. `pairs` are together in this run, `pairs_kept` in the other too. `moved` counts those who
    are in both runs and whose set of partners is not the same.
    Raises NotFound, and Conflict: "not_ready" for a run that proposes nothing, "other_cohort".
    """
    _cohort_of_both(session, matching_run_id=matching_run_id, other_run_id=other_run_id)
    expect_many_rows(session)
    return session.execute(_COMPARE, {"this": matching_run_id, "other": other_run_id}).one()


def compared_people(session: Session, *, matching_run_id: UUID, other_run_id: UUID) -> Select[Any]:
    """Everybody of either run: the position of their group and their affinity in both, null where they have none.

    `change` is the other affinity less this one. Raises as `comparison`.
    """
    cohort_id = _cohort_of_both(session, matching_run_id=matching_run_id, other_run_id=other_run_id)
    this, other = _place_of_each(matching_run_id), _place_of_each(other_run_id)
    return (
        select(
            Participant.id.label("participant_id"),
            Membership.external_id,
            this.c.position,
            other.c.position.label("other_position"),
            this.c.affinity,
            other.c.affinity.label("other_affinity"),
            (other.c.affinity - this.c.affinity).label("change"),
        )
        .join(
            Membership,
            (Membership.tenant_id == Participant.tenant_id) & (Membership.id == Participant.membership_id),
        )
        .outerjoin(this, true())
        .outerjoin(other, true())
        .where(Participant.cohort_id == cohort_id, this.c.id.is_not(None) | other.c.id.is_not(None))
    )


def _place_of_each(run_id: UUID) -> LateralFromClause:
    """Where a run puts the participant of the row: one at a time, so that a page costs no more than its rows."""
    place, group = aliased(Placement), aliased(ProposedGroup)
    return (
        select(place.id, group.position, place.explanation["affinity"].as_float().label("affinity"))
        .outerjoin(group, (group.tenant_id == place.tenant_id) & (group.id == place.proposed_group_id))
        .where(
            place.tenant_id == Participant.tenant_id,
            place.matching_run_id == run_id,
            place.participant_id == Participant.id,
        )
        .limit(1)
        .lateral()
    )


def _cohort_of_both(session: Session, *, matching_run_id: UUID, other_run_id: UUID) -> UUID:
    """The cohort of both runs. Raises as `comparison`."""
    runs = [row_of(session, MatchingRun, run_id) for run_id in (matching_run_id, other_run_id)]
    for run in runs:
        if run.group_count is None:
            raise Conflict(f"The matching run {run.id} proposes no groups to compare.", code="not_ready")
    if runs[0].cohort_id != runs[1].cohort_id:
        raise Conflict("These matching runs are of different cohorts.", code="other_cohort")
    return runs[0].cohort_id
