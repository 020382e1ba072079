"""The walls as PostgreSQL itself describes them."""

from functools import partial
from typing import Any

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, pool

from migrations import rls
from migrations.reference import protect_reference
from tenants.kernel.settings import owner_database_url
from tenants.tables import METADATA

GLOBAL_TABLES = {"tenant", "person", "personal_identity", "registered_organization"}
MEMBERS_WRITE = {"members_insert", "members_update", "members_delete"}
NARROWER = {
    "act": {"one_of_the_two"},
    "agenda_item": {"shown_from_then", "written_now"},
    "agenda_item_words": {"own_words_update", "shown_from_then", "written_now"},
    "commitment_answer": {"herself"},
    "concern": {"named_readers", "readers_update"},
    "concern_reader": {"between_them"},
    "group_pulse": MEMBERS_WRITE | {"members_see"},
    "nudge": MEMBERS_WRITE | {"members_see"},
    "own_mentors": {"herself"},
    "repair_wish": MEMBERS_WRITE | {"at_work_delete", "at_work_select"},
    "admission": {"members_read"},
    "admission_answer": {"own_answers"},
    "charter_version": {"versions_follow"},
    "candidate_search": {"own_searches"},
    "check_in": {"while_open"},
    "check_in_window": {"long_enough"},
    "consent_entry": {"own_decisions"},
    "counted_person": {"own_reads", "never_released"},
    "delivered_invitation": {"own_invitations"},
    "curriculum_version": {"versions_follow"},
    "event": {"sealing_is_final"},
    "job": {"claimed_to_run", "queued_at_first"},
    "group_action_words": {"own_words_update"},
    "group_member": {"leaving_is_final"},
    "meeting": MEMBERS_WRITE,
    "meeting_agenda": {"frozen_is_final"},
    "meeting_guest": MEMBERS_WRITE,
    "meeting_invitation": MEMBERS_WRITE,
    "meeting_invitee": MEMBERS_WRITE,
    "meeting_note": {"notes_are_on"},
    "meeting_series": MEMBERS_WRITE,
    "membership": {"unbound_at_first"},
    "career_event": {"own_career_events"},
    "product": {
        "own_products_delete",
        "own_products_insert",
        "own_products_select",
        "own_products_update",
    },
    "product_state": {"of_product"},
    "product_contributor": {"own_products"},
    "named_person": {"own_reads"},
    "notice_preference": {"own_preferences_insert", "own_preferences_update"},
    "network_resource": {"shared_so"},
    "separation": {"own_wishes"},
    "survey_response": {"herself", "while_open_insert", "while_open_update"},
    "survey_wave": {"before_it_opens"},
    "shared_resource": {"own_share_delete", "own_share_insert"},
}
REACH = {
    "seen as it is written": [("reach", "*")],
    "seen more than written": [
        ("reach", "r"), ("reach_delete", "d"), ("reach_insert", "a"), ("reach_update", "w"),
    ],
}  # fmt: skip
NO_LIMITED_ROLE_OPENS = {
    # How people and clients get in, and what the product keeps for itself.
    "access_token", "authorization_code", "browser_session", "calendar_feed", "client", "client_authorization",
    "connection", "data_key", "event", "idempotency_record", "identity", "job", "kept_file", "letter", "refresh_token",
    "sign_in_attempt", "source_page",
    # How each person is written to.
    "meeting_reminder", "notice_day", "notice_preference", "unsubscribe_link",
    # What is between a person and herself, or whom she turns to.
    "commitment_answer", "concern_reader", "counted_person", "named_person", "own_mentors", "survey_response",
} | GLOBAL_TABLES | {
    # Behind the group wall, which asks for membership.
    name for name, table in METADATA.tables.items() if {"group_id", "author_id"} <= {*table.c.keys()}
}  # fmt: skip
DOORS = {
    "agenda_votes(of_group uuid)",
    "answer_admission(admission uuid, against boolean)",
    "answers_to_report(waves uuid[], people uuid[], parts bigint[])",
    "become_person(somebody uuid)",
    "bind_person(member uuid, somebody uuid)",
    "charter_in_force(of_group uuid)",
    "come_anew()",
    "conclude_admission(admission uuid)",
    "count_survey(of_wave uuid, people uuid[], circles uuid[])",
    "deliver_invitation(invitation uuid, guest uuid)",
    "all_have_confirmed(of_group uuid)",
    "agreement_counts(of_group uuid, charter integer, list integer, overdue boolean)",
    "curriculum_in_force(of_group uuid)",
    "drop_contributions(of_report uuid, by_job uuid, at_fence bigint, stale boolean)",
    "due_jobs(most integer)",
    "expire_words(most integer)",
    "found_group(of_group uuid)",
    "last_renewal(of_group uuid)",
    "lock_groups(locked boolean)",
    "in_reach(member uuid, programs uuid[], cohorts uuid[])",
    "keep_received(sent uuid)",
    "keys_under_others(master text, after uuid, most integer)",
    "has_personal(person uuid)",
    "my_memberships()",
    "open_admissions(of_group uuid)",
    "open_groups(run uuid)",
    "pause_in_group(of_group uuid, pauses boolean, until date)",
    "propose_admission(admission uuid, member uuid)",
    "own_decision(member uuid, program uuid, of_purpose text, of_funder text)",
    "person_of(identity bytea)",
    "pool_answers(of_program uuid)",
    "pool_contributions(of_report uuid, by_job uuid, at_fence bigint)",
    "pool_made(of_request uuid)",
    "purge()",
    "ratings(of_retrospective uuid)",
    "release_pool(of_report uuid, by_job uuid, at_fence bigint, released jsonb, parts jsonb)",
    "separations(cohort uuid)",
    "tally_check_ins(of_cohort uuid)",
    "tell_addressee(sent uuid)",
    "tell_of_pooling(sent uuid)",
    "tell_of_sharing(sent uuid)",
    "set_objection_days(of_group uuid, days integer)",
    "ties_of_person(member uuid)",
    "ties_of_product(made uuid)",
    "tenant_by_slug(named text)",
    "tenants_without_notices(most integer)",
    "unsealed_tenants(most integer)",
    "waiting_invitations(of_group uuid)",
    "wishes_about(invitation uuid, guest uuid)",
}
DOOR_READS = {
    "admission": None,
    "admission_answer": None,
    "access_token": {"expires_at"},
    "agenda_item": {"tenant_id", "id", "group_id", "written_at", "changed_at"},
    "agenda_vote": {"tenant_id", "group_id", "agenda_item_id"},
    "ask": {"tenant_id", "id", "group_id", "state", "written_at"},
    "browser_session": {"expires_at"},
    "client_authorization": {"expires_at"},
    "charter_version": {"tenant_id", "group_id", "number"},
    "check_in": {"tenant_id", "group_id", "author_id", "window_id", "answers"},
    "check_in_result": {"tenant_id", "group_id", "item", "answered"},
    "check_in_window": {
        "tenant_id",
        "id",
        "cohort_id",
        "opens_at",
        "closes_at",
        "least",
        "least_changed",
        "items",
        "tallied_at",
    },
    "cohort": {"tenant_id", "id", "program_id"},
    "commitment_answer": {"tenant_id", "membership_id", "commitment_id", "kept"},
    "consent_entry": {
        "tenant_id",
        "id",
        "membership_id",
        "program_id",
        "purpose",
        "funder",
        "decision",
        "said_by",
        "created_at",
    },
    "contribution_answer": {
        "tenant_id",
        "id",
        "source_tenant_id",
        "pooled_report_id",
        "request_id",
        "answer",
    },
    "contribution_request": {"tenant_id", "id", "source_tenant_id", "agreement_id", "pooled_report_id"},
    "content_settings": {"tenant_id", "group_id", "keep_days", "keep_days_before", "keep_days_from"},
    "curriculum_version": {"tenant_id", "group_id", "number"},
    "data_key": {"tenant_id", "group_id", "wrapped_by"},
    "delivered_invitation": None,
    "event": {"tenant_id", "sequence"},
    "group_action": {
        "tenant_id",
        "id",
        "group_id",
        "state",
        "written_at",
        "changed_at",
    },
    "group_invitation": {"tenant_id", "id", "group_id", "author_id", "written_at", "expires_at"},
    "group_member": None,
    "guest_offer": {"tenant_id", "id", "source_tenant_id"},
    "idempotency_record": {"expires_at"},
    "invitation": {"tenant_id", "membership_id", "accepted_at"},
    "job": {"tenant_id", "id", "kind", "state", "not_before", "lease_until", "subject_id", "fence"},
    "matching_analysis": {"tenant_id", "matching_run_id", "job_id"},
    "matching_run": {"tenant_id", "id", "accepted_at", "cohort_id", "job_id", "simulation", "created_at"},
    "meeting_agenda": {"tenant_id", "id", "group_id", "written_at"},
    "meeting_note": {"tenant_id", "id", "group_id", "written_at"},
    "membership": {"tenant_id", "id", "person_id", "groups_locked", "joined_at"},
    "own_mentors": {"tenant_id", "membership_id", "has_any"},
    "partner_answer": {"tenant_id", "id", "source_tenant_id", "partner_invitation_id", "answer"},
    "partner_invitation": {"tenant_id", "id", "source_tenant_id"},
    "partner_notice": {
        "tenant_id",
        "id",
        "source_tenant_id",
        "partner_invitation_id",
        "nomination_id",
        "kind",
    },
    "participant": {"tenant_id", "id", "cohort_id", "membership_id", "state"},
    "member_answer": {"tenant_id", "group_id", "author_id", "about", "number", "answer"},
    "peer_group": None,
    "personal_identity": {"key", "person_id"},
    "placement": {"tenant_id", "matching_run_id", "participant_id", "proposed_group_id"},
    "pooled_answer": {"tenant_id", "program_id", "question", "quarter", "band", "answered"},
    "pooled_check_in": {"tenant_id", "cohort_id", "item", "answered"},
    "pooled_report": {"tenant_id", "id", "state"},
    "product_contributor": {"tenant_id", "product_id"},
    "program": {"tenant_id", "id", "group_sign_in"},
    "proposed_group": {"tenant_id", "id", "matching_run_id", "group_id"},
    "received_file": {"tenant_id", "source_tenant_id", "received_report_id", "file_id", "size"},
    "received_report": {"tenant_id", "id", "source_tenant_id"},
    "release_answer": {"tenant_id", "id", "source_tenant_id", "release_id", "answer"},
    "report": {"tenant_id", "snapshot_id", "refusals"},
    "report_snapshot": {"tenant_id", "id", "program_id", "based_on", "place"},
    "retrospective": {"tenant_id", "id", "group_id", "phase"},
    "retrospective_entry": {"tenant_id", "id", "retrospective_id", "written_at"},
    "retrospective_rating": {"tenant_id", "retrospective_entry_id", "rating"},
    "role_grant": {"tenant_id", "membership_id"},
    "sealed_contribution": None,
    "separation": {"tenant_id", "id", "cohort_id", "membership_id", "encrypted_names"},
    "separation_member": {"tenant_id", "separation_id", "participant_id"},
    "sharing_offer": {"tenant_id", "id", "source_tenant_id", "ends_on"},
    "sharing_signature": {"tenant_id", "id", "source_tenant_id", "agreement_id", "decision", "ends_on"},
    "sign_in_attempt": {"expires_at"},
    "sponsor_commitment": {"tenant_id", "id", "participant_id"},
    "survey_response": {"tenant_id", "wave_id", "membership_id", "declined", "answers", "counted"},
    "survey_wave": {
        "tenant_id",
        "id",
        "cohort_id",
        "instrument_id",
        "closes_at",
        "counted_at",
        "answered",
    },
    "tenant": {"id", "slug", "name", "state"},
}
DOOR_MAKES = ("admission", "admission_answer", "delivered_invitation")
"""Tables whose rows only doors make."""
DOOR_WRITES = (
    {(table, column.name, "INSERT") for table in DOOR_MAKES for column in METADATA.tables[table].c}
    | {
        (table, column.name, "INSERT")
        for table in ("check_in_result", "pooled_check_in")
        for column in METADATA.tables[table].c
        if column.name not in ("author_id", "published_at")
    }
    | {("pooled_answer", column.name, "INSERT") for column in METADATA.tables["pooled_answer"].c}
    | {
        ("event", column.name, "INSERT")
        for column in METADATA.tables["event"].c
        if column.name not in ("actor", "created_at", "hash", "sequence")
    }
    | {("kept_file", name, "INSERT") for name in ("tenant_id", "id", "size")}
    | {
        ("job", column, "INSERT")
        for column in (
            "tenant_id",
            "id",
            "kind",
            "queue",
            "subject_id",
            "state",
            "progress",
            "attempts",
            "not_before",
            "fence",
            "cancel_requested",
        )
    }
    | {
        ("check_in_window", "tallied_at", "UPDATE"),
        ("report", "disclosed_at", "UPDATE"),
        ("report_snapshot", "document", "UPDATE"),
        ("report_snapshot", "encrypted_part", "UPDATE"),
        ("report_snapshot", "place", "UPDATE"),
        ("admission", "decided_at", "UPDATE"),
        ("admission", "state", "UPDATE"),
        ("admission_answer", "objects", "UPDATE"),
        ("group_member", "admitted_at", "UPDATE"),
        ("group_member", "paused_at", "UPDATE"),
        ("group_member", "paused_until", "UPDATE"),
        ("membership", "groups_locked", "UPDATE"),
        ("membership", "joined_at", "UPDATE"),
        ("membership", "person_id", "UPDATE"),
        ("peer_group", "objection_days", "UPDATE"),
        ("peer_group", "objection_floor", "UPDATE"),
        ("peer_group", "opened_at", "UPDATE"),
        ("survey_response", "counted", "UPDATE"),
        ("survey_wave", "counted_at", "UPDATE"),
        ("survey_wave", "invited", "UPDATE"),
        ("survey_wave", "answered", "UPDATE"),
        ("survey_wave", "declined", "UPDATE"),
    }
)
DOOR_DELETES = {
    "access_token",
    "agenda_item",
    "ask",
    "group_action",
    "meeting_agenda",
    "meeting_note",
    "admission_answer",
    "browser_session",
    "client_authorization",
    "idempotency_record",
    "matching_run",
    "sealed_contribution",
    "sign_in_attempt",
}

WHOLE = "((( SELECT current_setting('app.reach'::text, true) AS current_setting) = 'tenant'::text) OR "
POLICIES = """
    SELECT c.relname, p.polname, p.polcmd::text, p.polpermissive,
           ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (p.polroles)),
           replace(pg_get_expr(p.polqual, p.polrelid), c.relname || '.', '@.'),
           replace(pg_get_expr(p.polwithcheck, p.polrelid), c.relname || '.', '@.')
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module")
def catalogue(servers):
    """A superuser's cursor; nothing is changed through it."""
    with psycopg.connect(servers.url_as("postgres")) as connection:
        yield connection.cursor()
        connection.rollback()


@pytest.fixture(scope="module")
def tables(catalogue):
    listed = catalogue.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return sorted({name for (name,) in listed} - {"alembic_version"})


def is_reach(policy: str) -> bool:
    return policy == "reach" or policy.startswith("reach_")


def shapes(rows) -> dict[str, set[Any]]:
    """By table: command, permissive, expressions of each policy for the app, without its table's name."""
    by_table: dict[str, set[Any]] = {}
    for table, name, command, permissive, roles, using, check in rows:
        if roles == ["peerloom_app"] and name not in NARROWER.get(table, ()) and not is_reach(name):
            by_table.setdefault(table, set()).add((name, command, permissive, using, check))
    return by_table


@pytest.fixture(scope="module")
def forms(servers):
    """What the protecting functions make of a table each, in a transaction that is never committed."""
    columns = (
        "tenant_id uuid, id uuid, source_tenant_id uuid, person_id uuid, group_id uuid, author_id uuid,"
        " written_at timestamptz, number integer"
    )
    engine = create_engine(owner_database_url(servers.environment()), poolclass=pool.NullPool)
    protections = {
        "form_tenant": rls.protect,
        "form_private": rls.protect_private,
        "form_shared": rls.protect_shared,
        "form_own": rls.protect_own,
        "form_charter": partial(rls.protect_private, in_force="door.charter_in_force"),
        "form_curriculum": partial(rls.protect_private, in_force="door.curriculum_in_force"),
        "form_acts": rls.protect_acts,
        "form_shared_acts": partial(rls.protect_acts, shared=True),
        "form_lasting_acts": partial(rls.protect_acts, shared=True, lasting=True),
        "form_own_acts": partial(rls.protect_acts, secret=True),
        "form_addressed": rls.protect_addressed,
        "form_sealed": partial(rls.protect_addressed, sealed=True),
        "form_published": rls.protect_published,
        "form_reference": protect_reference,
        "form_self": rls.protect_self,
        "form_of_self": lambda table: rls.protect_self(table, key="person_id"),
        "form_global": lambda table: rls.protect(table, key="id"),
    }
    with engine.connect() as connection, Operations.context(MigrationContext.configure(connection)):
        for table, protection in protections.items():
            connection.exec_driver_sql(f"CREATE TABLE {table} ({columns})")
            protection(table)
        found = shapes(connection.exec_driver_sql(POLICIES))
        connection.rollback()
    assert set(found) >= set(protections)
    return {table: found[table] for table in protections}


def test_the_tables_without_a_tenant_are_those_that_we_know(catalogue, tables):
    with_tenant = catalogue.execute(
        "SELECT c.relname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " WHERE a.attname = 'tenant_id' AND a.attnotnull AND c.relkind IN ('r', 'p')"
        " AND a.atttypid = 'uuid'::regtype"
    )
    assert set(tables) - {name for (name,) in with_tenant} == GLOBAL_TABLES


def test_row_security_is_on_and_holds_for_the_owner_too(catalogue, tables):
    open_ = catalogue.execute(
        "SELECT relname FROM pg_class WHERE relname = ANY (%s) AND relnamespace = 'public'::regnamespace"
        " AND NOT (relrowsecurity AND relforcerowsecurity)",
        [tables],
    )
    assert open_.fetchall() == []


def test_every_table_has_exactly_one_of_the_four_walls(catalogue, tables, forms):
    found = shapes(catalogue.execute(POLICIES).fetchall())
    which = {table: [form for form, shape in forms.items() if shape == found.get(table)] for table in tables}
    assert which.pop("tenant") == ["form_global"]
    assert which.pop("person") == ["form_self"]
    assert which.pop("personal_identity") == ["form_of_self"]
    assert which.pop("network_resource") == ["form_published"]
    assert which.pop("sealed_contribution") == ["form_sealed"]
    assert which.pop("registered_organization") == ["form_reference"]
    assert which.pop("charter_version") == ["form_charter"]
    assert which.pop("curriculum_version") == ["form_curriculum"]
    for table in ("group_product", "member_answer", "turn"):
        assert which.pop(table) == ["form_acts"]
    assert which.pop("meeting_link") == ["form_shared_acts"]
    for table in ("content_settings", "meeting_agenda", "retrospective"):
        assert which.pop(table) == ["form_lasting_acts"]
    assert which.pop("agenda_vote") == which.pop("retrospective_rating") == ["form_own_acts"]
    strange = {
        table: form
        for table, form in which.items()
        if form not in (["form_tenant"], ["form_private"], ["form_shared"], ["form_own"], ["form_addressed"])
    }
    assert strange == {}


def test_what_is_written_is_checked_too(catalogue):
    unchecked = [
        (table, name)
        for table, name, command, permissive, roles, _, check in catalogue.execute(POLICIES)
        if permissive and roles == ["peerloom_app"] and command not in ("r", "d") and check is None
    ]
    assert unchecked == []


def test_further_policies_of_the_app_only_narrow(catalogue):
    narrowing = {
        table: {
            name for t, name, *_ in catalogue.execute(POLICIES).fetchall() if t == table and name in names
        }
        for table, names in NARROWER.items()
    }
    assert narrowing == NARROWER
    widening = [
        (table, name)
        for table, name, _, permissive, *_ in catalogue.execute(POLICIES)
        if permissive and name in NARROWER.get(table, ())
    ]
    assert widening == []


def test_limited_roles_are_held_to_their_limit_on_every_table_that_they_open(catalogue, tables):
    reaching: dict[str, list[Any]] = {}
    for table, name, command, permissive, roles, using, check in catalogue.execute(POLICIES):
        if is_reach(name):
            assert (permissive, roles) == (False, ["peerloom_app"]), (table, name)
            for said in filter(None, (using, check)):
                assert said.startswith(WHOLE), (table, name, said)
            reaching.setdefault(table, []).append((name, command))
    assert {table for table, found in reaching.items() if sorted(found) not in REACH.values()} == set()
    assert reaching.keys() == set(tables) - NO_LIMITED_ROLE_OPENS


def test_policies_are_for_the_app_or_for_a_door(catalogue):
    policies = catalogue.execute(POLICIES).fetchall()
    roles = {tuple(each[4]) for each in policies}
    assert roles == {("peerloom_app",), ("peerloom_door",)}
    assert {each[0] for each in policies if each[4] == ["peerloom_door"]} == {
        *DOOR_READS,
        *(table for table, *_ in DOOR_WRITES),
    }


def test_keys_and_references_begin_with_the_tenant(catalogue, tables):
    primary = catalogue.execute(
        "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'p' AND connamespace = 'public'::regnamespace"
    ).fetchall()
    expected = dict.fromkeys(tables, "PRIMARY KEY (tenant_id, id)")
    expected |= dict.fromkeys(GLOBAL_TABLES, "PRIMARY KEY (id)")
    found = {table.strip('"'): key for table, key in primary}
    del found["alembic_version"]
    assert found == expected


def test_unique_indexes_begin_with_the_tenant(catalogue):
    loose = catalogue.execute(
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
        " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND a.attname IS DISTINCT FROM 'tenant_id'"
    )
    assert {name for (name,) in loose} == {
        "alembic_version_pkc", "pk_person", "pk_personal_identity", "pk_registered_organization", "pk_tenant",
        "uq_personal_identity_key",
        "uq_tenant_slug",
    }  # fmt: skip


def test_foreign_keys_cannot_leave_the_tenant(catalogue):
    loose = catalogue.execute(
        "SELECT f.conname FROM pg_constraint f"
        " JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]"
        " JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]"
        " WHERE f.contype = 'f' AND (a.attname <> 'tenant_id' OR b.attname <> 'tenant_id')"
    )
    assert {name for (name,) in loose} == {
        "fk_membership_person_id", "fk_personal_identity_person_id",
    }  # fmt: skip


def test_everything_belongs_to_the_owner_and_the_doors_to_the_door(catalogue):
    owners = catalogue.execute(
        "SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )
    assert {name for (name,) in owners} == {"peerloom_owner"}
    schemas = catalogue.execute(
        "SELECT nspname, pg_get_userbyid(nspowner)::text FROM pg_namespace"
        " WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', 'public')"
    )
    assert schemas.fetchall() == [("door", "peerloom_owner")]
    elsewhere = catalogue.execute("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert elsewhere.fetchall() == []


def test_the_doors_are_those_we_know_and_are_built_alike(catalogue):
    found = catalogue.execute(
        "SELECT proname || '(' || pg_get_function_arguments(oid) || ')', pg_get_userbyid(proowner)::text,"
        " prosecdef, proconfig, prosqlbody IS NOT NULL,"
        " ARRAY(SELECT grantee::regrole::text FROM aclexplode(proacl) WHERE privilege_type = 'EXECUTE' ORDER BY 1)"
        " FROM pg_proc WHERE pronamespace = 'door'::regnamespace"
    ).fetchall()
    assert {row[0].split(", OUT")[0] for row in found} == DOORS
    built = (
        "peerloom_door", True, ["search_path=pg_catalog, pg_temp"], True, ["peerloom_app", "peerloom_door"],
    )  # fmt: skip
    assert {tuple(map(str, row[1:])) for row in found} == {tuple(map(str, built))}


def test_the_door_reads_and_writes_the_columns_we_know(catalogue, tables):
    held = catalogue.execute(
        "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges"
        " WHERE grantee = 'peerloom_door' AND table_schema = 'public'"
    ).fetchall()
    reads: dict[str, set[str]] = {}
    for table, column, privilege in held:
        if privilege == "SELECT":
            reads.setdefault(table, set()).add(column)
    whole = {table for table, columns in DOOR_READS.items() if columns is None}
    assert {t: c for t, c in reads.items() if t not in whole} == {t: c for t, c in DOOR_READS.items() if c}
    assert whole <= set(reads)
    assert {row for row in held if row[2] != "SELECT"} == DOOR_WRITES
    deletes = {t for t in tables if may(catalogue, "peerloom_door", t, "DELETE")}
    assert deletes == DOOR_DELETES


def may(catalogue, role, table, privilege):
    return catalogue.execute(
        "SELECT has_table_privilege(%s, quote_ident(%s), %s)", [role, table, privilege]
    ).fetchone()[0]


@pytest.mark.parametrize("privilege", ["TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"])
@pytest.mark.parametrize("role", ["peerloom_app", "peerloom_door"])
def test_nobody_who_serves_may_do_more_to_a_table_than_read_and_write(catalogue, tables, role, privilege):
    assert [table for table in tables if may(catalogue, role, table, privilege)] == []
    assert not any(may(catalogue, role, "alembic_version", each) for each in ("SELECT", "INSERT", privilege))


def test_the_roles_are_as_weak_as_they_must_be(catalogue):
    roles = catalogue.execute(
        "SELECT rolname, rolcanlogin, rolinherit FROM pg_roles WHERE rolname LIKE 'peerloom%'"
        " AND NOT (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication) ORDER BY 1"
    ).fetchall()
    assert roles == [
        ("peerloom_app", True, False), ("peerloom_door", False, True), ("peerloom_owner", True, True),
    ]  # fmt: skip
    memberships = catalogue.execute(
        "SELECT member::regrole::text, roleid::regrole::text, inherit_option, set_option FROM pg_auth_members"
        " WHERE member::regrole::text LIKE 'peerloom%' OR roleid::regrole::text LIKE 'peerloom%'"
    ).fetchall()
    assert memberships == [("peerloom_owner", "peerloom_door", False, True)]


@pytest.mark.parametrize("role", ["peerloom_app", "peerloom_door"])
@pytest.mark.parametrize("schema", ["public", "door"])
def test_who_serves_makes_nothing_in_a_schema(catalogue, role, schema):
    makes = catalogue.execute("SELECT has_schema_privilege(%s, %s, 'CREATE')", [role, schema]).fetchone()
    assert makes == (False,)


@pytest.mark.parametrize(
    ("table", "column", "privilege"),
    [
        ("admission", "closes_at", "INSERT"),
        ("admission", "state", "UPDATE"),
        ("admission_answer", "objects", "INSERT"),
        ("admission_answer", "objects", "SELECT"),
        ("delivered_invitation", "membership_id", "UPDATE"),
        ("group_invitation", "written_at", "INSERT"),
        ("group_member", "paused_at", "UPDATE"),
        ("peer_group", "objection_days", "INSERT"),
        ("peer_group", "objection_days", "UPDATE"),
        ("peer_group", "opened_at", "INSERT"),
        ("peer_group", "opened_at", "UPDATE"),
        ("group_member", "admitted_at", "INSERT"),
        ("group_member", "admitted_at", "UPDATE"),
        ("group_member", "left_at", "INSERT"),
        ("group_member", "membership_id", "UPDATE"),
        ("group_member", "group_id", "UPDATE"),
        ("membership", "groups_locked", "UPDATE"),
        ("membership", "joined_at", "UPDATE"),
        ("membership", "person_id", "UPDATE"),
        ("peer_group", "group_sign_in", "UPDATE"),
        ("access_token", "scopes", "UPDATE"),
        ("calendar_feed", "membership_id", "UPDATE"),
        ("calendar_feed", "personal", "UPDATE"),
        ("charter_version", "encrypted_text", "UPDATE"),
        ("charter_version", "number", "UPDATE"),
        ("charter_version", "written_at", "INSERT"),
        ("check_in", "answers", "UPDATE"),
        ("check_in", "answered_at", "INSERT"),
        ("check_in_result", "answered", "SELECT"),
        ("check_in_result", "band", "INSERT"),
        ("check_in_window", "closes_at", "UPDATE"),
        ("check_in_window", "tallied_at", "INSERT"),
        ("pooled_check_in", "answered", "SELECT"),
        ("pooled_check_in", "band", "UPDATE"),
        ("member_answer", "author_id", "UPDATE"),
        ("member_answer", "said_at", "INSERT"),
        ("retrospective_entry", "encrypted_text", "UPDATE"),
        ("retrospective_rating", "author_id", "UPDATE"),
        ("curriculum_version", "encrypted_topics", "UPDATE"),
        ("turn", "written_at", "INSERT"),
        ("consent_entry", "created_at", "INSERT"),
        ("consent_entry", "decision", "UPDATE"),
        ("consent_entry", "said_by", "UPDATE"),
        ("consent_entry", "membership_id", "UPDATE"),
        ("data_key", "group_id", "UPDATE"),
        ("event", "type", "UPDATE"),
        ("meeting", "group_id", "UPDATE"),
        ("meeting_attendance", "author_id", "UPDATE"),
        ("meeting_attendance", "written_at", "INSERT"),
        ("meeting_guest", "encrypted_email", "UPDATE"),
        ("meeting_invitee", "membership_id", "UPDATE"),
        ("meeting_link", "group_id", "UPDATE"),
        ("meeting_link", "written_at", "INSERT"),
        ("meeting_series", "group_id", "UPDATE"),
        ("notice_day", "membership_id", "UPDATE"),
        ("notice_preference", "membership_id", "UPDATE"),
        ("unsubscribe_link", "membership_id", "UPDATE"),
        ("survey_change", "bins", "UPDATE"),
        ("survey_response", "counted", "SELECT"),
        ("survey_response", "counted", "UPDATE"),
        ("survey_response", "membership_id", "UPDATE"),
        ("survey_response", "wave_id", "UPDATE"),
        ("survey_result", "bins", "UPDATE"),
        ("survey_wave", "answered", "INSERT"),
        ("survey_wave", "closes_at", "UPDATE"),
        ("survey_wave", "counted_at", "UPDATE"),
        ("separation", "membership_id", "UPDATE"),
        ("separation", "encrypted_names", "UPDATE"),
    ],
)
def test_what_only_doors_or_nobody_may_write_is_closed_to_the_app(catalogue, table, column, privilege):
    allowed = catalogue.execute(
        "SELECT has_column_privilege('peerloom_app', %s, %s, %s)", [table, column, privilege]
    ).fetchone()
    assert allowed == (False,)


@pytest.mark.parametrize(
    "table",
    [
        "admission",
        "admission_answer",
        "charter_version",
        "consent_entry",
        "curriculum_version",
        "data_key",
        "member_answer",
        "turn",
        "peer_group",
        "group_member",
        "event",
        "participant_change",
        "contribution_answer",
        "contribution_hindrance",
        "contribution_request",
        "pooled_file",
        "pooled_report",
        "received_file",
        "received_report",
        "sealed_contribution",
        "release",
        "release_answer",
        "report_file",
        "sharing_offer",
        "sharing_signature",
        "survey_change",
        "survey_result",
        "tenant",
    ],
)
def test_what_must_stay_cannot_be_deleted_by_the_app(catalogue, table):
    assert not may(catalogue, "peerloom_app", table, "DELETE")
