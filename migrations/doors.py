"""The doors: functions that see across a wall, each by grants and policies of its own."""

from alembic import op


def door(name: str, *, body: str, grants: tuple[str, ...], policies: tuple[str, ...]) -> None:
    """A function of peerloom_door that sees across a wall by column grants and policies of its own.

    `name` is its signature with what it returns; `body` one SQL statement.
    """
    for statement in (*grants, *policies):
        op.execute(statement)
    call = name.split(" RETURNS ", maxsplit=1)[0]
    types = call.split("(")[0] + "(" + ", ".join(a.split()[1] for a in _arguments(call)) + ")"
    op.execute("GRANT CREATE ON SCHEMA door TO peerloom_door")
    op.execute("SET ROLE peerloom_door")
    op.execute(
        f"CREATE FUNCTION door.{name} SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
        f" BEGIN ATOMIC {body}; END"
    )
    op.execute(f"REVOKE ALL ON FUNCTION door.{types} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION door.{types} TO peerloom_app")
    op.execute("RESET ROLE")
    op.execute("REVOKE CREATE ON SCHEMA door FROM peerloom_door")


def _arguments(call: str) -> list[str]:
    inside = call[call.index("(") + 1 : call.rindex(")")]
    return [argument.strip() for argument in inside.split(",") if argument.strip()]
