"""What is counted: ratings, signatures, renewals and votes tell of nobody, whoever asks, leaves or comes.

Revision ID: 0031
Revises: 0027
"""

from alembic import op

from migrations.doors import door
from migrations.rls import MEMBERSHIP, PERSON, TENANT

revision = "0031"
down_revision = "0027"
branch_labels = None
depends_on = None

HERSELF = f"""(SELECT s.person_id = {PERSON} OR r.group_sign_in = 'any' AND g.group_sign_in = 'any'
                       AND NOT s.groups_locked
                  FROM public.membership s, public.cohort c
                  JOIN public.program r ON r.tenant_id = c.tenant_id AND r.id = c.program_id
                 WHERE s.tenant_id = g.tenant_id AND s.id = {MEMBERSHIP}
                   AND c.tenant_id = g.tenant_id AND c.id = g.cohort_id)"""
"""SQL: whoever acts has signed in as the group g wants it of her."""
ME = f"""public.group_member me ON me.tenant_id = g.tenant_id AND me.group_id = g.id AND me.left_at IS NULL
   AND me.admitted_at IS NOT NULL AND me.membership_id = {MEMBERSHIP} AND g.state <> 'formed' AND {HERSELF}
  JOIN public.membership n ON n.tenant_id = me.tenant_id AND n.id = me.membership_id"""
"""SQL: her place in the group g, and her membership."""
SINCE = "greatest(me.admitted_at, n.joined_at)"


def upgrade() -> None:
    ratings()
    agreements()
    renewals()
    votes()


def sees(table: str, name: str = "door") -> str:
    return f"CREATE POLICY {name} ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})"


def ratings() -> None:
    """Of three raters whoever said 5 reads the others' off a low band. From five on four values are left to each, even
    where all said the same: so nothing depends on what they said. A newcomer hears of no round of before.
    """
    op.execute("DROP FUNCTION door.ratings(uuid)")
    door(
        "ratings(of_retrospective uuid) RETURNS TABLE (entry_id uuid, raters bigint, band text)"
        " LANGUAGE sql STABLE",
        grants=("GRANT SELECT (written_at) ON retrospective_entry TO peerloom_door",),
        policies=(),
        body="SELECT r.retrospective_entry_id, count(*),"
        "  CASE WHEN avg(r.rating) < 2.5 THEN 'low' WHEN avg(r.rating) > 3.5 THEN 'high' ELSE 'middle' END"
        " FROM public.retrospective o"
        " JOIN public.peer_group g ON g.tenant_id = o.tenant_id AND g.id = o.group_id"
        f" JOIN {ME}"
        " JOIN public.retrospective_entry e ON e.tenant_id = o.tenant_id AND e.retrospective_id = o.id"
        f"  AND e.written_at >= {SINCE}"
        " JOIN public.retrospective_rating r ON r.tenant_id = e.tenant_id AND r.retrospective_entry_id = e.id"
        f" WHERE o.tenant_id = {TENANT} AND o.id = of_retrospective AND o.phase IN ('agreeing', 'agreed')"
        " GROUP BY r.retrospective_entry_id HAVING count(*) >= 5",
    )


def agreements() -> None:
    """Whoever has said something is counted, whether or not she is still there: else her leaving would tell what she
    had said. Only whether all who are there have confirmed goes by who is there.
    """
    op.execute("DROP FUNCTION door.agreement_counts(uuid, integer, integer, boolean)")

    def number(name: str, about: str, answer: str, of: str, also: str = "true") -> str:
        said = f"a.about = '{about}' AND a.answer = '{answer}' AND a.number = {of} AND {also}"
        return (
            f"'{name}', (SELECT count(*) FROM public.member_answer a WHERE a.group_id = of_group AND {said})"
        )

    gone = "NOT EXISTS (SELECT FROM present p WHERE p.membership_id = a.author_id)"
    silent = (
        "(SELECT count(DISTINCT m.membership_id) FROM public.group_member m WHERE m.group_id = of_group"
        " AND m.admitted_at IS NOT NULL AND NOT EXISTS (SELECT FROM public.member_answer a"
        "  WHERE a.group_id = of_group AND a.author_id = m.membership_id AND a.about = 'confirmation'))"
    )
    parts = (
        "'members', (SELECT count(*) FROM present)",
        number("confirmed", "confirmation", "confirmed", "0"),
        number("declined", "confirmation", "declined", "0", gone),
        f"'silent', CASE WHEN overdue THEN {silent} END",
        number("signed", "charter", "signed", "charter"),
        number("accepted", "responsibilities", "accepted", "list"),
    )
    present = "m.group_id = of_group AND m.admitted_at IS NOT NULL AND m.left_at IS NULL"
    door(
        "agreement_counts(of_group uuid, charter integer, list integer, overdue boolean)"
        " RETURNS jsonb LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body=f"WITH present AS (SELECT m.membership_id FROM public.group_member m WHERE {present})"
        f" SELECT jsonb_build_object({', '.join(parts)})",
    )
    door(
        "all_have_confirmed(of_group uuid) RETURNS boolean LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body="WITH present AS (SELECT m.paused_at IS NOT NULL AND (m.paused_until IS NULL"
        "   OR m.paused_until > (now() AT TIME ZONE 'UTC')::date) AS away,"
        "  EXISTS (SELECT FROM public.member_answer a WHERE a.tenant_id = m.tenant_id AND a.group_id = m.group_id"
        "   AND a.author_id = m.membership_id AND a.about = 'confirmation' AND a.answer = 'confirmed') AS confirmed"
        f" FROM public.group_member m WHERE m.tenant_id = {TENANT} AND {present})"
        " SELECT count(*) FILTER (WHERE p.confirmed) >= 2 AND NOT coalesce(bool_or(NOT p.away AND NOT p.confirmed), false)"
        " FROM present p",
    )


def renewals() -> None:
    """With a round and a day of one's own the door told a round that goes on; it works out both itself."""
    op.execute("DROP FUNCTION door.last_renewal(uuid, integer, date)")
    active_on = "coalesce(g.active_on, (coalesce(g.opened_at, g.created_at) AT TIME ZONE 'UTC')::date)"
    door(
        "last_renewal(of_group uuid) RETURNS text LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body=f"WITH began AS (SELECT g.tenant_id, g.id, {active_on} AS active_on FROM public.peer_group g"
        f"   WHERE g.tenant_id = {TENANT} AND g.id = of_group),"
        " asked AS (SELECT b.*, extract(year FROM age(current_date + 30, b.active_on))::integer AS number FROM began b),"
        " ended AS (SELECT a.tenant_id, a.id, a.number - 1 AS round,"
        "   (a.active_on + make_interval(years => a.number))::date - 30 AS ended FROM asked a WHERE a.number > 1),"
        " members AS (SELECT DISTINCT m.membership_id FROM ended e JOIN public.group_member m"
        "   ON m.tenant_id = e.tenant_id AND m.group_id = e.id AND m.admitted_at < e.ended"
        "   AND (m.left_at IS NULL OR m.left_at >= e.ended)),"
        " going_on AS (SELECT FROM ended e JOIN public.member_answer a ON a.tenant_id = e.tenant_id"
        "   AND a.group_id = e.id AND a.about = 'renewal' AND a.number = e.round AND a.answer = 'go_on'"
        "   JOIN members m ON m.membership_id = a.author_id)"
        " SELECT CASE WHEN n.of_all < 5 THEN NULL WHEN 2 * n.go_on > n.of_all THEN 'most_go_on' ELSE 'not_most' END"
        "  FROM (SELECT (SELECT count(*) FROM members) AS of_all, (SELECT count(*) FROM going_on) AS go_on) n",
    )


def votes() -> None:
    """Votes are told to her who may read the item, signed in as herself, and to nobody who signs her in."""
    op.execute("DROP FUNCTION door.agenda_votes(uuid)")
    door(
        "agenda_votes(of_group uuid) RETURNS TABLE (agenda_item_id uuid, votes bigint) LANGUAGE sql STABLE",
        grants=(),
        policies=(sees("agenda_item", "door_votes"),),
        body="SELECT v.agenda_item_id, count(*) FROM public.peer_group g"
        f" JOIN {ME}"
        " JOIN public.agenda_item i ON i.tenant_id = g.tenant_id AND i.group_id = g.id"
        f"  AND i.written_at >= {SINCE}"
        " JOIN public.agenda_vote v ON v.tenant_id = i.tenant_id AND v.agenda_item_id = i.id AND v.group_id = g.id"
        f" WHERE g.tenant_id = {TENANT} AND g.id = of_group GROUP BY v.agenda_item_id",
    )
