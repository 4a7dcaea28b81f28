"""Reviews of one pull request. Inline comments hang below them, see `comments`."""

from collections.abc import Mapping
from typing import Any

from capture.core.models import Row
from capture.datasets import people
from capture.datasets.values import big_id

SELECTION = """
  id fullDatabaseId state body url authorAssociation submittedAt updatedAt
  commit { oid }
  author { ...Person }
"""


def row(node: Mapping[str, Any], number: int) -> tuple[Row, list[Row]]:
    """The row of one review of pull request `number`, and its author."""
    author = people.from_graphql(node.get("author"))
    commit: Mapping[str, Any] = node.get("commit") or {}
    return {
        "number": number,
        "github_id": big_id(node["fullDatabaseId"]),
        "node_id": node["id"],
        "author_key": author["key"],
        "author_association": node.get("authorAssociation"),
        "state": str(node["state"]).lower(),
        "body": node.get("body"),
        "commit_sha": commit.get("oid"),
        "url": node.get("url"),
        "submitted_at": node.get("submittedAt"),
        "updated_at": node.get("updatedAt"),
    }, [author]
