"""What GraphQL does not tell of a pull request, and REST does: files beyond its limit, comments without a review."""

from dataclasses import dataclass

from capture.core.errors import Unreadable
from capture.core.source import Source
from capture.datasets.file_changes import REST_LIMIT
from capture.usecases.gathered import Gathered, Pages


@dataclass(frozen=True, slots=True)
class Target:
    """The repository to read from, by its present name."""

    owner: str
    name: str


async def files_by_rest(github: Source, target: Target, found: Gathered) -> None:
    """GraphQL answers null for the files of a very large pull request; REST lists up to 3,000 of them."""
    if found.node is None or "file_changes" not in found.item.lists or "file_changes" in found.lists:
        return
    pages = Pages()
    try:
        async for page in github.files(target.owner, target.name, found.item.number):
            pages.nodes.extend(page)
    except Unreadable as error:
        found.reason = f"GitHub does not list its files: {error}"
    else:
        pages.ended = True
        pages.truncated = len(pages.nodes) >= REST_LIMIT
        pages.total = None if pages.truncated else len(pages.nodes)
    found.lists["file_changes"] = pages


async def inline_by_rest(github: Source, target: Target, found: Gathered) -> None:
    """Inline comments from before GitHub had reviews hang below none; where the sum of comments hints at some, ask."""
    if found.node is None or "inline_comments" not in found.item.lists or not unexplained(found):
        return
    known = {int(node["fullDatabaseId"]) for pages in found.inline.values() for node in pages.nodes}
    try:
        async for page in github.inline_comments(target.owner, target.name, found.item.number):
            found.beside_reviews.extend(node for node in page if int(node["id"]) not in known)
    except Unreadable as error:
        found.reason = f"GitHub does not list its inline comments: {error}"


def unexplained(found: Gathered) -> bool:
    """Whether GitHub counts more comments than conversation, reviews and what hangs below them can explain.

    What its sum counts is undocumented; review bodies are taken for counted, so that they alone raise no question.
    """
    total, hint = found.item.comments_total, found.item.inline_hint
    if total is None or hint is None:
        return False
    below = sum(len(pages.nodes) for pages in found.inline.values())
    reviews = found.lists.get("reviews")
    spoken = sum(1 for node in reviews.nodes if node.get("body", "…")) if reviews is not None else 0
    return hint > below + spoken
