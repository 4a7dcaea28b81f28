"""Tracked repositories: those that schedules follow, and asking for all of them at once."""

from collections.abc import AsyncIterator
from typing import Any, Protocol
from uuid import UUID

from capture.core.errors import CaptureError, InvalidInput, Outage, Unreadable
from capture.core.models import Row, Trigger
from capture.core.request import CaptureRequest, parse_repository, parse_request
from capture.core.source import Source
from capture.usecases.health import Messengers
from capture.usecases.submit import Parts, Submission, submit


class RepositoryStore(Protocol):
    """What keeping the list needs."""

    async def find_repository(self, owner: str, name: str) -> Row | None:
        """A repository by its present name."""
        ...

    async def list_repositories(
        self, *, tracked: bool | None = None, after_id: UUID | None = None, limit: int = 100
    ) -> list[Row]:
        """Repositories by key."""
        ...

    async def track_repository(
        self,
        *,
        github_id: int | None = None,
        node_id: str | None = None,
        owner: str | None = None,
        name: str | None = None,
        tracked: bool = True,
    ) -> UUID | None:
        """Follow a repository, or no longer."""
        ...


async def track(store: RepositoryStore, source: Source, text: str) -> Row:
    """Follow a repository, named as owner/name. GitHub is asked, so that a wrong name is noticed now.

    Raises `InvalidInput`, `Unreadable`, `CredentialError`, `Outage`.
    """
    owner, name = parse_repository(text)
    found = (await source.listing(owner, name, field="UPDATED_AT", after=None, first=1)).repository
    await store.track_repository(
        github_id=int(found["github_id"]), owner=found["owner"], name=found["name"], node_id=found.get("node_id"),
        tracked=True,
    )  # fmt: skip
    known = await store.find_repository(found["owner"], found["name"])
    if known is None:
        raise Outage(f"{text} was added and cannot be read back")
    return known


async def untrack(store: RepositoryStore, text: str) -> None:
    """No longer follow a repository; what was captured stays. Raises `InvalidInput` where it is not known."""
    owner, name = parse_repository(text)
    if await store.find_repository(owner, name) is None:
        raise InvalidInput("repository", f"{text} is not known here")
    await store.track_repository(owner=owner, name=name, tracked=False)


async def tracked(store: RepositoryStore) -> AsyncIterator[Row]:
    """All tracked repositories, page by page."""
    after: UUID | None = None
    while page := await store.list_repositories(tracked=True, after_id=after, limit=500):
        for row in page:
            yield row
        after = UUID(str(page[-1]["id"]))


async def request_tracked(
    tools: Parts, *, trigger: Trigger, messengers: Messengers | None = None, **words: Any
) -> list[tuple[CaptureRequest, Submission | CaptureError]]:
    """One request for each tracked repository; with `bootstrap` this is how a new installation fills its queue.

    What goes wrong with one repository is its answer and does not keep the others back. `words` are those of a request
    (`days_back`, `datasets`, `max_items`, …); without any each repository goes on from its watermark.
    """
    answers: list[tuple[CaptureRequest, Submission | CaptureError]] = []
    async for row in tracked(tools.store):
        request = parse_request(owner=row["owner"], name=row["name"], trigger=trigger, **words)
        try:
            answers.append((request, await submit(tools, request, messengers=messengers)))
        except (Unreadable, Outage) as error:
            answers.append((request, error))
    return answers


async def bootstrap(
    tools: Parts, *, messengers: Messengers | None = None, **words: Any
) -> list[tuple[CaptureRequest, Submission | CaptureError]]:
    """Fill the queue of a new installation: one request for each tracked repository, never throttled."""
    return await request_tracked(tools, trigger="bootstrap", messengers=messengers, **words)


async def trigger_manually(
    tools: Parts, repository: str, *, messengers: Messengers | None = None, **words: Any
) -> Submission:
    """Somebody asks for a repository and waits for it. Raises `InvalidInput`, `Unreadable`, `CredentialError`."""
    return await submit(tools, parse_request(repository=repository, trigger="manual", **words), messengers=messengers)
