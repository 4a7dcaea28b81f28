"""A large stored history, made inside the database: pull requests with reviews, comments, files and lists."""

from typing import LiteralString
from uuid import UUID

import psycopg

_SEED: tuple[LiteralString, ...] = (
    """insert into pull_requests (repository_id, number, github_id, node_id, title, body, state, author_key, created_at,
         updated_at, merged_at)
       select %(repository)s, n, 10000000000 + n, 'PR_' || n, 'Change ' || n, repeat('x', 200), 'merged', 'user:1000',
         '2020-01-01', timestamptz '2020-01-01' + n * interval '1 minute', '2020-01-02'
       from generate_series(1, %(count)s) n""",
    """insert into reviews (github_id, pull_request_id, author_key, state, submitted_at, updated_at)
       select 20000000000 + p.number * 10, p.id, 'user:1000', 'approved', '2020-01-01', '2020-01-01'
       from pull_requests p where p.repository_id = %(repository)s and p.number <= %(count)s""",
    """insert into comments (kind, github_id, pull_request_id, author_key, body, created_at, updated_at)
       select case k when 3 then 'conversation' else 'inline' end, 30000000000 + p.number * 10 + k, p.id, 'user:1000',
         repeat('y', 100), '2020-01-01', '2020-01-01'
       from pull_requests p cross join generate_series(1, 3) k
       where p.repository_id = %(repository)s and p.number <= %(count)s""",
    """insert into file_changes (pull_request_id, path, change_type, additions, deletions, head_sha)
       select p.id, 'src/file.py', 'modified', 1, 1, repeat('b', 40)
       from pull_requests p where p.repository_id = %(repository)s and p.number <= %(count)s""",
    """insert into pull_request_lists (pull_request_id, list, source_updated_at, expected, captured, complete,
         listed_at)
       select p.id, 'reviews', p.updated_at, 1, 1, true, '2020-01-01'
       from pull_requests p where p.repository_id = %(repository)s and p.number <= %(count)s""",
    """insert into pull_request_manifest (repository_id, number, node_id, updated_at, created_at, reviews)
       select %(repository)s, n, 'PR_' || n, timestamptz '2020-01-01' + n * interval '1 minute', '2020-01-01', 1
       from generate_series(1, %(count)s) n""",
)


def repository_of(connection: psycopg.Connection) -> UUID:
    """A repository to store under, and an author."""
    connection.execute(
        "insert into contributors (key, kind, github_id, login) values ('user:1000', 'user', 1000, 'person-0')"
        " on conflict do nothing"
    )
    row = connection.execute(
        "insert into repositories (github_id, owner, name) values (1, 'o', 'r')"
        " on conflict (github_id) do update set name = 'r' returning id"
    ).fetchone()
    assert row is not None
    return row[0]


def seed(connection: psycopg.Connection, repository: UUID, count: int, *, analyze: bool = True) -> None:
    """Numbers 1 to `count`, each with a review, three comments, a file, a list and a manifest row."""
    for statement in _SEED:
        connection.execute(statement, {"repository": repository, "count": count})
    if analyze:
        connection.execute("analyze")
