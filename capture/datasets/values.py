"""Single values as GitHub spells them."""

from typing import Any


def big_id(value: Any) -> int | None:
    """A 64-bit id: GraphQL's `fullDatabaseId` is a string, because real ids exceed 2^31."""
    return None if value is None else int(value)
