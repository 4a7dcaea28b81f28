"""What GitHub refuses, the sandbox refuses, in the same words."""

from typing import Any

import pytest

from tests.sandbox.ask import LISTING, get, post
from tests.support.sandbox import Sandbox

NODES = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"


def error(sandbox: Sandbox, query: str, **variables: Any) -> dict[str, Any]:
    """The first error of an answer under HTTP 200."""
    answer = post(sandbox, query, **{"owner": sandbox.owner, "name": sandbox.name, **variables})
    assert answer.status_code == 200
    return answer.json()["errors"][0]


@pytest.mark.parametrize(
    ("variables", "kind", "words"),
    [
        ({}, "MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value"),
        ({"first": 101}, "EXCESSIVE_PAGINATION", "Requesting 101 records on the `pullRequests` connection exceeds"),
        ({"first": 5, "after": "xyz"}, "INVALID_CURSOR_ARGUMENTS", "`xyz` does not appear to be a valid cursor."),
        ({"first": 5, "after": ""}, "INVALID_CURSOR_ARGUMENTS", "does not appear to be a valid cursor."),
        ({"first": 5, "name": "gone"}, "NOT_FOUND", "Could not resolve to a Repository with the name"),
    ],
)
def test_a_listing_that_github_refuses_is_refused(
    still: Sandbox, variables: dict[str, Any], kind: str, words: str
) -> None:
    found = error(still, LISTING, **variables)
    assert found["type"] == kind
    assert words in found["message"]
    assert found["path"][0] == "repository"


def test_a_query_of_more_than_half_a_million_nodes_is_refused_whole(still: Sandbox) -> None:
    query = """query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) {
      pullRequests(first: 100) { nodes { reviews(first: 100) { nodes { comments(first: 60) { totalCount } } } } } } }"""
    answer = post(still, query, owner=still.owner, name=still.name).json()
    assert "data" not in answer
    assert answer["errors"][0]["type"] == "MAX_NODE_LIMIT_EXCEEDED"
    assert "610,100 possible nodes" in answer["errors"][0]["message"]


def test_an_unknown_field_is_refused_with_its_path_and_costs_no_data(still: Sandbox) -> None:
    query = "query($owner: String!, $name: String!) { repository(owner: $owner, name: $name) { reviewComments } }"
    found = error(still, query)
    assert found["path"] == ["query", "repository", "reviewComments"]
    assert found["extensions"]["code"] == "undefinedField"
    assert found["message"] == "Field 'reviewComments' doesn't exist on type 'Repository'"


def test_at_most_a_hundred_ids_and_an_unknown_one_is_null_with_an_error(still: Sandbox) -> None:
    assert error(still, NODES, ids=["x"] * 101)["type"] == "ARGUMENT_LIMIT"
    first = still.pull(1)["id"]
    answer = post(still, NODES, ids=[first, "PR_gone"]).json()
    assert answer["data"]["nodes"] == [{"id": first}, None]
    assert answer["errors"][0]["path"] == ["nodes", 1]
    assert answer["errors"][0]["type"] == "NOT_FOUND"


def test_a_wrong_token_is_refused_in_95_bytes_and_counted_against_the_address(still: Sandbox) -> None:
    answer = get(still, "{repo}", authorization="token wrong")
    assert answer.status_code == 401
    assert len(answer.content) == 95
    assert answer.headers["x-ratelimit-limit"] == "60"
    assert post(still, LISTING, token="wrong").status_code == 401


def test_points_follow_the_formula_and_stand_in_headers_and_answer(still: Sandbox) -> None:
    query = """query($ids: [ID!]!) { rateLimit { cost nodeCount } nodes(ids: $ids) { ... on PullRequest {
      reviews(first: 100) { nodes { comments(first: 10) { nodes { id } } } } comments(first: 100) { nodes { id } }
      files(first: 100) { nodes { path } } } } }"""
    ids = [still.pull(n)["id"] for n in (1, 2, 3, 4, 5)]
    answer = post(still, query, ids=ids)
    assert answer.json()["data"]["rateLimit"] == {"cost": 5, "nodeCount": 5 * (100 + 1000 + 100 + 100)}  # 515 / 100
    before = int(answer.headers["x-ratelimit-remaining"])
    assert before - int(post(still, query, ids=ids).headers["x-ratelimit-remaining"]) == 5
    assert answer.headers["x-ratelimit-resource"] == "graphql"


def test_the_last_points_still_buy_data_and_then_the_limit_is_named(shaken: Sandbox) -> None:
    shaken.limits("graphql", remaining=1, reset_in=600)
    last = post(shaken, LISTING, owner=shaken.owner, name=shaken.name, first=1)
    assert last.headers["x-ratelimit-remaining"] == "0"
    assert last.json()["data"]["repository"]
    assert error(shaken, LISTING, first=1)["type"] == "RATE_LIMIT"
    shaken.limits("core", remaining=0, reset_in=600)
    assert get(shaken, "{repo}").status_code == 403


def test_an_etag_saves_the_point_for_the_same_token(still: Sandbox) -> None:
    first = get(still, "{repo}")
    again = get(still, "{repo}", **{"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]


def test_a_renamed_repository_is_followed_in_both_apis(sandbox: Sandbox) -> None:
    old = sandbox.repository
    sandbox.mutate({"do": "rename_repository", "to": "new-owner/new-name"})
    answer = post(sandbox, LISTING, owner=sandbox.owner, name=sandbox.name, first=1).json()
    assert answer["data"]["repository"]["nameWithOwner"] == "new-owner/new-name"
    moved = get(sandbox, f"/repos/{old}/pulls?state=all")
    assert moved.status_code == 301
    assert moved.headers["location"] == f"{sandbox.url}/repositories/{sandbox.github_id}/pulls?state=all"
    assert get(sandbox, moved.headers["location"]).status_code == 200
    query = 'query { repository(owner: "%s", name: "%s", followRenames: false) { id } }' % tuple(old.split("/"))  # noqa: UP031
    assert error(sandbox, query)["type"] == "NOT_FOUND"


@pytest.mark.parametrize(
    ("access", "status", "kind"),
    [("gone", 404, "NOT_FOUND"), ("blocked", 451, "FORBIDDEN"), ("saml", 403, "FORBIDDEN")],
)
def test_a_repository_that_cannot_be_read_says_why(shaken: Sandbox, access: str, status: int, kind: str) -> None:
    shaken.mutate({"do": "access", "access": access})
    assert get(shaken, "{repo}/pulls").status_code == status
    found = error(shaken, LISTING, first=1)
    assert found["type"] == kind
    assert found.get("extensions", {}).get("saml_failure", False) == (access == "saml")
    shaken.mutate({"do": "access", "access": "active"})
