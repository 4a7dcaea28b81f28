"""What answers of GitHub mean: real bodies, as documented or posted in public issues, against their class."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.core.answers import classify

SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
TIMEOUT = (
    "Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug."
    " Please include `89A2:06E1:2CCCAA:33870F:63E26554` when reporting this issue."
)


def error(message: str, **more: Any) -> dict[str, Any]:
    return {"errors": [{"message": message, **more}]}


GRAPHQL: list[tuple[str, int, dict[str, str], Any, str]] = [
    ("a complete answer", 200, {}, {"data": {"repository": {}}}, "ok"),
    ("the last good answer of the hour", 200, {"x-ratelimit-remaining": "0"}, {"data": {"viewer": {}}}, "ok"),
    (
        "primary limit, older spelling",
        200,
        {},
        error("API rate limit exceeded for installation ID 9306189.", type="RATE_LIMITED"),
        "primary_limit",
    ),
    (
        "primary limit, newer spelling",
        200,
        {"x-ratelimit-remaining": "12"},
        error("API rate limit already exceeded for user ID 12345.", type="RATE_LIMIT", code="graphql_rate_limit"),
        "primary_limit",
    ),
    ("secondary limit under 200", 200, {}, {"message": SECONDARY, "documentation_url": "…"}, "secondary_limit"),
    ("secondary limit under 403", 403, {"retry-after": "60"}, {"message": SECONDARY}, "secondary_limit"),
    (
        "secondary limit with all points left",
        403,
        {"x-ratelimit-remaining": "5000"},
        {"message": SECONDARY},
        "secondary_limit",
    ),
    ("secondary limit as an error", 200, {}, error(SECONDARY), "secondary_limit"),
    (
        "resource limits beside partial data",
        200,
        {},
        {
            "data": {"user": None},
            **error("Resource limits for this query exceeded.", type="RESOURCE_LIMITS_EXCEEDED", path=["user"]),
        },
        "too_big",
    ),
    ("timeout as JSON", 502, {}, {"data": None, **error(TIMEOUT)}, "too_big"),
    ("timeout under 200", 200, {}, {"data": None, **error(TIMEOUT)}, "too_big"),
    ("timeout as HTML of the gateway", 502, {"content-type": "text/html"}, None, "too_big"),
    ("gateway timeout", 504, {}, {"message": "We couldn't respond to your request in time."}, "too_big"),
    (
        "too many nodes",
        200,
        {},
        error(
            "This query requests up to 603,360 possible nodes which exceeds the maximum limit of 500,000.",
            type="MAX_NODE_LIMIT_EXCEEDED",
        ),
        "too_big",
    ),
    (
        "a node that is gone",
        200,
        {},
        {
            "data": {"nodes": [None]},
            **error(
                "Could not resolve to a node with the global id of 'PR_gone'.", type="NOT_FOUND", path=["nodes", 0]
            ),
        },
        "partial",
    ),
    (
        "a repository that is gone or hidden",
        200,
        {},
        {
            "data": {"repository": None},
            **error("Could not resolve to a Repository", type="NOT_FOUND", path=["repository"]),
        },
        "missing",
    ),
    (
        "single sign-on below the repository",
        200,
        {"x-github-sso": "required"},
        {
            "data": {"repository": {"pullRequest": None}},
            **error(
                "Resource protected by organization SAML enforcement. You must grant your token access.",
                type="FORBIDDEN",
                path=["repository", "pullRequest"],
                extensions={"saml_failure": True},
            ),
        },
        "partial",
    ),
    (
        "no permission for the repository",
        200,
        {},
        {
            "data": {"repository": None},
            **error("Resource not accessible by integration", type="FORBIDDEN", path=["repository"]),
        },
        "forbidden",
    ),
    (
        "blocked repository",
        200,
        {},
        {"data": {"repository": None}, **error("Repository access blocked", type="FORBIDDEN", path=["repository"])},
        "blocked",
    ),
    ("a cursor that is none", 200, {}, error("`xyz` does not appear to be a valid cursor."), "bad_cursor"),
    (
        "an unknown field",
        200,
        {},
        error(
            "Field 'x' doesn't exist on type 'PullRequest'",
            path=["query", "x"],
            extensions={"code": "undefinedField"},
        ),
        "bug",
    ),
    (
        "a page that is too long",
        200,
        {},
        {
            "data": {"organization": {"teams": None}},
            **error(
                "Requesting 101 records on the `teams` connection exceeds the `first` limit of 100 records.",
                type="EXCESSIVE_PAGINATION",
                path=["organization", "teams"],
            ),
        },
        "bug",
    ),
    (
        "too many ids",
        200,
        {},
        {
            "data": None,
            **error(
                "You may not provide more than 100 node ids; you provided 101.", type="ARGUMENT_LIMIT", path=["nodes"]
            ),
        },
        "bug",
    ),
    ("bad credentials", 401, {}, {"message": "Bad credentials", "status": "401"}, "unauthorized"),
    ("unavailable", 503, {}, {"message": "Service unavailable"}, "transient"),
    ("cut off", 200, {}, None, "transient"),
    ("neither data nor errors", 200, {}, {}, "transient"),
    ("data null without a reason", 200, {}, {"data": None}, "transient"),
]

REST: list[tuple[str, int, dict[str, str], Any, str]] = [
    ("a page", 200, {}, [], "ok"),
    (
        "primary limit",
        403,
        {"x-ratelimit-remaining": "0"},
        {"message": "API rate limit exceeded for user"},
        "primary_limit",
    ),
    ("primary limit under 429", 429, {"x-ratelimit-remaining": "0"}, {"message": ""}, "primary_limit"),
    ("secondary limit", 429, {"retry-after": "1"}, {"message": SECONDARY}, "secondary_limit"),
    ("secondary limit without a time", 403, {}, {"message": SECONDARY}, "secondary_limit"),
    ("not found", 404, {}, {"message": "Not Found", "status": "404"}, "missing"),
    ("deleted", 410, {}, {"message": "This issue was deleted"}, "missing"),
    ("blocked", 451, {}, {"message": "Repository access blocked", "block": {"reason": "dmca"}}, "blocked"),
    ("single sign-on", 403, {}, {"message": "Resource protected by organization SAML enforcement."}, "forbidden"),
    ("bad request", 422, {}, {"message": "Validation Failed"}, "bug"),
    ("gateway", 502, {}, None, "transient"),
    ("HTML instead of JSON", 200, {}, None, "transient"),
]


@pytest.mark.parametrize(("name", "status", "headers", "body", "kind"), GRAPHQL, ids=[row[0] for row in GRAPHQL])
def test_an_answer_of_graphql_is_classified_by_body_first(
    name: str, status: int, headers: dict[str, str], body: Any, kind: str
) -> None:
    assert classify(status, headers, body, graphql=True).kind == kind


@pytest.mark.parametrize(("name", "status", "headers", "body", "kind"), REST, ids=[row[0] for row in REST])
def test_an_answer_of_rest_is_classified(name: str, status: int, headers: dict[str, str], body: Any, kind: str) -> None:
    assert classify(status, headers, body, graphql=False).kind == kind


def test_a_blocked_repository_says_why() -> None:
    body = {"message": "Repository access blocked", "block": {"reason": "dmca"}}
    assert classify(451, {}, body, graphql=False).detail == "blocked by GitHub (dmca)"


def test_everything_that_is_missing_from_partial_data_is_named() -> None:
    errors = [{"type": "NOT_FOUND", "path": ["nodes", at], "message": "gone"} for at in (0, 2)]
    verdict = classify(200, {}, {"data": {"nodes": [None, {}, None]}, "errors": errors}, graphql=True)
    assert [path for path, _, _ in verdict.broken] == [("nodes", 0), ("nodes", 2)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "errors", "message", "type", "path"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(status=st.integers(100, 599), body=JSON, graphql=st.booleans())
def test_no_answer_whatsoever_breaks_the_classification(status: int, body: Any, graphql: bool) -> None:
    verdict = classify(status, {"retry-after": "soon", "x-ratelimit-reset": ""}, body, graphql=graphql)
    if verdict.kind in ("ok", "partial") and graphql:
        assert isinstance(body["data"], dict)
