"""Every GraphQL document the product sends, built from the datasets' selections and parsed once a process."""

from collections.abc import Iterable
from functools import lru_cache
from typing import get_args

from gql import GraphQLRequest, gql

from capture.core.models import LISTS, ListName
from capture.core.source import Continuation
from capture.datasets import comments, file_changes, people, pull_requests, reviews

RATE_LIMIT = "rateLimit { cost limit remaining resetAt nodeCount }"

REPOSITORY = """
    id databaseId name nameWithOwner owner { login } isPrivate isFork isArchived stargazerCount createdAt
    defaultBranchRef { name }
"""


@lru_cache(maxsize=1)
def manifest() -> GraphQLRequest:
    """Up to 100 pull requests with ids, times and counts, and the repository they belong to."""
    return gql(f"""
query Manifest($owner: String!, $name: String!, $first: Int!, $after: String, $order: IssueOrder!) {{
  {RATE_LIMIT}
  repository(owner: $owner, name: $name) {{
    {REPOSITORY}
    pullRequests(first: $first, after: $after, orderBy: $order) {{
      totalCount
      pageInfo {{ hasNextPage endCursor }}
      nodes {{ {pull_requests.MANIFEST_SELECTION} }}
    }}
  }}
}}""")


@lru_cache(maxsize=32)
def numbers(count: int) -> GraphQLRequest:
    """The same for `count` single pull requests by number, as aliases `n0`, `n1`, … of one query."""
    variables = ", ".join(f"$n{i}: Int!" for i in range(count))
    aliases = "\n".join(f"    n{i}: pullRequest(number: $n{i}) {{ ...Listed }}" for i in range(count))
    return gql(f"""
query Numbers($owner: String!, $name: String!, {variables}) {{
  {RATE_LIMIT}
  repository(owner: $owner, name: $name) {{
    {REPOSITORY}
    pullRequests {{ totalCount }}
{aliases}
  }}
}}
fragment Listed on PullRequest {{ {pull_requests.MANIFEST_SELECTION} }}""")


@lru_cache(maxsize=32)
def items(lists: frozenset[ListName]) -> GraphQLRequest:
    """Up to 100 pull requests by node id with exactly these lists; each list's page size is a variable.

    Inline comments are read below their reviews, since GitHub has no other complete connection for them; where only
    they are wanted, the reviews are reduced to their ids.
    """
    variables = ["$ids: [ID!]!", *(f"${_variable(name)}: Int!" for name in LISTS if name in lists)]
    if "inline_comments" in lists and "reviews" not in lists:
        variables.append("$reviews: Int!")
    return gql(f"""
query Items({", ".join(variables)}) {{
  {RATE_LIMIT}
  nodes(ids: $ids) {{ __typename ... on PullRequest {{ {pull_requests.SELECTION} {_lists(lists)} }} }}
}}
{people.FRAGMENT}""")


@lru_cache(maxsize=256)
def more(kinds: tuple[Continuation, ...]) -> GraphQLRequest:
    """One further page each of several lists, as aliases `m0`, `m1`, …; `kinds` says which list each alias continues.

    `$i0` is the node id of the pull request (of the review, for inline comments), `$c0` the cursor or null, `$f0` the
    page size; `$b0` is the page size of the inline comments below each review of that page.
    """
    variables: list[str] = []
    aliases: list[str] = []
    for n, kind in enumerate(kinds):
        variables.append(f"$i{n}: ID!, $c{n}: String, $f{n}: Int!")
        arguments = f"first: $f{n}, after: $c{n}"
        if kind == "reviews_with_inline":
            variables.append(f"$b{n}: Int!")
            page = _page("reviews", arguments, _page("inline_comments", f"first: $b{n}"))
        else:
            page = _page(kind, arguments)
        parent = "PullRequestReview" if kind == "inline_comments" else "PullRequest"
        aliases.append(f"  m{n}: node(id: $i{n}) {{ __typename ... on {parent} {{ {page} }} }}")
    lines = "\n".join(aliases)
    person = people.FRAGMENT if set(kinds) != {"file_changes"} else ""
    return gql(f"query More({', '.join(variables)}) {{\n  {RATE_LIMIT}\n{lines}\n}}\n{person}")


def every_document() -> Iterable[GraphQLRequest]:
    """A sample of each shape of document, for the test that holds them against the official schema."""
    yield manifest()
    yield numbers(1)
    yield numbers(3)
    for mask in range(1 << len(LISTS)):
        yield items(frozenset(name for bit, name in enumerate(LISTS) if mask >> bit & 1))
    for kind in get_args(Continuation):
        yield more((kind,))
    yield more(get_args(Continuation))


_VARIABLES: dict[ListName, str] = {
    "reviews": "reviews",
    "inline_comments": "inline",
    "conversation_comments": "conversation",
    "file_changes": "files",
}


def _variable(name: ListName) -> str:
    return _VARIABLES[name]


def _page(kind: ListName, arguments: str, below: str = "") -> str:
    field, selection = {
        "reviews": ("reviews", reviews.SELECTION + below),
        "inline_comments": ("comments", comments.INLINE_SELECTION),
        "conversation_comments": ("comments", comments.CONVERSATION_SELECTION),
        "file_changes": ("files", file_changes.SELECTION),
    }[kind]
    return f"{field}({arguments}) {{ totalCount pageInfo {{ hasNextPage endCursor }} nodes {{ {selection} }} }}"


def _lists(lists: frozenset[ListName]) -> str:
    parts: list[str] = []
    inline = _page("inline_comments", "first: $inline") if "inline_comments" in lists else ""
    if "reviews" in lists:
        parts.append(_page("reviews", "first: $reviews", inline))
    elif inline:
        page = "totalCount pageInfo { hasNextPage endCursor }"
        parts.append(f"reviews(first: $reviews) {{ {page} nodes {{ id fullDatabaseId {inline} }} }}")
    if "conversation_comments" in lists:
        parts.append(_page("conversation_comments", "first: $conversation"))
    if "file_changes" in lists:
        parts.append(_page("file_changes", "first: $files"))
    return " ".join(parts)
