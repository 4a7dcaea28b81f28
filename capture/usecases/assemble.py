"""Turning what was read into rows: one chunk with people, pull requests, lists and evidence. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from capture.core.models import Chunk, ListName, Row
from capture.core.source import Node
from capture.core.text import storable
from capture.datasets import comments, file_changes, people, pull_requests, reviews
from capture.datasets.values import big_id
from capture.usecases.gathered import Gathered

_HASHED = ("body", "diff_hunk", "title")


@dataclass(slots=True)
class ItemRows:
    """The rows of one item."""

    number: int
    chunk: Chunk
    incomplete: tuple[ListName, ...]


def assemble(found: Gathered) -> ItemRows:
    """The rows of an item that GitHub answered; its lists say how far each was read."""
    node, item = found.node, found.item
    if node is None or found.read_at is None:
        raise ValueError(f"pull request {item.number} was not read")
    chunk = Chunk()
    pull_request, persons = pull_requests.row(node)
    chunk.pull_requests.append(pull_request)
    numbers: dict[ListName, int] = {}
    for name in item.lists:
        rows = _rows(found, name, node, persons)
        numbers[name] = len(rows)
        {"reviews": chunk.reviews, "file_changes": chunk.file_changes}.get(name, chunk.comments).extend(rows)
    chunk.people = people.distinct(persons)
    chunk.lists = [_state(found, name, node, numbers[name]) for name in item.lists]
    return ItemRows(item.number, chunk, found.incomplete())


def _rows(found: Gathered, name: ListName, node: Node, persons: list[Row]) -> list[Row]:
    number = int(node["number"])
    rows: dict[Any, Row] = {}
    if name == "inline_comments":
        by_id = {review["id"]: big_id(review["fullDatabaseId"]) for review in _nodes(found, "reviews")}
        pairs = ((by_id.get(review), inline) for review, pages in found.inline.items() for inline in pages.nodes)
        parsed = [comments.inline_row(inline, number, review_id) for review_id, inline in pairs]
        parsed += [comments.inline_row_from_rest(comment, number) for comment in found.beside_reviews]
    elif name == "reviews":
        parsed = [reviews.row(review, number) for review in _nodes(found, name)]
    elif name == "conversation_comments":
        parsed = [comments.conversation_row(comment, number) for comment in _nodes(found, name)]
    else:
        head: str | None = node.get("headRefOid")
        rows = {row["path"]: row for row in (_file(file, number, head) for file in _nodes(found, name))}
        return list(rows.values())
    for row, authors in parsed:  # a row that moved between two pages was read twice
        rows[row["github_id"]] = row
        persons.extend(authors)
    return list(rows.values())


def _file(file: Node, number: int, head: str | None) -> Row:
    if "filename" in file:
        return file_changes.row_from_rest(file, number, head)
    return file_changes.row(file, number, head)


def _nodes(found: Gathered, name: ListName) -> list[Node]:
    pages = found.lists.get(name)
    return [] if pages is None else pages.nodes


def _state(found: Gathered, name: ListName, node: Node, captured: int) -> Row:
    pages = found.lists.get("reviews" if name == "inline_comments" else name)
    complete = found.complete(name)
    truncated = name == "file_changes" and pages is not None and pages.truncated
    if name == "inline_comments":
        below = sum(pages.total or 0 for pages in found.inline.values()) if pages is not None else 0
        expected = below + len(found.beside_reviews)
    else:
        expected = pages.total if pages is not None else 0
    return {
        "number": int(node["number"]),
        "list": name,
        # A list that was not asked for was empty at the manifest's version, which may be older than the node.
        "source_updated_at": node["updatedAt"] if pages is not None else found.item.updated_at,
        "expected": expected,
        "captured": captured,
        "complete": complete,
        "truncated": truncated,
        "comments_total": found.item.comments_total if name == "inline_comments" else None,
        "listed_at": found.read_at.isoformat() if found.read_at else None,
    }


def observations(rows: ItemRows, *, processor: str, reason: str) -> list[Row]:
    """What was seen of an item, record by record, texts as hashes: the evidence that processors agree."""
    chunk = rows.chunk
    version = chunk.pull_requests[0]["updated_at"]
    groups: Sequence[tuple[str, str, list[Row]]] = (
        ("pull_requests", "number", chunk.pull_requests),
        ("reviews", "github_id", chunk.reviews),
        ("inline_comments", "github_id", [row for row in chunk.comments if row["kind"] == "inline"]),
        ("conversation_comments", "github_id", [row for row in chunk.comments if row["kind"] == "conversation"]),
        ("file_changes", "path", chunk.file_changes),
    )
    return [
        {
            "number": rows.number,
            "processor": processor,
            "record_kind": kind,
            "record_key": str(row[key]),
            "source_updated_at": row.get("updated_at") or version,
            "fields": {field: _hashed(field, value) for field, value in row.items() if field != "number"},
            "reason": reason,
        }
        for kind, key, group in groups
        for row in group
    ]


def in_sample(repository: str, number: int) -> bool:
    """One item in a hundred, always the same ones, so that both processors take the same."""
    return int.from_bytes(sha256(f"{repository.lower()}#{number}".encode()).digest()[:8], "big") % 100 == 0


def _hashed(field: str, value: Any) -> Any:
    """Texts as hashes of what is stored of them, so that evidence and row can be compared."""
    return sha256(storable(value)[0].encode()).hexdigest() if field in _HASHED and isinstance(value, str) else value
