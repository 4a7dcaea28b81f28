"""Comments of one pull request: inline ones, below their reviews, and those of the conversation."""

from collections.abc import Mapping
from typing import Any

from capture.core.models import Row
from capture.datasets import people
from capture.datasets.values import big_id

INLINE_SELECTION = """
  id fullDatabaseId body path line diffHunk url authorAssociation createdAt updatedAt isMinimized minimizedReason
  replyTo { fullDatabaseId }
  originalCommit { oid }
  author { ...Person }
"""

CONVERSATION_SELECTION = """
  id fullDatabaseId body url authorAssociation createdAt updatedAt isMinimized minimizedReason
  author { ...Person }
"""


def inline_row(node: Mapping[str, Any], number: int, review_github_id: int | None) -> tuple[Row, list[Row]]:
    """The row of one inline comment of a review of pull request `number`, and its author."""
    row, authors = _common(node, number, "inline")
    reply_to: Mapping[str, Any] = node.get("replyTo") or {}
    commit: Mapping[str, Any] = node.get("originalCommit") or {}
    row |= {
        "review_github_id": review_github_id,
        "in_reply_to_github_id": big_id(reply_to.get("fullDatabaseId")),
        "path": node.get("path"),
        "line": node.get("line"),
        "diff_hunk": node.get("diffHunk"),
        "commit_sha": commit.get("oid"),
    }
    return row, authors


def conversation_row(node: Mapping[str, Any], number: int) -> tuple[Row, list[Row]]:
    """The row of one comment in the conversation of pull request `number`, and its author."""
    return _common(node, number, "conversation")


def inline_row_from_rest(comment: Mapping[str, Any], number: int) -> tuple[Row, list[Row]]:
    """The same row from REST, which knows everything but whether the comment is minimised (left alone then)."""
    author = people.from_rest(comment.get("user"))
    return {
        "number": number,
        "kind": "inline",
        "github_id": int(comment["id"]),
        "node_id": comment.get("node_id"),
        "author_key": author["key"],
        "author_association": comment.get("author_association"),
        "body": comment.get("body"),
        "url": comment.get("html_url"),
        "created_at": comment["created_at"],
        "updated_at": comment["updated_at"],
        "review_github_id": comment.get("pull_request_review_id"),
        "in_reply_to_github_id": comment.get("in_reply_to_id"),
        "path": comment.get("path"),
        "line": comment.get("line"),
        "diff_hunk": comment.get("diff_hunk"),
        "commit_sha": comment.get("original_commit_id"),
    }, [author]


def _common(node: Mapping[str, Any], number: int, kind: str) -> tuple[Row, list[Row]]:
    author = people.from_graphql(node.get("author"))
    return {
        "number": number,
        "kind": kind,
        "github_id": big_id(node["fullDatabaseId"]),
        "node_id": node["id"],
        "author_key": author["key"],
        "author_association": node.get("authorAssociation"),
        "body": node.get("body"),
        "is_minimized": node.get("isMinimized"),
        "minimized_reason": node.get("minimizedReason"),
        "url": node.get("url"),
        "created_at": node["createdAt"],
        "updated_at": node["updatedAt"],
    }, [author]
