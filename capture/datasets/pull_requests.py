"""The pull request itself: what is listed in the manifest, what is selected in detail, and how both become rows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from capture.core.models import ManifestItem, Row
from capture.datasets import people
from capture.datasets.values import big_id

# Counts only: every connection here costs one request a parent in GitHub's formula, `totalCommentsCount` costs none.
MANIFEST_SELECTION = """
  id fullDatabaseId number createdAt updatedAt changedFiles totalCommentsCount
  reviews { totalCount }
  comments { totalCount }
"""

SELECTION = """
  id fullDatabaseId number title body state isDraft locked url authorAssociation
  baseRefName headRefName baseRefOid headRefOid additions deletions changedFiles
  createdAt updatedAt closedAt mergedAt
  author { ...Person }
  mergedBy { ...Person }
  mergeCommit { oid }
  labels(first: 50) { nodes { name } }
"""


def manifest_item(node: Mapping[str, Any]) -> ManifestItem:
    """One listed pull request. Inline comments have no count of their own at GitHub, see `comments_total`."""
    reviews: Mapping[str, Any] | None = node.get("reviews")
    comments: Mapping[str, Any] | None = node.get("comments")
    return ManifestItem(
        number=int(node["number"]),
        node_id=str(node["id"]),
        github_id=big_id(node.get("fullDatabaseId")),
        created_at=datetime.fromisoformat(node["createdAt"]),
        updated_at=datetime.fromisoformat(node["updatedAt"]),
        reviews=None if reviews is None else int(reviews["totalCount"]),
        conversation_comments=None if comments is None else int(comments["totalCount"]),
        file_changes=node.get("changedFiles"),
        comments_total=node.get("totalCommentsCount"),
    )


def row(node: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    """The row of a pull request read in detail, and the people it names."""
    author = people.from_graphql(node.get("author"))
    merger = people.from_graphql(node["mergedBy"]) if node.get("mergedBy") else None
    merge_commit: Mapping[str, Any] = node.get("mergeCommit") or {}
    labels: Mapping[str, Any] | None = node.get("labels")
    values: Row = {
        "number": int(node["number"]),
        "github_id": big_id(node.get("fullDatabaseId")),
        "node_id": node["id"],
        "title": node["title"],
        "body": node.get("body"),
        "state": str(node["state"]).lower(),
        "is_draft": node.get("isDraft"),
        "author_key": author["key"],
        "author_association": node.get("authorAssociation"),
        "merged_by_key": merger["key"] if merger else None,
        "base_ref": node.get("baseRefName"),
        "head_ref": node.get("headRefName"),
        "base_sha": node.get("baseRefOid"),
        "head_sha": node.get("headRefOid"),
        "merge_commit_sha": merge_commit.get("oid"),
        "additions": node.get("additions"),
        "deletions": node.get("deletions"),
        "changed_files": node.get("changedFiles"),
        "locked": node.get("locked"),
        "url": node.get("url"),
        "created_at": node["createdAt"],
        "updated_at": node["updatedAt"],
        "closed_at": node.get("closedAt"),
        "merged_at": node.get("mergedAt"),
    }
    if labels is not None:
        values["labels"] = label_names(labels)
    return values, [author, *([merger] if merger else [])]


def label_names(labels: Mapping[str, Any]) -> list[str]:
    """The names of a page of labels, in one order, so that their order at GitHub makes no change."""
    nodes: list[Mapping[str, Any]] = labels.get("nodes") or []
    return sorted(str(node["name"]) for node in nodes)
