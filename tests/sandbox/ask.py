"""Asking the sandbox as a bare client would, without the product's own."""

from typing import Any

import httpx

from tests.support.sandbox import Sandbox

LISTING = """
query Listing($owner: String!, $name: String!, $first: Int, $after: String, $order: IssueOrder) {
  rateLimit { cost remaining nodeCount }
  repository(owner: $owner, name: $name) {
    nameWithOwner
    pullRequests(first: $first, after: $after, orderBy: $order) {
      totalCount pageInfo { hasNextPage endCursor } nodes { id number createdAt updatedAt }
    }
  }
}"""
CREATED = {"field": "CREATED_AT", "direction": "ASC"}
LATEST = {"field": "UPDATED_AT", "direction": "DESC"}


def post(sandbox: Sandbox, query: str, token: str | None = None, **variables: Any) -> httpx.Response:
    """One GraphQL request."""
    headers = {"authorization": f"bearer {token or sandbox.token}"}
    return sandbox.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)


def get(sandbox: Sandbox, path: str, **headers: str) -> httpx.Response:
    """One REST request; `{repo}` in the path stands for the repository."""
    path = path.replace("{repo}", f"/repos/{sandbox.repository}")
    return sandbox.client.get(path, headers={"authorization": f"bearer {sandbox.token}"} | headers)


def listing(sandbox: Sandbox, *, first: int = 100, after: str | None = None, order: Any = CREATED) -> dict[str, Any]:
    """One page of pull requests."""
    answer = post(sandbox, LISTING, owner=sandbox.owner, name=sandbox.name, first=first, after=after, order=order)
    return answer.json()["data"]["repository"]["pullRequests"]
