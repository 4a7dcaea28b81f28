"""What was read of one item so far, page by page, until each of its lists is at its end."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from capture.core.batching import PAGE, SMALL_PAGE, Wanted
from capture.core.models import ListName
from capture.core.source import Continuation, Further, Node

_FIELD: dict[ListName, str] = {"reviews": "reviews", "conversation_comments": "comments", "file_changes": "files"}


@dataclass(slots=True)
class Pages:
    """The nodes of one list, and whether they are all."""

    nodes: list[Node] = field(default_factory=list[Node])
    total: int | None = None
    ended: bool = False
    truncated: bool = False

    def add(self, page: Node) -> str | None:
        """Take a page in; answers the cursor of the next one, None at the end."""
        self.nodes.extend(node for node in page.get("nodes") or () if node is not None)
        self.total = page["totalCount"]
        self.ended = not page["pageInfo"]["hasNextPage"]
        return None if self.ended else page["pageInfo"]["endCursor"]

    def rest(self) -> int:
        """The page size for what is still to come."""
        return max(1, min(PAGE, (self.total or PAGE) - len(self.nodes)))


@dataclass(slots=True)
class Gathered:
    """One item: the pull request's node, its lists, and why something is missing."""

    item: Wanted
    node: Node | None = None
    read_at: datetime | None = None
    lists: dict[ListName, Pages] = field(default_factory=dict[ListName, Pages])
    inline: dict[str, Pages] = field(default_factory=dict[str, Pages])
    """Inline comments by the review's node id."""
    beside_reviews: list[Node] = field(default_factory=list[Node])
    """Inline comments that hang below no review, as REST lists them."""
    reason: str | None = None
    gone: bool = False

    def start(self, node: Node, read_at: datetime, asked: Iterable[ListName]) -> list[Further]:
        """Take the detail query's node in; answers the pages that are still to be read."""
        self.node, self.read_at = node, read_at
        further: list[Further] = []
        asked = set(asked)
        if "reviews" in asked or "inline_comments" in asked:
            further += self.take_reviews(node["reviews"], inline="inline_comments" in asked)
        for name in ("conversation_comments", "file_changes"):
            if name in asked and node[_FIELD[name]] is not None:
                further += self.take(name, node[_FIELD[name]])
        return further

    def take(self, name: ListName, page: Node) -> list[Further]:
        """Take in a page of conversation comments or files."""
        pages = self.lists.setdefault(name, Pages())
        cursor = pages.add(page)
        kind: Continuation = name
        return [] if cursor is None else [Further(kind, self.item.node_id, cursor, pages.rest())]

    def take_reviews(self, page: Node, *, inline: bool) -> list[Further]:
        """Take in a page of reviews and, where asked for, the first page of inline comments below each."""
        pages = self.lists.setdefault("reviews", Pages())
        cursor = pages.add(page)
        kind: Continuation = "reviews_with_inline" if inline else "reviews"
        further = [] if cursor is None else [Further(kind, self.item.node_id, cursor, pages.rest(), SMALL_PAGE)]
        if inline:
            for review in page["nodes"]:
                further += self.take_inline(review["id"], review["comments"])
        return further

    def take_inline(self, review_id: str, page: Node) -> list[Further]:
        """Take in a page of inline comments of one review."""
        pages = self.inline.setdefault(review_id, Pages())
        cursor = pages.add(page)
        return [] if cursor is None else [Further("inline_comments", review_id, cursor, pages.rest())]

    def complete(self, name: ListName) -> bool:
        """Whether a wanted list was read to its end and holds as much as GitHub counts."""
        if name == "inline_comments":
            reviews = self.lists.get("reviews")
            if reviews is None:
                return self.item.count(name) == 0  # not asked for: there are no reviews that could have any
            return _whole(reviews) and all(_whole(pages) for pages in self.inline.values())
        pages = self.lists.get(name)
        if pages is None:
            return self.item.count(name) == 0
        return _whole(pages)

    def incomplete(self) -> tuple[ListName, ...]:
        """The wanted lists that are neither complete nor cut off by GitHub for good."""
        return tuple(
            name
            for name in self.item.lists
            if not self.complete(name) and not (name in self.lists and self.lists[name].truncated)
        )


def _whole(pages: Pages) -> bool:
    keys = {node.get("id") or node.get("path") or node.get("filename") for node in pages.nodes}
    return pages.ended and not pages.truncated and (pages.total is None or len(keys) >= pages.total)
