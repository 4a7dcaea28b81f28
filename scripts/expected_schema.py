"""Write `capture/store/expected_schema.json`: run after every change of a migration (a test compares)."""

import asyncio
import tempfile
from pathlib import Path

import orjson

from capture.store.embedded import embedded_postgres
from capture.store.expected import FILE, migrations_digest
from capture.store.migrate import migrate
from capture.store.postgres_transport import open_postgres
from capture.store.store import Store


async def objects(dsn: str) -> dict[str, str]:
    """The schema of a database as digests."""
    async with open_postgres(dsn) as transport:
        return await Store(transport).schema_objects()


def main() -> None:
    """Migrate an empty database and note what came of it."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
        embedded_postgres(Path(home), durable=False) as dsn,
    ):
        migrate(dsn)
        found = asyncio.run(objects(dsn))
    content = {"migrations": migrations_digest(), "objects": found}
    FILE.write_bytes(
        orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)
    )
    print(f"{len(found)} objects written to {FILE}")


if __name__ == "__main__":
    main()
