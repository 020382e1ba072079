"""Who comes into a group and goes from it: admission by its members, groups that people form, pauses.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from migrations.doors import door
from migrations.rls import MEMBERSHIP, PERSON, TENANT, members_read, protect, protect_private, reach

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

OF_GROUP = "group_id IN (SELECT above.id FROM peer_group above)"


def upgrade() -> None:
    groups()
    invitation_tables()
    admission_tables()
    walls()
    door_sight()
    own_doors()
    admission_doors()
    invitation_doors()


def groups() -> None:
    op.add_column("peer_group", sa.Column("origin", sa.Text(), server_default="matched", nullable=False))
    op.create_check_constraint(
        op.f("ck_peer_group_origin"), "peer_group", "origin IN ('matched', 'self_formed')"
    )
    op.add_column("peer_group", sa.Column("objection_days", sa.Integer(), server_default="7", nullable=False))
    op.create_check_constraint(
        op.f("ck_peer_group_objection_days"), "peer_group", "objection_days BETWEEN 1 AND 30"
    )
    op.add_column("peer_group", sa.Column("objection_floor", sa.DateTime(timezone=True), nullable=True))
    op.execute("GRANT INSERT (origin) ON peer_group TO peerloom_app")
    op.add_column("group_member", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("group_member", sa.Column("paused_until", sa.Date(), nullable=True))


def key(table: str, column: str, to: str, on_delete: str | None = None) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_tenant_id_{column}")
    return sa.ForeignKeyConstraint(
        ["tenant_id", column], [f"{to}.tenant_id", f"{to}.id"], name=name, ondelete=on_delete
    )


def ids(*names: str) -> list[sa.Column[object]]:
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in names]


def moment(name: str, *, said: str | None = None, nullable: bool = False) -> sa.Column[object]:
    default = sa.text(said) if said else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=default, nullable=nullable)


def invitation_tables() -> None:
    op.create_table(
        "group_invitation",
        *ids("tenant_id", "id", "group_id", "author_id"),
        sa.Column("encrypted_name", sa.LargeBinary(), nullable=False),
        moment("expires_at", said="now() + interval '30 days'"),
        moment("written_at", said="now()"),
        key("group_invitation", "group_id", "peer_group"),
        key("group_invitation", "author_id", "membership"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_group_invitation")),
    )
    for column in ("group_id", "author_id"):
        name = f"ix_group_invitation_{column.removesuffix('_id')}"
        op.create_index(name, "group_invitation", ["tenant_id", column], unique=False)
    op.create_table(
        "delivered_invitation",
        *ids("tenant_id", "id", "group_id", "participant_id", "membership_id"),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        moment("expires_at"),
        moment("created_at", said="now()"),
        moment("answered_at", nullable=True),
        sa.CheckConstraint("answer IN ('accepted', 'declined')", name=op.f("ck_delivered_invitation_answer")),
        # It outlives the invitation: else whoever takes hers back could ask again and again.
        key("delivered_invitation", "invitation_id", "group_invitation", "SET NULL (invitation_id)"),
        key("delivered_invitation", "group_id", "peer_group"),
        key("delivered_invitation", "participant_id", "participant"),
        key("delivered_invitation", "membership_id", "membership"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_delivered_invitation")),
    )
    for column in ("group_id", "participant_id", "membership_id", "invitation_id"):
        name = f"ix_delivered_invitation_{column.removesuffix('_id')}"
        op.create_index(name, "delivered_invitation", ["tenant_id", column], unique=False)


def admission_tables() -> None:
    op.create_table(
        "admission",
        *ids("tenant_id", "id", "group_id", "group_member_id", "proposer_id"),
        sa.Column("invitation_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        moment("opened_at"),
        moment("closes_at"),
        moment("decided_at", nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'admitted', 'refused', 'ended')", name=op.f("ck_admission_state")
        ),
        key("admission", "group_id", "peer_group"),
        key("admission", "group_member_id", "group_member"),
        key("admission", "proposer_id", "membership"),
        key("admission", "invitation_id", "group_invitation"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_admission")),
    )
    op.create_index("ix_admission_group", "admission", ["tenant_id", "group_id", "id"], unique=False)
    op.create_index("ix_admission_proposer", "admission", ["tenant_id", "proposer_id"], unique=False)
    op.create_index("ix_admission_invitation", "admission", ["tenant_id", "invitation_id"], unique=False)
    op.create_index(
        "ix_admission_open", "admission", ["tenant_id", "group_member_id"], unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )  # fmt: skip
    op.create_table(
        "admission_answer",
        *ids("tenant_id", "id", "admission_id", "group_member_id"),
        sa.Column("objects", sa.Boolean(), nullable=False),
        key("admission_answer", "admission_id", "admission"),
        key("admission_answer", "group_member_id", "group_member"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_admission_answer")),
        sa.UniqueConstraint(
            "tenant_id", "admission_id", "group_member_id",
            name=op.f("uq_admission_answer_tenant_id_admission_id_group_member_id"),
        ),
    )  # fmt: skip


def walls() -> None:
    protect_private(
        "group_invitation",
        grants="SELECT, INSERT (tenant_id, id, group_id, author_id, encrypted_name), DELETE",
    )
    # What came of an invitation is hers to whom it went: whoever wrote it does not learn whether there is anybody.
    own = f"membership_id = {MEMBERSHIP}"
    protect("delivered_invitation", grants="SELECT, UPDATE (answer, answered_at)")
    reach("delivered_invitation", OF_GROUP)
    op.execute(
        "CREATE POLICY own_invitations ON delivered_invitation AS RESTRICTIVE TO peerloom_app"
        f" USING ({own}) WITH CHECK ({own})"
    )
    protect("admission", grants="SELECT")
    reach("admission", OF_GROUP)
    # A newcomer does not read who came before her, or how it went with herself.
    members_read("admission", "decided_at IS NULL OR decided_at > {admitted_at}")
    # Whether somebody objects is in no column that the app reads: she sees that she has answered.
    protect("admission_answer", grants="SELECT (tenant_id, id, admission_id, group_member_id)")
    reach("admission_answer", "admission_id IN (SELECT above.id FROM admission above)")
    op.execute(
        "CREATE POLICY own_answers ON admission_answer AS RESTRICTIVE FOR SELECT TO peerloom_app"
        f" USING (group_member_id IN (SELECT gm.id FROM group_member gm WHERE gm.membership_id = {MEMBERSHIP}))"
    )


def door_sight() -> None:
    """What the doors read and write for all that follows."""
    for grant in (
        "SELECT, INSERT, UPDATE (state, decided_at) ON admission",
        "SELECT, INSERT, UPDATE (objects), DELETE ON admission_answer",
        "SELECT (tenant_id, id, group_id, author_id, written_at, expires_at) ON group_invitation",
        "SELECT, INSERT ON delivered_invitation",
        "SELECT (tenant_id, id, group_sign_in) ON program",
        "SELECT (groups_locked, joined_at) ON membership",
        "SELECT (state) ON participant",
        "UPDATE (paused_at, paused_until) ON group_member",
        "UPDATE (objection_days, objection_floor) ON peer_group",
    ):
        op.execute(f"GRANT {grant} TO peerloom_door")
    for table in ("admission", "admission_answer", "delivered_invitation"):
        op.execute(
            f"CREATE POLICY door ON {table} TO peerloom_door"
            f" USING (tenant_id = {TENANT}) WITH CHECK (tenant_id = {TENANT})"
        )
    for table in ("group_invitation", "program"):
        op.execute(f"CREATE POLICY door ON {table} FOR SELECT TO peerloom_door USING (tenant_id = {TENANT})")


HERSELF = f"""(SELECT s.person_id = {PERSON} OR r.group_sign_in = 'any' AND g.group_sign_in = 'any'
                       AND NOT s.groups_locked
                  FROM public.membership s, public.cohort c
                  JOIN public.program r ON r.tenant_id = c.tenant_id AND r.id = c.program_id
                 WHERE s.tenant_id = g.tenant_id AND s.id = {MEMBERSHIP}
                   AND c.tenant_id = g.tenant_id AND c.id = g.cohort_id)"""
"""SQL: whoever acts has signed in as the group g wants it of her."""


def present(member: str, *, admitted: bool = True) -> str:
    """SQL: this row of group_member is of the group g, and of somebody who has not left."""
    let_in = f" AND {member}.admitted_at IS NOT NULL" if admitted else ""
    return (
        f"{member}.tenant_id = g.tenant_id AND {member}.group_id = g.id AND {member}.left_at IS NULL{let_in}"
    )


MINE = f"{present('me')} AND me.membership_id = {MEMBERSHIP} AND g.state <> 'formed' AND {HERSELF}"
NEWCOMER = """x.admitted_at IS NULL AND x.left_at IS NULL AND g.opened_at IS NOT NULL AND g.state NOT IN ('formed', 'ended')
   AND EXISTS (SELECT FROM public.membership n WHERE n.tenant_id = x.tenant_id AND n.id = x.membership_id
                  AND n.person_id IS NOT NULL AND n.joined_at IS NOT NULL)
   AND EXISTS (SELECT FROM public.participant p WHERE p.tenant_id = x.tenant_id AND p.id = x.participant_id
                  AND p.membership_id = x.membership_id AND p.state NOT IN ('withdrawn', 'declined', 'ineligible'))"""
"""SQL: the row x of the group g is of somebody who has joined, takes part, and waits to be let in."""


def own_doors() -> None:
    # Whoever forms a group is let in by nobody: nothing was written there, and nobody else has ever been in it.
    door(
        "found_group(of_group uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="WITH opened AS (UPDATE public.peer_group g SET opened_at = now()"
        f"   WHERE g.tenant_id = {TENANT} AND g.id = of_group AND g.origin = 'self_formed' AND g.opened_at IS NULL"
        "   AND g.state = 'active' AND (SELECT count(*) FROM public.group_member o"
        "     WHERE o.tenant_id = g.tenant_id AND o.group_id = g.id) = 1"
        "   AND EXISTS (SELECT FROM public.group_member me JOIN public.participant p ON p.tenant_id = me.tenant_id"
        "     AND p.id = me.participant_id AND p.membership_id = me.membership_id AND p.cohort_id = g.cohort_id"
        f"     WHERE {present('me', admitted=False)} AND me.membership_id = {MEMBERSHIP}) AND {HERSELF}"
        "   RETURNING g.tenant_id, g.id)"
        " UPDATE public.group_member m SET admitted_at = now() FROM opened o"
        " WHERE m.tenant_id = o.tenant_id AND m.group_id = o.id RETURNING true",
    )
    # Nobody else pauses her: else whoever may not be asked could be passed over.
    door(
        "pause_in_group(of_group uuid, pauses boolean, until date) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="UPDATE public.group_member me SET paused_at = CASE WHEN pauses THEN coalesce(me.paused_at, now()) END,"
        "  paused_until = CASE WHEN pauses THEN until END FROM public.peer_group g"
        f" WHERE g.tenant_id = {TENANT} AND g.id = of_group AND {MINE} RETURNING true",
    )
    # Nobody is let in sooner than the longer period would have had it that held until now.
    door(
        "set_objection_days(of_group uuid, days integer) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="UPDATE public.peer_group g SET objection_days = days,"
        "  objection_floor = greatest(g.objection_floor, now() + g.objection_days * interval '1 day')"
        f" WHERE g.tenant_id = {TENANT} AND g.id = of_group AND g.state <> 'ended'"
        f" AND EXISTS (SELECT FROM public.group_member me WHERE {MINE}) RETURNING true",
    )


def held(group: str) -> str:
    """SQL: whoever decides, answers, leaves or comes does so one after another."""
    return f"SELECT FROM public.peer_group h WHERE h.tenant_id = {TENANT} AND h.id = ({group}) FOR UPDATE;"


OF_ADMISSION = f"SELECT a.group_id FROM public.admission a WHERE a.tenant_id = {TENANT} AND a.id = admission"
BY = f"""(SELECT me.membership_id, CAST(NULL AS uuid) AS invitation_id FROM public.group_member me WHERE {MINE}
    UNION ALL
   SELECT i.author_id, i.id FROM public.delivered_invitation d
     JOIN public.group_invitation i ON i.tenant_id = d.tenant_id AND i.id = d.id
     JOIN public.group_member y ON {present("y")} AND y.membership_id = i.author_id
    WHERE d.tenant_id = g.tenant_id AND d.group_id = g.id AND d.participant_id = x.participant_id
      AND d.membership_id = x.membership_id AND d.membership_id = {MEMBERSHIP}
      AND d.answer = 'accepted' AND d.answered_at = now() AND i.expires_at > now() AND {HERSELF}
    LIMIT 1)"""
"""SQL: a member, or whoever invited her who accepts it just now."""
REFUSED_LATELY = """EXISTS (SELECT FROM public.admission r JOIN public.group_member o ON o.tenant_id = r.tenant_id
      AND o.id = r.group_member_id WHERE r.tenant_id = g.tenant_id AND r.group_id = g.id
      AND r.state = 'refused' AND r.decided_at > now() - interval '30 days' AND o.participant_id = {})"""


def admission_doors() -> None:
    op.execute("DROP FUNCTION door.admit(uuid)")
    door(
        "propose_admission(admission uuid, member uuid) RETURNS timestamptz LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body=held(
            f"SELECT x.group_id FROM public.group_member x WHERE x.tenant_id = {TENANT} AND x.id = member"
        )
        + " INSERT INTO public.admission (tenant_id, id, group_id, group_member_id, proposer_id, invitation_id, state,"
        "   opened_at, closes_at)"
        " SELECT x.tenant_id, admission, x.group_id, x.id, by.membership_id, by.invitation_id, 'open', now(),"
        "   greatest(now() + g.objection_days * interval '1 day', g.objection_floor)"
        "  FROM public.group_member x JOIN public.peer_group g ON g.tenant_id = x.tenant_id AND g.id = x.group_id"
        f" CROSS JOIN LATERAL {BY} by"
        f" WHERE x.tenant_id = {TENANT} AND x.id = member AND {NEWCOMER}"
        "   AND NOT EXISTS (SELECT FROM public.admission o WHERE o.tenant_id = x.tenant_id"
        "     AND o.group_member_id = x.id AND o.state = 'open')"
        f"  AND NOT {REFUSED_LATELY.format('x.participant_id')} RETURNING closes_at",
    )
    door(
        "answer_admission(admission uuid, against boolean) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body=held(OF_ADMISSION)
        + " INSERT INTO public.admission_answer AS w (tenant_id, id, admission_id, group_member_id, objects)"
        " SELECT a.tenant_id, gen_random_uuid(), a.id, me.id, against FROM public.admission a"
        "   JOIN public.peer_group g ON g.tenant_id = a.tenant_id AND g.id = a.group_id"
        f"  JOIN public.group_member me ON {MINE}"
        f" WHERE a.tenant_id = {TENANT} AND a.id = admission AND a.state = 'open' AND a.closes_at > now()"
        "   AND a.proposer_id <> me.membership_id"
        " ON CONFLICT (tenant_id, admission_id, group_member_id) DO UPDATE SET objects = excluded.objects RETURNING true",
    )
    door(
        "conclude_admission(admission uuid) RETURNS TABLE (outcome text, of_group uuid, member uuid, closes timestamptz)"
        " LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body=held(OF_ADMISSION) + CONCLUDE,
    )
    # Ids only, also for whoever does not see them: the worker, and those who have just left.
    door(
        "open_admissions(of_group uuid) RETURNS TABLE (admission uuid) LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body="SELECT a.id FROM public.admission a"
        f" WHERE a.tenant_id = {TENANT} AND a.group_id = of_group AND a.state = 'open' ORDER BY a.id",
    )


# An objection takes effect when the period ends, so that its moment tells nothing of whose it was. Then who answered
# how is forgotten. Whoever is away is waited for like the others: else her objection alone would keep an admission open,
# and a group that is away would be let pass. Where nobody is left who could object, nobody is let in.
CONCLUDE = f"""
WITH asked AS (
  SELECT a.tenant_id, a.id, a.group_id, a.group_member_id, a.closes_at,
         CASE WHEN NOT ({NEWCOMER} AND EXISTS (SELECT FROM public.group_member me WHERE {present("me")})) THEN 'ended'
              WHEN EXISTS (SELECT FROM public.admission_answer w JOIN public.group_member me ON {present("me")}
                              AND me.id = w.group_member_id
                            WHERE w.tenant_id = a.tenant_id AND w.admission_id = a.id AND w.objects)
              THEN CASE WHEN a.closes_at <= now() THEN 'refused' ELSE 'open' END
              WHEN a.closes_at <= now() OR NOT EXISTS (SELECT FROM public.group_member me
                            WHERE {present("me")} AND me.membership_id <> a.proposer_id
                              AND NOT EXISTS (SELECT FROM public.admission_answer w WHERE w.tenant_id = a.tenant_id
                                                 AND w.admission_id = a.id AND w.group_member_id = me.id))
              THEN 'admitted' ELSE 'open' END AS outcome
    FROM public.admission a
    JOIN public.peer_group g ON g.tenant_id = a.tenant_id AND g.id = a.group_id
    JOIN public.group_member x ON x.tenant_id = a.tenant_id AND x.id = a.group_member_id
   WHERE a.tenant_id = {TENANT} AND a.id = admission AND a.state = 'open'),
decided AS (
  UPDATE public.admission d SET state = k.outcome, decided_at = now() FROM asked k
   WHERE d.tenant_id = k.tenant_id AND d.id = k.id AND k.outcome <> 'open' RETURNING d.tenant_id, d.id),
let_in AS (
  UPDATE public.group_member m SET admitted_at = clock_timestamp() FROM asked k
   WHERE m.tenant_id = k.tenant_id AND m.id = k.group_member_id AND k.outcome = 'admitted'),
forgotten AS (
  DELETE FROM public.admission_answer w USING decided d
   WHERE w.tenant_id = d.tenant_id AND w.admission_id = d.id)
SELECT k.outcome, k.group_id, k.group_member_id, k.closes_at FROM asked k"""


OWN_INVITATION = (
    f"i.tenant_id = {TENANT} AND i.id = invitation AND i.author_id = {MEMBERSHIP} AND i.written_at = now()"
)


def invitation_doors() -> None:
    # For the moment in which a member invites, and for those whom it is about: else nobody hears of wishes.
    door(
        "wishes_about(invitation uuid, guest uuid) RETURNS TABLE (wish_id uuid, participant_id uuid, names bytea)"
        " LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body="SELECT s.id, p.id, s.encrypted_names FROM public.group_invitation i"
        "  JOIN public.peer_group g ON g.tenant_id = i.tenant_id AND g.id = i.group_id"
        "  JOIN public.separation s ON s.tenant_id = g.tenant_id AND s.cohort_id = g.cohort_id"
        "  JOIN public.participant p ON p.tenant_id = s.tenant_id AND p.cohort_id = s.cohort_id"
        "    AND p.membership_id = s.membership_id"
        f" WHERE {OWN_INVITATION} AND s.encrypted_names IS NOT NULL AND (p.id = guest OR EXISTS"
        f"  (SELECT FROM public.group_member m WHERE {present('m', admitted=False)} AND m.participant_id = p.id))",
    )
    # A newcomer does not see those of before, and they count all the same.
    door(
        "waiting_invitations(of_group uuid) RETURNS bigint LANGUAGE sql STABLE",
        grants=(),
        policies=(),
        body="SELECT count(*) FROM public.group_invitation i"
        "  JOIN public.peer_group g ON g.tenant_id = i.tenant_id AND g.id = i.group_id"
        f" WHERE i.tenant_id = {TENANT} AND i.group_id = of_group AND i.expires_at > now()"
        "   AND NOT EXISTS (SELECT FROM public.admission a WHERE a.tenant_id = i.tenant_id AND a.invitation_id = i.id)"
        f"  AND EXISTS (SELECT FROM public.group_member me WHERE {MINE})",
    )
    door(
        "deliver_invitation(invitation uuid, guest uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="INSERT INTO public.delivered_invitation"
        "  (tenant_id, id, invitation_id, group_id, participant_id, membership_id, expires_at)"
        " SELECT i.tenant_id, i.id, i.id, g.id, p.id, p.membership_id, i.expires_at FROM public.group_invitation i"
        "   JOIN public.peer_group g ON g.tenant_id = i.tenant_id AND g.id = i.group_id"
        "   JOIN public.participant p ON p.tenant_id = g.tenant_id AND p.cohort_id = g.cohort_id AND p.id = guest"
        "   AND p.state IN ('eligible', 'invited', 'applied', 'waitlisted', 'placed')"
        f" WHERE {OWN_INVITATION} AND EXISTS (SELECT FROM public.group_member me WHERE {MINE})"
        f"  AND NOT EXISTS (SELECT FROM public.group_member m WHERE {present('m')} AND m.participant_id = p.id)"
        "   AND NOT EXISTS (SELECT FROM public.delivered_invitation d WHERE d.tenant_id = g.tenant_id"
        "     AND d.group_id = g.id AND d.participant_id = p.id"
        "     AND (d.invitation_id IS NOT NULL AND d.answer IS NULL AND d.expires_at > now()"
        "       OR d.invitation_id IS NULL AND d.created_at > now() - interval '30 days'"
        "       OR d.answer = 'declined' AND d.answered_at > now() - interval '30 days'))"
        f"  AND NOT {REFUSED_LATELY.format('p.id')} RETURNING true",
    )
