"""Values for the store's tests: jobs of an own scope, manifest items, and whole pull requests with their lists."""

import itertools
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from capture.core.models import Chunk, Claim, NewJob, Row
from capture.store.store import Store

T0 = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ids: dict[int, Iterator[int]] = {}  # one counter a process, at a random start: they may share a database


def unique_id() -> int:
    """A GitHub id that no other test uses, above 32 bits as real ones are."""
    counter = _ids.setdefault(os.getpid(), itertools.count((secrets.randbits(31) | 1 << 31) << 20))
    return next(counter)


def new_job(**columns: Any) -> NewJob:
    """A pending job of a scope of its own."""
    return NewJob.model_validate(
        {
            "job_type": "historical-pr-sync",
            "owner": "octo",
            "name": f"repo-{uuid4().hex[:12]}",
            "processor_type": "github_actions",
            "trigger": "manual",
            "scope_hash": uuid4().hex,
            **columns,
        }
    )


@dataclass
class Work:
    """A claimed job with a repository to write to."""

    store: Store
    claim: Claim
    repository: UUID
    github_id: int

    @property
    def job(self) -> UUID:
        """The job's id."""
        return self.claim.job.id

    async def commit(self, chunk: Chunk, **more: Any) -> Any:
        """Commit as this job."""
        return await self.store.commit_chunk(self.job, self.claim.lease_token, self.repository, chunk, **more)


async def claimed(store: Store, job: NewJob | None = None, *, owner: str = "worker", lease: float = 300.0) -> Claim:
    """Submit and claim."""
    (submitted,) = await store.submit_jobs([job or new_job()])
    claim = await store.claim_job(submitted.id, "local", owner, lease)
    assert isinstance(claim, Claim), claim
    return claim


async def working(store: Store, *, items: int = 0, owner: str = "worker", lease: float = 300.0) -> Work:
    """A claimed job whose repository has a manifest of `items` pull requests, numbered from 1."""
    claim = await claimed(store, owner=owner, lease=lease)
    github_id = unique_id()
    repository = {"github_id": github_id, "owner": claim.job.owner, "name": claim.job.name}
    committed = await store.commit_manifest(
        claim.job.id, claim.lease_token, repository, scan(total_count=items), [listed(n) for n in range(1, items + 1)]
    )
    return Work(store, claim, committed.repository_id, github_id)


def scan(**columns: Any) -> Row:
    """A full scan of one page."""
    return {"kind": "full", "started_at": T0, "pages": 1, "complete": True, "total_count": None, **columns}


def listed(number: int, **columns: Any) -> Row:
    """A manifest item."""
    return {
        "number": number,
        "node_id": f"PR_{number}",
        "github_id": 10**10 + number,
        "created_at": T0,
        "updated_at": T0 + timedelta(minutes=number),
        "reviews": 0,
        "file_changes": 1,
        **columns,
    }


def person(identity: int = 7, **columns: Any) -> Row:
    """An account."""
    return {"key": f"user:{identity}", "kind": "user", "github_id": identity, "login": f"login-{identity}", **columns}


def pull_request(number: int, **columns: Any) -> Row:
    """A pull request's row."""
    return {
        "number": number,
        "github_id": 10**10 + number,
        "node_id": f"PR_{number}",
        "title": f"Change {number}",
        "body": "why",
        "state": "open",
        "author_key": "user:7",
        "additions": 3,
        "labels": ["bug"],
        "created_at": T0,
        "updated_at": T0 + timedelta(minutes=1),
        **columns,
    }


def review(number: int, identity: int, **columns: Any) -> Row:
    """A review's row."""
    return {
        "number": number,
        "github_id": identity,
        "author_key": "user:7",
        "state": "commented",
        "body": "hm",
        "submitted_at": T0,
        "updated_at": T0,
        **columns,
    }


def comment(number: int, identity: int, kind: str = "inline", **columns: Any) -> Row:
    """A comment's row."""
    return {
        "number": number,
        "kind": kind,
        "github_id": identity,
        "author_key": "user:7",
        "body": "nit",
        "created_at": T0,
        "updated_at": T0,
        **columns,
    }


def file_change(number: int, path: str, **columns: Any) -> Row:
    """A file's row."""
    return {"number": number, "path": path, "change_type": "modified", "additions": 1, "deletions": 1, **columns}


def reading(number: int, name: str, count: int, at: datetime = T0, **columns: Any) -> Row:
    """A list that was read to its end at a time."""
    return {
        "number": number,
        "list": name,
        "source_updated_at": T0,
        "expected": count,
        "captured": count,
        "complete": True,
        "truncated": False,
        "listed_at": at,
        **columns,
    }


def whole(number: int, *, base: int, at: datetime = T0, **columns: Any) -> Chunk:
    """A pull request with two reviews, one comment of each kind and one file, all read at `at`."""
    return Chunk(
        people=[person()],
        pull_requests=[pull_request(number, **columns)],
        reviews=[review(number, base), review(number, base + 1)],
        comments=[comment(number, base), comment(number, base, "conversation")],
        file_changes=[file_change(number, "src/a.py")],
        lists=[
            reading(number, "reviews", 2, at),
            reading(number, "inline_comments", 1, at),
            reading(number, "conversation_comments", 1, at),
            reading(number, "file_changes", 1, at),
        ],
    )
