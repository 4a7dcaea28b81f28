"""What is at the source and what is captured, each counted where it is: the two columns that must be equal."""

from dataclasses import dataclass

import httpx
import psycopg

LABELS = {
    "pull_requests": "pull requests",
    "reviews": "reviews",
    "inline_comments": "inline comments",
    "conversation_comments": "conversation comments",
    "file_changes": "file changes",
}

_TRUTH = {
    "pull_requests": "pull_requests",
    "reviews": "reviews",
    "inline_comments": "inline",
    "conversation_comments": "conversation",
    "file_changes": "files",
}
"""The sandbox's words for the same."""

_CAPTURED = """
with p as (
  select p.id from public.pull_requests p join public.repositories r on r.id = p.repository_id
  where lower(r.full_name) = lower(%(name)s) and p.deleted_at is null
)
select
  (select count(*) from p) as pull_requests,
  (select count(*) from public.reviews c join p on p.id = c.pull_request_id where c.deleted_at is null) as reviews,
  (select count(*) from public.comments c join p on p.id = c.pull_request_id
     where c.kind = 'inline' and c.deleted_at is null) as inline_comments,
  (select count(*) from public.comments c join p on p.id = c.pull_request_id
     where c.kind = 'conversation' and c.deleted_at is null) as conversation_comments,
  (select count(*) from public.file_changes c join p on p.id = c.pull_request_id
     where c.deleted_at is null) as file_changes
"""


@dataclass(frozen=True)
class Count:
    """One kind of record: how many GitHub has and how many rows we have."""

    dataset: str
    at_github: int
    captured: int

    @property
    def complete(self) -> bool:
        """Neither missing nor too many."""
        return self.at_github == self.captured


def captured(dsn: str, repository: str) -> dict[str, int]:
    """Rows in the database, counted; what is marked deleted does not count."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(_CAPTURED, {"name": repository}).fetchone()
    assert found is not None
    return dict(zip(LABELS, found, strict=True))


def compare(dsn: str, sandbox_url: str, repository: str) -> list[Count]:
    """Source against database, for a repository of the sandbox, which counts its own records."""
    answer = httpx.get(f"{sandbox_url}/_sandbox/truth", timeout=30, trust_env=False)
    truth = answer.raise_for_status().json()[repository]
    rows = captured(dsn, repository)
    return [Count(dataset, int(truth[_TRUTH[dataset]]), rows[dataset]) for dataset in LABELS]


def requests_made(sandbox_url: str) -> dict[str, int]:
    """Requests that the sandbox has answered since it started, in all and by GraphQL operation."""
    stats = httpx.get(f"{sandbox_url}/_sandbox/stats", timeout=30, trust_env=False).raise_for_status().json()
    return {"": stats["requests"]} | {name: one["requests"] for name, one in stats["operations"].items()}
