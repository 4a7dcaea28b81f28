"""Fills a migrated database with captured data in which nothing is wrong."""

from pathlib import Path

import psycopg

SCRIPT = Path(__file__).with_name("clean.sql")


def fill(dsn: str, *, repositories: int = 2, pulls: int = 60) -> None:
    """So many repositories with so many pull requests each; about three comments and one review to a pull request."""
    with psycopg.connect(dsn) as connection:
        connection.execute("select set_config('clean.repositories', %s, false)", (str(repositories),))
        connection.execute("select set_config('clean.pulls', %s, false)", (str(pulls),))
        connection.execute("set session_replication_role = replica")  # nobody checks nine million references one by one
        connection.execute(SCRIPT.read_text())  # type: ignore[arg-type]
