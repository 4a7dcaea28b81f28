"""The REST routes that a capture needs, with GitHub's paging, redirects and refusals."""

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from sandbox.github import refusals, times, views
from sandbox.github.actions import forbidden
from sandbox.github.answers import Answer
from sandbox.github.repository import Record, Repository
from sandbox.github.world import World


@dataclass(slots=True)
class Request:
    """What a route may look at."""

    method: str
    path: str
    query: dict[str, str]
    base: str
    version: str


Route = Callable[[World, Repository, Request, re.Match[str]], Answer]


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() else default


def _paged(
    repository: Repository, request: Request, rows: Sequence[Any], show: Callable[[Any], Any], limit: int | None = None
) -> Answer:
    """One page and its Link header, whose addresses name the repository by id."""
    size = min(max(_number(request.query.get("per_page"), 30), 1), 100)
    number = max(_number(request.query.get("page"), 1), 1)
    count = min(len(rows), limit) if limit is not None else len(rows)
    last = max(1, -(-count // size))
    found = [show(row) for row in rows[(number - 1) * size : min(number * size, count)]]
    tail = request.path.split("/", 4)[4] if request.path.startswith("/repos/") else request.path.split("/", 3)[3]
    links: list[str] = []
    for rel, target in (("prev", number - 1), ("next", number + 1), ("last", last), ("first", 1)):
        forward = rel in ("next", "last")
        if (forward and number < last) or (not forward and number > 1):
            query = urlencode({**request.query, "page": target})
            links.append(f'<{request.base}/repositories/{repository.facts["databaseId"]}/{tail}?{query}>; rel="{rel}"')
    return Answer(200, found, {"link": ", ".join(links)} if links else {})


def _pull_of(repository: Repository, match: re.Match[str]) -> Record | None:
    return repository.get(int(match["number"]))


def _repository(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
    return Answer(200, views.repository(repository, request.base))


def _pulls(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
    state, sort = request.query.get("state", "open"), request.query.get("sort", "created")
    keys = repository.by_updated if sort == "updated" else repository.by_created
    numbers = [key[2] for key in keys]
    if request.query.get("direction", "desc" if sort == "created" else "asc") == "desc":
        numbers.reverse()
    if state != "all":
        numbers = [n for n in numbers if (repository.get(n) or {}).get("closed") == (state == "closed")]
    return _paged(
        repository,
        request,
        numbers,
        lambda n: views.pull(repository.get(n) or {}, request.base, request.version, single=False),
    )


def _pull(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
    record = _pull_of(repository, match)
    if record is None:
        return Answer(404, refusals.not_found("pulls/pulls#get-a-pull-request"))
    return Answer(200, views.pull(record, request.base, request.version, single=True))


def _files(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
    record = _pull_of(repository, match)
    if record is None:
        return Answer(404, refusals.not_found("pulls/pulls#list-pull-requests-files"))
    return _paged(repository, request, record["_files"], lambda row: views.file(row, record["headRefOid"]), limit=3_000)


def _reviews(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
    record = _pull_of(repository, match)
    if record is None:
        return Answer(404, refusals.not_found("pulls/reviews#list-reviews-for-a-pull-request"))
    return _paged(repository, request, record["_reviews"], lambda row: views.review(row, request.base))


def _comments_of(kind: str) -> Route:
    """Comments of one pull request (or, in conversation, of a plain issue), oldest first."""

    def route(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
        number = int(match["number"])
        record = _pull_of(repository, match)
        if record is None and kind == "conversation":
            record = next((issue for issue in repository.issues if issue["number"] == number), None)
        if record is None:
            return Answer(404, refusals.not_found("issues/comments#list-issue-comments"))
        since = request.query.get("since")
        rows = [row for row in record[f"_{kind}"] if not since or row["updatedAt"] >= times.text(times.epoch(since))]
        if kind == "inline":
            return _paged(repository, request, rows, lambda row: views.inline(row, request.base))
        return _paged(
            repository, request, rows, lambda row: views.conversation(row, request.base, repository.full_name, number)
        )

    return route


def _comments(kind: str) -> Route:
    """All comments of a kind in the repository; `since` compares the comment's own time of update."""

    def show(repository: Repository, request: Request, key: tuple[int, int, int, int]) -> Any:
        _, _, number, place = key
        if number < 0:
            issue = next(issue for issue in repository.issues if issue["number"] == -number)
            return views.conversation(issue["_conversation"][place], request.base, repository.full_name, -number)
        record = repository.get(number) or {}
        row = record[f"_{kind}"][place]
        if kind == "inline":
            return views.inline(row, request.base)
        return views.conversation(row, request.base, repository.full_name, number)

    def route(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
        sort, since = request.query.get("sort", "created"), request.query.get("since")
        keys: Sequence[tuple[int, int, int, int]] = repository.comment_index(kind, "updated" if since else sort)
        if since:
            keys = keys[bisect_left(keys, (times.epoch(since), 0, -(1 << 40), 0)) :]
            keys = keys if sort == "updated" else sorted(keys, key=lambda key: key[1])
        if "sort" in request.query and request.query.get("direction") == "desc":
            keys = keys[::-1]
        return _paged(repository, request, keys, lambda key: show(repository, request, key))

    return route


def _installation(world: World, repository: Repository, request: Request, match: re.Match[str]) -> Answer:
    return Answer(
        200,
        {
            "id": world.accounts.installation,
            "app_id": world.accounts.app_id,
            "account": {"login": repository.full_name},
        },
    )


_REPOSITORY = r"(?:/repos/(?P<owner>[^/]+)/(?P<name>[^/]+)|/repositories/(?P<id>\d+))"
ROUTES: list[tuple[re.Pattern[str], str, Route]] = [
    (re.compile(_REPOSITORY + tail.replace("{n}", r"(?P<number>\d+)") + "$"), "GET /repos/{owner}/{repo}" + tail, route)
    for tail, route in (
        ("", _repository),
        ("/pulls", _pulls),
        ("/pulls/comments", _comments("inline")),
        ("/issues/comments", _comments("conversation")),
        ("/pulls/{n}", _pull),
        ("/pulls/{n}/files", _files),
        ("/pulls/{n}/reviews", _reviews),
        ("/pulls/{n}/comments", _comments_of("inline")),
        ("/issues/{n}/comments", _comments_of("conversation")),
        ("/installation", _installation),
    )
]


def find_route(method: str, path: str) -> tuple[str, Route, re.Match[str]] | None:
    """The route of a path and its name, in which the parts that vary are named."""
    for pattern, name, route in ROUTES:
        if method == "GET" and (match := pattern.match(path)):
            return name, route, match
    return None


def answer(world: World, request: Request, route: Route, match: re.Match[str]) -> Answer:
    """Find the repository, follow or refuse, and answer."""
    repository = world.by_id(int(match["id"])) if match["id"] else world.find(match["owner"], match["name"])
    if repository is None or repository.access in ("gone", "private"):
        return Answer(404, refusals.not_found())
    if repository.access == "blocked":
        return Answer(451, refusals.blocked())
    if repository.access in ("saml", "forbidden"):
        return forbidden(repository.access == "saml", graphql=False)
    if not match["id"] and f"{match['owner']}/{match['name']}".lower() != repository.full_name.lower():
        tail = request.path.split("/", 4)[4:]
        target = "/".join([f"{request.base}/repositories/{repository.facts['databaseId']}", *tail])
        target += f"?{urlencode(request.query)}" if request.query else ""
        docs = f"{refusals.DOCS}/guides/best-practices-for-using-the-rest-api#follow-redirects"
        return Answer(
            301, {"message": "Moved Permanently", "url": target, "documentation_url": docs}, {"location": target}
        )
    return route(world, repository, request, match)
