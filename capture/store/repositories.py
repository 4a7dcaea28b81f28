"""The store's part about repositories, the budget of credentials, and the database's clock."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Literal
from uuid import UUID

from capture.core.errors import StoreError
from capture.core.models import Row
from capture.core.ports import Transport
from capture.core.store_values import Reservation
from capture.store.jobs import moment


class RepositoriesMixin:
    """Finds, tracks and marks repositories; keeps the account of GitHub's limits."""

    transport: Transport

    async def server_time(self) -> datetime:
        """The database's clock, which alone decides what is recent."""
        now = moment((await self.transport.call("server_time", {}))["now"])
        if now is None:
            raise StoreError("server_time answered no time")
        return now

    async def find_repository(self, owner: str, name: str) -> Row | None:
        """The repository that had this name when it was last seen; upper and lower case are the same to GitHub."""
        return (await self.transport.call("find_repository", {"owner": owner, "name": name})).get("repository")

    async def get_repository(self, repository_id: UUID) -> Row | None:
        """A repository by our key."""
        return (await self.transport.call("find_repository", {"id": repository_id})).get("repository")

    async def list_repositories(
        self, *, tracked: bool | None = None, after_id: UUID | None = None, limit: int = 100
    ) -> list[Row]:
        """One page of repositories by key; the next one begins after the last id, an empty one is the end."""
        answer = await self.transport.call(
            "list_repositories", {"tracked": tracked, "after_id": after_id, "limit": limit}
        )
        return answer["repositories"]

    async def all_repositories(self, *, tracked: bool | None = None) -> AsyncIterator[Row]:
        """Every such repository, read page by page."""
        after: UUID | None = None
        while page := await self.list_repositories(tracked=tracked, after_id=after):
            for repository in page:
                yield repository
            after = UUID(page[-1]["id"])

    async def set_access(
        self,
        *,
        repository_id: UUID | str | None = None,
        github_id: int | None = None,
        owner: str | None = None,
        name: str | None = None,
        access: str = "active",
        reason: str | None = None,
    ) -> bool:
        """Record that a repository is gone, blocked or forbidden, or active again; False where it was never seen."""
        answer = await self.transport.call(
            "set_access",
            {
                "repository_id": repository_id,
                "github_id": github_id,
                "owner": owner,
                "name": name,
                "access": access,
                "reason": reason,
            },
        )
        return answer["outcome"] == "ok"

    async def track_repository(
        self,
        *,
        repository_id: UUID | str | None = None,
        github_id: int | None = None,
        node_id: str | None = None,
        owner: str | None = None,
        name: str | None = None,
        tracked: bool = True,
    ) -> UUID | None:
        """Put a repository under the schedules or take it out; None where it is unknown and has no `github_id`."""
        answer = await self.transport.call(
            "track_repository",
            {
                "repository_id": repository_id,
                "github_id": github_id,
                "node_id": node_id,
                "owner": owner,
                "name": name,
                "tracked": tracked,
            },
        )
        return UUID(answer["repository_id"]) if answer["outcome"] in ("ok", "created") else None

    async def reserve_budget(
        self, *, credential: str, resource: Literal["graphql", "rest"], points: int, bulk: bool
    ) -> Reservation:
        """Set points of a credential aside before a request; bulk work leaves the last fifth to recent work."""
        answer = await self.transport.call(
            "reserve_budget", {"credential": credential, "resource": resource, "points": points, "bulk": bulk}
        )
        return Reservation(granted=answer["granted"], wait_until=moment(answer.get("wait_until")))

    async def record_budget(
        self,
        *,
        credential: str,
        resource: Literal["graphql", "rest"],
        cost: int,
        reserved: int,
        limit: int | None = None,
        remaining: int | None = None,
        reset_at: datetime | None = None,
        seconds: float = 0.0,
        blocked_until: datetime | None = None,
    ) -> None:
        """Settle a reservation with what the answer's headers say; `seconds` are the server's, for GraphQL."""
        await self.transport.call(
            "record_budget",
            {
                "credential": credential,
                "resource": resource,
                "cost": cost,
                "reserved": reserved,
                "limit": limit,
                "remaining": remaining,
                "reset_at": reset_at,
                "seconds": seconds,
                "blocked_until": blocked_until,
            },
        )
