"""Single values as GitHub spells them, made fit for the database."""

from typing import Any

_NUL = "\x00"


def big_id(value: Any) -> int | None:
    """A 64-bit id: GraphQL's `fullDatabaseId` is a string, because real ids exceed 2^31."""
    return None if value is None else int(value)


def text(value: str | None) -> str | None:
    """A text that Postgres can hold: NUL is dropped, a lone surrogate becomes the replacement character."""
    if value is None or (_NUL not in value and not _surrogate(value)):
        return value
    return value.replace(_NUL, "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def nul_count(value: str | None) -> int:
    """How many NUL characters `text` would drop; they are counted, so that the loss is visible."""
    return 0 if value is None else value.count(_NUL)


def _surrogate(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
