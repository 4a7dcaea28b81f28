"""The figures of the report, as pandas frames read from the database. Rows are counted, hints are not believed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from expectations.database import Scope, open_engine, outage

DAYS = 365
_QUERIES = Path(__file__).parent / "queries"


@dataclass(slots=True)
class Figures:
    """All tables of the report. Each is also exported as CSV under its name."""

    now: datetime
    tables: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]


def load(dsn: str, now: datetime | None = None) -> Figures:
    """Read everything that the report shows; days reach back one year. Raises Outage when the database is gone."""
    moment = now or datetime.now(UTC)
    whole = open_engine(dsn)
    recent = open_engine(dsn, Scope(since=moment - timedelta(days=DAYS)))
    try:
        tables: dict[str, pd.DataFrame] = {}
        for path in sorted(_QUERIES.glob("*.sql")):
            engine = recent if path.stem == "days" else whole
            with engine.connect() as connection:
                tables[path.stem] = pd.read_sql_query(sa.text(path.read_text()), connection)
        return Figures(moment, tables)
    except DBAPIError as error:
        raise outage(error) from None
    finally:
        whole.dispose()
        recent.dispose()
