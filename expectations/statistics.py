"""Up-to-date planner statistics before a validation.

The checks join whole tables. Right after a first capture Postgres has no statistics of them (autovacuum comes by once a
minute), takes them for empty, and joins by nested loops: seconds become minutes.
"""

from psycopg import sql

from capture.store.migrate import connect

_STALE = """
select schemaname, relname from pg_stat_user_tables
where schemaname = 'public'
  and n_mod_since_analyze > 50 + n_live_tup / 5
  and pg_has_role((select c.relowner from pg_class c where c.oid = relid), 'usage')
"""


def refresh(dsn: str) -> list[str]:
    """Analyze the tables that changed by a fifth since Postgres last looked, where we may; answers their names.

    Raises `Outage` or `CredentialError`.
    """
    done: list[str] = []
    with connect(dsn) as connection:
        for schema, table in connection.execute(_STALE).fetchall():
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(schema, table)))
            done.append(table)
    return done
