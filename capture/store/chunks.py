"""The store's part about chunks: items with their lists, committed in one transaction."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import orjson

from capture.core.errors import StoreError
from capture.core.models import Chunk, Row, Written
from capture.core.ports import Transport
from capture.store.encoding import encode
from capture.store.jobs import not_fenced
from capture.store.splitting import split


class ChunksMixin:
    """Commits chunks."""

    transport: Transport

    async def commit_chunk(
        self,
        job_id: UUID,
        lease_token: UUID,
        repository_id: UUID,
        chunk: Chunk,
        cursor: Mapping[str, Any] | None = None,
        items_done: int = 0,
        items_incomplete: int = 0,
        items_total: int | None = None,
        metrics: Mapping[str, float] | None = None,
        *,
        key: str | None = None,
    ) -> Written:
        """Commit items with their lists, counters and cursor; the same again changes nothing. Raises `Fenced`.

        `items_done`, `items_incomplete` and `metrics` are added, once per `key` (a host that replays a step gives the
        step's name). A chunk that is larger than the transport carries goes in parts that are whole pull requests; the
        counters and the cursor land with the last part. Removed NULs are counted in the metric `characters_removed`.
        """
        text, removed = encode(_rows(chunk))
        last: Row = {
            "cursor": cursor,
            "items_done": items_done,
            "items_incomplete": items_incomplete,
            "items_total": items_total,
            "metrics": {**(metrics or {}), **({"characters_removed": removed} if removed else {})},
        }
        call: Row = {"job_id": job_id, "lease_token": lease_token, "repository_id": repository_id}
        if len(text) <= self.transport.max_bytes:
            return await self._commit({**call, **last, "key": key or str(uuid4())}, text, chunk.total())
        parts = split(chunk, self.transport.max_bytes)
        results: list[Written] = []
        for place, part in enumerate(parts, start=1):
            counters = {**last, "key": key or str(uuid4())} if place == len(parts) else {}
            results.append(await self._commit({**call, **counters}, encode(_rows(part))[0], part.total()))
        return Written(
            written=sum(result.written for result in results),
            unchanged=sum(result.unchanged for result in results),
            stale=sum(result.stale for result in results),
            deleted=sum(result.deleted for result in results),
        )

    async def _commit(self, argument: Row, rows: bytes, total: int) -> Written:
        answer = await self.transport.call("commit_chunk", {**argument, "chunk": orjson.Fragment(rows)})
        not_fenced(answer, argument["job_id"])
        if answer["received"] != total:
            raise StoreError(f"{total} rows were sent and {answer['received']} arrived")
        return Written(
            written=answer["written"],
            unchanged=answer["unchanged"],
            stale=answer["stale"],
            deleted=answer["deleted"],
        )


def _rows(chunk: Chunk) -> dict[str, list[Row]]:
    return {name: getattr(chunk, name) for name in Chunk.__dataclass_fields__}
