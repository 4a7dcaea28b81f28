"""What GitHub says when it refuses, word for word where a recording is known."""

from typing import Any

from graphql import GraphQLError

DOCS = "https://docs.github.com/rest"


def graphql_error(kind: str | None, message: str, **extensions: Any) -> GraphQLError:
    """An error with GitHub's `type` beside the message."""
    return GraphQLError(message, extensions={"type": kind, **extensions})


def unresolved_repository(owner: str, name: str) -> GraphQLError:
    """Unknown, private or gone: they look the same."""
    return graphql_error("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")


def unresolved_pull(number: int) -> GraphQLError:
    """No such number, or an issue's."""
    return graphql_error("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")


def unresolved_node(node: str) -> GraphQLError:
    """A node that is not there, or not for this token."""
    return graphql_error("NOT_FOUND", f"Could not resolve to a node with the global id of '{node}'.")


def too_many_ids(count: int) -> GraphQLError:
    """`nodes(ids:)` takes a hundred."""
    return graphql_error("ARGUMENT_LIMIT", f"You may not provide more than 100 node ids; you provided {count}.")


def no_bounds(connection: str) -> GraphQLError:
    """Neither `first` nor `last`."""
    return graphql_error(
        "MISSING_PAGINATION_BOUNDARIES",
        f"You must provide a `first` or `last` value to properly paginate the `{connection}` connection.",
    )


def excessive(connection: str, first: int) -> GraphQLError:
    """More than a hundred a page."""
    return graphql_error(
        "EXCESSIVE_PAGINATION",
        f"Requesting {first} records on the `{connection}` connection exceeds the `first` limit of 100 records.",
    )


def bad_cursor(cursor: str) -> GraphQLError:
    """Not one of GitHub's cursors; the empty text is none either."""
    return graphql_error("INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor.")


def too_many_nodes(count: int) -> dict[str, Any]:
    """The whole query is refused before it runs: no data, no locations."""
    return {
        "errors": [
            {
                "type": "MAX_NODE_LIMIT_EXCEEDED",
                "message": f"This query requests up to {count:,} possible nodes "
                "which exceeds the maximum limit of 500,000.",
            }
        ]
    }


def saml() -> GraphQLError:
    """An organisation that enforces single sign-on, asked with a token that has not passed it."""
    return graphql_error(
        "FORBIDDEN",
        "Resource protected by organization SAML enforcement. "
        "You must grant your Personal Access token access to this organization.",
        saml_failure=True,
    )


def forbidden() -> GraphQLError:
    """A token that lacks the permission."""
    return graphql_error("FORBIDDEN", "Resource not accessible by integration", saml_failure=False)


def blocked_node() -> GraphQLError:
    """A repository taken down. What GraphQL really answers is not known; REST says 451."""
    return graphql_error("FORBIDDEN", "Repository access blocked")


def blocked() -> dict[str, Any]:
    """REST's body under 451; it has no documentation_url."""
    return {
        "message": "Repository access blocked",
        "block": {
            "reason": "dmca",
            "created_at": "2021-04-22T17:53:56Z",
            "html_url": "https://github.com/github/dmca/blob/master/2021/04/2021-04-22-sandbox.md",
        },
    }


def not_found(page: str = "repos/repos#get-a-repository") -> dict[str, Any]:
    """REST's 404."""
    return {"message": "Not Found", "documentation_url": f"{DOCS}/{page}", "status": "404"}


def bad_credentials(graphql: bool) -> dict[str, Any]:
    """The 401 of a wrong or expired token; 95 bytes long for REST."""
    docs = "https://docs.github.com/graphql" if graphql else DOCS
    return {"message": "Bad credentials", "documentation_url": docs, "status": "401"}


def needs_token() -> dict[str, Any]:
    """GraphQL takes nobody without a token."""
    return {
        "message": "This endpoint requires you to be authenticated.",
        "documentation_url": "https://docs.github.com/graphql/guides/forming-calls-with-graphql#authenticating-with-graphql",
        "status": "401",
    }


def primary_limit(old_spelling: bool = False) -> dict[str, Any]:
    """GraphQL under HTTP 200 when the points are used up, in the spelling of before or after 2026."""
    if old_spelling:
        error = {"type": "RATE_LIMITED", "message": "API rate limit exceeded for installation ID 9306189."}
    else:
        message = "API rate limit already exceeded for user ID 12345."
        error = {"type": "RATE_LIMIT", "code": "graphql_rate_limit", "message": message}
    return {"errors": [error]}


def primary_limit_rest() -> dict[str, Any]:
    """REST, under 403 or 429."""
    return {
        "message": "API rate limit exceeded for user ID 12345.",
        "documentation_url": f"{DOCS}/overview/rate-limits-for-the-rest-api",
        "status": "403",
    }


def secondary_limit(request_id: str) -> dict[str, Any]:
    """Under 403, and also under 200 (GraphQL) or 429 (REST)."""
    return {
        "documentation_url": "https://docs.github.com/free-pro-team@latest/rest/overview/"
        "rate-limits-for-the-rest-api#about-secondary-rate-limits",
        "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. "
        f"If you reach out to GitHub Support for help, please include the request ID {request_id}.",
    }


def timeout(request_id: str) -> dict[str, Any]:
    """The ten seconds are over; usually under 502, seen under 200."""
    return {
        "data": None,
        "errors": [
            {
                "message": "Something went wrong while executing your query. This may be the result of a timeout, or "
                f"it could be a GitHub bug. Please include `{request_id}` when reporting this issue."
            }
        ],
    }


BAD_GATEWAY = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
GATEWAY_TIMEOUT = {"message": "We couldn't respond to your request in time. Sorry about that."}
RESOURCE_LIMITS = {"type": "RESOURCE_LIMITS_EXCEEDED", "message": "Resource limits for this query exceeded."}
UNAVAILABLE = {"code": "503", "message": "Service unavailable", "documentation_url": DOCS}
