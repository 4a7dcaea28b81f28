"""The closed loop: rows vanish at random, one reconciliation brings back exactly these, and the data is good again."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.sandbox import Sandbox, start_sandbox

TABLES = ("pull_requests", "reviews", "comments", "file_changes")


def capture(dsn: str, home: Path, github: Sandbox, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user does."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **github.settings(),
        "CAPTURE_HOME": str(home),
        "DATABASE_URL": dsn,
    }
    command = [sys.executable, "-m", "capture.cli", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)


def contents(dsn: str) -> dict[str, set[tuple[Any, ...]]]:
    """Everything that is captured, without our own keys and times."""
    queries = {
        "pull_requests": "select number, title, state, updated_at from pull_requests where deleted_at is null",
        "reviews": "select p.number, c.github_id, c.state, c.body from reviews c join pull_requests p"
        " on p.id = c.pull_request_id where c.deleted_at is null",
        "comments": "select p.number, c.kind, c.github_id, c.body from comments c join pull_requests p"
        " on p.id = c.pull_request_id where c.deleted_at is null",
        "file_changes": "select p.number, c.path, c.additions from file_changes c join pull_requests p"
        " on p.id = c.pull_request_id where c.deleted_at is null",
    }
    with psycopg.connect(dsn) as connection:
        return {name: set(connection.execute(query).fetchall()) for name, query in queries.items()}  # type: ignore[arg-type]


def lose_one_percent(dsn: str) -> None:
    """Delete rows at random, by a seed: children alone, and pull requests with all that is below them."""
    with psycopg.connect(dsn) as connection:
        connection.execute("select setseed(0.42)")
        connection.execute("create temporary table lost as select id from pull_requests order by random() limit 2")
        for table in ("reviews", "comments", "file_changes"):
            connection.execute(
                f"delete from {table} where pull_request_id in (select id from lost) or random() < 0.01"  # type: ignore[arg-type]
            )
        connection.execute("delete from pull_request_lists where pull_request_id in (select id from lost)")
        connection.execute("delete from pull_requests where id in (select id from lost)")


def complaints(dsn: str) -> list[str]:
    """The checks that are not content; in this process, which has imported Great Expectations anyway."""
    from expectations.checkpoints import checks_of, run_checks
    from expectations.database import Scope

    results, _ = run_checks(dsn, Scope(), checks_of("demand"))
    return [result.expectation for result in results if result.status in ("failed", "error")]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_reconciliation_brings_back_exactly_what_was_lost_at_random(database_url: str, capture_home: Path) -> None:
    with start_sandbox(pull_requests=150, seed=11) as github:
        first = capture(database_url, capture_home, github, "sync", github.repository, "--all")
        assert first.returncode == 0, first.stderr
        assert complaints(database_url) == []
        before = contents(database_url)
        lose_one_percent(database_url)
        assert contents(database_url) != before
        assert "pull_requests_captured" in complaints(database_url)

        github.reset_stats()
        repaired = capture(database_url, capture_home, github, "reconcile", github.repository, "--json")
        assert repaired.returncode == 0, repaired.stdout + repaired.stderr
        answer = json.loads(repaired.stdout)
        assert (answer["repaired"], answer["open"], answer["jobs"]) == (answer["found"], 0, 1)
        assert contents(database_url) == before
        requests = len(github.stats()["log"])
        assert requests <= 3 + answer["numbers"] // 4, "requests are in proportion to the damage"
        assert complaints(database_url) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_failed_validation_asks_for_its_repair_itself_and_reconcile_does_it(
    database_url: str, capture_home: Path, sandbox: Sandbox
) -> None:
    assert capture(database_url, capture_home, sandbox, "sync", sandbox.repository, "--all").returncode == 0
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("delete from reviews where github_id in (select github_id from reviews order by 1 limit 2)")
    bad = capture(database_url, capture_home, sandbox, "validate", "--suite", "completeness")
    assert (bad.returncode, "1 repair jobs wait" in bad.stderr) == (1, True), bad.stderr
    assert "being repaired" in (capture_home / "reports" / "index.html").read_text()
    done = capture(database_url, capture_home, sandbox, "reconcile", "--json")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["open"], answer["repaired"]) == (0, 0, answer["found"]), done.stdout
    assert complaints(database_url) == []
