"""A second look over the other interface: what was captured by GraphQL is read again by REST, for a few items."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID

from capture.core.errors import Unreadable
from capture.core.models import Row
from capture.core.source import Source
from capture.datasets import comments, file_changes

_HASHED = ("body", "diff_hunk")


class AuditStore(Protocol):
    """What an audit needs of the store."""

    async def audit_sample(self, *, repository_id: UUID | None = None, limit: int = 20) -> list[Row]:
        """Captured pull requests, chosen at random."""
        ...

    async def record_audit(self, repository_id: UUID, observations: Sequence[Row]) -> int:
        """Keep what was seen."""
        ...


async def audit(store: AuditStore, github: Source, *, repository_id: UUID | None = None, limit: int = 20) -> int:
    """Read the inline comments and the changed files of `limit` captured pull requests by REST and keep what was seen.

    The overlap suite compares it with what the processors saw and with what is stored. It costs two requests an item,
    more for long lists. Answers how many records were seen. A repository that cannot be read any more is left out.
    """
    seen = 0
    for item in await store.audit_sample(repository_id=repository_id, limit=limit):
        try:
            observations = await _observed(github, item)
        except Unreadable:
            continue
        if observations:
            seen += await store.record_audit(UUID(str(item["repository_id"])), observations)
    return seen


async def _observed(github: Source, item: Row) -> list[Row]:
    owner, name, number = str(item["owner"]), str(item["name"]), int(item["number"])
    found: list[Row] = []
    async for page in github.inline_comments(owner, name, number):
        for node in page:
            row, _ = comments.inline_row_from_rest(node, number)
            found.append(_observation(row, "inline_comments", str(row["github_id"]), str(row["updated_at"])))
    async for page in github.files(owner, name, number):
        for node in page:
            row = file_changes.row_from_rest(node, number, None)
            del row["head_sha"]  # this listing does not say at which commit it was made
            found.append(_observation(row, "file_changes", str(row["path"]), str(item["updated_at"])))
    return found


def _observation(row: Row, kind: str, key: str, version: str) -> Row:
    fields: dict[str, Any] = {
        name: sha256(value.encode()).hexdigest() if name in _HASHED and isinstance(value, str) else value
        for name, value in row.items()
        if name != "number"
    }
    return {
        "number": row["number"],
        "record_kind": kind,
        "record_key": key,
        "source_updated_at": version,
        "fields": fields,
    }
