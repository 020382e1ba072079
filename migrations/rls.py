"""The walls: forms of row security. The doors through them are in `migrations.doors`.

Every policy is for peerloom_app only, so that even the owner, under FORCE, sees no row.
"""

from alembic import op

TENANT = "(SELECT nullif(current_setting('app.tenant_id', true), '')::uuid)"
MEMBERSHIP = "(SELECT nullif(current_setting('app.membership_id', true), '')::uuid)"
PERSON = "(SELECT nullif(current_setting('app.person_id', true), '')::uuid)"
WHOLE = "(SELECT current_setting('app.reach', true)) = 'tenant'"
PROGRAMS = "((SELECT nullif(current_setting('app.programs', true), '')::uuid[])::uuid[])"
COHORTS = "((SELECT nullif(current_setting('app.cohorts', true), '')::uuid[])::uuid[])"
AS_HERSELF = (
    f"EXISTS (SELECT FROM membership m WHERE m.tenant_id = {TENANT}"
    f" AND m.id = {MEMBERSHIP} AND m.person_id = {PERSON})"
)
"""SQL: she signed in as herself, and not by an institution that says who she is."""
ALL = "SELECT, INSERT, UPDATE, DELETE"


def wall(table: str, grants: str) -> None:
    """Row security, for the owner too, and what the app may do where a policy lets it."""
    op.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
    op.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    op.execute(f'GRANT {grants} ON "{table}" TO peerloom_app')


def protect(table: str, *, grants: str = ALL, key: str = "tenant_id") -> None:
    """The tenant wall: rows of the session's tenant, and no others, for reading and writing."""
    wall(table, grants)
    op.execute(
        f'CREATE POLICY tenant_wall ON "{table}" TO peerloom_app'
        f" USING ({key} = {TENANT}) WITH CHECK ({key} = {TENANT})"
    )


def protect_private(
    table: str, *, grants: str = ALL, in_force: str | None = None, lasting: bool = True
) -> None:
    """The group wall on top of the tenant wall. Only its author changes or removes a row."""
    protect(table, grants=grants)
    group_wall(table, in_force=in_force, lasting=lasting)
    for command in ("UPDATE", "DELETE"):
        op.execute(
            f'CREATE POLICY own_words_{command.lower()} ON "{table}" AS RESTRICTIVE FOR {command}'
            f" TO peerloom_app USING (author_id = {MEMBERSHIP})"
        )


def protect_shared(table: str, *, grants: str = ALL) -> None:
    """What a group has in common: the group wall on top of the tenant wall, and every member to whom a row is open
    changes it. Only its author removes it; a row without one is nobody's, and was written without saying by whom.
    """
    protect(table, grants=grants)
    group_wall(table, shared=True)
    op.execute(
        f'CREATE POLICY own_words_insert ON "{table}" AS RESTRICTIVE FOR INSERT'
        f" TO peerloom_app WITH CHECK (author_id IS NULL OR author_id = {MEMBERSHIP})"
    )
    op.execute(
        f'CREATE POLICY own_words_delete ON "{table}" AS RESTRICTIVE FOR DELETE'
        f" TO peerloom_app USING (author_id = {MEMBERSHIP})"
    )


def protect_own(table: str, *, grants: str = ALL) -> None:
    """What a member says for herself, on top of the tenant wall: nobody else reads it, nor anybody signed in as her.

    Needs columns group_id and author_id.
    """
    protect(table, grants=grants)
    hers = f"author_id = {MEMBERSHIP} AND {_entered(_MINE)}"
    op.execute(
        f'CREATE POLICY own_words ON "{table}" AS RESTRICTIVE TO peerloom_app'
        f" USING ({hers}) WITH CHECK (author_id = {MEMBERSHIP} AND {_members()})"
    )


def protect_acts(
    table: str, *, grants: str = ALL, shared: bool = False, secret: bool = False, lasting: bool = False
) -> None:
    """What members do in their group, without words: told to all its members, and to nobody else.

    Each acts for herself and changes what she did; what is `shared` any member changes; what is `secret` is told to
    nobody but her. Where a group opens anew, only what is `lasting` or her own is told of the time before.
    """
    protect(table, grants=grants)
    acts_wall(table, shared=shared, secret=secret, lasting=lasting)
    own_words: tuple[tuple[str, str], ...] = (("UPDATE", "USING"), ("DELETE", "USING"))
    if shared:
        own_words = (("INSERT", "WITH CHECK"), ("DELETE", "USING"))
    for command, clause in own_words:
        op.execute(
            f'CREATE POLICY own_words_{command.lower()} ON "{table}" AS RESTRICTIVE FOR {command}'
            f" TO peerloom_app {clause} (author_id = {MEMBERSHIP})"
        )


def acts_wall(table: str, *, shared: bool = False, secret: bool = False, lasting: bool = False) -> None:
    """The group wall of `protect_acts`."""
    own = f"author_id = {MEMBERSHIP} AND {_members()}"
    opened = (
        f'SELECT g.opened_at FROM peer_group g WHERE g.tenant_id = {TENANT} AND g.id = "{table}".group_id'
    )
    since = f"(author_id = {MEMBERSHIP} OR written_at >= coalesce(({opened}), written_at))"
    seen = own if secret else _members() if lasting else f"{_members()} AND {since}"
    op.execute(
        f'CREATE POLICY group_wall ON "{table}" AS RESTRICTIVE TO peerloom_app'
        f" USING ({seen}) WITH CHECK ({_members() if shared else own})"
    )


def members_write(table: str, *, also: str | None = None) -> None:
    """On top of the tenant wall: whoever may sees it, and only members of its group write it, or whoever `also` says.
    Needs a column group_id.
    """
    may = f"({_members()} OR {also})" if also else _members()
    op.execute(
        f'CREATE POLICY members_insert ON "{table}" AS RESTRICTIVE FOR INSERT TO peerloom_app WITH CHECK ({may})'
    )
    op.execute(
        f'CREATE POLICY members_update ON "{table}" AS RESTRICTIVE FOR UPDATE TO peerloom_app'
        f" USING ({may}) WITH CHECK ({may})"
    )
    op.execute(
        f'CREATE POLICY members_delete ON "{table}" AS RESTRICTIVE FOR DELETE TO peerloom_app USING ({may})'
    )


def members_read(table: str, told: str) -> None:
    """On top of the tenant wall: only members of its group see a row, and of these those to whom it is `told`, in SQL
    that can name the moment when she was let in as {admitted_at}. Needs a column group_id.
    """
    place = f'{_MINE} AND gm.left_at IS NULL AND gm.group_id = "{table}".group_id'
    said = told.format(admitted_at=f"(SELECT gm.admitted_at FROM group_member gm WHERE {place})")
    op.execute(
        f'CREATE POLICY members_read ON "{table}" AS RESTRICTIVE FOR SELECT TO peerloom_app'
        f" USING ({_members()} AND ({said}))"
    )


def members_see(table: str, *, also: str) -> None:
    """On top of the tenant wall: only members of its group see a row, or whoever `also` says. As `members_write`."""
    op.execute(
        f'CREATE POLICY members_see ON "{table}" AS RESTRICTIVE FOR SELECT TO peerloom_app'
        f" USING ({_members()} OR {also})"
    )


def named_readers(table: str, reads: str) -> None:
    """On top of the tenant wall: a row is its author's, a member of its group, who writes it, and open to those beside
    her of whom SQL says that she `reads` it. Needs columns group_id and author_id.
    """
    own = f"author_id = {MEMBERSHIP}"
    op.execute(
        f'CREATE POLICY named_readers ON "{table}" AS RESTRICTIVE TO peerloom_app'
        f" USING ({own} AND {_entered(_MINE)} OR {reads}) WITH CHECK ({own} AND {_members()} OR {reads})"
    )


def herself(table: str) -> None:
    """On top of the tenant wall: a row is hers alone whom it is about, signed in as herself; nobody who signs her in
    reads it. Needs a column membership_id.
    """
    own = f"membership_id = {MEMBERSHIP} AND {AS_HERSELF}"
    op.execute(
        f'CREATE POLICY herself ON "{table}" AS RESTRICTIVE TO peerloom_app USING ({own}) WITH CHECK ({own})'
    )


_MINE = f"gm.tenant_id = {TENANT} AND gm.membership_id = {MEMBERSHIP}"


def _entered(which: str, *, lasting: bool = True) -> str:
    """SQL: the row's group is one that she comes into, as the person herself unless any sign-in will do."""
    at_first = " AND g.group_sign_in = 'any'" if lasting else ""
    # Asked once a statement, so that an index finds the rows; since when is asked of those alone.
    return (
        "group_id = ANY (ARRAY(SELECT gm.group_id FROM group_member gm"
        " JOIN peer_group g ON g.tenant_id = gm.tenant_id AND g.id = gm.group_id"
        " JOIN cohort c ON c.tenant_id = g.tenant_id AND c.id = g.cohort_id"
        " JOIN program p ON p.tenant_id = c.tenant_id AND p.id = c.program_id"
        " JOIN membership m ON m.tenant_id = gm.tenant_id AND m.id = gm.membership_id"
        f" WHERE {which} AND (m.person_id = {PERSON} OR p.group_sign_in = 'any'{at_first} AND NOT m.groups_locked)))"
    )


def _members(*, lasting: bool = True) -> str:
    """SQL: she is a member of the row's group: admitted, not gone, and told of it."""
    present = f"{_MINE} AND gm.left_at IS NULL"
    return _entered(f"{present} AND gm.admitted_at IS NOT NULL AND g.state <> 'formed'", lasting=lasting)


def group_wall(
    table: str, *, in_force: str | None = None, lasting: bool = True, shared: bool = False
) -> None:
    """Open to admitted members who have not left, once they were told. Needs columns group_id, author_id, written_at.

    What was written before a member was admitted, or before anybody joined as her, stays closed to her, and so does
    everything once she has left, her own words excepted.

    And all of it only to the person herself (`app.person_id`), unless the program lets its members in with any sign-in,
    and did when the group was formed, and she has not locked her groups: else whoever runs her employer's sign-in could
    enter as her.

    `in_force` names a door that takes a group and tells a number: the row with this one, in a column number, is
    open to all whom a member admitted, whenever that was. A door, as a policy cannot look at its own table. It is
    closed once nobody is left who was let in: then the group opens anew.

    What is not `lasting` is the form of before: an organiser could bring somebody in who joins later, empty a group, or
    change how its program lets people in, to read what was written until then.

    What is not `shared` only its author writes.
    """
    member = _members(lasting=lasting)
    author = f"author_id = {MEMBERSHIP} AND {_entered(_MINE, lasting=lasting)}"
    told = _told(table, in_force, lasting=lasting)
    written = member if shared else f"author_id = {MEMBERSHIP} AND {member}"
    op.execute(
        f'CREATE POLICY group_wall ON "{table}" AS RESTRICTIVE TO peerloom_app'
        f" USING ({author} OR ({member} AND {told}))"
        f" WITH CHECK ({written})"
    )


def _told(table: str, in_force: str | None, *, lasting: bool) -> str:
    """SQL: the row was written since she was let in, and joined; or it is what is in force."""
    place = f'{_MINE} AND gm.left_at IS NULL AND gm.group_id = "{table}".group_id'
    told = f"written_at >= (SELECT gm.admitted_at FROM group_member gm WHERE {place})"
    newcomers = ""
    if lasting:
        joined = (
            "group_member gm JOIN membership m ON m.tenant_id = gm.tenant_id AND m.id = gm.membership_id"
            " JOIN peer_group g ON g.tenant_id = gm.tenant_id AND g.id = gm.group_id"
        )
        told = f"written_at >= (SELECT greatest(gm.admitted_at, m.joined_at) FROM {joined} WHERE {place})"
        let_in = "gm.admitted_at >= m.joined_at AND written_at >= g.opened_at"
        newcomers = f" AND (SELECT {let_in} FROM {joined} WHERE {place})"
    return f"({told} OR number = {in_force}(group_id){newcomers})" if in_force else told


def protect_addressed(table: str, *, sealed: bool = False) -> None:
    """The release wall: the sender inserts and reads, the addressee (tenant_id) reads, nobody else. What is `sealed`
    neither of them reads: a door opens it.
    """
    wall(table, "INSERT" if sealed else "SELECT, INSERT")
    for reader, column in () if sealed else (("addressee", "tenant_id"), ("sender", "source_tenant_id")):
        op.execute(
            f'CREATE POLICY {reader}_reads ON "{table}" FOR SELECT TO peerloom_app USING ({column} = {TENANT})'
        )
    op.execute(
        f'CREATE POLICY sender_writes ON "{table}" FOR INSERT TO peerloom_app'
        f" WITH CHECK (source_tenant_id = {TENANT})"
    )


def protect_published(table: str, *, grants: str = "SELECT, INSERT, DELETE") -> None:
    """What a tenant shows every other one of the deployment: all read it, the tenant alone writes it."""
    wall(table, grants)
    op.execute(
        f'CREATE POLICY everybody_reads ON "{table}" FOR SELECT TO peerloom_app USING ({TENANT} IS NOT NULL)'
    )
    op.execute(
        f'CREATE POLICY own_insert ON "{table}" FOR INSERT TO peerloom_app WITH CHECK (tenant_id = {TENANT})'
    )
    op.execute(
        f'CREATE POLICY own_delete ON "{table}" FOR DELETE TO peerloom_app USING (tenant_id = {TENANT})'
    )


def protect_self(table: str, *, grants: str = "SELECT", key: str = "id") -> None:
    """A person's own row."""
    wall(table, grants)
    op.execute(
        f'CREATE POLICY self ON "{table}" TO peerloom_app USING ({key} = {PERSON}) WITH CHECK ({key} = {PERSON})'
    )


def reach(table: str, seen: str, *, inserted: str | None = None, written: str | None = None) -> None:
    """The reach wall on top of the tenant wall: whoever acts by a role that is limited to programs or cohorts finds
    the rows that are `seen`, and no others. All are open where `app.reach` says "tenant"; unsaid, none is.

    `inserted` says which rows may be made, `written` which may be made, changed and removed, where that is not what
    is seen. To change what is only seen is an error, as its row is found; to remove it does nothing.
    """

    def policy(name: str, clauses: str) -> None:
        op.execute(f'CREATE POLICY {name} ON "{table}" AS RESTRICTIVE {clauses}')

    found = f"{WHOLE} OR {seen}"
    if inserted is None and written is None:
        policy("reach", f"TO peerloom_app USING ({found}) WITH CHECK ({found})")
        return
    changed = f"{WHOLE} OR {written or seen}"
    policy("reach", f"FOR SELECT TO peerloom_app USING ({found})")
    policy("reach_insert", f"FOR INSERT TO peerloom_app WITH CHECK ({WHOLE} OR {inserted or written})")
    policy("reach_update", f"FOR UPDATE TO peerloom_app USING ({found}) WITH CHECK ({changed})")
    policy("reach_delete", f"FOR DELETE TO peerloom_app USING ({changed})")
