"""Are the tables what the other suites take for granted? Columns and types, keys that are enforced, row security."""
# ruff: noqa: S608 -- the queries are put together from constants of this module

from expectations.checks import Check, Suite

_SUITE = Suite("schema")

_TIMES = {"captured_at": "timestamp with time zone", "deleted_at": "timestamp with time zone"}
COLUMNS: dict[str, dict[str, str]] = {
    "repositories": {"id": "uuid", "github_id": "bigint", "owner": "text", "name": "text",
    "watermark": _TIMES["captured_at"]},
    "contributors": {"key": "text", "kind": "text", "github_id": "bigint", "login": "text"},
    "pull_requests": {
        "id": "uuid", "repository_id": "uuid", "number": "bigint", "github_id": "bigint", "node_id": "text",
        "title": "text",
        "body": "text", "state": "text", "author_key": "text", "head_sha": "text", "additions": "integer",
        "created_at": _TIMES["captured_at"], "updated_at": _TIMES["captured_at"], "closed_at": _TIMES["captured_at"],
        "merged_at": _TIMES["captured_at"],
    } | _TIMES,
    "reviews": {
        "github_id": "bigint", "pull_request_id": "uuid", "author_key": "text", "state": "text", "body": "text",
        "submitted_at": _TIMES["captured_at"], "updated_at": _TIMES["captured_at"],
    } | _TIMES,
    "comments": {
        "kind": "text", "github_id": "bigint", "pull_request_id": "uuid", "author_key": "text", "body": "text",
        "path": "text",
        "review_github_id": "bigint", "created_at": _TIMES["captured_at"], "updated_at": _TIMES["captured_at"],
    } | _TIMES,
    "file_changes": {
        "pull_request_id": "uuid", "path": "text", "change_type": "text", "additions": "integer",
        "deletions": "integer",
        "head_sha": "text",
    } | _TIMES,
}  # fmt: skip
"""The columns that the suites rely on; more may be there."""

KEYS = {
    "repositories": ("PRIMARY KEY (id)", "UNIQUE (github_id)"),
    "contributors": ("PRIMARY KEY (key)",),
    "pull_requests": (
        "PRIMARY KEY (id)", "UNIQUE (repository_id, number)", "FOREIGN KEY (repository_id) REFERENCES repositories(id)",
        "FOREIGN KEY (author_key) REFERENCES contributors(key)",
    ),
    "reviews": (
        "PRIMARY KEY (github_id)", "FOREIGN KEY (pull_request_id) REFERENCES pull_requests(id)",
        "FOREIGN KEY (author_key) REFERENCES contributors(key)",
    ),
    "comments": (
        "PRIMARY KEY (kind, github_id)", "FOREIGN KEY (pull_request_id) REFERENCES pull_requests(id)",
        "FOREIGN KEY (author_key) REFERENCES contributors(key)",
    ),
    "file_changes": ("PRIMARY KEY (pull_request_id, path)",
    "FOREIGN KEY (pull_request_id) REFERENCES pull_requests(id)"),
}  # fmt: skip


def build() -> list[Check]:
    """All checks of the suite."""
    columns = [(t, c, k) for t, found in COLUMNS.items() for c, k in found.items()]
    keys = [(t, k) for t, found in KEYS.items() for k in found]
    named = "null::uuid as repository_id, null::bigint as number, null::text as link"
    return [
        _SUITE.no_rows(
            "columns_present", "repositories", "critical", "Every column that analysts rely on is there",
            f"""select {named}, e.relation || '.' || e.name as record, 'column' as field, e.kind as expected,
                 'missing' as found
               from {_values(columns, "e (relation, name, kind)")}
               where not exists (select from information_schema.columns c where c.table_schema = 'public'
                 and c.table_name = e.relation and c.column_name = e.name)""",
        ),
        _SUITE.no_rows(
            "column_types", "repositories", "critical", "Every column has its type",
            f"""select {named}, e.relation || '.' || e.name as record, 'type' as field, e.kind as expected,
                 c.data_type as found
               from {_values(columns, "e (relation, name, kind)")}
               join information_schema.columns c on c.table_schema = 'public' and c.table_name = e.relation
                 and c.column_name = e.name and c.data_type <> e.kind""",
        ),
        _SUITE.no_rows(
            "keys_enforced", "repositories", "warning", "The database itself refuses duplicates and orphans",
            f"""select {named}, e.relation as record, e.definition as field, 'enforced' as expected, 'missing' as found
               from {_values(keys, "e (relation, definition)")}
               where not exists (select from pg_constraint c where c.conrelid = to_regclass('public.' || e.relation)
                 and c.convalidated and replace(pg_get_constraintdef(c.oid), 'public.', '') = e.definition)""",
        ),
        _SUITE.no_rows(
            "row_security", "repositories", "critical", "No table is open to everybody",
            f"""select {named}, c.relname as record, 'row security' as field, 'on' as expected, 'off' as found
               from pg_class c
               where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relrowsecurity""",
        ),
    ]  # fmt: skip


def _values(rows: list[tuple[str, ...]], name: str) -> str:
    listed = ", ".join("(" + ", ".join(f"'{value}'" for value in row) + ")" for row in rows)
    return f"(values {listed}) as {name}"
