"""People: whoever wrote, reviewed or merged, in one normal form although GraphQL and REST describe them differently."""

from collections.abc import Iterable, Mapping
from typing import Any

from capture.core.models import Row

FRAGMENT = """
fragment Person on Actor {
  __typename login avatarUrl
  ... on User { id databaseId name }
  ... on Bot { id databaseId }
  ... on Mannequin { id databaseId }
  ... on Organization { id databaseId name }
  ... on EnterpriseUserAccount { id name }
}
"""

GHOST_KEY = "ghost"
_KINDS = {
    "User": "user",
    "Bot": "bot",
    "Mannequin": "mannequin",
    "Organization": "organization",
    "EnterpriseUserAccount": "enterprise",
}


def login_of(login: str) -> str:
    """A login as GraphQL spells it: REST appends `[bot]` to the logins of bots."""
    return login.removesuffix("[bot]")


def from_graphql(actor: Mapping[str, Any] | None) -> Row:
    """The contributor row of a GraphQL actor; a deleted account (null) is the ghost."""
    if actor is None:
        return ghost()
    return _row(
        kind=_KINDS.get(str(actor.get("__typename")), "user"),
        github_id=actor.get("databaseId"),
        node_id=actor.get("id"),
        login=str(actor["login"]),
        avatar_url=actor.get("avatarUrl"),
        name=actor.get("name"),
        has_name="name" in actor,
    )


def from_rest(user: Mapping[str, Any] | None) -> Row:
    """The contributor row of a REST user; a deleted account (null) is the ghost."""
    if user is None:
        return ghost()
    kind = _KINDS.get(str(user.get("type")), "user")
    return _row(
        kind=kind,
        # GraphQL has no number for these, so the node id has to be the key over both interfaces.
        github_id=None if kind == "enterprise" else user.get("id"),
        node_id=user.get("node_id"),
        login=str(user["login"]),
        avatar_url=user.get("avatar_url"),
        name=None,
        has_name=False,
    )


def ghost() -> Row:
    """The row that stands for every deleted account, as on GitHub's own pages."""
    return {"key": GHOST_KEY, "kind": "ghost", "github_id": None, "node_id": None, "login": GHOST_KEY}


def distinct(people: Iterable[Row]) -> list[Row]:
    """One row a person, in key order; a row that knows the name wins over one that does not."""
    by_key: dict[str, Row] = {}
    for person in people:
        known = by_key.get(person["key"])
        if known is None or ("name" in person and "name" not in known):
            by_key[person["key"]] = person
    return [by_key[key] for key in sorted(by_key)]


def _row(
    *, kind: str, github_id: int | None, node_id: str | None, login: str, avatar_url: str | None, name: str | None,
    has_name: bool,
) -> Row:  # fmt: skip
    if github_id is None and node_id is None:
        return ghost()  # an account that GitHub no longer identifies
    row: Row = {
        "key": f"{kind}:{github_id if github_id is not None else node_id}",
        "kind": kind,
        "github_id": github_id,
        "node_id": node_id,
        "login": login_of(login),
        "avatar_url": avatar_url,
    }
    if has_name:
        row["name"] = name
    return row
