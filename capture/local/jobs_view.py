"""How far the jobs of a repository are, read for a progress bar."""

from dataclasses import dataclass

import psycopg

_JOBS = """
select id::text, processor_type, status, items_done, items_total, rows_written
from public.progressive_capture_jobs
where lower(owner || '/' || name) = lower(%s) and not is_parent
order by created_at, id
"""

LABELS = {"inngest": "Real-time processing", "github_actions": "Bulk processing in background"}


@dataclass(frozen=True)
class JobView:
    """One job, as far as a bar needs it."""

    id: str
    processor: str
    status: str
    done: int
    total: int | None
    rows: int

    @property
    def label(self) -> str:
        """The routing label that users see."""
        return LABELS[self.processor]


class JobsView:
    """An open view; `look` may be called several times a second."""

    def __init__(self, dsn: str, repository: str) -> None:
        self._connection = psycopg.connect(dsn, autocommit=True)
        self._repository = repository

    def look(self) -> list[JobView]:
        """The jobs of the repository, the oldest first."""
        return [JobView(*row) for row in self._connection.execute(_JOBS, (self._repository,)).fetchall()]

    def close(self) -> None:
        """Give back the connection."""
        self._connection.close()
