"""The accounts of a generated repository: users, bots, mannequins, organisations, enterprise users and the deleted."""

from typing import Any

from sandbox.github.ids import node_id

Account = dict[str, Any]

PREFIXES = {"User": "U", "Bot": "BOT", "Mannequin": "M", "Organization": "O", "EnterpriseUserAccount": "EUA"}


def account(kind: str, number: int, login: str, name: str | None = None) -> Account:
    """One account as GraphQL shows it. Bots carry no `[bot]` in their login here; REST adds it."""
    path = f"/apps/{login}" if kind == "Bot" else f"/{login}"
    avatar = f"in/{number}" if kind == "Bot" else f"u/{number}"
    return {
        "__typename": kind,
        "id": node_id(PREFIXES[kind], number),
        "databaseId": number,
        "login": login,
        "name": name,
        "avatarUrl": f"https://avatars.githubusercontent.com/{avatar}?v=4",
        "resourcePath": path,
        "url": f"https://github.com{path}",
    }


def generate(users: int) -> list[Account | None]:
    """A small community: mostly users, some of every other kind, and None for a deleted account (GitHub's ghost).

    Ids are of several magnitudes, one login carries the underscore of an enterprise-managed user, and one belongs to
    two accounts (a login that was given up and taken by somebody else).
    """
    people: list[Account | None] = [
        account("User", 583 + 7_919 * number**2, f"dev-{number}", f"Developer {number}") for number in range(users)
    ]
    if users < 12:
        return people
    people[3] = account("Bot", 49_699_333, "dependabot")
    people[5] = account("User", 190_000_471, "lena_corp", "Lena Ünverzagt 🦊")
    people[7] = None
    people[8] = account("Mannequin", 91_237_701, "old-svn-user")
    people[9] = account("Organization", 9_919, "octo-collective", "Octo Collective")
    people[10] = account("EnterpriseUserAccount", 41_200, "emu-contractor", "Contractor")
    people[11] = account("User", 77, "dev-1", "An earlier dev-1")
    return people
