"""The records as GitHub's REST API writes them."""

from typing import Any

from sandbox.github.repository import Record, Repository

Json = dict[str, Any]
_STATUS = {"DELETED": "removed"}


def user(person: Record | None) -> Json | None:
    """An account; bots carry `[bot]` in REST, the deleted are null."""
    if person is None:
        return None
    suffix = "[bot]" if person["__typename"] == "Bot" else ""
    return {
        "login": person["login"] + suffix,
        "id": person["databaseId"],
        "node_id": person["id"],
        "avatar_url": person["avatarUrl"],
        "html_url": person["url"],
        "type": person["__typename"],
        "site_admin": False,
    }


def repository(found: Repository, base: str) -> Json:
    """A repository."""
    facts = found.facts
    return {
        "id": facts["databaseId"],
        "node_id": facts["id"],
        "name": facts["name"],
        "full_name": facts["nameWithOwner"],
        "owner": user(facts["owner"]),
        "private": facts["isPrivate"],
        "fork": facts["isFork"],
        "archived": facts["isArchived"],
        "html_url": facts["url"],
        "url": f"{base}/repos/{facts['nameWithOwner']}",
        "created_at": facts["createdAt"],
        "default_branch": facts["defaultBranchRef"]["name"],
        "stargazers_count": facts["stargazerCount"],
        "forks_count": facts["forkCount"],
        "permissions": {"pull": True, "push": False, "admin": False},
    }


def pull(record: Record, base: str, version: str, *, single: bool) -> Json:
    """A pull request; only the single answer has the counts. The API version of 2026 has lost merge_commit_sha."""
    full_name = record["repository"]["nameWithOwner"]
    shown: Json = {
        "id": int(record["fullDatabaseId"]),
        "node_id": record["id"],
        "number": record["number"],
        "html_url": record["url"],
        "url": f"{base}/repos/{full_name}/pulls/{record['number']}",
        "state": "open" if record["state"] == "OPEN" else "closed",
        "title": record["title"],
        "body": record["body"] or None,
        "user": user(record["author"]),
        "draft": record["isDraft"],
        "locked": record["locked"],
        "author_association": record["authorAssociation"],
        "created_at": record["createdAt"],
        "updated_at": record["updatedAt"],
        "closed_at": record["closedAt"],
        "merged_at": record["mergedAt"],
        "labels": [{"name": label["name"]} for label in record["_labels"]],
        "head": {
            "ref": record["headRefName"],
            "sha": record["headRefOid"],
            "repo": None,
            "user": user(record["author"]),
        },
        "base": {"ref": record["baseRefName"], "sha": record["baseRefOid"]},
    }
    if version < "2026":
        shown["merge_commit_sha"] = record["mergeCommit"]["oid"] if record["mergeCommit"] else None
    if single:
        shown.update(
            additions=record["additions"],
            deletions=record["deletions"],
            changed_files=len(record["_files"]),
            commits=record["_commits"],
            comments=len(record["_conversation"]),
            review_comments=len(record["_inline"]),
            merged=record["merged"],
            merged_by=user(record["mergedBy"]),
        )
    return shown


def review(row: Record, base: str) -> Json:
    """A review; REST gives it no updated_at."""
    return {
        "id": int(row["fullDatabaseId"]),
        "node_id": row["id"],
        "user": user(row["author"]),
        "body": row["body"],
        "state": row["state"],
        "html_url": row["url"],
        "submitted_at": row["submittedAt"],
        "commit_id": row["commit"]["oid"],
        "author_association": row["authorAssociation"],
        "pull_request_url": _pull_url(row["pullRequest"], base),
    }


def inline(row: Record, base: str) -> Json:
    """A review comment."""
    return {
        "id": int(row["fullDatabaseId"]),
        "node_id": row["id"],
        "user": user(row["author"]),
        "body": row["body"],
        "html_url": row["url"],
        "created_at": row["createdAt"],
        "updated_at": row["updatedAt"],
        "author_association": row["authorAssociation"],
        "path": row["path"],
        "line": row["line"],
        "position": row["position"],
        "original_line": row["originalLine"],
        "diff_hunk": row["diffHunk"],
        "commit_id": row["commit"]["oid"],
        "original_commit_id": row["originalCommit"]["oid"],
        "pull_request_review_id": int(row["pullRequestReview"]["fullDatabaseId"]),
        "pull_request_url": _pull_url(row["pullRequest"], base),
        **({"in_reply_to_id": int(row["replyTo"]["fullDatabaseId"])} if row["replyTo"] else {}),
    }


def conversation(row: Record, base: str, full_name: str, number: int) -> Json:
    """An issue comment: of a pull request or of a plain issue, which only html_url tells apart."""
    return {
        "id": int(row["fullDatabaseId"]),
        "node_id": row["id"],
        "user": user(row["author"]),
        "body": row["body"],
        "html_url": row["url"],
        "created_at": row["createdAt"],
        "updated_at": row["updatedAt"],
        "author_association": row["authorAssociation"],
        "issue_url": f"{base}/repos/{full_name}/issues/{number}",
    }


def file(row: Record, oid: str) -> Json:
    """A changed file; sha and patch are absent where GitHub leaves them out."""
    status = _STATUS.get(row["changeType"], row["changeType"].lower())
    shown: Json = {
        "sha": oid,
        "filename": row["path"],
        "status": status,
        "additions": row["additions"],
        "deletions": row["deletions"],
        "changes": row["additions"] + row["deletions"],
    }
    if status == "renamed":
        shown["previous_filename"] = row.get("_previous") or f"old/{row['path']}"
    return shown


def _pull_url(record: Record, base: str) -> str:
    return f"{base}/repos/{record['repository']['nameWithOwner']}/pulls/{record['number']}"
