"""What is counted: ratings, signatures, check-ins and pooled answers tell of nobody, whoever asks, leaves or comes.

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import MEMBERSHIP, PERSON, TENANT, acts_wall, protect, reach

revision = "0031"
down_revision = "0030"
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
    check_in_rules()
    tally()
    pooled()
    renewals()
    votes()
    groups_that_open_anew()


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


def check_in_rules() -> None:
    """How many must have changed before a window is published is a program's to raise; three is the least."""
    changed = sa.Column("check_in_least_changed", sa.Integer(), server_default="3", nullable=False)
    op.add_column("program", changed)
    for column, least in (("check_in_least", 5), ("check_in_least_changed", 3)):
        rule = f"{column} BETWEEN {least} AND 10"
        op.create_check_constraint(op.f(f"ck_program_{column}"), "program", rule)
    op.add_column(
        "check_in_window", sa.Column("least_changed", sa.Integer(), server_default="3", nullable=False)
    )
    for column, least in (("least", 5), ("least_changed", 3)):
        op.create_check_constraint(
            op.f(f"ck_check_in_window_{column}"), "check_in_window", f"{column} BETWEEN {least} AND 10"
        )
    op.execute("GRANT INSERT (least_changed) ON check_in_window TO peerloom_app")
    # A month at least: a window of a moment would tell who answered just then.
    op.execute(
        "CREATE POLICY long_enough ON check_in_window AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (closes_at >= opens_at + interval '27 days')"
    )


def tally() -> None:
    op.execute("DROP FUNCTION door.tally_check_ins(uuid)")
    door(
        "tally_check_ins(of_cohort uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=("GRANT SELECT (least_changed) ON check_in_window TO peerloom_door",),
        policies=(),
        body=TALLY,
    )


def pooled() -> None:
    """An organiser makes cohorts of whom he likes, so a cohort's answers could be told apart by exchanging one person.
    What was told by cohort goes: it is not what is told from now on.
    """
    op.execute("DROP FUNCTION door.pool_answers(uuid)")
    name = "pooled_answer"
    op.drop_table(name)
    op.create_table(
        name,
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("program_id", sa.Uuid(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("quarter", sa.Date(), nullable=False),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("answered", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.CheckConstraint("question IN ('no_mentors', 'promise_not_kept')", op.f(f"ck_{name}_question")),
        sa.CheckConstraint("band IN ('under_a_quarter', 'quarter_to_half', 'more')", op.f(f"ck_{name}_band")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "program_id"],
            ["program.tenant_id", "program.id"],
            name=op.f(f"fk_{name}_tenant_id_program_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint(
            "tenant_id",
            "program_id",
            "question",
            "quarter",
            name=op.f(f"uq_{name}_tenant_id_program_id_question_quarter"),
        ),
    )
    # Who answered is the door's to know.
    protect(name, grants="SELECT (tenant_id, id, program_id, question, quarter, band)")
    reach(name, "program_id IN (SELECT g.id FROM program g)")
    door(
        "pool_answers(of_program uuid) RETURNS bigint LANGUAGE sql VOLATILE",
        grants=(
            f"GRANT SELECT (tenant_id, question, band, answered) ON {name} TO peerloom_door",
            # ON CONFLICT reads what it asks about.
            f"GRANT SELECT (program_id, quarter) ON {name} TO peerloom_door",
            f"GRANT INSERT ({POOLED}) ON {name} TO peerloom_door",
        ),
        policies=(
            sees(name),
            f"CREATE POLICY door_writes ON {name} FOR INSERT TO peerloom_door WITH CHECK (tenant_id = {TENANT})",
        ),
        body=POOL,
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


def groups_that_open_anew() -> None:
    """Those who come into a group that opens anew are not told what its members of before did."""
    for table in ("member_answer", "turn", "meeting_link"):
        op.execute(f"DROP POLICY group_wall ON {table}")
        acts_wall(table, shared=table == "meeting_link")


def _few(now: str, before: str, changed: str) -> str:
    """SQL: those who came in, or those who dropped out, are some, and fewer than so many."""
    only = "(SELECT count(*) FROM (SELECT unnest({0}) EXCEPT SELECT unnest({1})) a) BETWEEN 1 AND {2} - 1"
    return f"({only.format(now, before, changed)} OR {only.format(before, now, changed)})"


VALUE = "floor(avg(CASE WHEN s.reversed THEN s.low + s.high - s.answer::numeric ELSE s.answer::numeric END) + 0.5)"
BAND = (
    "CASE WHEN t.mean < t.low + (t.high - t.low) / 3 THEN 'low'"
    " WHEN t.mean < t.low + 2 * (t.high - t.low) / 3 THEN 'middle' ELSE 'high' END"
)
ROUGHLY = "CASE WHEN h.people > 50 THEN 'over 50' WHEN h.people > 20 THEN '21 to 50' ELSE '11 to 20' END"
TALLY = (
    # The UPDATE lets one at a time through, and each window once: a minute late, for answers that are on their way.
    # A result is as of the end of its window: whoever is let in later does not see it.
    "WITH closing AS (UPDATE public.check_in_window w SET tallied_at = now()"
    "   WHERE w.tallied_at IS NULL AND w.id = (SELECT n.id FROM public.check_in_window n"
    "    WHERE n.cohort_id = of_cohort AND n.closes_at <= now() - interval '1 minute'"
    "    AND n.tallied_at IS NULL"
    "    ORDER BY n.opens_at LIMIT 1)"
    "   RETURNING w.tenant_id, w.id, w.cohort_id, w.least, w.least_changed, w.items, w.closes_at),"
    # A scale of fewer than five points would leave too few values: such as were asked before stay silent.
    " item AS (SELECT w.tenant_id, w.id AS window_id, w.cohort_id, w.least AS needed, w.least_changed AS changed,"
    "   i ->> 'key' AS key, i ->> 'kind' AS kind, (i ->> 'least')::numeric AS low, (i ->> 'most')::numeric AS high,"
    "   coalesce((i ->> 'reversed')::boolean, false) AS reversed"
    "   FROM closing w CROSS JOIN LATERAL jsonb_array_elements(w.items) i"
    "   WHERE i ->> 'kind' <> 'scale' OR (i ->> 'most')::numeric - (i ->> 'least')::numeric >= 4),"
    " said AS (SELECT t.*, c.group_id, c.author_id, c.answers -> t.key AS answer FROM item t"
    "   JOIN public.check_in c ON c.tenant_id = t.tenant_id AND c.window_id = t.window_id AND c.answers ? t.key),"
    # A group's own.
    " hers AS (SELECT s.tenant_id, s.window_id, s.group_id, s.needed, s.changed, s.key, s.low, s.high, s.author_id,"
    f"   {VALUE} AS value FROM said s WHERE s.kind = 'scale' GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9),"
    " t AS (SELECT e.tenant_id, e.window_id, e.group_id, e.key, e.low, e.high, e.changed, avg(e.value) AS mean,"
    "   array_agg(e.author_id) AS answered FROM hers e GROUP BY 1, 2, 3, 4, 5, 6, 7, e.needed"
    "   HAVING count(*) >= e.needed),"
    " told AS (INSERT INTO public.check_in_result (tenant_id, id, group_id, window_id, item, band, answered,"
    "   written_at)"
    f"  SELECT t.tenant_id, gen_random_uuid(), t.group_id, t.window_id, t.key, {BAND}, t.answered,"
    "   (SELECT c.closes_at FROM closing c) FROM t"
    "   WHERE NOT EXISTS (SELECT FROM public.check_in_result r WHERE r.tenant_id = t.tenant_id"
    f"    AND r.group_id = t.group_id AND r.item = t.key AND {_few('t.answered', 'r.answered', 't.changed')})),"
    # All groups of the cohort together: one value, or one choice, for each person. What is chosen is told as a number
    # from eleven people on, so by as many it must differ.
    " who AS (SELECT s.tenant_id, s.window_id, s.cohort_id, s.key, s.kind, s.low, s.high,"
    "   CASE WHEN s.kind = 'scale' THEN s.changed ELSE 11 END AS changed,"
    "   array_agg(DISTINCT s.author_id) AS answered FROM said s GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"
    "   HAVING count(DISTINCT s.author_id) >= 15 AND count(DISTINCT s.group_id) >= 3),"
    " safe AS (SELECT o.* FROM who o WHERE NOT EXISTS (SELECT FROM public.pooled_check_in r"
    "   WHERE r.tenant_id = o.tenant_id AND r.cohort_id = o.cohort_id AND r.item = o.key"
    f"   AND {_few('o.answered', 'r.answered', 'o.changed')})),"
    f" one AS (SELECT s.key, s.author_id, {VALUE} AS value FROM said s WHERE s.kind = 'scale' GROUP BY 1, 2),"
    " mean AS (SELECT o.key, avg(o.value) AS mean FROM one o GROUP BY 1),"
    " chosen AS (SELECT DISTINCT s.key, s.author_id, c.level FROM said s CROSS JOIN LATERAL"
    "   jsonb_array_elements_text(CASE WHEN s.kind = 'choice' THEN s.answer"
    "    WHEN s.answer = 'true'::jsonb THEN '[\"yes\"]'::jsonb ELSE '[\"no\"]'::jsonb END) AS c(level)"
    "   WHERE s.kind <> 'scale'),"
    " level AS (SELECT c.key, c.level, count(*) AS people FROM chosen c GROUP BY 1, 2 HAVING count(*) > 10),"
    " pooled AS (INSERT INTO public.pooled_check_in"
    "   (tenant_id, id, cohort_id, window_id, item, band, levels, answered)"
    "   SELECT t.tenant_id, gen_random_uuid(), t.cohort_id, t.window_id, t.key,"
    f"   CASE WHEN t.kind = 'scale' THEN {BAND} END,"
    "   CASE WHEN t.kind <> 'scale' THEN coalesce((SELECT jsonb_object_agg(h.level, "
    f"{ROUGHLY}) FROM level h WHERE h.key = t.key), '{{}}'::jsonb) END, t.answered"
    "   FROM (SELECT o.*, m.mean FROM safe o LEFT JOIN mean m ON m.key = o.key) t)"
    " SELECT count(*) > 0 FROM closing"
)
POOLED = "tenant_id, id, program_id, question, quarter, band, answered"
# Compared with all that was told of the question in the tenant: whoever makes programs of whom he likes gains nothing.
POOL = (
    "WITH present AS (SELECT DISTINCT m.tenant_id, m.membership_id FROM public.cohort c"
    "   JOIN public.peer_group g ON g.tenant_id = c.tenant_id AND g.cohort_id = c.id"
    "    AND g.state IN ('confirmed', 'active', 'paused')"
    "   JOIN public.group_member m ON m.tenant_id = g.tenant_id AND m.group_id = g.id"
    "    AND m.admitted_at IS NOT NULL AND m.left_at IS NULL"
    f"   WHERE c.tenant_id = {TENANT} AND c.program_id = of_program),"
    " said AS (SELECT p.tenant_id, 'no_mentors' AS question, p.membership_id, NOT o.has_any AS is_so FROM present p"
    "   JOIN public.own_mentors o ON o.tenant_id = p.tenant_id AND o.membership_id = p.membership_id"
    "  UNION ALL SELECT p.tenant_id, 'promise_not_kept', p.membership_id, bool_or(a.kept = 'no') FROM present p"
    "   JOIN public.participant q ON q.tenant_id = p.tenant_id AND q.membership_id = p.membership_id"
    "   JOIN public.cohort c ON c.tenant_id = q.tenant_id AND c.id = q.cohort_id AND c.program_id = of_program"
    "   JOIN public.sponsor_commitment s ON s.tenant_id = q.tenant_id AND s.participant_id = q.id"
    "   JOIN public.commitment_answer a ON a.tenant_id = s.tenant_id AND a.commitment_id = s.id"
    "    AND a.membership_id = p.membership_id GROUP BY 1, 2, 3),"
    " t AS (SELECT s.tenant_id, s.question, array_agg(s.membership_id) AS answered, avg(s.is_so::int) AS share"
    "   FROM said s GROUP BY 1, 2 HAVING count(*) >= 11),"
    " told AS (SELECT t.*, CASE WHEN t.share < 0.25 THEN 'under_a_quarter' WHEN t.share <= 0.5"
    "    THEN 'quarter_to_half' ELSE 'more' END AS band FROM t WHERE NOT EXISTS (SELECT FROM public.pooled_answer r"
    "   WHERE r.tenant_id = t.tenant_id AND r.question = t.question"
    f"   AND r.band IS NOT NULL AND {_few('t.answered', 'r.answered', '11')})),"
    f" made AS (INSERT INTO public.pooled_answer ({POOLED})"
    "   SELECT c.tenant_id, gen_random_uuid(), c.id, q.question, date_trunc('quarter', now() AT TIME ZONE 'UTC')::date,"
    "    told.band, coalesce(told.answered, '{}')"
    "   FROM public.program c CROSS JOIN (VALUES ('no_mentors'), ('promise_not_kept')) AS q(question)"
    f"   LEFT JOIN told ON told.question = q.question WHERE c.tenant_id = {TENANT} AND c.id = of_program"
    "   ON CONFLICT DO NOTHING RETURNING 1)"
    " SELECT count(*) FROM made"
)
