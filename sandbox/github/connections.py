"""Pages of a list.

A cursor is a predicate on the sort key of a row, not a position: this is what loses rows in a naive client.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, Protocol

from graphql import FieldNode, GraphQLResolveInfo

from sandbox.github.ids import cursor, read_cursor
from sandbox.github.refusals import bad_cursor, excessive, no_bounds


class Keys(Protocol):
    """The sort keys of the rows of a list, ascending; the id is the last part."""

    def __len__(self) -> int: ...

    def __getitem__(self, at: int, /) -> tuple[int, ...]: ...


def check_bounds(info: GraphQLResolveInfo, first: int | None) -> int:
    """The page size to use; refuses as GitHub does. A connection that is only counted needs none."""
    if first is None:
        for field in info.field_nodes:
            for node in field.selection_set.selections if field.selection_set else ():
                if not isinstance(node, FieldNode) or node.name.value not in ("totalCount", "__typename"):
                    raise no_bounds(info.field_name)
        return 0
    if not 0 <= first <= 100:
        raise excessive(info.field_name, first)
    return first


def page(
    keys: Keys, fetch: Callable[[int], Any], first: int, after: str | None, *, descending: bool = False, hidden: int = 0
) -> dict[str, Any]:
    """One page of a connection over rows in ascending order of `keys`; `fetch` takes the place of a row.

    `hidden` rows are counted by GitHub but never listed.
    """
    size = len(keys)
    start, end = 0, size
    if after is not None:
        try:
            mark = tuple(value for value in read_cursor(after) if isinstance(value, int))
        except ValueError:
            raise bad_cursor(after) from None
        if descending:
            end = bisect_left(keys, mark)
        else:
            start = bisect_right(keys, mark)
    places = range(end - 1, max(end - 1 - first, -1), -1) if descending else range(start, min(start + first, size))
    more = end - len(places) > 0 if descending else start + len(places) < size
    nodes = [fetch(place) for place in places]
    edge = [cursor(list(keys[places[0]])), cursor(list(keys[places[-1]]))] if places else [None, None]
    return {
        "totalCount": size + hidden,
        "nodes": nodes,
        "edges": lambda _: [
            {"cursor": cursor(list(keys[at])), "node": node} for at, node in zip(places, nodes, strict=True)
        ],
        "pageInfo": {
            "startCursor": edge[0],
            "endCursor": edge[1],
            "hasNextPage": more and first > 0,
            "hasPreviousPage": (end < size) if descending else start > 0,
        },
    }
