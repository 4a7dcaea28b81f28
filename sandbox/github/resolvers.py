"""How each field of the schema that is not simply a key of its record is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphql import GraphQLResolveInfo, GraphQLSchema

from sandbox.github import refusals, times
from sandbox.github.connections import check_bounds, page
from sandbox.github.cost import Cost
from sandbox.github.repository import Record, Repository

if TYPE_CHECKING:
    from sandbox.github.accounts import Bucket
    from sandbox.github.world import World

Info = GraphQLResolveInfo


@dataclass(slots=True)
class Context:
    """What one request brings along."""

    world: "World"
    cost: Cost
    bucket: "Bucket"


def _repository(_: Any, info: Info, owner: str, name: str, followRenames: bool = True) -> Record:  # noqa: N803
    found = info.context.world.find(owner, name, follow=followRenames)
    if found is None or found.access in ("gone", "private"):
        raise refusals.unresolved_repository(owner, name)
    return refuse_access(found).facts


def refuse_access(found: Repository) -> Repository:
    """The repository, or the error that stands in its place."""
    if found.access == "blocked":
        raise refusals.blocked_node()
    if found.access == "saml":
        raise refusals.saml()
    if found.access == "forbidden":
        raise refusals.forbidden()
    return found


def _pull_requests(
    facts: Record,
    info: Info,
    first: int | None = None,
    after: str | None = None,
    orderBy: dict[str, str] | None = None,  # noqa: N803
    states: list[str] | None = None,
) -> Record:
    size = check_bounds(info, first)
    repository = info.context.world.by_id(facts["databaseId"])
    order = orderBy or {"field": "CREATED_AT", "direction": "ASC"}
    keys = repository.by_updated if order["field"] == "UPDATED_AT" else repository.by_created
    if states:
        keys = [key for key in keys if repository.get(key[2])["state"] in states]
    return page(
        _Marks(keys),
        lambda at: repository.get(keys[at][2]),
        size,
        after,
        descending=order["direction"] == "DESC",
        hidden=repository.hidden if not states else 0,
    )


class _Marks:
    """Sort value and id of each key, without copying a long order."""

    def __init__(self, keys: list[tuple[int, int, int]]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    def __getitem__(self, at: int) -> tuple[int, int]:
        return self._keys[at][:2]


def _pull_request(facts: Record, info: Info, number: int) -> Record:
    found = info.context.world.by_id(facts["databaseId"]).get(number)
    if found is None:
        raise refusals.unresolved_pull(number)
    return found


def _node(_: Any, info: Info, id: str) -> Record:  # noqa: A002
    found = info.context.world.find_node(id)
    if found is None:
        raise refusals.unresolved_node(id)
    return found


def _nodes(_: Any, info: Info, ids: list[str]) -> list[Any]:
    if len(ids) > 100:
        raise refusals.too_many_ids(len(ids))
    return [info.context.world.find_node(node) or refusals.unresolved_node(node) for node in ids]


def _rate_limit(_: Any, info: Info, dryRun: bool = False) -> Record:  # noqa: N803
    context: Context = info.context
    return {
        "cost": context.cost.points,
        "nodeCount": context.cost.nodes,
        "limit": context.bucket.limit,
        "remaining": context.bucket.remaining,
        "used": context.bucket.used,
        "resetAt": times.text(context.bucket.reset),
    }


def _children(key: str, name: str = "") -> Callable[..., Record]:
    def resolve(
        record: Record, info: Info, first: int | None = None, after: str | None = None, states: Any = None
    ) -> Record:
        rows = record[key]
        if key == "_reviews":
            rows = [row for row in rows if not states or row["state"] in states]
        keys = [(int(row["fullDatabaseId"]),) for row in rows]
        return page(keys, rows.__getitem__, check_bounds(info, first), after, hidden=record["_hidden"].get(name, 0))

    return resolve


def _review_comments(review: Record, info: Info, first: int | None = None, after: str | None = None) -> Record:
    rows = [row for row in review["pullRequest"]["_inline"] if row["pullRequestReview"] is review]
    keys = [(int(row["fullDatabaseId"]),) for row in rows]
    return page(keys, rows.__getitem__, check_bounds(info, first), after)


def _numbered(key: str) -> Callable[..., Record]:
    def resolve(record: Record, info: Info, first: int | None = None, after: str | None = None) -> Record:
        rows = record[key]
        return page([(at + 1,) for at in range(len(rows))], rows.__getitem__, check_bounds(info, first), after)

    return resolve


def _files(record: Record, info: Info, first: int | None = None, after: str | None = None) -> Record | None:
    size = check_bounds(info, first)
    if record["_files_null"]:
        return None
    rows = record["_files"]
    return page([(at + 1,) for at in range(len(rows))], rows.__getitem__, size, after)


def _threads(record: Record, info: Info, first: int | None = None, after: str | None = None) -> Record:
    threads: dict[str, list[Record]] = {}
    for row in record["_inline"]:
        threads.setdefault((row["replyTo"] or row)["id"], []).append(row)
    rows = [
        {
            "__typename": "PullRequestReviewThread",
            "id": f"PRRT_{root}",
            "_comments": comments,
            "isOutdated": comments[0]["outdated"],
            "isResolved": comments[0]["_resolved"],
            "line": comments[0]["line"],
            "path": comments[0]["path"],
            "resolvedBy": None,
        }
        for root, comments in threads.items()
    ]
    return page([(at + 1,) for at in range(len(rows))], rows.__getitem__, check_bounds(info, first), after)


RESOLVERS: dict[str, dict[str, Callable[..., Any]]] = {
    "Query": {
        "rateLimit": _rate_limit,
        "repository": _repository,
        "node": _node,
        "nodes": _nodes,
        "viewer": lambda _, info: info.context.world.viewer,
    },
    "Repository": {"pullRequests": _pull_requests, "pullRequest": _pull_request},
    "PullRequest": {
        "changedFiles": lambda record, info: 0 if record["_files_null"] else len(record["_files"]),
        "comments": _children("_conversation", "conversation"),
        "commits": lambda record, info, first=None, after=None: {"totalCount": record["_commits"]},
        "files": _files,
        "labels": _numbered("_labels"),
        "reviews": _children("_reviews", "reviews"),
        "reviewThreads": _threads,
        "totalCommentsCount": lambda record, info: (
            len(record["_conversation"])
            + len(record["_inline"])
            + sum(record["_hidden"].get(name, 0) for name in ("conversation", "inline"))
        ),
    },
    "PullRequestReview": {"comments": _review_comments},
    "PullRequestReviewThread": {"comments": _numbered("_comments")},
}


def attach(schema: GraphQLSchema) -> None:
    """Give the schema its resolvers and tell it which type a record has."""
    for type_name, fields in RESOLVERS.items():
        for field, resolve in fields.items():
            schema.type_map[type_name].fields[field].resolve = resolve  # type: ignore[union-attr]
    for interface in ("Node", "Actor", "RepositoryOwner"):
        schema.type_map[interface].resolve_type = lambda record, *_: record["__typename"]  # type: ignore[union-attr]
