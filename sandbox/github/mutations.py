"""What happens on GitHub while nobody looks: the changes that a test makes, one function each.

A change is `{"do": name, "number": n, ...}`; `repository` (`owner/name`) picks one of several. Whether `updatedAt` of
the pull request moves follows what is known of GitHub: it does for new comments, reviews, pushes, edits of title or
body and changes of state; it does not for edited or deleted comments, resolved threads and minimised comments.
"""

import time
from collections.abc import Callable
from typing import Any

from sandbox.github import times
from sandbox.github.generate import link
from sandbox.github.people import account
from sandbox.github.records import comment, pull_request, review
from sandbox.github.repository import Record, Repository
from sandbox.github.world import World

Change = dict[str, Any]


def _touch(repository: Repository, number: int, at: int | None = None) -> Record:
    """Let `updatedAt` move to now (or to `at`), as any visible change does."""
    record = repository.keep(number)
    record["updatedAt"] = times.text(at if at is not None else time.time())
    repository.changed(number)
    return record


def _edit(world: World, repository: Repository, change: Change) -> Record:
    record = repository.keep(change["number"])
    record.update(
        {key: change[key] for key in ("title", "body") if key in change}, lastEditedAt=times.text(time.time())
    )
    return _touch(repository, change["number"], change.get("at"))


def _comment(world: World, repository: Repository, change: Change) -> Record:
    record = repository.keep(change["number"])
    github_id, now = world.new_id(), int(change.get("at") or time.time())
    inline = change["do"] == "review_comment"
    kind, prefix, anchor = ("inline", "PRRC", "discussion_r") if inline else ("conversation", "IC", "issuecomment-")
    made = comment(
        kind,
        world.node(prefix, repository, github_id),
        github_id,
        f"{record['url']}#{anchor}{github_id}",
        world.viewer,
        "MEMBER",
        change.get("body", "Added while you were reading."),
        now,
        now,
        path="src/new.py",
        line=1,
    )
    if inline:
        made["pullRequestReview"] = record["_reviews"][-1] if record["_reviews"] else _review(world, repository, change)
    record["_inline" if inline else "_conversation"].append(made)
    link(record)
    return _touch(repository, change["number"], change.get("at"))


def _review(world: World, repository: Repository, change: Change) -> Record:
    record = repository.keep(change["number"])
    github_id, now = world.new_id(), int(change.get("at") or time.time())
    made = review(
        world.node("PRR", repository, github_id),
        github_id,
        f"{record['url']}#pullrequestreview-{github_id}",
        world.viewer,
        "MEMBER",
        change.get("body", ""),
        change.get("state", "COMMENTED"),
        record["headRefOid"],
        now,
    )
    if made["state"] == "PENDING":  # only its author sees it, and it moves nothing
        record["_pending"].append(made)
        return made
    record["_reviews"].append(made)
    link(record)
    _touch(repository, change["number"], change.get("at"))
    return made


def _child(record: Record, change: Change) -> tuple[list[Record], Record]:
    """The comment or review that a change names by `list` and `index` (from the end if negative) or by `id`."""
    rows = record["_" + change.get("list", "conversation")]
    if "id" in change:
        return rows, next(row for row in rows if row["fullDatabaseId"] == str(change["id"]))
    return rows, rows[change.get("index", 0)]


def _edit_comment(world: World, repository: Repository, change: Change) -> Record:
    _, row = _child(repository.keep(change["number"]), change)
    now = times.text(change.get("at") or time.time())
    row.update(body=change.get("body", "Edited while you were reading."), updatedAt=now, lastEditedAt=now)
    repository.changed(change["number"])
    return row


def _minimize(world: World, repository: Repository, change: Change) -> Record:
    _, row = _child(repository.keep(change["number"]), change)
    row.update(isMinimized=True, minimizedReason=change.get("reason", "outdated"))
    repository.changed(change["number"])
    return row


def _resolve(world: World, repository: Repository, change: Change) -> Record:
    _, row = _child(repository.keep(change["number"]), {"list": "inline", **change})
    row["_resolved"] = True
    return row


def _delete_child(world: World, repository: Repository, change: Change) -> Record:
    record = repository.keep(change["number"])
    rows, row = _child(record, change)
    rows.remove(row)
    if change.get("list") == "reviews":
        record["_inline"] = [child for child in record["_inline"] if child["pullRequestReview"] is not row]
    for child in record["_inline"]:
        if child.get("replyTo") is row:
            child["replyTo"] = None
    repository.changed(change["number"])
    return row


def _delete_pull(world: World, repository: Repository, change: Change) -> Record:
    record = repository.keep(change["number"])
    repository.remove(change["number"])
    return record


def _force_push(world: World, repository: Repository, change: Change) -> Record:
    record = repository.keep(change["number"])
    record["headRefOid"] = f"{world.new_id():040x}"
    record["_files"] = [
        {"path": f"src/pushed_{at}.py", "additions": at, "deletions": 1, "changeType": "MODIFIED"}
        for at in range(change.get("files", 2))
    ]
    link(record)
    for child in record["_inline"]:
        child.update(outdated=True, line=None, position=None)
    return _touch(repository, change["number"], change.get("at"))


def _state(world: World, repository: Repository, change: Change) -> Record:
    record = repository.keep(change["number"])
    state = {"reopen": "OPEN", "close": "CLOSED", "merge": "MERGED"}[change["do"]]
    now = times.text(change.get("at") or time.time())
    merged = state == "MERGED"
    record.update(
        state=state,
        closed=state != "OPEN",
        merged=merged,
        closedAt=None if state == "OPEN" else now,
        mergedAt=now if merged else None,
        mergedBy=world.viewer if merged else None,
    )
    if not merged:
        record["mergeCommit"] = None
    return _touch(repository, change["number"], change.get("at"))


def _new_pull(world: World, repository: Repository, change: Change) -> Record:
    taken = [key[2] for key in repository.by_created] + [issue["number"] for issue in repository.issues]
    number, github_id, now = max(taken, default=0) + 1, world.new_id(), int(change.get("at") or time.time())
    record = pull_request(
        number,
        world.node("PR", repository, github_id),
        github_id,
        f"{repository.facts['url']}/pull/{number}",
        change.get("title", "Opened while you were reading"),
        "",
        "OPEN",
        world.viewer,
        "MEMBER",
        now,
        now,
        merged_by=None,
        oid=f"{github_id:040x}",
    )
    record["_files"] = [{"path": "src/new.py", "additions": 1, "deletions": 0, "changeType": "ADDED"}]
    repository.add(link(record))
    return record


def _rename(world: World, repository: Repository, change: Change) -> Record:
    owner, name = change["to"].split("/")
    repository.previous_names.append(repository.full_name)
    repository.facts.update(name=name, nameWithOwner=change["to"], url=f"https://github.com/{change['to']}")
    repository.facts["owner"].update(login=owner)
    return repository.facts


def _access(world: World, repository: Repository, change: Change) -> Record:
    if change["access"] not in ("active", "gone", "private", "blocked", "saml", "forbidden"):
        raise ValueError(f"unknown access {change['access']}")
    repository.access = change["access"]
    return repository.facts


def _hide(world: World, repository: Repository, change: Change) -> Record:
    if "number" not in change:
        repository.hidden += change.get("count", 1)
        return repository.facts
    record = repository.keep(change["number"])
    record["_hidden"][change["list"]] = record["_hidden"].get(change["list"], 0) + change.get("count", 1)
    return record


def _user(world: World, repository: Repository, change: Change) -> Record:
    """Rename, delete or replace an account wherever it stands in what is kept; `number` is kept for that."""
    record = repository.keep(change["number"])
    for row in (record, *record["_reviews"], *record["_inline"], *record["_conversation"]):
        if row["author"] and row["author"]["login"] == change["login"]:
            if change["do"] == "delete_user":
                row["author"] = None
            else:
                old = row["author"]
                row["author"] = {**account(old["__typename"], old["databaseId"], change["to"]), "id": old["id"]}
    return record


_CHANGES: dict[str, Callable[[World, Repository, Change], Record]] = {
    "touch": lambda world, repository, change: _touch(repository, change["number"], change.get("at")),
    "edit": _edit,
    "comment": _comment,
    "review_comment": _comment,
    "review": _review,
    "edit_comment": _edit_comment,
    "minimize": _minimize,
    "resolve": _resolve,
    "delete_comment": _delete_child,
    "delete_review": lambda world, repository, change: _delete_child(world, repository, {"list": "reviews", **change}),
    "delete_pull_request": _delete_pull,
    "force_push": _force_push,
    "reopen": _state,
    "close": _state,
    "merge": _state,
    "new_pull_request": _new_pull,
    "rename_repository": _rename,
    "access": _access,
    "hide": _hide,
    "rename_user": _user,
    "delete_user": _user,
}


def mutate(world: World, change: Change) -> dict[str, Any]:
    """Make one change; answers what was changed. ValueError or KeyError for a change that cannot be."""
    if change.get("do") not in _CHANGES:
        raise ValueError(f"unknown change {change.get('do')}; known: {', '.join(_CHANGES)}")
    names = change["repository"].split("/") if "repository" in change else None
    repository = world.find(*names) if names else world.repositories[0]
    if repository is None:
        raise KeyError(f"no repository {change['repository']}")
    changed = _CHANGES[change["do"]](world, repository, change)
    return {
        "do": change["do"],
        "number": changed.get("number", change.get("number")),
        "id": changed.get("fullDatabaseId"),
    }
