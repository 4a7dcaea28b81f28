"""What is stored, compared with what GitHub (the sandbox) holds: row by row and field by field."""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.support.sandbox import Sandbox

Row = dict[str, Any]

_PULLS = """
select p.id, p.number, p.node_id, p.github_id, p.title, p.body, p.state, p.head_sha, p.additions, p.deletions,
       to_char(p.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as updated_at, p.deleted_at, c.login
from pull_requests p join repositories r on r.id = p.repository_id join contributors c on c.key = p.author_key
where r.github_id = %s"""
_REVIEWS = """
select p.number, v.github_id as key, v.body, v.state, v.deleted_at, c.login
from reviews v join pull_requests p on p.id = v.pull_request_id join contributors c on c.key = v.author_key
join repositories r on r.id = p.repository_id where r.github_id = %s"""
_COMMENTS = """
select p.number, m.kind, m.github_id as key, m.body, m.deleted_at, c.login,
       to_char(m.updated_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as updated_at
from comments m join pull_requests p on p.id = m.pull_request_id join contributors c on c.key = m.author_key
join repositories r on r.id = p.repository_id where r.github_id = %s"""
_FILES = """
select p.number, f.path as key, f.additions, f.deletions, f.change_type, f.deleted_at
from file_changes f join pull_requests p on p.id = f.pull_request_id
join repositories r on r.id = p.repository_id where r.github_id = %s"""


def differences(dsn: str, sandbox: Sandbox, *, most: int = 20) -> list[str]:
    """Every way in which the database differs from the source, as sentences; empty where it is complete and correct.

    A row that is marked as deleted counts as absent. Reviews, comments and files of a pull request that GitHub no
    longer has are looked at no further.
    """
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        stored = {name: connection.execute(query, [sandbox.github_id]).fetchall() for name, query in _QUERIES.items()}
    source = sandbox.everything()
    found = list(_pulls(stored["pulls"], source))
    numbers = {row["number"] for row in source}
    for name in ("reviews", "inline", "conversation", "files"):
        rows = stored["comments" if name in ("inline", "conversation") else name]
        rows = [row for row in rows if row.get("kind", name) == name and row["number"] in numbers]
        found += _children(name, rows, source)
    return found[:most] + ([f"and {len(found) - most} more"] if len(found) > most else [])


_QUERIES = {"pulls": _PULLS, "reviews": _REVIEWS, "comments": _COMMENTS, "files": _FILES}


def _pulls(stored: Iterable[Row], source: Iterable[Row]) -> Iterable[str]:
    ours = {row["number"]: row for row in stored if row["deleted_at"] is None}
    theirs = {row["number"]: row for row in source}
    yield from (f"#{number} is not stored" for number in theirs if number not in ours)
    yield from (f"#{number} is stored and gone at the source" for number in ours if number not in theirs)
    for number in ours.keys() & theirs.keys():
        mine, row = ours[number], theirs[number]
        wanted = {
            "title": _clean(row["title"]),
            "body": _clean(row["body"]),
            "state": row["state"].lower(),
            "updated_at": row["updatedAt"],
            "head_sha": row["headRefOid"],
            "additions": row["additions"],
            "github_id": int(row["fullDatabaseId"]),
            "login": _login(row["author"]["login"] if row["author"] else None),
        }
        shown = {**mine, "body": mine["body"] or "", "login": _login(mine["login"])}
        yield from (
            f"#{number}: {field} is {shown[field]!r:.60}, at the source {value!r:.60}"
            for field, value in wanted.items()
            if shown[field] != value
        )


def _children(name: str, stored: Iterable[Row], source: Iterable[Row]) -> list[str]:
    ours = {(row["number"], row["key"]): row for row in stored if row["deleted_at"] is None}
    theirs: dict[tuple[int, Any], Row] = {}
    for pull in source:
        for row in pull[name]:
            theirs[pull["number"], row["path"] if name == "files" else int(row["fullDatabaseId"])] = row
    if name == "files":
        limited = {pull["number"] for pull in source if len(pull["files"]) > 3_000}
        theirs = {key: row for key, row in theirs.items() if key[0] not in limited}
        ours = {key: row for key, row in ours.items() if key[0] not in limited}
    found = [f"#{number}: {name} {key} is not stored" for number, key in theirs.keys() - ours.keys()]
    found += [f"#{number}: {name} {key} is stored and gone" for number, key in ours.keys() - theirs.keys()]
    for key in ours.keys() & theirs.keys():
        mine, row = ours[key], theirs[key]
        pairs = _fields(name, mine, row)
        found += [f"#{key[0]}: {name} {key[1]}: {a!r:.60}, at the source {b!r:.60}" for a, b in pairs if a != b]
    return sorted(found)


def _fields(name: str, mine: Row, row: Row) -> list[tuple[Any, Any]]:
    if name == "files":
        return [(mine[field], row[field]) for field in ("additions", "deletions")] + [
            (mine["change_type"], row["changeType"].lower())
        ]
    pairs: list[tuple[Any, Any]] = [
        (mine["body"] or "", _clean(row["body"])),
        (_login(mine["login"]), _login(row["author"])),
    ]
    if name == "reviews":
        return [*pairs, (mine["state"], row["state"].lower())]
    return [*pairs, (mine["updated_at"], row["updatedAt"])]


def _clean(text: str) -> str:
    """Postgres cannot hold NUL; the capture removes it."""
    return text.replace("\x00", "")


def _login(login: str | None) -> str:
    """The normal form: the two APIs write bots differently, and the deleted have no login."""
    return (login or "ghost").removesuffix("[bot]")
