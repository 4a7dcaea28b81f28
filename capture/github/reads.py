"""What the engine asks GitHub, request by request; each method sends exactly one unless it says otherwise."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlparse

from capture.core.budget import items_requests, listing_requests, points
from capture.core.errors import Unreadable
from capture.core.models import ListName, Row
from capture.core.source import Details, Further, Listing, Node, TooBig, Touched, Usage
from capture.datasets import pull_requests
from capture.github import queries
from capture.github.client import Answer, GitHubClient, Lost

_DIRECTION = {"CREATED_AT": "ASC", "UPDATED_AT": "DESC"}


class GitHub:
    """The `Source` of the use cases, over one client."""

    def __init__(self, client: GitHubClient) -> None:
        self._client = client

    def metered(self) -> AbstractContextManager[Usage]:
        """Count what the calls within cost."""
        return self._client.metered()

    async def listing(
        self, owner: str, name: str, *, field: Literal["CREATED_AT", "UPDATED_AT"], after: str | None, first: int = 100
    ) -> Listing:
        """One page of pull requests: CREATED_AT ascending, UPDATED_AT descending."""
        order = {"field": field, "direction": _DIRECTION[field]}
        variables = {"owner": owner, "name": name, "first": first, "after": after, "order": order}
        answer = await self._repository_query(
            owner, name, queries.manifest(), variables, points(listing_requests(first))
        )
        repository: Node = answer.body["data"]["repository"]
        page: Node = repository["pullRequests"]
        nodes: list[Node | None] = page["nodes"]
        if None in nodes and first > 1:
            # An error hides a part of the page; smaller pages find out which, and lose no neighbour.
            raise TooBig(f"a part of the listing is hidden: {answer.verdict.detail}")
        return Listing(
            repository=repository_row(repository),
            items=[pull_requests.manifest_item(node) for node in nodes if node is not None],
            total=page["totalCount"],
            cursor=page["pageInfo"]["endCursor"],
            has_next=page["pageInfo"]["hasNextPage"],
            seconds=answer.seconds,
        )

    async def numbers(self, owner: str, name: str, numbers: Sequence[int]) -> Listing:
        """Single pull requests by number; a number that is none is answered as missing."""
        variables = {"owner": owner, "name": name, **{f"n{i}": number for i, number in enumerate(numbers)}}
        cost = points(1 + 2 * len(numbers))
        answer = await self._repository_query(owner, name, queries.numbers(len(numbers)), variables, cost)
        repository: Node = answer.body["data"]["repository"]
        nodes: list[Node | None] = [repository.get(f"n{i}") for i in range(len(numbers))]
        return Listing(
            repository=repository_row(repository),
            items=[pull_requests.manifest_item(node) for node in nodes if node is not None],
            total=repository["pullRequests"]["totalCount"],
            cursor=None,
            has_next=False,
            missing=tuple(number for number, node in zip(numbers, nodes, strict=True) if node is None),
        )

    async def items(self, ids: Sequence[str], lists: frozenset[ListName], sizes: Mapping[ListName, int]) -> Details:
        """Pull requests in detail, with the first page of each of these lists."""
        names = {"reviews": "reviews", "inline_comments": "inline", "conversation_comments": "conversation"}
        variables: dict[str, Any] = {names.get(name, "files"): sizes[name] for name in lists}
        if "inline_comments" in lists:
            variables.setdefault("reviews", sizes.get("reviews", 30))
        cost = points(items_requests(len(ids), sizes))
        answer = await self._client.query(queries.items(lists), {"ids": list(ids), **variables}, points=cost)
        nodes: list[Node | None] = answer.body["data"]["nodes"]
        reasons: dict[int, str] = {}
        for path, kind, message in answer.verdict.broken:
            if len(path) >= 2 and path[0] == "nodes" and isinstance(path[1], int):
                reasons[path[1]] = f"{kind}: {message}"
        # A node with an error anywhere below is not whole, whatever of it is there.
        whole = [None if index in reasons else _pull_request(node) for index, node in enumerate(nodes)]
        return Details(whole, reasons, answer.read_at, answer.seconds)

    async def more(self, pages: Sequence[Further]) -> list[Node | None]:
        """Further pages, in order; None where the parent is gone or an error hides a part."""
        variables: dict[str, Any] = {}
        for n, page in enumerate(pages):
            variables |= {f"i{n}": page.node_id, f"c{n}": page.cursor, f"f{n}": page.first}
            if page.kind == "reviews_with_inline":
                variables[f"b{n}"] = page.below
        cost = points(1 + sum(1 + (page.first if page.kind == "reviews_with_inline" else 0) for page in pages))
        answer = await self._client.query(queries.more(tuple(page.kind for page in pages)), variables, points=cost)
        broken = {str(path[0]) for path, _, _ in answer.verdict.broken}
        data: Node = answer.body["data"]
        aliases = (f"m{n}" for n in range(len(pages)))
        return [None if alias in broken else _connection(data.get(alias)) for alias in aliases]

    async def files(self, owner: str, name: str, number: int) -> AsyncIterator[list[Node]]:
        """Changed files by REST, a request a page, at most 3,000 (GitHub lists no more)."""
        async for page in self._pages(f"/repos/{owner}/{name}/pulls/{number}/files", {"per_page": 100}):
            yield page

    async def inline_comments(self, owner: str, name: str, number: int) -> AsyncIterator[list[Node]]:
        """Inline comments of one pull request by REST, a request a page."""
        async for page in self._pages(f"/repos/{owner}/{name}/pulls/{number}/comments", {"per_page": 100}):
            yield page

    async def touched(self, owner: str, name: str, since: datetime) -> Touched:
        """Which pull requests have comments that were made or edited since then: two listings, a request a page."""
        inline = await self._touched(f"/repos/{owner}/{name}/pulls/comments", since, "pull_request_url", "/pulls/")
        conversation = await self._touched(f"/repos/{owner}/{name}/issues/comments", since, "html_url", "/pull/")
        return Touched(inline, conversation)

    async def _touched(self, path: str, since: datetime, key: str, marker: str) -> frozenset[int]:
        params = {"since": since.strftime("%Y-%m-%dT%H:%M:%SZ"), "sort": "updated", "direction": "asc", "per_page": 100}
        found: set[int] = set()
        async for page in self._pages(path, params):
            for comment in page:
                path_of = urlparse(str(comment[key])).path
                if marker in path_of:  # conversation comments of plain issues are listed as well
                    found.add(int(path_of.rsplit("/", 1)[1]))
        return frozenset(found)

    async def _pages(self, url: str, params: dict[str, Any]) -> AsyncIterator[list[Node]]:
        """Follow Link headers, which name the repository by its id."""
        answer = await self._client.get(url, params)
        while True:
            yield answer.body
            following = next_link(answer.headers.get("link", ""))
            if following is None:
                return
            answer = await self._client.get(following)

    async def _repository_query(
        self, owner: str, name: str, document: Any, variables: dict[str, Any], cost: int
    ) -> Answer:
        try:
            answer = await self._client.query(document, variables, points=cost)
        except Lost as error:
            raise await self._why(owner, name, error) from error
        repository = answer.body["data"].get("repository")
        if repository is None:
            raise await self._why(owner, name, Unreadable("gone", answer.verdict.detail or "no such repository"))
        return answer

    async def _why(self, owner: str, name: str, error: Unreadable) -> Unreadable:
        """GraphQL answers null alike for gone, hidden and blocked repositories; REST tells them apart."""
        try:
            await self._client.get(f"/repos/{owner}/{name}")
        except Lost as lost:
            return Unreadable("gone", f"{owner}/{name} does not exist, or this credential cannot see it: {lost}")
        except Unreadable as reason:
            return Unreadable(reason.access, f"{owner}/{name}: {reason}")
        return error


def repository_row(node: Node) -> Row:
    """The columns of `repositories` that a listing knows."""
    branch: Node = node.get("defaultBranchRef") or {}
    return {
        "github_id": node["databaseId"],
        "node_id": node["id"],
        "owner": node["owner"]["login"],
        "name": node["name"],
        "default_branch": branch.get("name"),
        "is_private": node["isPrivate"],
        "is_fork": node["isFork"],
        "is_archived": node["isArchived"],
        "stars": node["stargazerCount"],
        "created_at": node["createdAt"],
        "pull_requests_total": node["pullRequests"]["totalCount"],
    }


def next_link(header: str) -> str | None:
    """The address of the next page in a Link header."""
    for part in header.split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return address.strip().strip("<>")
    return None


def _connection(parent: Node | None) -> Node | None:
    for field in ("reviews", "comments", "files"):
        if parent and field in parent:
            return parent[field]
    return None


def _pull_request(node: Node | None) -> Node | None:
    return node if node is not None and node.get("__typename") == "PullRequest" else None
