"""Who reads what, and what traces tell of whom.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.doors import door
from migrations.rls import AS_HERSELF, MEMBERSHIP, PERSON, TENANT, named_readers

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    names()
    readers()
    questions()
    joining()
    jobs()


def names() -> None:
    """What a membership went by before, so that who was named so does not slip away by another address."""
    was = sa.Column("known_as", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False)
    op.add_column("membership", was)
    op.execute("GRANT UPDATE (known_as) ON membership TO peerloom_app")


def readers() -> None:
    """A concern's readers read it signed in as themselves, and nobody adds himself to one that is not his own."""
    to_her = f"(id IN (SELECT r.concern_id FROM concern_reader r WHERE r.reader_id = {MEMBERSHIP}) AND {AS_HERSELF})"
    op.execute("DROP POLICY named_readers ON concern")
    named_readers("concern", to_her)
    op.execute("DROP POLICY readers_update ON concern")
    op.execute(
        f"CREATE POLICY readers_update ON concern AS RESTRICTIVE FOR UPDATE TO peerloom_app USING ({to_her})"
    )
    op.execute("DROP POLICY between_them ON concern_reader")
    op.execute(
        "CREATE POLICY between_them ON concern_reader AS RESTRICTIVE TO peerloom_app"
        f" USING ((reader_id = {MEMBERSHIP} OR author_id = {MEMBERSHIP}) AND {AS_HERSELF})"
        f" WITH CHECK (author_id = {MEMBERSHIP})"
    )
    op.create_unique_constraint(
        op.f("uq_concern_tenant_id_id_author_id"), "concern", ["tenant_id", "id", "author_id"]
    )
    op.drop_constraint(op.f("fk_concern_reader_tenant_id_concern_id"), "concern_reader")
    op.create_foreign_key(
        op.f("fk_concern_reader_tenant_id_concern_id_author_id"),
        "concern_reader",
        "concern",
        ["tenant_id", "concern_id", "author_id"],
        ["tenant_id", "id", "author_id"],
    )


def questions() -> None:
    """A row without an author counts as written when its hour began, and is shown an hour later: whoever is let in
    within that hour came after it.
    """
    for table in ("agenda_item", "agenda_item_words"):
        op.execute(f"DROP POLICY written_now ON {table}")
        op.execute(f"DROP POLICY shown_from_then ON {table}")
        op.execute(
            f"CREATE POLICY written_now ON {table} AS RESTRICTIVE FOR INSERT TO peerloom_app WITH CHECK"
            " (written_at = CASE WHEN author_id IS NULL THEN date_trunc('hour', now(), 'UTC') ELSE now() END)"
        )
        op.execute(
            f"CREATE POLICY shown_from_then ON {table} AS RESTRICTIVE FOR SELECT TO peerloom_app"
            " USING (author_id IS NOT NULL OR written_at <= now() - interval '1 hour')"
        )


def joining() -> None:
    """Who adds her first personal sign-in has joined at that moment: it could be somebody else's who signs her in."""
    op.execute("DROP FUNCTION door.become_person(uuid)")
    door(
        "become_person(somebody uuid) RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="UPDATE public.membership m SET person_id = somebody, joined_at = now()"
        f" WHERE m.tenant_id = {TENANT} AND m.id = {MEMBERSHIP} AND m.person_id IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM public.personal_identity i WHERE i.person_id = m.person_id)"
        " RETURNING true",
    )
    # Whoever calls it closes the past to herself, and opens nothing.
    door(
        "come_anew() RETURNS boolean LANGUAGE sql VOLATILE",
        grants=(),
        policies=(),
        body="UPDATE public.membership m SET joined_at = now()"
        f" WHERE m.tenant_id = {TENANT} AND m.id = {MEMBERSHIP} AND m.person_id = {PERSON} RETURNING true",
    )


def jobs() -> None:
    """Policies open rows to a job while it runs: so a job is queued when it is made, and runs only once claimed."""
    op.execute(
        "CREATE POLICY queued_at_first ON job AS RESTRICTIVE FOR INSERT TO peerloom_app"
        " WITH CHECK (state = 'queued' AND fence = 0 AND lease_until IS NULL)"
    )
    op.execute(
        "CREATE POLICY claimed_to_run ON job AS RESTRICTIVE FOR UPDATE TO peerloom_app"
        " USING (true) WITH CHECK (state <> 'running' OR fence > 0 AND lease_until IS NOT NULL)"
    )
