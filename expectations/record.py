"""Stores a run through the database's own function, in one transaction."""

from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from expectations.database import open_engine, outage
from expectations.results import Run


def record(dsn: str, run: Run) -> UUID:
    """Write the run, its results and failures to the `dq_*` tables. Raises Outage when the database is gone."""
    answer = call(dsn, "record_dq_run", run.payload())
    return UUID(answer["run_id"])


def call(dsn: str, function: str, argument: dict[str, Any]) -> dict[str, Any]:
    """Call one of the named functions of the write contract."""
    engine = open_engine(dsn, read_only=False)
    try:
        with engine.begin() as connection:
            statement = sa.text(f"select public.{function}(cast(:argument as jsonb))")
            found = connection.execute(statement, {"argument": orjson.dumps(argument).decode()}).scalar()
    except OperationalError as error:
        raise outage(error) from None
    finally:
        engine.dispose()
    return dict(found or {})
