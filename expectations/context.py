"""Great Expectations' context: made anew for each run, in memory, silent, with the window set on every connection."""

from typing import Any

import great_expectations as gx

from expectations.database import Scope, driver_url, prepare


def new_context(dsn: str, scope: Scope) -> tuple[Any, Any]:
    """A context and its Postgres source. Nothing is kept on disk; nothing is sent anywhere."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
    options: dict[str, Any] = {
        "connect_args": {"connect_timeout": 10},
        "pool_events": [(prepare(scope, read_only=True), "connect")],
    }
    source = context.data_sources.add_postgres(
        "capture",
        connection_string=driver_url(dsn),
        create_temp_table=False,
        kwargs=options,  # pyright: ignore[reportCallIssue] -- the typed overloads leave it out
    )
    return context, source


def open_batch(source: Any, asset: str) -> Any:
    """All rows of a view in schema `dq`, as the session's window cuts it. Raises when the view is missing."""
    table = source.add_table_asset(asset, table_name=asset)
    return table.add_batch_definition_whole_table("whole").get_batch()
