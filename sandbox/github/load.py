"""Real records: a folder with one JSON object a line in the shape of GitHub's REST answers."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from sandbox.github import times
from sandbox.github.generate import facts, link
from sandbox.github.ids import node_id
from sandbox.github.people import account
from sandbox.github.records import comment, pull_request, review
from sandbox.github.repository import Record, comment_key

_CHANGES = {"removed": "DELETED"}


class Loaded:
    """The source of a repository that was read from files; `facts` describes the repository itself."""

    def __init__(self, folder: Path) -> None:
        about = orjson.loads((folder / "repository.json").read_bytes())
        self.facts = facts(
            about["owner"],
            about["name"],
            about["id"],
            id=about["node_id"],
            url=about["html_url"],
            createdAt=about["created_at"],
            isPrivate=about["private"],
            isFork=about["fork"],
            isArchived=about["archived"],
            defaultBranchRef={"__typename": "Ref", "id": node_id("REF", about["id"]), "name": about["default_branch"]},
        )
        self._people: dict[tuple[str, int], Record] = {}
        self._pulls = {row["number"]: self._pull(row) for row in _rows(folder, "pull_requests")}
        self._issues: dict[int, list[Record]] = defaultdict(list)
        reviews = {row["id"]: self._review(row) for row in _rows(folder, "reviews")}
        inline: dict[int, Record] = {}
        for row in sorted(_rows(folder, "review_comments"), key=lambda row: row["created_at"]):
            child = self._comment("inline", row)
            child["pullRequestReview"] = reviews[row["pull_request_review_id"]]
            child["replyTo"] = inline.get(row.get("in_reply_to_id") or 0)
            inline[row["id"]] = child
            self._pulls[row["pull_number"]]["_inline"].append(child)
        for row in _rows(folder, "issue_comments"):
            child = self._comment("conversation", row)
            on_pull = self._pulls.get(row["issue_number"]) if row["on_pull_request"] else None
            (on_pull["_conversation"] if on_pull else self._issues[row["issue_number"]]).append(child)
        for row in _rows(folder, "files"):
            self._pulls[row["pull_number"]]["_files"].append(
                {
                    "path": row["filename"],
                    "additions": row["additions"],
                    "deletions": row["deletions"],
                    "changeType": _CHANGES.get(row["status"], row["status"].upper()),
                    "_previous": row.get("previous_filename"),
                }
            )
        for pull in self._pulls.values():
            sums = pull["additions"], pull["deletions"]
            link(pull)
            pull["additions"], pull["deletions"] = sums

    def _person(self, user: dict[str, Any] | None) -> Record | None:
        if user is None:
            return None
        key = (user["type"], user["id"])
        if key not in self._people:
            found = account(user["type"], user["id"], user["login"].removesuffix("[bot]"))
            found.update(id=user["node_id"], avatarUrl=user["avatar_url"])
            self._people[key] = found
        return self._people[key]

    def _pull(self, row: dict[str, Any]) -> Record:
        state = "MERGED" if row["merged_at"] else row["state"].upper()
        made = pull_request(
            row["number"],
            row["node_id"],
            row["id"],
            row["html_url"],
            row["title"],
            row["body"] or "",
            state,
            self._person(row["user"]),
            row["author_association"],
            times.epoch(row["created_at"]),
            times.epoch(row["updated_at"]),
            merged_by=self._person(row.get("merged_by")),
            oid=row["head"]["sha"],
            draft=row["draft"],
            labels=row["labels"],
            commits=row["commits"],
            closed=times.epoch(row["closed_at"]) if row["closed_at"] else None,
        )
        made.update(
            additions=row["additions"],
            deletions=row["deletions"],
            baseRefName=row["base"]["ref"],
            baseRefOid=row["base"]["sha"],
            headRefName=row["head"]["ref"],
            locked=row["locked"],
            mergedAt=row["merged_at"],
        )
        if made["mergeCommit"]:
            made["mergeCommit"]["oid"] = row["merge_commit_sha"]
        return made

    def _review(self, row: dict[str, Any]) -> Record:
        # A review that only its comments imply was not recorded by itself: it gets the id and address it would have.
        page = f"{self._pulls[row['pull_number']]['url']}#pullrequestreview-{row['id']}"
        made = review(
            row["node_id"] or node_id("PRR", self.facts["databaseId"], row["id"]),
            row["id"],
            row["html_url"] or page,
            self._person(row["user"]),
            row["author_association"],
            row["body"] or "",
            row["state"],
            row["commit_id"],
            times.epoch(row["submitted_at"]),
        )
        self._pulls[row["pull_number"]]["_pending" if row["state"] == "PENDING" else "_reviews"].append(made)
        return made

    def _comment(self, kind: str, row: dict[str, Any]) -> Record:
        return comment(
            kind,
            row["node_id"],
            row["id"],
            row["html_url"],
            self._person(row["user"]),
            row["author_association"],
            row["body"] or "",
            times.epoch(row["created_at"]),
            times.epoch(row["updated_at"]),
            path=row.get("path", ""),
            line=row.get("line"),
            oid=row.get("commit_id", ""),
            diff_hunk=row.get("diff_hunk", ""),
        )

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        for number, pull in self._pulls.items():
            yield times.epoch(pull["createdAt"]), times.epoch(pull["updatedAt"]), int(pull["fullDatabaseId"]), number

    def build(self, number: int) -> Record | None:
        return self._pulls.get(number)

    def issues(self) -> Iterator[Record]:
        for number, comments in self._issues.items():
            yield {"number": number, "_conversation": comments}

    def comments(self, kind: str, number: int) -> list[tuple[int, int, int]]:
        return [comment_key(child) for child in self._pulls[number][f"_{kind}"]]

    def counts(self, number: int) -> dict[str, int]:
        return {name: len(self._pulls[number][f"_{name}"]) for name in ("reviews", "inline", "conversation", "files")}

    def number_of(self, prefix: str, numbers: list[int]) -> int | None:
        return None

    def nodes(self) -> Iterator[tuple[str, int]]:
        """Node ids of real records say nothing by themselves: the number to each."""
        for number, pull in self._pulls.items():
            yield pull["id"], number
            for name in ("_reviews", "_inline", "_conversation"):
                for child in pull[name]:
                    yield child["id"], number


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / f"{name}.jsonl").read_bytes().splitlines() if line.strip()]
