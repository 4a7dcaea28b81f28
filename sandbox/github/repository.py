"""One repository in memory: what GitHub knows, in the words of its GraphQL schema, with the orders that listings need.

Generated repositories build a pull request when it is asked for and forget it again, so that any size is cheap; what
was changed, and everything that was loaded from files, is kept.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, Protocol

from sandbox.github import times
from sandbox.github.ids import read_node_id

Record = dict[str, Any]
Key = tuple[int, int, int]
"""Sort value, id, number of the pull request: what a listing is ordered by."""

LISTS = {"reviews": "_reviews", "inline": "_inline", "conversation": "_conversation", "files": "_files"}
_REMEMBERED = 1_500


class Source(Protocol):
    """Where pull requests come from that nobody has changed."""

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        """Created, updated, id and number of every pull request, in the order of creation."""
        ...

    def build(self, number: int) -> Record | None:
        """One pull request with everything below it."""
        ...

    def issues(self) -> Iterator[Record]:
        """Plain issues that have comments: `number` and `_conversation`."""
        ...

    def comments(self, kind: str, number: int) -> list[tuple[int, int, int]]:
        """Created, updated and id of a pull request's comments of a kind, without building them."""
        ...

    def counts(self, number: int) -> dict[str, int]:
        """How many rows of each list a pull request has."""
        ...

    def number_of(self, prefix: str, numbers: list[int]) -> int | None:
        """The pull request to which a node id of ours belongs."""
        ...

    def nodes(self) -> Iterator[tuple[str, int]]:
        """Node ids that `number_of` cannot read, each with its pull request's number."""
        ...


class Repository:
    """State and look-ups of one repository; only `mutations` changes it."""

    def __init__(self, facts: Record, source: Source) -> None:
        self.facts = facts
        self.access = "active"
        self.hidden = 0  # pull requests that GitHub counts and never lists
        self.previous_names: list[str] = []
        self._source = source
        self._kept: dict[int, Record] = {}
        self._gone: set[int] = set()
        self._seen: OrderedDict[int, Record] = OrderedDict()
        self.by_created: list[Key] = []
        self.by_updated: list[Key] = []
        self._nodes = dict(source.nodes())
        for created, updated, github_id, number in source.rows():
            self.by_created.append((created, github_id, number))
            self.by_updated.append((updated, github_id, number))
        self.by_created.sort()
        self.by_updated.sort()
        self._place = {number: (created, github_id) for created, github_id, number in self.by_created}
        self._updated = {number: updated for updated, _, number in self.by_updated}
        self._indexes: dict[tuple[str, str], list[tuple[int, int, int, int]]] = {}
        self.issues = list(source.issues())

    @property
    def full_name(self) -> str:
        """Today's `owner/name`."""
        return self.facts["nameWithOwner"]

    def __len__(self) -> int:
        return len(self.by_created)

    def get(self, number: int) -> Record | None:
        """One pull request with everything below it, None where there is none of that number."""
        if number in self._kept:
            return self._kept[number]
        if number in self._gone or number not in self._place:
            return None
        if number in self._seen:
            self._seen.move_to_end(number)
            return self._seen[number]
        record = self._source.build(number)
        if record is not None:
            record["repository"] = self.facts
            self._seen[number] = record
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return record

    def keep(self, number: int) -> Record:
        """The pull request to change: from now on it is remembered. KeyError where there is none."""
        record = self.get(number)
        if record is None:
            raise KeyError(f"no pull request {number}")
        self._seen.pop(number, None)
        self._kept[number] = record
        return record

    def changed(self, number: int) -> None:
        """Bring the orders up to date after a change of the kept pull request."""
        record = self._kept[number]
        github_id = int(record["fullDatabaseId"])
        created, updated = times.epoch(record["createdAt"]), times.epoch(record["updatedAt"])
        if number not in self._place:
            insort(self.by_created, (created, github_id, number))
            self._place[number] = (created, github_id)
        elif self._updated[number] != updated:
            self._drop(self.by_updated, (self._updated[number], github_id, number))
        if self._updated.get(number) != updated:
            insort(self.by_updated, (updated, github_id, number))
            self._updated[number] = updated
        self._nodes[record["id"]] = number
        for name in ("_reviews", "_inline", "_conversation"):
            self._nodes.update((child["id"], number) for child in record[name])
        self._indexes.clear()

    def add(self, record: Record) -> None:
        """A pull request that is new."""
        record["repository"] = self.facts
        self._kept[record["number"]] = record
        self._gone.discard(record["number"])
        self.changed(record["number"])

    def remove(self, number: int) -> None:
        """A pull request that GitHub has deleted."""
        created, github_id = self._place.pop(number)
        self._drop(self.by_created, (created, github_id, number))
        self._drop(self.by_updated, (self._updated.pop(number), github_id, number))
        self._kept.pop(number, None)
        self._seen.pop(number, None)
        self._gone.add(number)
        self._indexes.clear()

    @staticmethod
    def _drop(order: list[Key], key: Key) -> None:
        at = bisect_left(order, key)
        if at < len(order) and order[at] == key:
            del order[at]

    def find_node(self, node: str) -> Record | None:
        """What a global node id names: the repository, a pull request, a review or a comment that is still there."""
        if node == self.facts["id"]:
            return self.facts
        number = self._nodes.get(node)
        if number is None and (parts := read_node_id(node)):
            number = self._source.number_of(*parts)
        record = self.get(number) if number is not None else None
        if record is None or record["id"] == node:
            return record
        for name in ("_reviews", "_inline", "_conversation"):
            for child in record[name]:
                if child["id"] == node:
                    return child
        return None

    def comment_index(self, kind: str, sort: str) -> list[tuple[int, int, int, int]]:
        """All comments of a kind (`inline`, `conversation`) by `created` or `updated` time: time, id, number, place.

        Comments of plain issues stand among the conversation comments, with the issue's number negated.
        """
        if (kind, sort) not in self._indexes:
            index: list[tuple[int, int, int, int]] = []
            for number in self._place:
                if number in self._kept:
                    rows = [comment_key(child) for child in self._kept[number][LISTS[kind]]]
                else:
                    rows = self._source.comments(kind, number)
                index += [(row[sort == "updated"], row[2], number, at) for at, row in enumerate(rows)]
            if kind == "conversation":
                for issue in self.issues:
                    rows = [comment_key(child) for child in issue["_conversation"]]
                    index += [(row[sort == "updated"], row[2], -issue["number"], at) for at, row in enumerate(rows)]
            self._indexes[kind, sort] = sorted(index)
        return self._indexes[kind, sort]

    def counts(self, number: int) -> dict[str, int]:
        """Rows below one pull request by list; what cannot be listed (files beyond GitHub's limit) counts too."""
        record = self._kept.get(number)
        if record is None:
            return self._source.counts(number)
        return {name: len(record[key]) for name, key in LISTS.items()}

    def truth(self) -> dict[str, int]:
        """What a complete capture must hold, by list; comments of plain issues are none of it."""
        totals = {"pull_requests": len(self), "reviews": 0, "inline": 0, "conversation": 0, "files": 0}
        for number in self._place:
            for name, count in self.counts(number).items():
                totals[name] += min(count, 3_000) if name == "files" else count
        return totals


def comment_key(comment: Record) -> tuple[int, int, int]:
    """Created, updated and id of a comment."""
    return times.epoch(comment["createdAt"]), times.epoch(comment["updatedAt"]), int(comment["fullDatabaseId"])
