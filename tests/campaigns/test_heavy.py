"""The repository that breaks clients: lists far beyond a page, and more files than GitHub shows."""

from pathlib import Path

import pytest

from tests.campaigns.rig import rig
from tests.support.postgres import Databases


@pytest.mark.slow
def test_a_heavy_repository_is_captured_to_githubs_totals_and_what_is_cut_is_flagged(
    databases: Databases, tmp_path: Path
) -> None:
    """250 reviews on one, 120 comments in one review, 230 in conversation, 700 files, one beyond 3,000 files."""
    with rig(databases, tmp_path, "--shape", "heavy", pull_requests=12) as this:
        this.complete()
        assert this.differences() == []
        truth = this.sandbox.truth()
        stored = this.query(
            """select (select count(*) from pull_requests) as pull_requests, (select count(*) from reviews) as reviews,
                 (select count(*) from comments where kind = 'inline') as inline,
                 (select count(*) from comments where kind = 'conversation') as conversation,
                 (select count(*) from file_changes) as files"""
        )[0]
        assert stored == truth
        flagged = this.query(
            """select p.number, l.list, l.complete, l.truncated, l.captured from pull_request_lists l
               join pull_requests p on p.id = l.pull_request_id where not l.complete or l.truncated"""
        )
        assert [(row["number"], row["list"], row["complete"], row["truncated"]) for row in flagged] == [
            (5, "file_changes", False, True)
        ]
        this.sandbox.reset_stats()
        this.complete("--all")
        assert this.sandbox.calls("Items") == []  # nothing is queued again, the truncated list least of all
        assert this.sandbox.calls(route="/files") == []
