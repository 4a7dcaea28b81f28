"""Rows of workload W: each pull request with 3 reviews, 3 inline and 2 conversation comments, and 8 files."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from capture.core.models import Chunk

START = datetime(2026, 1, 1, tzinfo=UTC)
BODY = "The quick brown fox jumps over the lazy dog, and a reviewer asks why it did. " * 7
PEOPLE = 20


def chunk_of(numbers: Iterable[int], *, version: int = 0, changed: Iterable[int] | None = None) -> Chunk:
    """A chunk of these pull requests; `version` moves every time (or those of `changed`) and their texts."""
    moved = None if changed is None else set(changed)
    chunk = Chunk(people=[person(index) for index in range(PEOPLE)])
    for number in numbers:
        add_item(chunk, number, version if moved is None or number in moved else 0)
    return chunk


def person(index: int) -> dict[str, Any]:
    """One of the twenty accounts."""
    return {
        "key": f"user:{1000 + index}", "kind": "user", "github_id": 1000 + index, "node_id": f"U_{index}",
        "login": f"person-{index}", "avatar_url": f"https://avatars.example/{index}",
    }  # fmt: skip


def add_item(chunk: Chunk, number: int, version: int) -> None:
    """One pull request with its lists."""
    updated = START + timedelta(minutes=number % 500_000, seconds=version)
    author = f"user:{1000 + number % PEOPLE}"
    text = f"{BODY}{version}"[:500] if not version else f"{version} {BODY}"[:500]
    common = {"number": number, "author_key": author, "body": text, "author_association": "MEMBER"}
    chunk.pull_requests.append({
        **common, "github_id": 10_000_000_000 + number, "node_id": f"PR_{number}", "title": f"Change {number}",
        "state": "merged", "is_draft": False, "merged_by_key": author, "base_ref": "main",
        "head_ref": f"topic-{number}", "base_sha": "a" * 40, "head_sha": "b" * 40,
        "merge_commit_sha": "c" * 40, "additions": 100, "deletions": 20, "changed_files": 8, "commits": 3,
        "labels": ["bug", "area/store"], "locked": False,
        "url": f"https://github.com/o/r/pull/{number}", "created_at": START, "updated_at": updated,
        "closed_at": updated, "merged_at": updated,
    })  # fmt: skip
    for place in range(3):
        chunk.reviews.append({
            **common, "github_id": 20_000_000_000 + number * 10 + place, "node_id": f"R_{number}_{place}",
            "state": "approved", "commit_sha": "b" * 40, "url": "https://github.com/o/r", "submitted_at": START,
            "updated_at": updated,
        })  # fmt: skip
    for place in range(5):
        inline = place < 3
        chunk.comments.append({
            **common, "kind": "inline" if inline else "conversation", "github_id": 30_000_000_000 + number * 10 + place,
            "node_id": f"C_{number}_{place}", "review_github_id": 20_000_000_000 + number * 10 if inline else None,
            "path": "src/main.py" if inline else None, "line": 10 if inline else None, "is_minimized": False,
            "url": "https://github.com/o/r", "created_at": START, "updated_at": updated,
        })  # fmt: skip
    for place in range(8):
        chunk.file_changes.append({
            "number": number, "path": f"src/package/module_{place}.py", "change_type": "modified",
            "additions": 10 + version, "deletions": 2, "head_sha": "b" * 40,
        })  # fmt: skip
    for name, count in (("reviews", 3), ("inline_comments", 3), ("conversation_comments", 2), ("file_changes", 8)):
        chunk.lists.append({
            "number": number, "list": name, "source_updated_at": updated, "expected": count, "captured": count,
            "complete": True, "truncated": False, "listed_at": updated + timedelta(days=365),
        })  # fmt: skip


TABLES: dict[str, tuple[str, str]] = {
    "people": ("contributors", "key"),
    "pull_requests": ("pull_requests", "repository_id, number"),
    "reviews": ("reviews", "github_id"),
    "comments": ("comments", "kind, github_id"),
    "file_changes": ("file_changes", "pull_request_id, path"),
    "lists": ("pull_request_lists", "pull_request_id, list"),
}


def bare_statements(chunk: Chunk, repository: UUID, ids: dict[int, UUID]) -> list[tuple[str, list[str], str, bytes]]:
    """What the plainest fast way sends: per table its name, columns, conflict key, and rows in COPY's text format."""
    statements: list[tuple[str, list[str], str, bytes]] = []
    for name, (table, key) in TABLES.items():
        rows = [_with_ids(name, row, repository, ids) for row in getattr(chunk, name)]
        columns = list(rows[0])
        lines = ("\t".join(_text(row[column]) for column in columns) for row in rows)
        statements.append((table, columns, key, ("\n".join(lines) + "\n").encode()))
    return statements


def _with_ids(name: str, row: dict[str, Any], repository: UUID, ids: dict[int, UUID]) -> dict[str, Any]:
    if name == "people":
        return row
    key = ids.setdefault(row["number"], uuid4())
    if name == "pull_requests":
        return {"id": key, "repository_id": repository, **row}
    return {"pull_request_id": key, **{column: value for column, value in row.items() if column != "number"}}


def _text(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, list):
        return "{" + ",".join(f'"{part}"' for part in value) + "}"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
