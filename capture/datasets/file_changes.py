"""Changed files of one pull request. REST stands in where GraphQL answers null because there are too many."""

from collections.abc import Mapping
from typing import Any

from capture.core.models import Row

SELECTION = "path additions deletions changeType"

REST_LIMIT = 3000
"""REST lists no more files than this (documented), GraphQL answers null above it: the list is then `truncated`."""

_REST_STATUS = {"removed": "deleted"}


def row(node: Mapping[str, Any], number: int, head_sha: str | None) -> Row:
    """The row of one changed file of pull request `number`, read at commit `head_sha`."""
    return {
        "number": number,
        "path": node["path"],
        "change_type": str(node["changeType"]).lower(),
        "additions": int(node["additions"]),
        "deletions": int(node["deletions"]),
        "head_sha": head_sha,
    }


def row_from_rest(file: Mapping[str, Any], number: int, head_sha: str | None) -> Row:
    """The same row from REST, which also knows the path before a renaming."""
    status = str(file["status"])
    return {
        "number": number,
        "path": file["filename"],
        "change_type": _REST_STATUS.get(status, status),
        "additions": int(file["additions"]),
        "deletions": int(file["deletions"]),
        "previous_path": file.get("previous_filename"),
        "head_sha": head_sha,
    }
