"""Building pull requests, reviews and comments in the words of GitHub's GraphQL schema.

Keys with a leading underscore are ours: the complete lists, of which GraphQL and REST show pages.
"""

from typing import Any

from sandbox.github import times

Record = dict[str, Any]
_INT_MAX = 2_147_483_647


def small(github_id: int) -> int | None:
    """`databaseId` is a 32-bit Int: larger ids are only in `fullDatabaseId`."""
    return github_id if github_id <= _INT_MAX else None


def pull_request(
    number: int,
    node: str,
    github_id: int,
    url: str,
    title: str,
    body: str,
    state: str,
    author: Record | None,
    association: str,
    created: int,
    updated: int,
    *,
    merged_by: Record | None,
    oid: str,
    draft: bool = False,
    labels: list[str] | None = None,
    commits: int = 1,
    closed: int | None = None,
) -> Record:
    """A pull request without children; `closed` is its closing time, by default the last update."""
    ended = times.text(closed or updated) if state != "OPEN" else None
    merged = state == "MERGED"
    return {
        "__typename": "PullRequest",
        "id": node,
        "number": number,
        "fullDatabaseId": str(github_id),
        "databaseId": small(github_id),
        "url": url,
        "title": title,
        "body": body,
        "state": state,
        "closed": state != "OPEN",
        "merged": merged,
        "author": author,
        "authorAssociation": association,
        "createdAt": times.text(created),
        "updatedAt": times.text(updated),
        "closedAt": ended,
        "mergedAt": ended if merged else None,
        "mergedBy": merged_by if merged else None,
        "mergeCommit": commit(oid[::-1]) if merged else None,
        "baseRefName": "main",
        "baseRefOid": "0" * 39 + "1",
        "headRefName": f"topic-{number}",
        "headRefOid": oid,
        "isDraft": draft,
        "locked": False,
        "lastEditedAt": None,
        "additions": 0,
        "deletions": 0,
        "_labels": [{"__typename": "Label", "id": f"LA_{name}", "name": name} for name in labels or []],
        "_commits": commits,
        "_reviews": [],
        "_pending": [],
        "_inline": [],
        "_conversation": [],
        "_files": [],
        "_files_null": False,
        "_hidden": {},
    }


def commit(oid: str) -> Record:
    """A commit, of which we know the hash only."""
    return {"__typename": "Commit", "id": f"C_{oid}", "oid": oid}


def review(
    node: str,
    github_id: int,
    url: str,
    author: Record | None,
    association: str,
    body: str,
    state: str,
    oid: str,
    submitted: int,
) -> Record:
    """A review; GitHub gives reviews times of creation and update in GraphQL, of submission in both APIs."""
    moment = times.text(submitted)
    return {
        "__typename": "PullRequestReview",
        "id": node,
        "fullDatabaseId": str(github_id),
        "databaseId": small(github_id),
        "url": url,
        "author": author,
        "authorAssociation": association,
        "body": body,
        "state": state,
        "commit": commit(oid),
        "createdAt": moment,
        "updatedAt": moment,
        "submittedAt": moment if state != "PENDING" else None,
        "lastEditedAt": None,
        "isMinimized": False,
        "minimizedReason": None,
    }


def comment(
    kind: str,
    node: str,
    github_id: int,
    url: str,
    author: Record | None,
    association: str,
    body: str,
    created: int,
    updated: int,
    *,
    path: str = "",
    line: int | None = None,
    oid: str = "",
    diff_hunk: str = "@@ -1,4 +1,6 @@",
) -> Record:
    """An `inline` (review) or `conversation` (issue) comment."""
    found: Record = {
        "__typename": "PullRequestReviewComment" if kind == "inline" else "IssueComment",
        "id": node,
        "fullDatabaseId": str(github_id),
        "databaseId": small(github_id),
        "url": url,
        "author": author,
        "authorAssociation": association,
        "body": body,
        "createdAt": times.text(created),
        "updatedAt": times.text(updated),
        "lastEditedAt": times.text(updated) if updated > created else None,
        "isMinimized": False,
        "minimizedReason": None,
    }
    if kind == "inline":
        oid = oid or f"{github_id:040x}"
        found.update(
            path=path,
            line=line,
            originalLine=line,
            position=line,
            outdated=line is None,
            diffHunk=diff_hunk,
            commit=commit(oid),
            originalCommit=commit(oid),
            replyTo=None,
            pullRequestReview=None,
            _resolved=False,
        )
    return found
