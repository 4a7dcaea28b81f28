"""The store's part about manifests and plans: what GitHub says exists, and how far each of it is captured."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from capture.core.errors import StoreError
from capture.core.models import Row
from capture.core.ports import Transport
from capture.core.store_values import ManifestCommitted
from capture.store.jobs import not_fenced


class ManifestMixin:
    """Commits listings page by page, and reads plans."""

    transport: Transport

    async def commit_manifest(
        self,
        job_id: UUID,
        lease_token: UUID,
        repository: Row,
        scan: Row,
        items: list[Row],
        gone: Sequence[int] = (),
    ) -> ManifestCommitted:
        """Commit one page of a listing. Raises `Fenced`.

        `repository` has columns of `repositories` with `github_id`; `scan` has kind, since, until, started_at,
        total_count, pages (so far, this one included), cursor, complete, and from the second page on the id that the
        first answered. When a full scan is complete, what it did not see is marked deleted, unless it listed less than
        GitHub's own total. `gone` are numbers that GitHub says do not exist.
        """
        answer = await self.transport.call(
            "commit_manifest",
            {
                "job_id": job_id,
                "lease_token": lease_token,
                "repository": repository,
                "scan": {**scan, "id": scan.get("id") or uuid4()},
                "items": items,
                "gone": list(gone),
            },
        )
        not_fenced(answer, job_id)
        if answer["received"] != len(items):
            raise StoreError(f"{len(items)} manifest items were sent and {answer['received']} arrived")
        return ManifestCommitted(
            repository_id=UUID(answer["repository_id"]),
            scan_id=UUID(answer["scan_id"]),
            written=answer["written"],
            unchanged=answer["unchanged"],
            stale=answer["stale"],
            deleted=answer["deleted"],
        )

    async def plan_page(
        self,
        repository_id: UUID,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        numbers: Sequence[int] | None = None,
        after: tuple[datetime | str, int] | None = None,
        limit: int = 500,
    ) -> list[Row]:
        """Manifest items with what is stored of them, newest first; `after` is the last item's (updated_at, number).

        Each has the manifest's columns, `stored`, `stored_updated_at` and `lists` (rows of pull_request_lists). Bounds
        are inclusive. An empty page is the end; a page has at most 1,000 items.
        """
        answer = await self.transport.call(
            "plan_page",
            {
                "repository_id": repository_id,
                "since": since,
                "until": until,
                "numbers": list(numbers) if numbers is not None else None,
                "after_updated_at": after[0] if after else None,
                "after_number": after[1] if after else None,
                "limit": limit,
            },
        )
        return answer["items"]
