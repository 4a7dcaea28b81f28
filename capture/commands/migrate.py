"""`capture migrate`: bring the database's schema up to this code."""

import typer

from capture.commands.frame import JsonOption, print_rows, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("migrate")(migrate)


def migrate(as_json: JsonOption = False) -> None:
    """Bring the database up to this version: DATABASE_URL, or the embedded Postgres."""
    from capture.settings import settings
    from capture.store import migrate as migrations
    from capture.wiring import database

    with database(settings(), migrated=False, say=say) as dsn:
        applied = migrations.migrate(dsn)
        rows = [{"version": one.version, "name": one.name} for one in applied]
        print_rows(
            rows,
            {"version": "applied", "name": "what"},
            as_json=as_json,
            empty=f"The database is current: {len(migrations.known_migrations())} migrations.",
        )
